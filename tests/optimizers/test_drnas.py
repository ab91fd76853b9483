"""The order of search steps, and what becomes of failures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, SearchStep, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.optimizers.drnas import DrNAS
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.search_spaces import ActivationCell, OperatorChromosome, safs_stage2


def _problem(space: Any = None) -> Problem:
    space = OperatorChromosome(2) if space is None else space
    return Problem(space, Objective(), Fidelity("epochs", 1, 5), space.relaxation())


def _observe(number: int, asked: Any, status: Status = Status.OK) -> Observation:
    search = asked if isinstance(asked, SearchStep) else None
    config = {"operator_0": "tanh", "operator_1": ("swish", "gelu", "elu")[number % 3]}
    return Observation(number, config if search else asked, 1, 0.5, status, 1.0, search)


def test_drnas_asks_for_one_step_at_a_time_then_the_derived_config_then_nothing() -> None:
    optimizer = DrNAS(_problem(), seed=7, epochs=3)
    for number in range(3):
        step = optimizer.ask()
        assert isinstance(step, SearchStep)
        assert (step.step, step.seed) == (number, 7)
        assert optimizer.ask() is None
        optimizer.tell(_observe(number, step))
    derived = optimizer.ask()
    assert derived == {"operator_0": "tanh", "operator_1": "elu"}  # the last step's
    assert optimizer.ask() is None
    optimizer.tell(_observe(3, derived))
    assert optimizer.ask() is None
    assert optimizer.ask() is None


def test_drnas_hands_all_options_to_the_worker() -> None:
    step = DrNAS(_problem(), seed=0, epochs=4, bounded=False).ask()
    assert isinstance(step, SearchStep)
    assert dict(step.options) == {
        "epochs": 4,
        "warm_start": 1,
        "learning_rate": 6e-4,
        "weight_decay": 1e-3,
        "train_portion": 0.75,
        "shrink": True,
        "bounded": False,
        "independent_samples": True,
        "relaxation": "dirichlet",
        "unit": "epochs",
        "interval": 100,
    }


def _measured(number: int, asked: Any, accuracy: float) -> Observation:
    seen = _observe(number, asked)
    point = CurvePoint(number + 1, 1.0, 1.0, 0.9, None, None, 1.0, 1.0, {"discrete_val_accuracy": accuracy})
    return replace(seen, _curve=(point,))


@pytest.mark.parametrize(("keep", "operator"), [("final", "elu"), ("best", "swish")])
def test_drnas_keeps_the_final_config_or_the_first_of_the_best_discretised_accuracy(
    keep: str, operator: str
) -> None:
    optimizer = DrNAS(_problem(), seed=0, epochs=3, keep=keep)
    for number, accuracy in enumerate((0.7, 0.6, 0.7)):
        optimizer.tell(_measured(number, optimizer.ask(), accuracy))
    assert optimizer.ask() == {"operator_0": "tanh", "operator_1": operator}


def test_drnas_counts_stretches_of_iterations_as_search_steps() -> None:
    optimizer = DrNAS(_problem(), seed=0, unit="iterations", epochs=25, warm_start=5, interval=10)
    for number in range(3):
        step = optimizer.ask()
        assert isinstance(step, SearchStep)
        assert step.step == number
        optimizer.tell(_observe(number, step))
    assert not isinstance(optimizer.ask(), SearchStep)


@pytest.mark.parametrize("status", [Status.FAILED, Status.DIVERGED, Status.TIMEOUT])
def test_drnas_repeats_a_failed_step_twice_and_then_gives_up(status: Status) -> None:
    optimizer = DrNAS(_problem(), seed=0, epochs=3)
    first = optimizer.ask()
    optimizer.tell(_observe(0, first))
    second = optimizer.ask()
    for number in (1, 2):
        optimizer.tell(_observe(number, second, status))
        assert optimizer.ask() == second
    optimizer.tell(_observe(3, second, status))
    assert optimizer.ask() is None


def test_drnas_counts_failures_of_each_step_anew() -> None:
    optimizer = DrNAS(_problem(), seed=0, epochs=3)
    for expected in range(3):
        for status in (Status.FAILED, Status.FAILED, Status.OK):
            step = optimizer.ask()
            assert isinstance(step, SearchStep)
            assert step.step == expected
            optimizer.tell(_observe(0, step, status))
    assert not isinstance(optimizer.ask(), SearchStep)


def test_drnas_is_exhausted_after_its_derived_config_whatever_came_of_it() -> None:
    optimizer = DrNAS(_problem(), seed=0, epochs=3)
    for number in range(3):
        optimizer.tell(_observe(number, optimizer.ask()))
    optimizer.tell(_observe(3, optimizer.ask(), Status.FAILED))
    assert optimizer.ask() is None


def test_drnas_supports_relaxable_spaces_only() -> None:
    assert DrNAS.supports(_problem()) is None
    assert DrNAS.supports(_problem(ActivationCell())) is None
    reason = DrNAS.supports(_problem(safs_stage2()))
    assert reason == "it needs a space with a relaxation: an activation cell or an operator chromosome"
    reason = DrNAS.supports(_problem(OperatorChromosome(2, ("relu", "srelu", "prelu"))))
    assert reason == "it cannot relax operators with parameters of their own (prelu, srelu)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 2}, "epochs"),
        ({"epochs": 4, "warm_start": 2}, "warm_start=2"),
        ({"warm_start": -1}, "warm_start=-1"),
        ({"train_portion": 1.0}, "train_portion"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"relaxation": "gumbel"}, "relaxation must be 'dirichlet' or 'darts', not 'gumbel'"),
        ({"keep": "last"}, "keep must be 'final' or 'best'"),
        ({"unit": "steps"}, "unit must be 'epochs' or 'iterations'"),
        ({"interval": 0}, "interval must be at least 1"),
    ],
)
def test_drnas_refuses_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(NbsError, match=message):
        DrNAS(_problem(), seed=0, **options)


def test_drnas_without_shrinking_needs_no_room_for_it() -> None:
    assert DrNAS(_problem(), seed=0, epochs=1, shrink=False).ask() is not None


def test_drnas_is_registered_and_imports_no_torch() -> None:
    assert load_optimizer("drnas").cls is DrNAS
    script = "import sys; from nasbench_sparse.registry import load_optimizer; load_optimizer('drnas')"
    script += "; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
