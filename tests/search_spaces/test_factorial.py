"""Factorial spaces and the edits of their levels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import (
    ActivatePrune,
    Blueprint,
    Cycles,
    Network,
    Operator,
    Prune,
    Recipe,
    Rewind,
    Train,
)
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError, UnknownName
from nasbench_sparse.registry import load_task
from nasbench_sparse.search_spaces.edits import (
    Edit,
    SetActivations,
    SetDensities,
    SetNetwork,
    SetOptions,
    SetPhases,
    SetPruning,
    SetRecipe,
    SetSearched,
)
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.testing.spaces import SpaceSuite

RATE = Factor(
    "rate", (Level("low", (SetRecipe(learning_rate=1e-3),)), Level("high", (SetRecipe(learning_rate=1e-1),)))
)
DENSITY = Factor("density", tuple(Level(str(d), (SetDensities((d,)),)) for d in (0.1, 0.3, 0.9)))
SCORE = Factor("score", (Level("magnitude"), Level("random", (SetPruning(score="random"),))))

BLUEPRINT = Blueprint(
    Network("mlp", (("inputs", 64), ("hidden", (8,)))),
    (Train(1, Recipe("adam")), Prune("magnitude", (0.5,)), Train(2, Recipe("sgd", 0.02))),
)


class TestFactorial(SpaceSuite):
    def space(self) -> SearchSpace:
        return Factorial((RATE, DENSITY, SCORE))


class TestFactorialWithExclusions(SpaceSuite):
    def space(self) -> SearchSpace:
        return Factorial((RATE, DENSITY, SCORE), exclude=((("rate", "high"), ("density", "0.1")),))


class TestFactorialWithIsolatedCells(SpaceSuite):
    """Only the four corners where both factors agree are left, so no single change leads to another."""

    def space(self) -> SearchSpace:
        left = Factor("left", tuple(Level(n, (SetRecipe(batch_size=8 * (i + 1)),)) for i, n in enumerate("abcd")))
        right = Factor("right", tuple(Level(name) for name in "abcd"))
        pairs = [(a, b) for a in "abcd" for b in "abcd" if a != b]
        return Factorial((left, right), exclude=tuple((("left", a), ("right", b)) for a, b in pairs))


def test_grid_is_the_product_of_levels_the_last_factor_fastest() -> None:
    cells = list(Factorial((RATE, SCORE)).grid(1))
    assert [tuple(cell.values()) for cell in cells] == [
        ("low", "magnitude"),
        ("low", "random"),
        ("high", "magnitude"),
        ("high", "random"),
    ]


def test_exclusion_leaves_exactly_its_cells_out() -> None:
    space = Factorial(
        (RATE, DENSITY, SCORE), exclude=((("rate", "high"), ("density", "0.1")), (("score", "random"),))
    )
    assert space.size == 2 * 3 - 1
    with pytest.raises(InvalidConfig, match="excluded"):
        space.validate({"rate": "high", "density": "0.1", "score": "magnitude"})


def test_excluded_point_decodes_to_the_cell_that_keeps_most_levels() -> None:
    space = Factorial((RATE, DENSITY), exclude=((("rate", "high"), ("density", "0.1")),))
    assert space.decode({"rate": "high", "density": "0.1"}) == {"rate": "low", "density": "0.1"}


def test_samples_reach_every_cell_equally() -> None:
    space, rng = Factorial((RATE, DENSITY)), np.random.default_rng(0)
    draws = [tuple(space.sample(rng).values()) for _ in range(6000)]
    counts = [draws.count(tuple(cell.values())) for cell in space.cells]
    assert max(abs(count - 1000) for count in counts) < 4.5 * (6000 * 5 / 36) ** 0.5  # 4.5 sigma


def test_levels_are_written_into_the_blueprint_in_order() -> None:
    config = {"rate": "high", "density": "0.3", "score": "random"}
    written = Factorial((RATE, DENSITY, SCORE)).configure(BLUEPRINT, config)
    assert written == replace(
        BLUEPRINT,
        phases=(BLUEPRINT.phases[0], Prune("random", (0.3,)), Train(2, Recipe("sgd", 0.1))),
    )


def test_each_edit_changes_what_it_names_and_nothing_else() -> None:
    network = Network("mlp", (("inputs", 64), ("hidden", (5, 5))))
    swish = (Operator("swish"),)
    assert SetNetwork(network).apply(BLUEPRINT) == replace(BLUEPRINT, network=network)
    assert SetOptions(hidden=(5, 5)).apply(BLUEPRINT) == replace(BLUEPRINT, network=network)
    assert SetActivations(swish).apply(BLUEPRINT) == replace(BLUEPRINT, activations=swish)
    assert SetPhases(()).apply(BLUEPRINT) == replace(BLUEPRINT, phases=BLUEPRINT.phases[-1:])
    longer = Train(2, Recipe("adam"))
    assert SetSearched(longer).apply(BLUEPRINT) == replace(BLUEPRINT, phases=(*BLUEPRINT.phases[:-1], longer))
    assert SetPruning(score="random").apply(BLUEPRINT).phases[1] == Prune("random", (0.5,))


def test_pruning_inside_other_phases_is_changed_too() -> None:
    train = Train(1, Recipe())

    def cycles(score: str) -> Cycles:
        prune = Prune(score, fraction=0.2)
        return Cycles((prune, Rewind(), train), 3, fork=(prune, ActivatePrune(0.02), train))

    blueprint = replace(BLUEPRINT, phases=(Train(1, Recipe()), cycles("magnitude")))
    changed = SetPruning(score="taylor").apply(blueprint)
    assert changed == replace(blueprint, phases=(Train(1, Recipe()), cycles("taylor")))
    assert SetSearched(cycles("lamp")).apply(blueprint).phases[-1] == cycles("lamp")
    with pytest.raises(TaskError, match="2 epochs; the task's has 3 cycles"):
        SetSearched(Train(2, Recipe())).apply(blueprint)


def test_edits_that_do_not_fit_are_refused() -> None:
    unpruned = replace(BLUEPRINT, phases=BLUEPRINT.phases[-1:])
    with pytest.raises(UnknownName, match="learning_rate"):
        SetRecipe(learning_rat=0.1)
    with pytest.raises(UnknownName, match="score"):
        SetPruning(scores="random")
    with pytest.raises(TaskError, match="no pruning phase"):
        SetPruning(score="random").apply(unpruned)
    with pytest.raises(TaskError, match="no pruning phase"):
        SetDensities((0.1,)).apply(unpruned)
    with pytest.raises(TaskError, match="3 epochs; the task's has 2 epochs"):
        SetSearched(Train(3, Recipe())).apply(BLUEPRINT)


def test_factorials_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(TaskError, match="distinct names"):
        Factorial((RATE, RATE))
    with pytest.raises(TaskError, match="distinct names"):
        Factor("a", (Level("x"), Level("x")))
    with pytest.raises(TaskError, match="no level 'middle'"):
        Factorial((RATE,), exclude=((("rate", "middle"),),))
    with pytest.raises(TaskError, match="nothing is left"):
        Factorial((RATE,), exclude=((("rate", "low"),), (("rate", "high"),)))


@dataclass(frozen=True)
class Halve(Edit):
    """An edit of one's own."""

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return blueprint.with_recipe(learning_rate=blueprint.recipe.learning_rate / 2)


