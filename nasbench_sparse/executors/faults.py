"""Declared faults of simulated workers: trials that fail and trials that take longer, decided by a hash."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from struct import unpack

from nasbench_sparse.core.given import finite, whole
from nasbench_sparse.errors import NbsError


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one trial: it takes `slowdown` times as long; it dies at a fraction of that, or never."""

    slowdown: float = 1.0
    dies_at: float | None = None


SPARED = Fate()


@dataclass(frozen=True, slots=True)
class Faults:
    """A fault model; a trial's fate depends on `seed`, run and trial number alone.

    Args:
        failure_rate: probability that a trial fails, at a uniformly distributed fraction of its duration.
        straggler_rate: probability that a trial takes `straggler_factor` times as long as recorded.
    Raises:
        NbsError: what is no probability, a factor below 1, stragglers that are no slower than others, or a seed
            that is no whole number.
    """

    failure_rate: float = 0.0
    straggler_rate: float = 0.0
    straggler_factor: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("failure_rate", "straggler_rate"):
            rate = finite(name, getattr(self, name))
            if not 0.0 <= rate <= 1.0:
                raise NbsError(f"{name} is a probability, not {rate}")
            object.__setattr__(self, name, rate)
        object.__setattr__(self, "straggler_factor", finite("straggler_factor", self.straggler_factor, least=1))
        object.__setattr__(self, "seed", whole("the seed of faults", self.seed, least=None))
        if (self.straggler_rate > 0.0) != (self.straggler_factor > 1.0):
            raise NbsError(
                f"a straggler_rate of {self.straggler_rate:g} with a straggler_factor of {self.straggler_factor:g} "
                "slows nothing down; give a rate above 0 and a factor above 1, or neither"
            )

    @property
    def conditions(self) -> dict[str, float]:
        """The fault model as conditions of a run (see `RunSpec`): what is not the default, if anything happens."""
        if not self.failure_rate and not self.straggler_rate:
            return {}
        given = {
            "failure_rate": float(self.failure_rate),
            "straggler_rate": float(self.straggler_rate),
            "straggler_factor": float(self.straggler_factor),
            "fault_seed": self.seed,
        }
        none = {"failure_rate": 0.0, "straggler_rate": 0.0, "straggler_factor": 1.0, "fault_seed": 0}
        return {name: value for name, value in given.items() if value != none[name]}

    def fate(self, run_id: str, number: int) -> Fate:
        """Decide what happens to a trial."""
        text = f"{self.seed}|{run_id}|{number}".encode()
        fails, straggles, when = (word / 2**64 for word in unpack("<3Q", blake2b(text, digest_size=24).digest()))
        return Fate(
            slowdown=self.straggler_factor if straggles < self.straggler_rate else 1.0,
            dies_at=when if fails < self.failure_rate else None,
        )
