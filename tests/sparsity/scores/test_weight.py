from __future__ import annotations

import torch
from torch import nn

from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import context_of, stream


def _network() -> nn.Module:
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 2, bias=False))
    with torch.no_grad():
        network.get_parameter("0.weight").copy_(torch.tensor([[-3.0, 0.5]]))
        network.get_parameter("1.weight").copy_(torch.tensor([[1.0], [-2.0]]))
    return network


def test_magnitude_is_the_absolute_value() -> None:
    assert [s.tolist() for s in score("magnitude", context_of(_network()))] == [[[3.0, 0.5]], [[1.0], [2.0]]]


def test_movement_and_magnitude_increase_compare_with_the_start() -> None:
    context = context_of(_network(), initial=[torch.tensor([[1.0, 1.0]]), torch.tensor([[4.0], [1.5]])])
    assert [s.tolist() for s in score("movement", context)] == [[[4.0, 0.5]], [[3.0], [3.5]]]
    assert [s.tolist() for s in score("magnitude_increase", context)] == [[[2.0, -0.5]], [[-3.0], [0.5]]]


def test_random_is_the_stream_of_the_layer_in_double_precision() -> None:
    first, second = score("random", context_of(_network(), stream=stream(7)))
    assert torch.equal(first.flatten(), torch.from_numpy(stream(7)("0").random(2)))
    assert torch.equal(second.flatten(), torch.from_numpy(stream(7)("1").random(2)))
    assert first.dtype == torch.float64
