"""Dispatch of a trial to a warm Ray actor, against a plain Ray task."""

from __future__ import annotations

import ray

from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.round_trips import round_trip, trivial
from nasbench_sparse.executors.ray_cluster import RayExecutor


def measure(*, trials: int = 200, repetitions: int = 5) -> list[Measurement]:
    """Time trials sent one by one to one actor; Ray's start is left out."""
    with RayExecutor(workers=1) as executor:
        task = ray.remote(trivial)

        def peer() -> None:
            for number in range(trials):
                ray.get(task.remote(number))

        ours, theirs = medians(
            lambda: 1e3 * round_trip(executor, trials) / trials,
            lambda: 1e3 * seconds(peer) / trials,
            repetitions=repetitions,
        )
    what = f"{trials} trials one by one, warm, local Ray; ours carries config and curve, the peer an integer"
    return [Measurement("Ray dispatch per trial", ours, "ms", 2.0, "plain Ray task", theirs, what)]
