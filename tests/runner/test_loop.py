"""A run loop against a small task: budgets, replay after a cut at every event, errors of optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.executor import Completion, Work
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Observation, Proposal, Status, Trial
from nasbench_sparse.errors import GapInRecording, InvalidConfig, OptimizerError
from nasbench_sparse.executors.serial import SerialExecutor
from nasbench_sparse.executors.simulated import SimulatedExecutor
from nasbench_sparse.runner.drive import Driver
from nasbench_sparse.runner.loop import RunLoop
from nasbench_sparse.runner.results import KnownResults
from tests.runner.memory_log import Event, MemoryLog


@dataclass(frozen=True)
class Digits(SearchSpace):
    """One field `x` among 0..9."""

    @property
    def fields(self) -> tuple[str, ...]:
        return ("x",)

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"x": int(rng.integers(10))}

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Any]:
        return {"x": (int(config["x"]) + 1) % 10}

    def canonical(self, config: Config) -> dict[str, Any]:
        return {"x": config["x"]}

    def validate(self, config: Config) -> None:
        if config["x"] not in range(10):
            raise InvalidConfig(f"field 'x' is {config['x']!r}; allowed are 0 to 9")

    def configure(self, blueprint: Any, config: Config) -> Any:
        return blueprint

    @property
    def coordinates(self) -> Any:
        raise NotImplementedError

    def decode(self, point: Mapping[str, Any]) -> dict[str, Any]:
        return dict(point)

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(config)

    @property
    def size(self) -> int:
        return 10

    def grid(self, resolution: int) -> Iterator[dict[str, Any]]:
        return ({"x": x} for x in range(10))


@dataclass(frozen=True, kw_only=True)
class Table(Task):
    """Loss |x - 7| / 10, shrinking with the fidelity; 3 fails, 4 diverges; x + 1 seconds a unit."""

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        x = int(trial.config["x"])
        if x == 3:
            raise ValueError("three")
        curve = tuple(self._point(x, step) for step in range(1, trial.fidelity + 1))
        if x == 4:
            return Evaluation(Status.DIVERGED, (curve[:1],), 5.0), None
        return Evaluation(Status.OK, (curve,), curve[-1].seconds), b"state"

    def _point(self, x: int, step: int) -> CurvePoint:
        accuracy = 1.0 - abs(x - 7) / 10 - 0.01 / step
        return CurvePoint(step, 0.1, 0.2, accuracy, 0.3, 0.99, 1.0, (x + 1.0) * step)


TASK = Table(name="table", family="table", space=Digits(), dataset="none", fidelity=Fidelity("epochs", 1, 4))


class Walk(Optimizer):
    """Random walk around the best config so far; remembers everything it was told."""

    def __init__(self, problem: Any, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self.heard: list[Observation] = []

    def ask(self) -> Config:
        if len(self.heard) < 2 or self.rng.random() < 0.5:
            return self.space.sample(self.rng)
        best = min(self.heard, key=lambda o: o.loss)
        return self.space.neighbour(best.config, self.rng)

    def tell(self, observation: Observation) -> None:
        self.heard.append(observation)


def spec(workers: int = 1, executor: str = "serial") -> RunSpec:
    return RunSpec(
        task="table",
        fingerprint=TASK.fingerprint,
        optimizer="walk",
        source="1",
        seed=3,
        workers=workers,
        executor=executor,
    )


def carry_out(
    optimizer: Optimizer,
    budget: Budget,
    *,
    earlier: list[Event] | None = None,
    workers: int = 1,
    executor: str = "serial",
    resume: Any = "strict",
    known: KnownResults | None = None,
) -> tuple[RunLoop, MemoryLog]:
    log = MemoryLog(earlier)
    results = known if known is not None else KnownResults({})
    loop = RunLoop(spec(workers, executor), TASK, optimizer, budget, log, results, resume=resume)
    pool = SerialExecutor(None, None) if executor == "serial" else SimulatedExecutor(workers)
    with pool:
        Driver(pool).drive(iter([loop]))
    return loop, log


def rows(log: MemoryLog) -> list[Any]:
    """Everything but clocks: a failed attempt is charged the wall time it took."""

    def row(kind: str, item: Any) -> Any:
        if kind != "told":
            return kind, item
        evaluation = item.evaluation
        return (
            item.number,
            evaluation.status,
            evaluation.curves,
            item.loss,
            item.incumbent_loss,
            item.units,
            item.reused,
        )

    return [row(kind, item) for kind, item in log.events]


def walk() -> Walk:
    return Walk(TASK.problem, seed=3)


def test_loop_spends_exactly_its_trials() -> None:
    loop, log = carry_out(walk(), Budget("trials", 12))
    assert [kind for kind, _ in log.events] == ["asked", "told"] * 12 + ["end"]
    assert loop.status == "finished"
    assert loop.spent["trials"] == 12


def test_loop_charges_epochs_and_seconds_of_repeated_configs() -> None:
    class Same(Walk):
        def ask(self) -> Config:
            return {"x": 1}

    loop, log = carry_out(Same(TASK.problem, seed=0), Budget("epochs", 12))
    told = [item for kind, item in log.events if kind == "told"]
    assert [t.reused for t in told] == [False, True, True]
    assert loop.spent["epochs"] == 12
    assert loop.clock == 3 * 4 * 2.0


def test_loop_seconds_budget_starts_no_trial_after_it() -> None:
    class Same(Walk):
        def ask(self) -> Config:
            return {"x": 0}

    loop, _ = carry_out(Same(TASK.problem, seed=0), Budget("seconds", 10.0))
    assert loop.spent["trials"] == 3
    assert loop.clock == 12.0


def test_loop_tells_failures_with_the_worst_loss_and_goes_on() -> None:
    optimizer = walk()
    optimizer.ask = iter([{"x": 3}, {"x": 4}, {"x": 7}]).__next__  # type: ignore[method-assign]
    loop, log = carry_out(optimizer, Budget("trials", 3))
    assert [o.status for o in optimizer.heard] == [Status.FAILED, Status.DIVERGED, Status.OK]
    assert [o.loss for o in optimizer.heard[:2]] == [1.0, 1.0]
    told = [item for kind, item in log.events if kind == "told"]
    assert "three" in told[0].evaluation.error
    assert [t.incumbent_loss for t in told[:2]] == [None, None]
    assert loop.incumbent is not None
    assert loop.incumbent.config == {"x": 7}


def test_observations_never_hold_test_results() -> None:
    optimizer = walk()
    carry_out(optimizer, Budget("trials", 8))
    points = [point for o in optimizer.heard for point in o.curve]
    assert points
    assert all(p.test_loss is None and p.test_accuracy is None for p in points)


@pytest.mark.parametrize(("workers", "executor"), [(1, "serial"), (1, "simulated"), (3, "simulated")])
def test_loop_resumed_after_any_event_equals_the_uninterrupted_run(workers: int, executor: str) -> None:
    budget = Budget("trials", 15)
    _, whole = carry_out(walk(), budget, workers=workers, executor=executor)
    for cut in range(len(whole.events)):
        _, resumed = carry_out(walk(), budget, earlier=whole.events[:cut], workers=workers, executor=executor)
        assert rows(resumed) == rows(whole), f"cut after event {cut}"


@pytest.mark.parametrize(("workers", "executor"), [(1, "serial"), (3, "simulated")])
def test_loop_extends_a_finished_run(workers: int, executor: str) -> None:
    _, short = carry_out(walk(), Budget("trials", 6), workers=workers, executor=executor)
    kept = [event for event in short.events if event[0] != "end"]
    loop, long = carry_out(walk(), Budget("trials", 11), earlier=kept, workers=workers, executor=executor)
    assert long.events[: len(kept)] == kept
    assert loop.spent["trials"] == 11
    assert sum(kind == "told" for kind, _ in long.events) == 11


def test_loop_stops_an_optimizer_that_is_not_deterministic() -> None:
    _, whole = carry_out(walk(), Budget("trials", 6))
    loop, _ = carry_out(Walk(TASK.problem, seed=99), Budget("trials", 6), earlier=whole.events[:8])
    assert loop.status == "failed"
    assert "not deterministic at trial" in str(loop.error)


def test_loop_tell_only_goes_on_with_the_recorded_trials_and_marks_the_run() -> None:
    _, whole = carry_out(walk(), Budget("trials", 6))
    kept = whole.events[:8]
    loop, log = carry_out(Walk(TASK.problem, seed=99), Budget("trials", 6), earlier=kept, resume="tell-only")
    assert loop.departed
    assert log.events[:8] == kept
    assert loop.spent["trials"] == 6


@pytest.mark.parametrize("resume", ["strict", "tell-only"])
@pytest.mark.parametrize("lost", ["asked", "told"])
def test_loop_refuses_a_recording_with_a_gap(lost: str, resume: str) -> None:
    _, whole = carry_out(walk(), Budget("trials", 6))
    kept = [(kind, item) for kind, item in whole.events[:10] if kind != lost or item.number != 2]
    loop, _ = carry_out(walk(), Budget("trials", 6), earlier=kept, resume=resume)
    assert loop.status == "failed"
    assert isinstance(loop.error, GapInRecording)
    assert f"`store rm {loop.spec.run_id}`" in str(loop.error)


def test_loop_names_the_trial_whose_outcome_could_not_be_told() -> None:
    class Deaf(Walk):
        def tell(self, observation: Observation) -> None:
            if observation.number == 2:
                raise ValueError("what?")

    loop, _ = carry_out(Deaf(TASK.problem, seed=3), Budget("trials", 6))
    assert "raised ValueError in tell at trial 2: what?" in str(loop.error)


@pytest.mark.parametrize(
    ("garbage", "said"),
    [
        (7, "ask returned 7"),
        ({"x": 11}, "allowed are 0 to 9"),
        ({"x": float("nan")}, "must be finite"),
        ({"y": 1}, "the space cannot read"),
        (Proposal({"x": 1}, fidelity=9), "from 1 to 4"),
        (Proposal({"x": 1}, parent=5), "already told"),
    ],
)
def test_loop_refuses_garbage_in_one_sentence(garbage: Any, said: str) -> None:
    optimizer = walk()
    optimizer.ask = lambda: garbage  # type: ignore[method-assign]
    loop, log = carry_out(optimizer, Budget("trials", 3))
    assert loop.status == "failed"
    assert isinstance(loop.error, OptimizerError)
    assert said in str(loop.error)
    assert log.events == [("end", "failed")]


def test_loop_ends_when_the_optimizer_proposes_nothing() -> None:
    optimizer = walk()
    optimizer.ask = lambda: None  # type: ignore[method-assign,assignment,return-value]
    loop, log = carry_out(optimizer, Budget("trials", 3))
    assert log.events == [("end", "failed")]
    assert "proposed nothing" in str(loop.error)


def test_loop_takes_an_exit_of_the_optimizer_for_an_error() -> None:
    optimizer = walk()

    def leave() -> Config:
        raise SystemExit(0)

    optimizer.ask = leave  # type: ignore[method-assign]
    loop, _ = carry_out(optimizer, Budget("trials", 3))
    assert loop.status == "failed"
    assert "raised SystemExit in leave" in str(loop.error)


def test_loop_credits_a_promotion_with_the_parents_epochs() -> None:
    optimizer = walk()
    asks = iter([Proposal({"x": 2}, fidelity=1), Proposal({"x": 2}, fidelity=4, parent=0)])
    optimizer.ask = lambda: next(asks)  # type: ignore[method-assign,assignment,return-value]
    loop, log = carry_out(optimizer, Budget("trials", 2))
    told = [item for kind, item in log.events if kind == "told"]
    assert [t.units for t in told] == [1, 3]
    assert loop.spent["epochs"] == 4
    assert loop.clock == 3.0 * 4


def test_driver_keeps_other_runs_going_when_one_optimizer_raises() -> None:
    broken = walk()
    broken.tell = lambda observation: 1 / 0  # type: ignore[method-assign,assignment]
    logs = [MemoryLog(), MemoryLog()]
    results = KnownResults({})
    loops = [
        RunLoop(spec(), TASK, optimizer, Budget("trials", 4), log, results)
        for optimizer, log in zip([broken, walk()], logs, strict=True)
    ]
    with SerialExecutor(None, None) as pool:
        Driver(pool).drive(iter(loops))
    assert [loop.status for loop in loops] == ["failed", "finished"]
    assert "ZeroDivisionError in <lambda>" in str(loops[0].error)


class Pool(SerialExecutor):
    """Two slots, filled and emptied in order; counts what it trains."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self.slots, self.queue, self.trained = 2, [], []

    @property
    def free_workers(self) -> int:
        return self.slots - len(self.queue)

    def submit(self, task: Task, work: Work) -> None:
        assert self.free_workers > 0
        if work.recorded is None:
            self.trained.append(work.trial.config_key)
        self.queue.append((task, work))

    def next_completed(self, timeout: float | None = None) -> Completion:
        super().submit(*self.queue.pop(0))
        completion = super().next_completed(timeout)
        assert completion is not None
        return completion


