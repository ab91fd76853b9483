from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.distributions import distribute
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import context_of, drawn, layers_of


def _two_layers(seed: int = 0) -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), seed)


def test_synflow_equals_the_sum_over_explicit_paths() -> None:
    # A path input i -> hidden j -> output k is worth |W1[j,i]| |W2[k,j]|; a weight scores the paths through it.
    network = _two_layers()
    w1, w2 = (weight.detach().abs() for _, weight in layers_of(network))
    first, second = torch.zeros_like(w1), torch.zeros_like(w2)
    for i, j, k in product(range(3), range(4), range(2)):
        path = w1[j, i] * w2[k, j]
        first[j, i] += path
        second[k, j] += path
    found = score("synflow", context_of(network, input_shape=(3,), density=0.5), rounds=1)
    assert torch.allclose(found[0], first)
    assert torch.allclose(found[1], second)


def test_synflow_flow_is_conserved_between_layers_and_over_hidden_units() -> None:
    network = drawn(nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3)), 1)
    scores = score("synflow", context_of(network, input_shape=(5,), density=1.0))
    assert [float(s.sum()) for s in scores] == pytest.approx([float(scores[0].sum())] * 3)
    assert torch.allclose(scores[0].sum(1), scores[1].sum(0))
    assert torch.allclose(scores[1].sum(1), scores[2].sum(0))


def _plain_rounds(w1: Tensor, w2: Tensor, target: int, rounds: int) -> list[set[int]]:
    """Prune round by round with numbers of plain Python; return what is alive before each round."""
    alive, size = set(range(w1.numel() + w2.numel())), w1.numel() + w2.numel()
    history = []
    for k in range(1, rounds + 1):
        history.append(set(alive))
        a = [v if i in alive else 0.0 for i, v in enumerate(w1.flatten().tolist() + w2.flatten().tolist())]
        first = [a[j * 3 : j * 3 + 3] for j in range(4)]
        second = [a[12 + k_ * 4 : 16 + k_ * 4] for k_ in range(2)]
        scores = [first[j][i] * sum(second[o][j] for o in range(2)) for j in range(4) for i in range(3)]
        scores += [second[o][j] * sum(first[j]) for o in range(2) for j in range(4)]
        keep = round(size * (target / size) ** (k / rounds))
        alive = set(sorted(alive, key=lambda i: (-scores[i], i))[:keep])
    return [*history, alive]


@pytest.mark.parametrize(("density", "rounds"), [(0.5, 4), (0.25, 10), (0.3, 100)])
def test_synflow_rounds_equal_plain_iterative_pruning(density: float, rounds: int) -> None:
    network = _two_layers(seed=6)
    w1, w2 = (weight.detach().abs() for _, weight in layers_of(network))
    context = context_of(network, input_shape=(3,), density=density)
    scores = score("synflow", context, rounds=rounds)
    history = _plain_rounds(w1, w2, round(density * 20), rounds)
    flat = torch.cat([s.flatten() for s in scores])
    assert set(torch.nonzero(flat >= 0).flatten().tolist()) == history[rounds - 1]
    masks = distribute("global", scores, context.masks, density)
    assert set(torch.cat([m.flatten() for m in masks]).nonzero().flatten().tolist()) == history[rounds]
    for k in range(1, rounds):  # a weight that round k prunes scores k - rounds
        gone = sorted(history[k - 1] - history[k])
        assert flat[gone].tolist() == [float(k - rounds)] * len(gone)


def test_synflow_avoids_the_layer_collapse_of_one_shot_magnitude() -> None:
    network = drawn(nn.Sequential(*(nn.Linear(a, b) for a, b in ((30, 30), (30, 30), (30, 2)))), 2)
    with torch.no_grad():
        network.get_parameter("2.weight").mul_(1e-3)
    context = context_of(network, input_shape=(30,), density=0.01)
    by_flow, by_magnitude = (
        alive_counts(distribute("global", score(name, context), context.masks, 0.01))
        for name in ("synflow", "magnitude")
    )
    assert min(by_magnitude) == 0
    assert min(by_flow) > 0


def test_synflow_starts_from_what_is_alive_and_ignores_the_rest() -> None:
    network = _two_layers(seed=3)
    masks = [torch.rand(w.shape, generator=torch.Generator().manual_seed(1)) < 0.7 for _, w in layers_of(network)]
    with torch.no_grad():
        for (_, weight), mask in zip(layers_of(network), masks, strict=True):
            weight.mul_(mask)
    context = context_of(network, input_shape=(3,), density=0.3, masks=masks)
    kept = distribute("global", score("synflow", context), masks, 0.3)
    assert sum(alive_counts(kept)) == 6
    assert not any(bool((a & ~b).any()) for a, b in zip(kept, masks, strict=True))


class Sited(nn.Module):
    """A layer, a BatchNorm with negative scale and shifted mean, an activation of the network's sites, a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 2)
        self.sites = nn.ModuleDict({"fc1": nn.Tanh()})

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.sites["fc1"](self.norm(self.first(x))))  # type: ignore[no-any-return]


def test_synflow_is_linear_through_batch_norm_activations_and_biases() -> None:
    network = drawn(Sited(), 4)
    network.get_buffer("norm.running_mean").fill_(7.0)
    network.get_buffer("norm.running_var").fill_(4.0)
    with torch.no_grad():
        network.get_parameter("norm.weight").copy_(torch.tensor([-2.0, 6.0]))
    scale = torch.tensor([2.0, 6.0], dtype=torch.float64) / (4.0 + 1e-5) ** 0.5
    w1, w2 = (weight.detach().abs() for _, weight in layers_of(network))
    first, second = score("synflow", context_of(network, input_shape=(3,), density=0.5), rounds=1)
    assert torch.allclose(first, w1 * (scale * w2.sum(0)).unsqueeze(1))
    assert torch.allclose(second, w2 * (scale * w1.sum(1)).unsqueeze(0))


def test_synflow_refuses_what_it_cannot_do() -> None:
    with pytest.raises(TaskError, match="of pruning score 'synflow' is 0"):
        score("synflow", context_of(_two_layers(), input_shape=(3,), density=0.5), rounds=0)
    with pytest.raises(TaskError, match="needs the shape of an input"):
        score("synflow", context_of(_two_layers(), density=0.5))
    tokens = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    with pytest.raises(TaskError, match="one that reads tokens has none"):
        score("synflow", context_of(tokens, input_shape=(4,), density=0.5))
