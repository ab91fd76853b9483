from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures import MeasureContext, take
from nasbench_sparse.nn.networks import prunable_layers
from tests.measures.networks import context


class Given(nn.Module):
    """Its logits are its inputs."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def _given(*batches: tuple[Tensor, Tensor]) -> MeasureContext:
    network = Given()
    assert not prunable_layers(network)
    return context(network, batches)


def test_top_5_accuracy_counts_targets_among_the_five_largest_logits() -> None:
    falling = -torch.arange(7.0).repeat(7, 1)  # class c is the (c + 1)-th largest
    first, second = torch.tensor([0, 4, 5, 6]), torch.tensor([1, 2, 3])
    found = _given((falling[:4], first), (falling[:3], second))
    assert take(("top_5_accuracy",), found) == {"top_5_accuracy": 5 / 7}
    assert take(("top_5_accuracy[1]",), found) == {"top_5_accuracy[1]": 2 / 4}


def test_top_5_accuracy_of_texts_counts_tokens() -> None:
    logits = -torch.arange(8.0).repeat(2, 3, 1)  # (B, T, vocabulary)
    targets = torch.tensor([[0, 7, 5], [4, 1, 6]])
    assert take(("top_5_accuracy",), _given((logits, targets))) == {"top_5_accuracy": 3 / 6}


def test_top_5_accuracy_is_one_where_there_are_no_more_classes() -> None:
    assert take(("top_5_accuracy",), _given((torch.randn(4, 3), torch.tensor([0, 1, 2, 0]))))["top_5_accuracy"] == 1


def test_top_5_accuracy_needs_validation_data() -> None:
    batch = torch.randn(2, 9), torch.tensor([0, 1])
    with pytest.raises(TaskError, match="needs validation data, and the context has none"):
        take(("top_5_accuracy",), replace(_given(batch), validation=None))
    with pytest.raises(TaskError, match="hold none"):
        take(("top_5_accuracy",), _given())
