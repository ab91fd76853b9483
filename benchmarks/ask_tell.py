"""Ask and tell of the cheap optimizers against Optuna's in-memory study."""

from __future__ import annotations

from functools import partial

from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import distributions, study
from benchmarks.table_task import TASK
from nasbench_sparse.core.trial import Observation, Proposal, Status
from nasbench_sparse.registry import load_optimizer

PEERS = {"random": "random", "lahc": "random", "sa": "random", "evolution": "tpe", "asha": "tpe"}
"""Each optimizer with the Optuna sampler it is set beside: independent draws, or one that learns."""


def measure(*, trials: int = 1000, peer_trials: int = 100, repetitions: int = 5) -> list[Measurement]:
    """Time `trials` asks and tells of each optimizer."""
    own = [partial(_ours, name, trials) for name in PEERS]
    peers = [partial(_optuna, sampler, peer_trials) for sampler in ("random", "tpe")]
    *values, random, tpe = medians(*own, *peers, repetitions=repetitions)
    theirs = {"random": random, "tpe": tpe}
    what = f"{trials} trials, 4 fields of 5 values, losses told at once; peer in memory, {peer_trials} trials"
    return [
        Measurement(f"ask+tell {name}", value, "ms", 0.1, f"Optuna {peer}", theirs[peer], what)
        for (name, peer), value in zip(PEERS.items(), values, strict=True)
    ]


def _ours(name: str, trials: int) -> float:
    """Return milliseconds for each trial."""
    optimizer, losses = load_optimizer(name).cls(TASK.problem, seed=0), _losses(trials)

    def go() -> None:
        for number, loss in enumerate(losses):
            asked = optimizer.ask()
            proposal = asked if isinstance(asked, Proposal) else Proposal(asked)  # type: ignore[arg-type]
            fidelity = proposal.fidelity or TASK.fidelity.max
            optimizer.tell(Observation(number, proposal.config, fidelity, loss, Status.OK, 1.0))

    return 1e3 * seconds(go) / trials


def _optuna(sampler: str, trials: int) -> float:
    peer, fixed, losses = study(sampler), distributions(), _losses(trials)

    def go() -> None:
        for loss in losses:
            peer.tell(peer.ask(fixed), loss)

    return 1e3 * seconds(go) / trials


def _losses(count: int) -> list[float]:
    """Return numbers in [0, 1) without an order."""
    return [((7919 * i) % 1009) / 1009 for i in range(count)]
