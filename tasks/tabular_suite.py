"""The suite `tabular`: every task whose table comes with the package, answered from the tables."""

from __future__ import annotations

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.runner.suite import Block, Contender, Suite
from nasbench_sparse.tabular.places import shipped_tables
from nasbench_sparse.tasks import tabular

EVALUATIONS = Budget("evaluations", 100)

CONTENDERS = (
    Contender("random"),
    Contender("lahc"),
    Contender("sa"),
    Contender("evolution"),
    Contender("asha"),
    Contender("optuna", {"sampler": "tpe"}),
)

SLOW_CONTENDERS = (Contender("smac"), Contender("smac-gp"))
"""They take about a second of their own time for each trial."""

ONE_TASK_A_SPACE = (
    "mnist5k-taper-operators-95",
    "mnist5k-shallow-density-levels",
    "digits-taper-hyperparameters-95",
    "digits-pair-cell-95",
)


def tabular_suite() -> Suite | None:
    """Declare the suite over the shipped tables; None where none is shipped."""
    shipped = shipped_tables()
    names = tuple(task.name for task in tabular.tasks() if task.name in shipped)
    if not names:
        return None
    slow = tuple(name for name in ONE_TASK_A_SPACE if name in names)
    blocks = (
        Block(names, CONTENDERS, seeds=range(20), budget=EVALUATIONS, executor="simulated"),
        Block(slow, SLOW_CONTENDERS, seeds=range(10), budget=EVALUATIONS, executor="simulated"),
    )
    return Suite(
        name="tabular",
        description="black-box optimizers on every shipped table, SMAC on one of each space; nothing is trained",
        blocks=blocks if slow else blocks[:1],
    )
