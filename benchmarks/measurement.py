"""Measurements: what a benchmark found, beside its budget and its peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Measurement:
    """A median, in a unit; units that end in "/s" are rates, of which more is better, others are costs.

    Args:
        target: the budget in the same unit, None where none was set.
        peer_value: the peer's median in the same run and unit, None where there is no peer.
        conditions: what was timed, and what was left out.
    """

    name: str
    value: float
    unit: str
    target: float | None
    peer_name: str
    peer_value: float | None
    conditions: str

    @property
    def is_rate(self) -> bool:
        """Whether more is better."""
        return self.unit.endswith("/s")

    @property
    def times_better_than_peer(self) -> float | None:
        """How many times faster than the peer, or cheaper; below 1 the peer wins."""
        return self._times_better(self.peer_value)

    @property
    def times_better_than_target(self) -> float | None:
        """How many times faster than the budget asks, or cheaper; below 1 the budget is missed."""
        return self._times_better(self.target)

    @property
    def verdict(self) -> str:
        """ "meets" or "misses" the budget; empty without one."""
        times = self.times_better_than_target
        if times is None:
            return ""
        return "meets" if times >= 1.0 else "misses"

    def _times_better(self, other: float | None) -> float | None:
        if other is None:
            return None
        return self.value / other if self.is_rate else other / self.value


def medians(*contenders: Callable[[], float], repetitions: int) -> list[float]:
    """Call the contenders in turn (A B A B ...), after one uncounted round, and return the median of each.

    Taking turns lets all of them meet the same load of a machine that is not quiet.
    """
    for contender in contenders:
        contender()
    rounds = [[contender() for contender in contenders] for _ in range(repetitions)]
    return [median(column) for column in zip(*rounds, strict=True)]


def seconds(action: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    start = perf_counter()
    action()
    return perf_counter() - start
