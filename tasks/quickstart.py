"""The suite `quickstart`: everything once, in minutes."""

from __future__ import annotations

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.runner.suite import Block, Contender, Suite

ONE_TASK_A_SPACE = (
    "digits-mlp-densities",
    "digits-mlp-operators-95",
    "digits-mlp-cell-95",
    "digits-mlp-hyperparameters-95",
)

BLACK_BOX = (
    Contender("random"),
    Contender("lahc"),
    Contender("evolution", {"population_size": 6, "tournament_size": 3}),
    Contender("asha"),
    Contender("optuna", {"sampler": "tpe"}),
    Contender("smac", {"n_initial": 4}),
)

QUICKSTART = Suite(
    name="quickstart",
    description="six black-box optimizers and DrNAS on one digits task of each space, two minutes on two cores",
    blocks=(
        Block(ONE_TASK_A_SPACE, BLACK_BOX, seeds=range(3), budget=Budget("evaluations", 10), executor="processes"),
        Block(
            ("digits-mlp-operators-95", "digits-mlp-cell-95"),  # whose spaces have a relaxation
            (Contender("drnas", {"epochs": 8, "learning_rate": 0.05}),),
            seeds=range(3),
            budget=Budget("evaluations", 10),
            executor="processes",
        ),
    ),
)
