"""The suite `tabular`: every task whose table comes with the package, answered from the tables."""

from __future__ import annotations

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.runner.suite import Block, Contender, Suite
from nasbench_sparse.tabular.places import searched_tables, shipped_tables
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

ONE_SHOT = (Contender("drnas"),)
"""Replayed from the searches that come with a table; on the other tables it cannot run."""

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
    searched = tuple(name for name in names if name in searched_tables())
    slow = tuple(name for name in ONE_TASK_A_SPACE if name in names)
    blocks = (
        Block(names, CONTENDERS, seeds=range(20), budget=EVALUATIONS, executor="simulated"),
        Block(searched, ONE_SHOT, seeds=range(5), budget=EVALUATIONS, executor="simulated"),
        Block(slow, SLOW_CONTENDERS, seeds=range(10), budget=EVALUATIONS, executor="simulated"),
    )
    return Suite(
        name="tabular",
        description="black-box optimizers on every shipped table, DrNAS and SMAC on some; nothing is trained",
        blocks=tuple(block for block in blocks if block.tasks),
    )
