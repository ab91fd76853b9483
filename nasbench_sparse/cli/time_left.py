"""An estimate of how long the rest of a study takes, from the rate observed on each task."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence


class TimeLeft:
    """Attributes the wall time between two outcomes to the task of the later one.

    So the estimate holds for any number of workers: the times of all tasks add up to the time passed.

    Args:
        tasks: the task of each run still to be done.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, tasks: Sequence[str], now: float) -> None:
        self._remaining = {task: float(count) for task, count in Counter(tasks).items()}
        self._done: defaultdict[str, float] = defaultdict(float)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._last = now

    def advance(self, task: str, share: float, now: float, *, replayed: bool = False) -> None:
        """Take note of work: `share` of one run of a task; replayed work says nothing of the rate."""
        self._remaining[task] = max(0.0, self._remaining.get(task, 0.0) - share)
        if not replayed:
            self._done[task] += share
            self._seconds[task] += now - self._last
        self._last = now

    @property
    def seconds(self) -> float | None:
        """Seconds left, as of the last outcome; None before there is any rate. Unseen tasks take the mean rate."""
        done = sum(self._done.values())
        if done <= 0:
            return None
        mean = sum(self._seconds.values()) / done
        return sum(
            share * (self._seconds[task] / self._done[task] if self._done.get(task, 0.0) > 0 else mean)
            for task, share in self._remaining.items()
        )
