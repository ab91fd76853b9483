"""Ask and tell of the cheap optimizers against Optuna's in-memory study."""

from __future__ import annotations

from itertools import count

from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import distributions, study
from benchmarks.table_task import TASK
from nasbench_sparse.core.trial import Observation, Proposal, Status
from nasbench_sparse.registry import load_optimizer

OPTIMIZERS = ("random", "lahc", "sa", "evolution", "asha")


def measure(*, trials: int = 1000, peer_trials: int = 100, repetitions: int = 5) -> list[Measurement]:
    """Time `trials` asks and tells of each optimizer; TPE sets the peer's higher mark."""
    contenders = [lambda name=name: _ours(name, trials) for name in OPTIMIZERS]
    peers = [lambda name=name: _optuna(name, peer_trials) for name in ("random", "tpe")]
    *own, random, tpe = medians(*contenders, *peers, repetitions=repetitions)
    conditions = (
        f"{trials} trials, 4 categorical fields of 5 values, losses told at once; peer {peer_trials} trials"
    )
    return [
        Measurement(f"ask+tell {name}", value, "ms", 0.1, f"Optuna {peer}, memory", peer_value, conditions)
        for name, value in zip(OPTIMIZERS, own, strict=True)
        for peer, peer_value in (("random", random), ("TPE", tpe))
        if peer == "random" or name == "evolution"
    ]


def _ours(name: str, trials: int) -> float:
    """Return milliseconds for each trial."""
    optimizer = load_optimizer(name).cls(TASK.problem, seed=0)
    losses = [((7919 * i) % 1009) / 1009 for i in range(trials)]

    def go() -> None:
        for number, loss in enumerate(losses):
            asked = optimizer.ask()
            config, fidelity = (asked.config, asked.fidelity) if isinstance(asked, Proposal) else (asked, None)
            full = fidelity or TASK.fidelity.max
            optimizer.tell(Observation(number, config, full, loss, Status.OK, 1.0))  # type: ignore[arg-type]

    return 1e3 * seconds(go) / trials


def _optuna(sampler: str, trials: int) -> float:
    peer, fixed, losses = study(sampler), distributions(), count()

    def go() -> None:
        for _ in range(trials):
            peer.tell(peer.ask(fixed), ((7919 * next(losses)) % 1009) / 1009)

    return 1e3 * seconds(go) / trials
