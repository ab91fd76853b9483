from __future__ import annotations

import pytest
import torch
from torch import nn

from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.sparsity.links import LayerLink
from nasbench_sparse.sparsity.scores import SCORES, score, score_by_name
from tests.sparsity.scores.small import batch, context_of, drawn

LINKS = (LayerLink("0", next=(1,)), LayerLink("4", previous=(0,)))


def _network() -> nn.Module:
    torch.manual_seed(0)
    return drawn(nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 3)))


@pytest.mark.parametrize("name", sorted(SCORES))
def test_score_gives_a_finite_tensor_for_each_layer_and_changes_nothing(name: str) -> None:
    network = _network()
    batches = [batch(0, 8, 5), batch(1, 4, 5)]
    context = context_of(
        network, batches, initial=[torch.zeros(4, 5), torch.zeros(3, 4)], input_shape=(5,), links=LINKS, density=0.5
    )
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    state, training = torch.get_rng_state(), network.training
    scores = score(name, context)
    assert [s.shape for s in scores] == [w.shape for w in context.weights]
    assert all(bool(s.isfinite().all()) and not s.requires_grad for s in scores)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in network.parameters())
    assert network.training == training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(scores, score(name, context), strict=True))


def test_scores_that_read_batches_say_so() -> None:
    assert [name for name in sorted(SCORES) if SCORES[name].data] == ["grasp", "snip", "taylor"]


def test_score_refuses_an_unknown_name_or_option() -> None:
    context = context_of(_network())
    with pytest.raises(UnknownName, match="'magnitude'"):
        score("magnitud", context)
    with pytest.raises(UnknownName, match="'rounds'"):
        score("synflow", context, round=3)
    with pytest.raises(UnknownName, match="none are registered"):
        score_by_name("lamp", {"power": 2})


def test_score_refuses_a_context_without_what_it_needs() -> None:
    context = context_of(_network(), input_shape=(5,))
    with pytest.raises(TaskError, match="'movement' compares with the weights at initialisation"):
        score("movement", context)
    with pytest.raises(TaskError, match="'lap' needs one link for each of 2 layers; it was given 0"):
        score("lap", context)
    with pytest.raises(TaskError, match="'synflow' prunes in rounds and needs the density"):
        score("synflow", context)
    with pytest.raises(TaskError, match="at least one training batch"):
        score("taylor", context)
