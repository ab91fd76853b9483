"""Round trip of a trial to a warm worker process, against the standard library's pool."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.round_trips import round_trip, trivial
from nasbench_sparse.executors.processes import ProcessExecutor


def measure(*, trials: int = 200, repetitions: int = 5) -> list[Measurement]:
    """Time trials sent one by one to one worker."""
    with ProcessExecutor(1) as executor, ProcessPoolExecutor(1, get_context("spawn")) as pool:

        def peer() -> None:
            for number in range(trials):
                pool.submit(trivial, number).result()

        ours, theirs = medians(
            lambda: 1e3 * round_trip(executor, trials) / trials,
            lambda: 1e3 * seconds(peer) / trials,
            repetitions=repetitions,
        )
    what = (
        f"{trials} trials one by one, warm; ours carries config, curve of 9 points and checks, the peer an integer"
    )
    return [Measurement("process round trip", ours, "ms", None, "concurrent.futures", theirs, what)]
