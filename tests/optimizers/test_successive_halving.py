"""ASHA against a trace worked by hand, and against a plain version that rescans its rungs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.trial import Observation, Proposal, Status
from nasbench_sparse.errors import NbsError, OptimizerError, UnknownName
from nasbench_sparse.optimizers.late_acceptance import LateAcceptanceHillClimbing
from nasbench_sparse.optimizers.random_search import RandomSearch
from nasbench_sparse.optimizers.successive_halving import SuccessiveHalving
from nasbench_sparse.testing.driving import drive
from nasbench_sparse.testing.problems import SyntheticTask, synthetic_tasks

PROBLEM = SyntheticTask(fidelity=Fidelity("epochs", 1, 9)).problem


class Listener(RandomSearch):
    """Random search that notes what it is told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: list[tuple[str, int, int]] = []

    def tell(self, observation: Observation) -> None:
        self.heard.append(("tell", observation.number, observation.fidelity))

    def revise(self, observation: Observation) -> None:
        self.heard.append(("revise", observation.number, observation.fidelity))


class Nested(Optimizer):
    """Sets a fidelity of its own."""

    def ask(self) -> Proposal:
        return Proposal(self.space.sample(self.rng), 3)

    def tell(self, observation: Observation) -> None:
        pass


def asked(optimizer: SuccessiveHalving) -> Proposal:
    proposal = optimizer.ask()
    assert proposal is not None
    return proposal


def test_asha_follows_a_hand_worked_trace() -> None:
    optimizer = SuccessiveHalving(PROBLEM, seed=0, sampler=f"{__name__}:Listener")
    steps: list[tuple[int, int | None, float]] = [  # fidelity and parent expected, loss told
        (1, None, 0.50),
        (1, None, 0.30),
        (1, None, 0.40),  # three in rung 0: its best, trial 1, may go on
        (3, 1, 0.20),  # one in rung 1: floor(1/3) = 0
        (1, None, 0.10),  # four in rung 0: top 1 is trial 4
        (3, 4, 0.15),
        (1, None, 0.90),  # top 1 of four was promoted
        (1, None, 0.35),  # six in rung 0: the top 2, trials 4 and 1, were promoted
        (1, None, 0.25),  # seven: the top 2 are trials 4 and 8
        (3, 8, 0.05),  # three in rung 1: top 1 is trial 9
        (9, 9, 0.02),
        (1, None, 0.95),
    ]
    configs: list[Config] = []
    for number, (fidelity, parent, loss) in enumerate(steps):
        proposal = asked(optimizer)
        assert (proposal.fidelity, proposal.parent) == (fidelity, parent), f"trial {number}"
        assert parent is None or proposal.config == configs[parent]
        configs.append(proposal.config)
        optimizer.tell(Observation(number, proposal.config, fidelity, loss, Status.OK, 1.0))
    assert isinstance(optimizer.sampler, Listener)
    assert optimizer.sampler.heard == [
        ("tell" if parent is None else "revise", number, fidelity)
        for number, (fidelity, parent, _) in enumerate(steps)
    ]


