"""Declared tasks and suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nasbench_sparse.core.task import Task
    from nasbench_sparse.runner.suite import Suite


def tasks() -> tuple[Task, ...]:
    """Return the built-in tasks, without importing torch."""
    from nasbench_sparse.tasks import digits, mnist1d, mnist5k, tabular

    return (*digits.tasks(), *mnist5k.tasks(), *mnist1d.tasks(), *tabular.tasks())


def suites() -> tuple[Suite, ...]:
    """Return the built-in suites."""
    from nasbench_sparse.tasks.quickstart import QUICKSTART
    from nasbench_sparse.tasks.tabular_suite import tabular_suite

    tabular = tabular_suite()
    return (QUICKSTART,) if tabular is None else (QUICKSTART, tabular)
