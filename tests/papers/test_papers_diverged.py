from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Recipe, Train
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.leaderboard.papers.confirmed import confirmed
from nasbench_sparse.leaderboard.papers.diverged import counted, diverged, guessing, said
from nasbench_sparse.leaderboard.papers.values import values
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.search_spaces.edits import SetRecipe
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.store import Store
from nasbench_sparse.training.task import TrainingTask

LEVELS = tuple(Level(name, (SetRecipe(learning_rate=rate),)) for name, rate in (("low", 0.1), ("high", 1e30)))
RATES = Factorial((Factor("rate", LEVELS),))
TASK = TrainingTask(
    name="rates",
    family="rates",
    space=RATES,
    dataset="digits",
    fidelity=Fidelity("epochs", 1, 1),
    blueprint=Blueprint(
        Network("mlp", (("inputs", 64), ("hidden", (8,)))), (Train(1, Recipe("sgd", 0.1)),), (Operator("relu"),)
    ),
)
CHAIN = Chain(
    name="c",
    task=TASK,
    stages=(Stage("s", Contender("random"), Budget("trials", 1)),),
    seeds=(0,),
    confirm=Confirmation((1, 2), tuple(Fixed(name, TASK, {"rate": name}) for name in ("low", "high"))),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    held = Store(tmp_path_factory.mktemp("diverged") / "results.duckdb")
    run_chain(CHAIN, held)
    return held


def test_diverged_trainings_have_the_accuracy_of_guessing(store: Store) -> None:
    lost = [replicate for config, replicate in diverged(store, TASK) if config == {"rate": "high"}]
    assert {1, 2} <= set(lost)
    found = {
        one.replicate: one.value for one in counted(store, TASK, "test_accuracy") if one.config["rate"] == "high"
    }
    assert [found[r] for r in (1, 2)] == [0.1, 0.1]
    kept = [one for one in counted(store, TASK, "test_accuracy") if one.config["rate"] == "low"]
    assert kept == [one for one in values(store, TASK, "test_accuracy") if one.config["rate"] == "low"]
    assert all(one.config["rate"] == "low" for one in counted(store, TASK, "density"))


def test_methods_count_their_diverged_trainings(store: Store) -> None:
    held = confirmed(store, CHAIN, "itself")
    assert held.lost["high"] == (2, 2)
    assert held.lost["low"] == (0, 2)
    low, high = held.pairs("low", "high")
    assert len(low) == 2
    assert np.array_equal(high, [0.1, 0.1])


def test_guessing_is_chance() -> None:
    assert guessing(TASK, "test_accuracy") == 0.1
    assert guessing(TASK, "val_loss") == pytest.approx(math.log(10))
    assert guessing(TASK, "density") is None


def test_said_is_silent_where_none_diverged(tmp_path: Path) -> None:
    assert said(0, 5) == ""
    assert said(2, 5) == ", 2 of 5 trainings diverged"