def test_own_edit_is_applied_and_declared() -> None:
    space = Factorial((RATE, Factor("halve", (Level("no"), Level("yes", (Halve(),))))))
    assert space.configure(BLUEPRINT, {"rate": "high", "halve": "yes"}).recipe.learning_rate == 0.05
    assert {"type": "Halve"} in declare(space)["factors"][1]["levels"][1]["edits"]


OWN_FILE = """
from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Blueprint, Network, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.search_spaces.edits import Edit
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.training.task import TrainingTask


@dataclass(frozen=True)
class Own(Edit):
    def apply(self, blueprint):
        return blueprint.with_recipe(learning_rate=RATE)


TASK = TrainingTask(
    name="own",
    family="own",
    space=Factorial((Factor("own", (Level("off"), Level("on", (Own(),)))),)),
    dataset="digits",
    fidelity=Fidelity("epochs", 1, 1),
    blueprint=Blueprint(Network("mlp", (("inputs", 64), ("hidden", (4,)))), (Train(1, Recipe()),)),
)
"""


def test_changed_edit_in_a_users_file_is_another_task(tmp_path: Path) -> None:
    prints = []
    for name, rate in (("a.py", 0.1), ("b.py", 0.2)):
        (tmp_path / name).write_text(OWN_FILE.replace("RATE", str(rate)))
        prints.append(load_task(f"{tmp_path / name}:TASK").fingerprint)
    assert prints[0] != prints[1]
