from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.patterns import check_pattern, keep_pattern


def test_keep_pattern_keeps_the_best_of_each_group_of_inputs() -> None:
    scores = torch.tensor([[4.0, 1.0, 3.0, 2.0, 5.0, 5.0, 5.0, 9.0]])
    full = torch.ones_like(scores, dtype=torch.bool)
    (mask,) = keep_pattern([scores], [full], 2, 4)
    assert mask.int().tolist() == [[1, 0, 1, 0, 1, 0, 0, 1]]  # of the tied fives the first


def test_keep_pattern_groups_channels_at_each_place_of_a_kernel() -> None:
    scores = torch.zeros(1, 2, 1, 3)
    scores[0, 1, 0, 1] = 1.0
    (mask,) = keep_pattern([scores], [torch.ones_like(scores, dtype=torch.bool)], 1, 2)
    assert mask[0, :, 0].int().tolist() == [[1, 0, 1], [0, 1, 0]]


@given(seed=st.integers(0, 50), pattern=st.sampled_from([(1, 2), (2, 4), (1, 4), (3, 4), (5, 8)]))
def test_keep_pattern_keeps_n_of_every_group_and_never_revives(seed: int, pattern: tuple[int, int]) -> None:
    n, m = pattern
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(3, 16, 2, generator=generator).mul(4).round()
    before = torch.rand(3, 16, 2, generator=generator) < 0.7
    (mask,) = keep_pattern([scores], [before], n, m)
    for row in range(3):
        for start in range(0, 16, m):
            for place in range(2):
                alive = [k for k in range(start, start + m) if before[row, k, place]]
                best = sorted(alive, key=lambda k: (-float(scores[row, k, place]), k))[:n]
                assert mask[row, start : start + m, place].nonzero().flatten().add(start).tolist() == sorted(best)


def test_check_pattern_names_the_layers_it_does_not_fit() -> None:
    layers = [("conv1", torch.ones(8, 3, 3, 3)), ("conv2", torch.ones(8, 8, 3, 3)), ("fc", torch.ones(2, 6))]
    with pytest.raises(TaskError, match=r"4 does not divide the inputs of layer 'conv1' \(3\), 'fc' \(6\)"):
        check_pattern(layers, 2, 4)
    check_pattern(layers[1:], 1, 2)


@pytest.mark.parametrize("pattern", [(0, 4), (4, 4), (3, 2)])
def test_check_pattern_refuses_what_is_no_pattern(pattern: tuple[int, int]) -> None:
    with pytest.raises(TaskError, match="it needs 0 < n < m"):
        check_pattern([], *pattern)
