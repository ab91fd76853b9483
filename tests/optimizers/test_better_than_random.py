"""Each search method beats random search where it should: paired over seeds, by at least 3 standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench_sparse.testing.driving import drive, make_optimizer
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace, MixedSpace, SyntheticSpace


def best_distances(name: str, options: dict[str, Any], task: SyntheticTask, asks: int, seeds: int) -> np.ndarray:
    """Return for each seed the distance to the optimum of the best config found. # (seeds,)"""
    best = []
    for seed in range(seeds):
        optimizer = make_optimizer(name, options, task.problem, seed=seed)
        observations = drive(optimizer, task, asks=asks).observations
        best.append(task.space.distance(min(observations, key=lambda o: o.loss).config))
    return np.array(best)


@pytest.mark.parametrize(
    ("name", "options", "space", "asks", "seeds"),
    [
        ("lahc", {}, ChromosomeSpace(12), 120, 20),
        ("sa", {"steps": 110}, ChromosomeSpace(12), 120, 20),
        ("evolution", {}, ChromosomeSpace(12), 120, 20),
        ("optuna", {}, ChromosomeSpace(8), 60, 6),
        ("optuna", {"sampler": "cmaes"}, ContinuousSpace(), 60, 10),
        pytest.param("optuna", {"sampler": "gp"}, ContinuousSpace(), 16, 5, marks=pytest.mark.slow),
        pytest.param("smac", {"n_initial": 6}, ContinuousSpace(), 40, 5, marks=pytest.mark.slow),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_optimizer_beats_random_search(
    name: str, options: dict[str, Any], space: SyntheticSpace, asks: int, seeds: int
) -> None:
    task = SyntheticTask(space=space, noise=0.0)
    gain = best_distances("random", {}, task, asks, seeds) - best_distances(name, options, task, asks, seeds)
    assert gain.mean() > 3 * gain.std(ddof=1) / seeds**0.5


def test_asha_beats_random_search_on_the_same_epochs() -> None:
    task = SyntheticTask(space=MixedSpace())
    epochs = 20 * task.fidelity.max
    gains = []
    for seed in range(20):
        observations = drive(make_optimizer("asha", {}, task.problem, seed=seed), task, asks=epochs).observations
        fidelities = {o.number: o.fidelity for o in observations}
        # A continued trial is credited what its parent trained: rungs 1, 3, 9 cost 1, 2 and 6 epochs.
        spent = np.cumsum([{1: 1, 3: 2, 9: 6}[fidelities[o.number]] for o in observations])
        affordable = [o for o, used in zip(observations, spent, strict=True) if used <= epochs]
        best = min((o for o in affordable if o.fidelity == task.fidelity.max), key=lambda o: o.loss)
        random = best_distances("random", {}, task, 20, seeds=seed + 1)[-1]
        gains.append(random - task.space.distance(best.config))
    assert np.mean(gains) > 3 * np.std(gains, ddof=1) / len(gains) ** 0.5
