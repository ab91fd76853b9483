from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.blueprint import Activation, Blueprint, Cell, Network, Operator, Recipe, Train
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import NbsError, TaskError, UnknownName
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.study import Study
from nasbench_sparse.search_spaces.activation_cell import ActivationCell
from nasbench_sparse.search_spaces.hpo_config import HyperparameterConfig
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.store import Store
from nasbench_sparse.training.task import TrainingTask

RECIPE = Recipe("sgd", 0.1)
RELU: tuple[Activation, ...] = (Operator("relu"),)
NOTHING = HyperparameterConfig(())


def task(
    space: SearchSpace, hidden: tuple[int, ...] = (8, 8, 8), own: tuple[Activation, ...] = RELU
) -> TrainingTask:
    network = Network("mlp", (("inputs", 64), ("hidden", hidden)))
    return TrainingTask(
        name="t",
        family="f",
        space=space,
        dataset="digits",
        fidelity=Fidelity("epochs", 1, 1),
        blueprint=Blueprint(network, (Train(1, RECIPE),), own),
    )


def cell(unary: tuple[str, ...] = ("identity",) * 4, binary: tuple[str, ...] = ("add", "add")) -> Cell:
    return Cell(unary, binary)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fitting",
    [
        task(OperatorChromosome(3)),
        task(ActivationCell()),
        task(NOTHING, hidden=()),
        task(NOTHING, own=(cell(), Operator("grafs-rn-1"), Operator("srelu"))),
    ],
)
def test_activations_that_fit_pass(fitting: TrainingTask) -> None:
    fitting.require_data()


@pytest.mark.parametrize(
    ("unfit", "error", "message"),
    [
        (task(OperatorChromosome(5)), TaskError, "has 3 activation sites .* got 5 activations"),
        (task(OperatorChromosome(2)), TaskError, "has 3 activation sites .* got 2 activations"),
        (task(ActivationCell(), hidden=()), TaskError, "no activation site beside its layers .fc1|output|layers"),
        (task(OperatorChromosome(2), hidden=()), TaskError, "no activation site"),
        (task(NOTHING, own=(Operator("relo"),)), UnknownName, "'relo'.*relu"),
        (task(NOTHING, own=(cell(unary=("identity",) * 3),)), TaskError, "^an activation cell .* none for u4"),
        (task(NOTHING, own=(cell(binary=("add", "ad")),)), UnknownName, "^unknown .* edge 'b2' 'ad'"),
        (task(NOTHING, own=(*RELU, Operator("swih"), *RELU)), UnknownName, "^activation site 'fc2': .*'swish'"),
        (
            task(NOTHING, own=(*RELU * 2, cell(binary=("add",)))),
            TaskError,
            "^activation site 'fc3': .*none for b2",
        ),
        (
            task(NOTHING, own=(cell(unary=("relu", "relux", "relu", "relu")), *RELU * 2)),
            UnknownName,
            "^activation site 'fc1': unknown unary operation of edge 'u2' 'relux': .*'relu'",
        ),
    ],
)
def test_activations_that_do_not_fit_are_refused(unfit: TrainingTask, error: type[NbsError], message: str) -> None:
    with pytest.raises(error, match=message):
        unfit.require_data()


def test_activations_of_a_phase_are_checked_too() -> None:
    whole = task(NOTHING)
    first = Train(1, RECIPE, (Operator("relu"), Operator("tanh")))
    other = replace(whole, blueprint=replace(whole.blueprint, phases=(first, *whole.blueprint.phases)))
    with pytest.raises(TaskError, match="got 2 activations"):
        other.require_data()


def test_nothing_is_recorded_of_a_run_that_cannot_fit(tmp_path: Path) -> None:
    plan = plan_run(task(OperatorChromosome(5)), load_optimizer("random"), Budget("trials", 1), seed=0)
    store = Store(tmp_path / "results.duckdb")
    with pytest.raises(TaskError, match="5 activations"):
        Study(store).run([plan])
    assert len(store.sql("SELECT * FROM runs")) == 0
