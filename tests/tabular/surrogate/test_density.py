from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.core.config import Value
from nasbench_sparse.tabular.surrogate.density import learn_density

SIZES = (640, 320, 40)


def configs(count: int) -> list[dict[str, Value]]:
    counts = np.random.default_rng(0).integers(1, np.array(SIZES), size=(count, 3)).tolist()
    return [{f"density_{i}": c / SIZES[i] for i, c in enumerate(row)} | {"operator": "relu"} for row in counts]


def densities(drawn: list[dict[str, Value]]) -> np.ndarray:
    return np.array([sum(float(c[f"density_{i}"]) * n for i, n in enumerate(SIZES)) for c in drawn]) / sum(SIZES)


def test_the_density_of_layers_is_learnt_exactly() -> None:
    drawn = configs(30)
    law = learn_density(drawn, np.repeat(densities(drawn)[:, None], 4, axis=1))
    assert law is not None
    assert dict(law.weights) == pytest.approx({f"density_{i}": n / 1000 for i, n in enumerate(SIZES)})
    fresh = configs(60)[30:]
    assert [law.of(config) for config in fresh] == pytest.approx(densities(fresh).tolist(), abs=1e-12)


def test_a_constant_density_needs_no_weights() -> None:
    law = learn_density(configs(10), np.full((10, 4), 0.05))
    assert law is not None
    assert (law.constant, law.weights) == (0.05, ())


def test_no_law_is_claimed_where_none_holds() -> None:
    drawn = configs(30)
    exact = np.repeat(densities(drawn)[:, None], 4, axis=1)
    assert learn_density(drawn, exact**2) is None
    assert learn_density(drawn, exact * np.linspace(1.0, 0.5, 4)) is None
    assert learn_density(drawn[:7], exact[:7]) is None
