"""Benchmark suite for the search of sparse neural networks.

`import nasbench_sparse as nbs` stays light: torch, ray, polars and the rest load when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_sparse.api import Result, get_task, list_tasks, run, run_suite
    from nasbench_sparse.core.budget import Budget
    from nasbench_sparse.core.fidelity import Fidelity
    from nasbench_sparse.core.objective import Objective
    from nasbench_sparse.core.optimizer import Optimizer
    from nasbench_sparse.core.problem import Problem
    from nasbench_sparse.core.space import SearchSpace
    from nasbench_sparse.core.task import Task
    from nasbench_sparse.core.trial import Evaluation, Observation, Proposal, SearchStep, Status, Trial
    from nasbench_sparse.errors import NbsError
    from nasbench_sparse.executors.faults import Faults
    from nasbench_sparse.leaderboard import statistics
    from nasbench_sparse.leaderboard.compare import compare
    from nasbench_sparse.runner.resources import Resources
    from nasbench_sparse.runner.suite import Block, Contender, Suite
    from nasbench_sparse.store import Store
    from nasbench_sparse.tabular.table import Table
    from nasbench_sparse.training.two_numbers import export_two_numbers, load_two_numbers

__version__ = "0.1.0"

_HOMES = {
    "Block": "runner.suite",
    "Budget": "core.budget",
    "Contender": "runner.suite",
    "Evaluation": "core.trial",
    "Faults": "executors.faults",
    "Fidelity": "core.fidelity",
    "NbsError": "errors",
    "Objective": "core.objective",
    "Observation": "core.trial",
    "Optimizer": "core.optimizer",
    "Problem": "core.problem",
    "Proposal": "core.trial",
    "Resources": "runner.resources",
    "Result": "api",
    "SearchSpace": "core.space",
    "SearchStep": "core.trial",
    "Status": "core.trial",
    "Store": "store",
    "Suite": "runner.suite",
    "Table": "tabular.table",
    "Task": "core.task",
    "Trial": "core.trial",
    "compare": "leaderboard.compare",
    "export_two_numbers": "training.two_numbers",
    "get_task": "api",
    "list_tasks": "api",
    "load_two_numbers": "training.two_numbers",
    "run": "api",
    "run_suite": "api",
}

__all__ = [
    "Block",
    "Budget",
    "Contender",
    "Evaluation",
    "Faults",
    "Fidelity",
    "NbsError",
    "Objective",
    "Observation",
    "Optimizer",
    "Problem",
    "Proposal",
    "Resources",
    "Result",
    "SearchSpace",
    "SearchStep",
    "Status",
    "Store",
    "Suite",
    "Table",
    "Task",
    "Trial",
    "compare",
    "export_two_numbers",
    "get_task",
    "list_tasks",
    "load_two_numbers",
    "run",
    "run_suite",
    "statistics",
]


def __getattr__(name: str) -> Any:
    if name == "statistics":
        return importlib.import_module("nasbench_sparse.leaderboard.statistics")
    if name not in _HOMES:
        raise AttributeError(f"module 'nasbench_sparse' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasbench_sparse.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
