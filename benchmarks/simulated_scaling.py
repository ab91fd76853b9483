"""Ten times the simulated trials take ten times as long, for ASHA's rungs too."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

from benchmarks.measurement import Measurement, medians
from benchmarks.simulated_trials import loop_rate

FACTOR = 10


def measure(*, trials: int = 5000, repetitions: int = 3) -> list[Measurement]:
    """Compare the time for each trial of runs of `trials` and of ten times as many."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        seeds = count()
        for name in ("random", "asha"):
            short, long = medians(
                lambda name=name: loop_rate(name, trials, Path(folder), next(seeds)),  # type: ignore[misc]
                lambda name=name: loop_rate(name, FACTOR * trials, Path(folder), next(seeds)),  # type: ignore[misc]
                repetitions=repetitions,
            )
            what = f"time of {FACTOR * trials} over time of {trials} simulated trials; {FACTOR} is linear"
            ratio = FACTOR * short / long
            found.append(Measurement(f"10x simulated trials, {name}", ratio, "x time", None, "", None, what))
    return found