def test_driver_trains_nothing_twice_for_runs_that_ask_the_same() -> None:
    logs = [MemoryLog() for _ in range(4)]
    results = KnownResults({})
    loops = [RunLoop(spec(), TASK, walk(), Budget("trials", 9), log, results) for log in logs]
    for number, loop in enumerate(loops):
        loop.spec = replace(loop.spec, seed=number)
    with Pool() as pool:
        Driver(pool).drive(iter(loops))
        ok = [key for key in pool.trained if key != config_key({"x": 3})]
    assert len(ok) == len(set(ok))
    assert [loop.status for loop in loops] == ["finished"] * 4
    assert all(rows(log)[-1] == ("end", "finished") for log in logs)
    assert [[e.number for kind, e in log.events if kind == "told"] for log in logs] == [list(range(9))] * 4


def test_loop_ends_a_budget_in_seconds_that_could_never_be_spent() -> None:
    optimizer = walk()
    optimizer.ask = lambda: {"x": 3}  # type: ignore[method-assign,assignment,return-value]
    loop, _ = carry_out(optimizer, Budget("seconds", 5.0), executor="simulated")
    assert loop.status == "failed"
    assert "took no time" in str(loop.error)


def test_simulated_workers_share_a_training_under_way() -> None:
    optimizer = walk()
    optimizer.ask = lambda: {"x": 8}  # type: ignore[method-assign,assignment,return-value]
    _, log = carry_out(optimizer, Budget("trials", 3), workers=3, executor="simulated")
    told = [item for kind, item in log.events if kind == "told"]
    assert [t.reused for t in told] == [False, True, True]
    assert all(t.evaluation.curves == told[0].evaluation.curves for t in told)