def plain_promotion(rungs: list[list[tuple[float, int]]], promoted: set[int], eta: int) -> tuple[int, int] | None:
    """Algorithm 2's get_job as written: scan rungs from above; failed trials are left out of the candidates."""
    for k in range(len(rungs) - 2, -1, -1):
        top = sorted(rungs[k])[: len(rungs[k]) // eta]
        candidates = [number for loss, number in top if number not in promoted and loss < np.inf]
        if candidates:
            return k, candidates[0]
    return None


@pytest.mark.parametrize("eta", [2, 3])
def test_asha_promotes_as_the_plain_algorithm_does(eta: int) -> None:
    rng = np.random.default_rng(eta)
    optimizer = SuccessiveHalving(PROBLEM, seed=0, eta=eta)
    fidelities = [rung.fidelity for rung in optimizer.rungs]
    rungs: list[list[tuple[float, int]]] = [[] for _ in fidelities]
    promoted: set[int] = set()
    outstanding: list[tuple[int, Proposal]] = []
    for number in range(600):
        expected = plain_promotion(rungs, promoted, eta)
        proposal = asked(optimizer)
        if expected is None:
            assert (proposal.fidelity, proposal.parent) == (fidelities[0], None)
        else:
            assert (proposal.fidelity, proposal.parent) == (fidelities[expected[0] + 1], expected[1])
            promoted.add(expected[1])
        outstanding.append((number, proposal))
        while len(outstanding) > 4:
            told, proposal = outstanding.pop(int(rng.integers(len(outstanding))))
            failed = rng.random() < 0.2
            loss = 10.0 if failed else round(float(rng.random()), 2)  # ties occur
            status = Status.FAILED if failed else Status.OK
            assert proposal.fidelity is not None
            optimizer.tell(Observation(told, proposal.config, proposal.fidelity, loss, status, 1.0))
            rungs[fidelities.index(proposal.fidelity)].append((np.inf if failed else loss, told))
    assert len(promoted) > 100
    assert rungs[-1]


@pytest.mark.parametrize(
    ("fidelity", "options", "rungs"),
    [
        ((1, 9), {}, [1, 3, 9]),
        ((1, 20), {}, [1, 3, 9, 20]),
        ((2, 16), {"eta": 2}, [2, 4, 8, 16]),
        ((1, 27), {"min_fidelity": 3}, [3, 9, 27]),
        ((1, 27), {"min_fidelity": 27}, [27]),
    ],
)
def test_asha_rungs(fidelity: tuple[int, int], options: dict[str, Any], rungs: list[int]) -> None:
    problem = SyntheticTask(fidelity=Fidelity("epochs", *fidelity)).problem
    assert [rung.fidelity for rung in SuccessiveHalving(problem, seed=0, **options).rungs] == rungs


def test_asha_over_random_search_draws_what_random_search_draws() -> None:
    task = synthetic_tasks()["mixed"]
    plain = drive(RandomSearch(task.problem, seed=4), task, asks=20).answers
    new = [a for a in drive(SuccessiveHalving(task.problem, seed=4), task, asks=30).answers if a[2] is None]
    assert len(new) > 10
    assert [config for config, _, _ in new] == plain[: len(new)]


def test_asha_waits_when_its_sampler_waits_and_promotes_meanwhile() -> None:
    optimizer = SuccessiveHalving(PROBLEM, seed=0, sampler="lahc", eta=2)
    assert isinstance(optimizer.sampler, LateAcceptanceHillClimbing)
    for number, loss in enumerate([0.5, 0.4]):
        proposal = asked(optimizer)
        assert optimizer.ask() is None
        optimizer.tell(Observation(number, proposal.config, 1, loss, Status.OK, 1.0))
    assert asked(optimizer) == Proposal(optimizer.sampler.current or {}, 2, parent=1)
    assert asked(optimizer).parent is None


def test_asha_refuses_what_it_cannot_do() -> None:
    with pytest.raises(NbsError, match="eta must be at least 2, not 1"):
        SuccessiveHalving(PROBLEM, seed=0, eta=1)
    with pytest.raises(NbsError, match=r"min_fidelity must be in 1\.\.9, not 10"):
        SuccessiveHalving(PROBLEM, seed=0, min_fidelity=10)
    with pytest.raises(NbsError, match="'asha' sets fidelities of its own"):
        SuccessiveHalving(PROBLEM, seed=0, sampler="asha")
    with pytest.raises(UnknownName, match="option of lahc 'history': did you mean 'history_length'"):
        SuccessiveHalving(PROBLEM, seed=0, sampler="lahc", sampler_options={"history": 2})
    with pytest.raises(OptimizerError, match="sets fidelities of its own"):
        SuccessiveHalving(PROBLEM, seed=0, sampler=f"{__name__}:Nested").ask()
    whole = SyntheticTask(fidelity=Fidelity("epochs", 5, 5)).problem
    assert SuccessiveHalving.supports(whole) == "its training cannot be cut short (the only fidelity is 5)"
