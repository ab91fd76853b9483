"""Pruning phases and the AP step, on networks of the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from nasbench_sparse.core.blueprint import ActivatePrune, Blueprint, Operator, Prune, Rewind, Step, Train
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.training import phases
from nasbench_sparse.training.activating import follow
from nasbench_sparse.training.content import content_of
from nasbench_sparse.training.moment import Moment
from nasbench_sparse.training.pruning import training_batches
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import State, enter
from nasbench_sparse.training.transitions import carry_out
from tests.training.phased import NORMED, SGD, task_of
from tests.training.small import MLP

HERE = Repetition("digits", 1, 0, 0)
SIZES = (64 * 12, 12 * 8, 8 * 10)
WEIGHTS = sum(SIZES)


def state_of(*steps: Step, train: bool = True, network: object = NORMED) -> State:
    before = (Train(1, SGD),) if train else ()
    blueprint = task_of((*before, *steps, Train(1, SGD)), network=network).blueprint  # type: ignore[arg-type]
    return phases.prepare(blueprint, blueprint, HERE)[0]


@pytest.mark.parametrize(
    "score", ["magnitude", "random", "taylor", "lamp", "lap", "snip", "grasp", "synflow", "movement"]
)
@pytest.mark.parametrize("distribution", ["layerwise", "global", "uniform", "erk"])
def test_prune_keeps_an_exact_number_whatever_the_score(score: str, distribution: str) -> None:
    state = state_of(Prune(score, (0.25,), distribution))
    counts = alive_counts(state.masks)
    assert sum(counts) == round(0.25 * WEIGHTS)
    if distribution == "layerwise":
        assert counts == [round(0.25 * size) for size in SIZES]
    for i, mask in enumerate(state.masks):
        assert torch.all(state.weights[f"layers.{i}.weight"][~mask] == 0.0)


def test_prune_by_a_pattern_keeps_two_of_four_inputs() -> None:
    state = state_of(Prune("magnitude", pattern=(2, 4)))
    dense = state_of()
    for i, mask in enumerate(state.masks):
        groups = dense.weights[f"layers.{i}.weight"].abs().view(-1, 4)
        assert torch.equal(mask.view(-1, 4), groups >= groups.sort(descending=True).values[:, 1:2])


def test_fractions_since_the_last_training_add_up_to_the_weight() -> None:
    one = state_of(Prune("magnitude", distribution="global", fraction=0.2))
    two = state_of(*(Prune("magnitude", distribution="global", fraction=f) for f in (0.07, 0.11, 0.02)))
    ap = state_of(Prune("magnitude", distribution="global", fraction=0.18), ActivatePrune(0.02))
    assert all(torch.equal(a, b) for a, b in zip(one.masks, two.masks, strict=True))
    assert sum(alive_counts(ap.masks)) == sum(alive_counts(one.masks)) == WEIGHTS - round(0.2 * WEIGHTS)


def test_a_fraction_by_layers_is_of_each_layer() -> None:
    state = state_of(*(Prune("magnitude", fraction=0.1) for _ in range(2)))
    assert alive_counts(state.masks) == [size - round(0.2 * size) for size in SIZES]


def test_ap_prunes_the_negative_weights_that_moved_least() -> None:
    trained = state_of()
    state = state_of(ActivatePrune(0.05))
    start = state_of(Rewind())
    moved, weights = [], []
    for i in range(3):
        name = f"layers.{i}.weight"
        weights.append(trained.weights[name].flatten())
        moved.append((trained.weights[name] - start.weights[name]).abs().flatten())
    w, m = torch.cat(weights), torch.cat(moved)
    order = sorted((w < 0).nonzero().squeeze(1).tolist(), key=lambda i: m[i].item())
    expected = torch.ones(WEIGHTS, dtype=torch.bool)
    expected[order[: round(0.05 * WEIGHTS)]] = False
    assert torch.equal(torch.cat([mask.flatten() for mask in state.masks]), expected)


def test_ap_output_prunes_units_that_are_dead_most_often() -> None:
    """A unit made dead by its normalisation's shift loses its negative weights first."""
    trained = state_of()
    shift = trained.weights["norms.0.bias"].clone()
    shift[5] = -100.0
    broken = replace(trained, weights=trained.weights | {"norms.0.bias": shift})
    blueprint = task_of((Train(1, SGD), Train(1, SGD))).blueprint
    negative = int((trained.weights["layers.0.weight"][5] < 0).sum())
    step = ActivatePrune(negative / WEIGHTS, locate="output")
    state = carry_out(step, broken, Moment(blueprint, HERE, "1"))
    lost = [(~mask).flatten(1).sum(1).tolist() for mask in state.masks]
    assert lost[0] == [negative if unit == 5 else 0 for unit in range(12)]
    assert sum(lost[1]) == sum(lost[2]) == 0


