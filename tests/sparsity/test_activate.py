from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.activate import activate, activate_by_output, located_units, unit_movement
from nasbench_sparse.sparsity.masks import alive_counts

START = [torch.tensor([[0.5, -0.5], [1.0, -1.0]]), torch.tensor([[-0.2, 0.3, -0.1]])]
END = [torch.tensor([[0.5, -0.8], [1.0, -1.1]]), torch.tensor([[-0.25, 0.3, -0.5]])]
FULL = [torch.ones_like(w, dtype=torch.bool) for w in END]


def test_activate_prunes_negative_weights_that_moved_least_over_all_layers() -> None:
    # Movements of the negative weights: 0.3, 0.1 | 0.05, 0.4; the positive ones did not move at all.
    first, second = activate(END, START, FULL, 3)
    assert first.tolist() == [[True, False], [True, False]]
    assert second.tolist() == [[False, True, True]]


def test_activate_breaks_ties_by_layer_then_index() -> None:
    weights = [torch.tensor([-1.0, -1.0]), torch.tensor([-1.0])]
    masks = activate(weights, weights, [torch.ones_like(w, dtype=torch.bool) for w in weights], 2)
    assert [m.tolist() for m in masks] == [[False, False], [True]]


def test_activate_goes_on_with_others_where_negative_weights_run_out() -> None:
    # All four negative ones and, of those that did not move, the first.
    first, second = activate(END, START, FULL, 5)
    assert first.tolist() == [[False, False], [True, False]]
    assert second.tolist() == [[False, True, False]]


@given(seed=st.integers(0, 40), share=st.floats(0.0, 1.0))
def test_activate_equals_a_plain_sort_and_never_revives(seed: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    masks = [torch.rand(shape, generator=generator) < 0.6 for shape in ((5, 4), (3, 2, 2, 2))]
    end = [torch.randn(m.shape, generator=generator) * m for m in masks]
    start = [torch.randn(m.shape, generator=generator) for m in masks]
    count = int(share * sum(alive_counts(masks)))
    w, s, m = (torch.cat([t.flatten() for t in part]).tolist() for part in (end, start, masks))
    order = sorted((i for i in range(len(w)) if m[i]), key=lambda i: (w[i] >= 0, abs(w[i] - s[i]), i))
    result = torch.cat([t.flatten() for t in activate(end, start, masks, count)])
    assert result.nonzero().flatten().tolist() == sorted(order[count:])


def test_activate_refuses_more_than_is_alive() -> None:
    with pytest.raises(TaskError, match="cannot prune 8 weights: 7 are alive"):
        activate(END, START, FULL, 8)


def test_activate_by_output_starts_with_the_unit_that_is_dead_most_often() -> None:
    # The second unit is dead 90 % of the time: its one negative weight goes first; the last layer's come last.
    first, second = activate_by_output(END, [torch.tensor([0.2, 0.9]), None], FULL, 1)
    assert first.tolist() == [[True, True], [True, False]]
    first, second = activate_by_output(END, [torch.tensor([0.2, 0.9]), None], FULL, 3)
    assert first.tolist() == [[True, False], [True, False]]
    assert second.tolist() == [[False, True, True]]


def test_activate_by_output_takes_channels_of_convolutions() -> None:
    weight = -torch.ones(2, 1, 2, 2)
    (mask,) = activate_by_output(
        [weight], [torch.tensor([0.0, 0.5])], [torch.ones_like(weight, dtype=torch.bool)], 4
    )
    assert mask.flatten(1).all(1).tolist() == [True, False]
    assert alive_counts([mask]) == [4]


def test_unit_movement_is_the_mean_over_weights_alive() -> None:
    # Moved by (0, 0.3) and (0, 0.1); the second weight of the first unit is pruned, and all of the third one's.
    weights, start = torch.tensor([[0.5, -0.8], [1.0, -1.1], [3.0, 4.0]]), torch.tensor([[0.1, -0.5], [1.0, -1.0]])
    masks = torch.tensor([[True, False], [True, True], [False, False]])
    moved = unit_movement(weights, torch.cat([start, torch.zeros(1, 2)]), masks)
    assert moved.tolist() == pytest.approx([0.4, 0.05, float("inf")])
    kernel = unit_movement(
        torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2, dtype=torch.bool)
    )
    assert kernel.tolist() == [1.0]


def test_located_units_are_the_share_that_moved_least_over_all_layers() -> None:
    """Of seven units one has no weights; a third of the other six are two: 0.05 and 0.1, not those of one layer."""
    order = [torch.tensor([0.4, 0.05, float("inf"), 0.2]), torch.tensor([0.1, 0.3, 0.2])]
    first, second = located_units(order, 1 / 3)
    assert first.tolist() == [False, True, False, False]
    assert second.tolist() == [True, False, False]
    first, second = located_units(order, 0.5)
    assert (first.tolist(), second.tolist()) == (
        [False, True, False, True],
        [True, False, False],
    )  # a tie: the earlier
    assert [int(part.sum()) for part in located_units(order, 0.0)] == [0, 0]
    assert [int(part.sum()) for part in located_units(order, 1.0)] == [3, 3]
