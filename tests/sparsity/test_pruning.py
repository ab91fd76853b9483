from __future__ import annotations

import numpy as np
import pytest
import torch

from nasbench_sparse.core.blueprint import Prune
from nasbench_sparse.core.streams import generator
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.sparsity.pruning import prune_layers

LAYERS = [("first", torch.tensor([[0.1, -0.5], [0.3, 0.2]])), ("second", torch.arange(30.0))]
FULL = [torch.ones_like(w, dtype=torch.bool) for _, w in LAYERS]


def _stream(layer: str) -> np.random.Generator:
    return generator("data", 0, 0, f"mask/{layer}")


def test_prune_layers_by_magnitude_keeps_the_largest_of_each_layer() -> None:
    first, second = prune_layers(Prune("magnitude", (0.5, 0.1)), LAYERS, FULL, _stream)
    assert first.tolist() == [[False, True], [True, False]]
    assert torch.nonzero(second).flatten().tolist() == [27, 28, 29]


def test_prune_layers_at_random_is_nested_exact_and_differs_between_layers_and_replicates() -> None:
    layers = [("first", torch.ones(200)), ("second", torch.ones(200))]
    full = [torch.ones(200, dtype=torch.bool)] * 2
    low = prune_layers(Prune("random", (0.2,)), layers, full, _stream)
    high = prune_layers(Prune("random", (0.6,)), layers, full, _stream)
    other = prune_layers(Prune("random", (0.2,)), layers, full, lambda n: generator("data", 1, 0, f"mask/{n}"))
    assert [int(m.sum()) for m in (*low, *high)] == [40, 40, 120, 120]
    assert not any(torch.any(a & ~b) for a, b in zip(low, high, strict=True))
    assert not torch.equal(low[0], low[1])
    assert not torch.equal(low[0], other[0])


def test_prune_layers_never_revives_a_weight() -> None:
    once = prune_layers(Prune("random", (0.5,)), LAYERS, FULL, _stream)
    twice = prune_layers(Prune("magnitude", (0.4, 0.9)), LAYERS, once, _stream)
    assert [int(m.sum()) for m in twice] == [2, 15]
    assert not any(torch.any(b & ~a) for a, b in zip(once, twice, strict=True))


def test_prune_layers_names_the_layers_for_a_wrong_number_of_densities() -> None:
    with pytest.raises(TaskError, match=r"3 densities for 2 prunable layers \(first, second\)"):
        prune_layers(Prune("random", (0.5, 0.5, 0.5)), LAYERS, FULL, _stream)


def test_prune_layers_refuses_an_unknown_score() -> None:
    with pytest.raises(UnknownName, match="'magnitude'"):
        prune_layers(Prune("magnitud", (0.5,)), LAYERS, FULL, _stream)
