from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.links import FoldedNorm, LayerLink
from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import stream


def _norm(channels: int, seed: int) -> FoldedNorm:
    g = torch.Generator().manual_seed(seed)
    weight, bias, mean = (torch.randn(channels, generator=g, dtype=torch.float64) for _ in range(3))
    return FoldedNorm(weight, bias, mean, torch.rand(channels, generator=g, dtype=torch.float64) + 0.5, 1e-5)


def _context(weights: Sequence[Tensor], links: tuple[LayerLink, ...]) -> ScoringContext:
    layers = [(link.name, weight) for link, weight in zip(links, weights, strict=True)]
    masks = [torch.ones_like(w, dtype=torch.bool) for w in weights]
    return ScoringContext(nn.Identity(), layers, masks, lambda: iter(()), stream(), links=links)


def _weights(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes]


def _connections(weight: Tensor, groups: int) -> list[tuple[int, int, int, float]]:
    """List (flat index, output channel, input channel of the whole layer, weight), kernel places one by one."""
    found, flat = [], 0
    rows = weight.shape[0] // groups
    for j in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            for value in weight[j, k].flatten().tolist():
                found.append((flat, j, (j // rows) * weight.shape[1] + k, value))
                flat += 1
    return found


def _plain(weights: Sequence[Tensor], links: tuple[LayerLink, ...]) -> list[Tensor]:
    """Look at every pair of connections, one by one."""

    def factor(link: LayerLink, channel: int) -> float:
        norm = link.batch_norm
        if norm is None:
            return 1.0
        return float(norm.weight[channel]) ** 2 / (float(norm.running_var[channel]) + norm.eps)

    tables = [_connections(w, link.groups) for w, link in zip(weights, links, strict=True)]
    results = []
    for i, link in enumerate(links):
        scores = torch.zeros(weights[i].numel(), dtype=torch.float64)
        for flat, j, k, w in tables[i]:
            before = 0.0 if link.previous else 1.0
            for p in link.previous:
                channel = k // link.flatten
                squares = sum(v * v for _, out, _, v in tables[p] if out == channel)
                before += squares * factor(links[p], channel)
            after = 0.0 if link.next else 1.0
            for n in link.next:
                after += sum(v * v for _, _, c, v in tables[n] if c // links[n].flatten == j)
            after *= factor(link, j) if link.next else 1.0
            scores[flat] = w * w * before * after
        results.append(scores.view(weights[i].shape))
    return results


CHAIN = (
    LayerLink("0", next=(1,)),
    LayerLink("1", previous=(0,), next=(2,)),
    LayerLink("2", previous=(1,)),
)


def test_lap_by_hand() -> None:
    # W1 = [[1, 2], [3, 0]]: rows 5 and 9. W2 = [[1, -1]]. W3 = [[2], [1]]: column 5.
    weights = [torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[1.0, -1.0]]), torch.tensor([[2.0], [1.0]])]
    first, second, third = score("lap", _context(weights, CHAIN))
    assert first.tolist() == [[1.0, 4.0], [9.0, 0.0]]  # next: columns of W2 are 1 and 1
    assert second.tolist() == [[25.0, 45.0]]  # 1 · 5 · 5 and 1 · 9 · 5
    assert third.tolist() == [[8.0], [2.0]]  # previous: row of W2 is 2


def test_lap_folds_batch_norm_in_by_hand() -> None:
    # Before: b² = 4 / (3.5 + 0.5) = 1 and 9 / 1 = 9; its own BatchNorm b² = 16.
    weights = [torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0, 1.0]]), torch.tensor([[3.0]])]
    zero = torch.zeros(2)
    first = FoldedNorm(torch.tensor([2.0, -3.0]), zero, zero, torch.tensor([3.5, 0.5]), 0.5)
    second = FoldedNorm(torch.tensor([4.0]), zero[:1], zero[:1], torch.tensor([0.5]), 0.5)
    links = (
        LayerLink("0", next=(1,), batch_norm=first),
        LayerLink("1", previous=(0,), next=(2,), batch_norm=second),
        LayerLink("2", previous=(1,)),
    )
    scores = score("lap", _context(weights, links))
    assert scores[1].tolist() == [[1.0 * 1.0 * 16 * 9, 1.0 * 4.0 * 9 * 16 * 9]]
    assert scores[0].tolist() == [[1.0], [4.0 * 9]]
    assert scores[2].tolist() == [[9.0 * 2 * 16]]


def test_lap_of_convolutions_flattened_into_a_linear_layer_equals_plain_loops() -> None:
    weights = _weights(0, (4, 2, 3, 3), (3, 4, 2, 2), (5, 12), (2, 5))
    links = (
        LayerLink("conv1", next=(1,), batch_norm=_norm(4, 1)),
        LayerLink("conv2", previous=(0,), next=(2,), batch_norm=_norm(3, 2)),
        LayerLink("fc1", previous=(1,), next=(3,), flatten=4),
        LayerLink("fc2", previous=(2,)),
    )
    for fast, slow in zip(score("lap", _context(weights, links)), _plain(weights, links), strict=True):
        assert torch.allclose(fast, slow)


def test_lap_of_depthwise_and_grouped_convolutions_equals_plain_loops() -> None:
    # Pointwise 3 -> 4, depthwise with two filters a channel 4 -> 8, grouped 8 -> 6 in two groups, pointwise 6 -> 2
    weights = _weights(1, (4, 3, 1, 1), (8, 1, 3, 3), (6, 4, 2, 2), (2, 6, 1, 1))
    links = (
        LayerLink("expand", next=(1,), batch_norm=_norm(4, 1)),
        LayerLink("depthwise", previous=(0,), next=(2,), batch_norm=_norm(8, 2), groups=4),
        LayerLink("grouped", previous=(1,), next=(3,), batch_norm=_norm(6, 3), groups=2),
        LayerLink("project", previous=(2,)),
    )
    for fast, slow in zip(score("lap", _context(weights, links)), _plain(weights, links), strict=True):
        assert torch.allclose(fast, slow)


def test_lap_at_a_shortcut_adds_the_norms_of_all_neighbours() -> None:
    weights = _weights(2, (3, 2, 3, 3), (3, 3, 3, 3), (3, 2, 1, 1), (4, 3))
    links = (
        LayerLink("conv1", next=(1,)),
        LayerLink("conv2", previous=(0,), next=(3,), batch_norm=_norm(3, 1)),
        LayerLink("shortcut", next=(3,), batch_norm=_norm(3, 2)),
        LayerLink("fc", previous=(1, 2)),
    )
    for fast, slow in zip(score("lap", _context(weights, links)), _plain(weights, links), strict=True):
        assert torch.allclose(fast, slow)


def test_lap_ranks_weights_whose_square_is_no_single_precision_number() -> None:
    weights = [torch.tensor([[1e-30, 3e-30, 2e-30]]), torch.tensor([[1.0]])]
    first = score("lap", _context(weights, (LayerLink("0", next=(1,)), LayerLink("1", previous=(0,)))))[0]
    assert first.flatten().argsort().tolist() == [0, 2, 1]


def test_lap_refuses_links_that_contradict_the_shapes() -> None:
    with pytest.raises(TaskError, match="layer '1' reads 3 channels, but its previous layer '0' writes 2"):
        score("lap", _context(_weights(0, (2, 2), (2, 3), (1, 2)), CHAIN))
