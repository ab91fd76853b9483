"""Numpy's numbers in a study: taken for Python's own, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.runner.plan import plan_suite
from nasbench_sparse.testing.problems import SyntheticTask


def run(store: nbs.Store, whole: Callable[[int], Any], real: Callable[[float], Any]) -> nbs.Result:
    return nbs.run(
        SyntheticTask(fidelity=nbs.Fidelity("epochs", whole(1), whole(4)), replicates=whole(3), noise=real(0.5)),
        "lahc",
        seed=whole(2),
        trials=whole(4),
        options={"history_length": whole(3)},
        replicate=whole(1),
        workers=whole(2),
        executor="simulated",
        resources=nbs.Resources(
            slots=whole(1),
            trial_timeout=real(4.5),
            faults=nbs.Faults(real(0.25), real(0.5), whole(2), seed=whole(3)),
        ),
        store=store,
    )


@pytest.mark.parametrize(("whole", "real"), [(np.int64, np.float64), (np.uint8, np.float32)])
def test_a_run_of_numpy_numbers_is_that_of_pythons(tmp_path: Path, whole: type, real: type) -> None:
    store = nbs.Store(tmp_path / "r.duckdb")
    first = run(store, whole, real)
    again = run(store, int, float)
    assert (first.status, again.status, again.run_id) == ("finished", "reused", first.run_id)
    assert type(first.seed) is int


def test_a_suite_takes_ranges_of_numpy() -> None:
    block = nbs.Block(
        ["digits-mlp-densities"],
        [nbs.Contender("random")],
        np.arange(2),  # type: ignore[arg-type]
        nbs.Budget("trials", np.int32(3)),
    )
    specs = [plan.spec for plan in plan_suite(nbs.Suite("s", "", (block,)))]
    assert [repr(spec.seed) for spec in specs] == ["0", "1"]


class Halving(nbs.Optimizer):
    """A config, then the same one continued."""

    told: nbs.Observation | None = None
    asked = 0

    def ask(self) -> nbs.Proposal | None:
        self.asked += 1
        if self.asked == 1:
            return nbs.Proposal(self.space.sample(self.rng), np.int64(2))  # type: ignore[arg-type]
        if self.asked > 2 or self.told is None:
            return None
        return nbs.Proposal(self.told.config, np.uint8(4), np.int64(self.told.number))  # type: ignore[arg-type]

    def tell(self, observation: nbs.Observation) -> None:
        self.told = observation


@dataclass(frozen=True, kw_only=True)
class Measured(SyntheticTask):
    """Curves as numpy computes them."""

    name: str = "measured"

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[nbs.Evaluation, bytes | None]:
        curve = tuple(
            CurvePoint(
                np.int64(step),  # type: ignore[arg-type]
                *map(np.float32, (1 / step, 1 / step, 0.5)),  # type: ignore[arg-type]
                None,
                None,
                *map(np.float16, (0.5, step)),  # type: ignore[arg-type]
            )
            for step in range(1, trial.fidelity + 1)
        )
        return nbs.Evaluation(nbs.Status.OK, (curve,), np.float32(trial.fidelity)), None  # type: ignore[arg-type]


def test_what_optimizers_and_tasks_return_may_be_numpys(tmp_path: Path) -> None:
    result = nbs.run(Measured(), Halving, trials=3, store=tmp_path / "r.duckdb")
    rows = result.trials.select("fidelity", "parent", "status", "loss").rows()
    assert rows == [(2, None, "OK", 0.5), (4, 0, "OK", 0.25)]
    assert nbs.Store(tmp_path / "r.duckdb").verify() == []


class Tuned(Halving):
    """Takes any option."""

    def __init__(self, problem: nbs.Problem, *, seed: int, rate: Any = None) -> None:
        super().__init__(problem, seed=seed)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: nbs.Budget("hours", 3), "unknown unit of a budget 'hours': valid are epochs"),  # type: ignore[arg-type]
        (lambda: nbs.Budget("trials", "3"), "a budget in trials is a finite number above 0, not '3'"),  # type: ignore[arg-type]
        (lambda: nbs.Budget("trials", np.nan), "above 0, not nan"),
        (lambda: nbs.Budget("trials", np.arange(2)), "above 0, not array"),  # type: ignore[arg-type]
        (lambda: nbs.Resources(slots=0), "number of slots is a whole number from 1, not 0"),
        (lambda: nbs.Resources(trial_timeout=-1.0), "a trial timeout, in seconds, is a finite number above 0"),
        (lambda: nbs.Resources(gpus_per_trial=True), "gpus_per_trial is a finite number from 0, not True"),
        (lambda: nbs.Faults(seed=0.5), "the seed of faults is a whole number, not 0.5"),  # type: ignore[arg-type]
        (lambda: nbs.Faults("a"), "failure_rate is a finite number, not 'a'"),  # type: ignore[arg-type]
        (lambda: nbs.run(SyntheticTask(), "random", workers=1.5), "a whole number from 1, not 1.5"),  # type: ignore[arg-type]
        (lambda: nbs.run(SyntheticTask(noise=len), "lahc"), "task 'synthetic': builtin_function_or_method"),  # type: ignore[arg-type]
        (lambda: nbs.run(SyntheticTask(), "lahc", seed=2**63), "a seed is a whole number of 64 bits with its sign"),
        (lambda: nbs.run(SyntheticTask(), Tuned, options={"rate": np.inf}), "'rate' of Tuned is inf"),
        (lambda: nbs.run(SyntheticTask(), Tuned, options={"rate": [0.5, np.nan]}), "what JSON holds: finite"),
        (lambda: nbs.Fidelity("epochs", 1.5, 2), "fidelity.min is 1.5; allowed are whole numbers from 1"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_a_sentence(make: Callable[[], object], says: str) -> None:
    with pytest.raises(nbs.NbsError) as caught:
        make()
    assert says in str(caught.value)