def test_follow_finds_the_site_and_the_normalisation_behind_each_layer() -> None:
    trained = state_of()
    blueprint = task_of((Train(1, SGD),)).blueprint
    network = enter(NORMED, blueprint.activations, trained, HERE)
    step = ActivatePrune(0.1, batch_size=100)
    paths = follow(network, training_batches(step, Moment(blueprint, HERE, "1"), torch.device("cpu")))
    assert paths.norms == {"layers.0": "norms.0", "layers.1": "norms.1"}
    assert {name: rate.shape for name, rate in paths.dead.items()} == {"layers.0": (12,), "layers.1": (8,)}
    ((x, _),) = training_batches(step, Moment(blueprint, HERE, "1"), torch.device("cpu"))()
    network.eval()
    hidden = network.norms[0](network.layers[0](x.flatten(1))).relu()
    assert torch.allclose(paths.dead["layers.0"], (hidden == 0).float().mean(0))


@pytest.mark.parametrize("network", [NORMED, MLP])
def test_ap_bias_raises_biases_and_rewinding_keeps_that(network: object) -> None:
    before, rewound = state_of(network=network), state_of(Rewind(), network=network)
    after = state_of(ActivatePrune(0.2, bias=0.5), network=network)
    back = state_of(ActivatePrune(0.2, bias=0.5), Rewind(), network=network)
    names = [f"{'norms' if network is NORMED else 'layers'}.{i}.bias" for i in (0, 1)]
    raised = {name: after.weights[name] - before.weights[name] for name in names}
    moved = torch.cat(
        [(before.weights[w] - rewound.weights[w]).abs().mean(1) for w in ("layers.0.weight", "layers.1.weight")]
    )
    least = torch.zeros(20, dtype=torch.bool).index_fill(0, moved.argsort()[:4], True)  # a fifth of 12 + 8 units
    assert torch.allclose(torch.cat(list(raised.values())), 0.5 * least, atol=1e-6)
    for name, shift in raised.items():
        assert torch.allclose(back.weights[name], rewound.weights[name] + 0.5 * (shift > 0.1))
    assert alive_counts(after.masks) == list(SIZES)
    assert torch.equal(after.weights["layers.2.bias"], before.weights["layers.2.bias"])


def test_a_score_before_any_training_sees_the_activations_of_the_first_one() -> None:
    """So they enter the content by which its state is kept; those of a score of weights do not."""
    train = Train(1, SGD)
    for score, differs in (("snip", True), ("synflow", True), ("magnitude", False), ("random", False)):
        blueprint = Blueprint(MLP, (Prune(score, (0.5,)), train))
        other = blueprint.with_activations((Operator("tanh"),))
        assert (content_of(blueprint, 1) != content_of(other, 1)) == differs
    snip = Blueprint(MLP, (Prune("snip", (0.5,)), train))
    a, b = (phases.prepare(bp, bp, HERE)[0].masks for bp in (snip, snip.with_activations((Operator("tanh"),))))
    assert not all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_scores_look_at_as_many_batches_as_declared_in_a_fixed_order() -> None:
    blueprint = task_of((Train(1, SGD),)).blueprint
    step = Prune("taylor", fraction=0.1, batches=3, batch_size=50)
    moment = Moment(blueprint, HERE, "1/0/0")
    first, second = (list(training_batches(step, moment, torch.device("cpu"))()) for _ in range(2))
    assert [tuple(x.shape) for x, _ in first] == [(50, 1, 8, 8)] * 3
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
    others = list(training_batches(step, replace(moment, label="1/1/0"), torch.device("cpu"))())
    assert not torch.equal(first[0][0], others[0][0])


def test_prunable_layers_of_the_state_are_those_of_the_network() -> None:
    blueprint = task_of((Train(1, SGD),)).blueprint
    network = enter(NORMED, blueprint.activations, state_of(), HERE)
    assert [name for name, _ in prunable_layers(network)] == ["layers.0", "layers.1", "layers.2"]
