"""Late acceptance hill climbing against traces worked by hand."""

from __future__ import annotations

import pytest

from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.optimizers.late_acceptance import LateAcceptanceHillClimbing
from nasbench_sparse.testing.problems import SyntheticTask

PROBLEM = SyntheticTask().problem


def walk(optimizer: LateAcceptanceHillClimbing, losses: list[float]) -> list[tuple[bool, float, list[float]]]:
    """Tell the losses one by one; return whether each was accepted, the current cost and the history."""
    trace = []
    for number, loss in enumerate(losses):
        config = optimizer.ask()
        assert config is not None
        optimizer.tell(Observation(number, config, 9, loss, Status.OK, 1.0))
        trace.append((optimizer.current is config, optimizer.cost, list(optimizer.history)))
    return trace


def test_lahc_2017_follows_a_hand_worked_trace() -> None:
    optimizer = LateAcceptanceHillClimbing(PROBLEM, seed=0, history_length=2)
    trace = walk(optimizer, [10.0, 12.0, 8.0, 9.0, 9.0, 9.5, 7.0, 8.0, 8.0])
    assert trace == [
        (True, 10.0, [10.0, 10.0]),  # the initial config fills the history
        (False, 10.0, [10.0, 10.0]),  # v=0: 12 is worse than now and late
        (True, 8.0, [10.0, 8.0]),  # v=1: better
        (True, 9.0, [9.0, 8.0]),  # v=0: worse than now (8), better than late (10)
        (True, 9.0, [9.0, 8.0]),  # v=1: sideways; 9 < 8 fails, so f[1] stays
        (False, 9.0, [9.0, 8.0]),  # v=0: 9.5 < 9 fails
        (True, 7.0, [9.0, 7.0]),  # v=1: better
        (True, 8.0, [8.0, 7.0]),  # v=0: worse than now (7), better than late (9)
        (True, 8.0, [8.0, 7.0]),  # v=1: sideways; 8 < 7 fails
    ]


def test_lahc_2012_accepts_late_ties_and_always_writes() -> None:
    losses = [10.0, 8.0, 10.0, 9.0, 11.0]
    trace_2012 = walk(LateAcceptanceHillClimbing(PROBLEM, seed=0, history_length=2, variant="2012"), losses)
    assert trace_2012 == [
        (True, 10.0, [10.0, 10.0]),
        (True, 8.0, [8.0, 10.0]),
        (True, 10.0, [8.0, 10.0]),  # v=1: 10 <= 10, a tie with late
        (True, 9.0, [9.0, 10.0]),  # v=0: f[0] is raised from 8 to 9
        (False, 9.0, [9.0, 9.0]),  # v=1: rejected, yet f[1] becomes the current cost
    ]
    trace_2017 = walk(LateAcceptanceHillClimbing(PROBLEM, seed=0, history_length=2), losses)
    assert [accepted for accepted, _, _ in trace_2017] == [True, True, False, False, False]


def test_lahc_waits_for_the_outstanding_trial_and_stops_after_its_iterations() -> None:
    optimizer = LateAcceptanceHillClimbing(PROBLEM, seed=0, iterations=2)
    for number in range(3):
        config = optimizer.ask()
        assert config is not None
        assert optimizer.ask() is None
        optimizer.tell(Observation(number, config, 9, 1.0, Status.OK, 1.0))
    assert optimizer.ask() is None


def test_lahc_leaves_a_failed_start() -> None:
    optimizer = LateAcceptanceHillClimbing(PROBLEM, seed=0)
    start, candidate = optimizer.ask(), None
    assert start is not None
    optimizer.tell(Observation(0, start, 9, 10.0, Status.FAILED, 1.0))
    candidate = optimizer.ask()
    assert candidate is not None
    optimizer.tell(Observation(1, candidate, 9, 9.0, Status.OK, 1.0))
    assert optimizer.current == candidate


def test_lahc_refuses_bad_options() -> None:
    with pytest.raises(NbsError, match="history_length must be at least 1, not 0"):
        LateAcceptanceHillClimbing(PROBLEM, seed=0, history_length=0)
    with pytest.raises(NbsError, match="iterations"):
        LateAcceptanceHillClimbing(PROBLEM, seed=0, iterations=-1)
    with pytest.raises(UnknownName, match="did you mean '2017'"):
        LateAcceptanceHillClimbing(PROBLEM, seed=0, variant="2016")  # type: ignore[arg-type]
