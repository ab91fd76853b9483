"""Derived tasks: ordinary tasks that carry what they were made from."""

from __future__ import annotations

from dataclasses import replace

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TaskError
from nasbench_sparse.runner.chain import Derive, Fixed


def derive_task(derive: Derive, name: str, parent: Task, config: Config) -> Task:
    """Return the task that a stage makes of an incumbent: equal incumbents give equal fingerprints.

    It is called "<parent>-<name>-<beginning of the incumbent's key>", has the parent's family, and `derived_from`
    "<parent's fingerprint>/<incumbent's key>", under which the store keeps the incumbent.

    Raises:
        TaskError: `derive` returned something else than a task.
        InvalidConfig: the config lies outside the parent's space.
    """
    parent.space.validate(config)
    config = parent.space.canonical(config)
    made = derive(parent, config)
    if not isinstance(made, Task):
        raise TaskError(f"stage {name!r} derives a {type(made).__name__} of task {parent.name!r}, not a task")
    key = config_key(config)
    return replace(
        made,
        name=f"{parent.name}-{name}-{key[:8]}",
        family=parent.family,
        derived_from=f"{parent.fingerprint}/{key}",
        signal=None,
        seconds=None,
    )


def final_of(derive: Derive | None, name: str, task: Task, config: Config) -> Fixed:
    """Return what is confirmed of a method that ended with a config.

    Raises:
        TaskError: a task was derived whose space has more than one config.
    """
    if derive is None:
        return Fixed(name, task, config)
    made = derive_task(derive, "final", task, config)
    if made.space.size != 1:
        raise TaskError(f"what {name!r} confirms is task {made.name!r}, whose space must have one config")
    return Fixed(name, made, next(iter(made.space.grid(1))))
