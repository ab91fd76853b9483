from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.sparsity.regrowth import rigl, set_


def _random(seed: int, density: float) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    masks = [torch.rand(shape, generator=generator) < density for shape in ((6, 5), (4, 3, 2, 2))]
    weights = [torch.randn(m.shape, generator=generator) * m for m in masks]
    return weights, masks, [torch.randn(m.shape, generator=generator) for m in masks]


def test_rigl_drops_the_smallest_weight_and_grows_the_largest_gradient() -> None:
    # Alive: 0.1, -0.5, 0.9, 0.2; half of 4 go: 0.1 and 0.2. Gradients there 0 and 0.3; of the pruned 0.7 and -0.9.
    weight = torch.tensor([[0.1, -0.5, 0.9], [0.2, 0.0, 0.0]])
    gradient = torch.tensor([[0.0, 5.0, 5.0], [0.3, 0.7, -0.9]])
    (mask,) = rigl([weight], [weight != 0], [gradient], 0.5)
    assert mask.int().tolist() == [[0, 1, 1], [0, 1, 1]]


def test_rigl_may_grow_again_what_it_drops() -> None:
    weight = torch.tensor([0.1, 0.5, 0.0])
    (mask,) = rigl([weight], [weight != 0], [torch.tensor([9.0, 0.0, 1.0])], 0.5)
    assert mask.tolist() == [True, True, False]


@given(seed=st.integers(0, 30), density=st.floats(0.0, 1.0), fraction=st.floats(0.0, 1.0))
def test_rigl_equals_a_plain_loop_and_keeps_counts(seed: int, density: float, fraction: float) -> None:
    weights, masks, gradients = _random(seed, density)
    new = rigl(weights, masks, gradients, fraction)
    assert alive_counts(new) == alive_counts(masks)
    for weight, mask, gradient, result in zip(weights, masks, gradients, new, strict=True):
        w, m, g = weight.flatten().tolist(), mask.flatten().tolist(), gradient.flatten().tolist()
        alive = sorted((i for i in range(len(w)) if m[i]), key=lambda i: (-abs(w[i]), i))
        drop = int(fraction * len(alive))
        kept = set(alive[: len(alive) - drop])
        others = sorted((i for i in range(len(w)) if i not in kept), key=lambda i: (-abs(g[i]), i))
        assert result.flatten().nonzero().flatten().tolist() == sorted(kept | set(others[:drop]))


def test_rigl_with_nothing_to_drop_changes_nothing() -> None:
    weights, masks, gradients = _random(1, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(rigl(weights, masks, gradients, 0.0), masks, strict=True))


def _stream(seed: int) -> Callable[[str], np.random.Generator]:
    return lambda name: np.random.default_rng([seed, len(name)])


@given(seed=st.integers(0, 30), fraction=st.floats(0.0, 1.0))
def test_set_keeps_counts_and_the_largest_weights(seed: int, fraction: float) -> None:
    weights, masks, _ = _random(seed, 0.5)
    layers = [("a", weights[0]), ("bb", weights[1])]
    new = set_(layers, masks, _stream(seed), fraction)
    assert alive_counts(new) == alive_counts(masks)
    for weight, mask, result in zip(weights, masks, new, strict=True):
        kept = int(mask.sum()) - int(fraction * int(mask.sum()))
        largest = weight.abs().flatten().sort(descending=True).indices[:kept]
        assert result.flatten()[largest].all()


def test_set_grows_at_random_but_the_same_from_the_same_stream() -> None:
    weights, masks, _ = _random(3, 0.3)
    layers = [("a", weights[0]), ("bb", weights[1])]
    first, again, other = (set_(layers, masks, _stream(seed), 0.5) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_set_grows_every_place_about_as_often() -> None:
    weight = torch.tensor([3.0, 2.0, 1.0, 0.5] + [0.0] * 6)
    grown = torch.zeros(10)
    for seed in range(700):
        (mask,) = set_([("a", weight)], [weight != 0], _stream(seed), 0.25)
        grown += mask
    # One weight is dropped and grown among 7 places: 100 each, standard deviation 9.3; five sigma.
    assert (grown[:3] == 700).all()
    assert ((grown[3:] - 100).abs() < 46).all()


@pytest.mark.parametrize("fraction", [-0.1, 1.1])
def test_regrowth_refuses_a_fraction_outside_the_unit_interval(fraction: float) -> None:
    weights, masks, gradients = _random(0, 0.5)
    with pytest.raises(TaskError, match="lies outside"):
        rigl(weights, masks, gradients, fraction)
    with pytest.raises(TaskError, match="lies outside"):
        set_([("a", weights[0])], masks[:1], _stream(0), fraction)
