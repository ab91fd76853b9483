"""Each ablation of the search changes what it says, and nothing else; iterations, accumulation and texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Gradual, Network, Operator, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.operations import OPERATORS
from nasbench_sparse.core.trial import SearchStep, Status
from nasbench_sparse.data.corpus import from_bytes
from nasbench_sparse.errors import NbsError, TaskError
from nasbench_sparse.nn.search_cell import resample
from nasbench_sparse.optimizers.drnas import DrNAS
from nasbench_sparse.search_spaces import ActivationCell, OperatorChromosome
from nasbench_sparse.training import data
from nasbench_sparse.training.drnas import Search, advance
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.half_steps import architecture_step, weight_step
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.task import TrainingTask

RECIPE = Recipe(learning_rate=0.05, momentum=0.9, batch_size=200)
MLP = Network("mlp", (("inputs", 64), ("hidden", (10, 8))))
SMALL = ActivationCell(unary=("identity", "tanh", "square", "scale"), binary=("add", "mix", "left"))


def _task(space: Any = SMALL, recipe: Recipe = RECIPE, **fields: Any) -> TrainingTask:
    fields = {"dataset": "digits", "blueprint": Blueprint(MLP, (Train(1, recipe),)), **fields}
    return TrainingTask(name="searched", family="test", space=space, fidelity=Fidelity("epochs", 1, 1), **fields)


def _step(task: TrainingTask, number: int = 0, **options: Any) -> SearchStep:
    asked = DrNAS(task.problem, seed=0, **{"epochs": 4, "learning_rate": 0.02, "bounded": True, **options}).ask()
    assert isinstance(asked, SearchStep)
    return replace(asked, step=number)


def _search(task: TrainingTask | None = None, **options: Any) -> Search:
    task = _task() if task is None else task
    return Search(task, _step(task, **options), 0)


def _after(steps: int, task: TrainingTask | None = None, **options: Any) -> Search:
    search = _search(task, **options)
    for number in range(steps):
        assert search.epoch(number) is not None
    return search


def _weights(search: Search) -> list[torch.Tensor]:
    return [p.detach() for p in search.supernet.network.parameters()]


def _same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_first_warm_step_draws_and_learns_alike_whatever_is_ablated_of_the_rest() -> None:
    """Without shrinking, and with the best kept, the first epoch is the same to the bit."""
    usual = _after(1)
    for options in ({"shrink": False}, {"keep": "best"}):
        other = _after(1, **options)
        assert torch.equal(other.supernet.architecture.a, usual.supernet.architecture.a)
        assert _same(_weights(other), _weights(usual))


def test_without_warm_start_the_weights_meet_the_cell_at_once() -> None:
    usual, cold = _after(1), _after(1, warm_start=0, shrink=False)
    assert not _same(_weights(usual), _weights(cold))
    assert sum(_search(warm_start=0).drops[:1]) > 0  # shrinking begins at 2 E0 = 0
    assert sum(_search(warm_start=1).drops[:2]) == 0


def test_without_bounds_only_numbers_beyond_ten_differ() -> None:
    bounded, free = (_search(bounded=flag) for flag in (True, False))
    for search in (bounded, free):
        resample(search.supernet.mixed, search.supernet.architecture, torch.Generator().manual_seed(0), learn=False)
    small, large = torch.linspace(-1, 1, 50), torch.tensor([50.0])
    sites = bounded.supernet.mixed[0], free.supernet.mixed[0]
    torch.testing.assert_close(sites[0](small), sites[1](small), rtol=0, atol=0)
    assert sites[0](large).item() <= 10 < sites[1](large).item()


def test_without_shrinking_nothing_is_dropped_and_with_it_one_operation_is_left_on_each_edge() -> None:
    assert _search(shrink=False).drops == [0, 0, 0, 0]
    assert int(_after(4).supernet.architecture.alive.sum()) == 6


def test_chromosome_of_l_layers_loses_twelve_operators_a_layer() -> None:
    search = _search(_task(OperatorChromosome(2)))
    assert sum(search.drops) == 12 * 2
    assert sum(_search(_task(ActivationCell()), epochs=50).drops) == 104
    assert _search(_task(ActivationCell()), epochs=50).drops[2:7] == [19, 11, 7, 6, 5]


def test_darts_takes_the_softmax_of_the_survivors_and_draws_nothing() -> None:
    search = _search(relaxation="darts")
    architecture = search.supernet.architecture
    architecture.a.data[0, :4] = torch.tensor([0.0, 1.0, 2.0, 3.0])
    architecture.alive[0, 3] = False
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    resample(search.supernet.mixed, architecture, generator)
    expected = torch.tensor([1.0, torch.e, torch.e**2]) / (1 + torch.e + torch.e**2)
    for site in search.supernet.mixed:
        torch.testing.assert_close(site.drawn().weights[0, :3], expected)
        assert site.drawn().weights[0, 3:].sum() == 0
    assert torch.equal(generator.get_state(), before)
    torch.testing.assert_close(architecture.mean()[0, :3], expected)
    assert int(_after(4, relaxation="darts").supernet.architecture.alive.sum()) == 6


@pytest.mark.parametrize("options", [{"relaxation": "darts"}, {"independent_samples": False}])
def test_other_weights_of_operations_leave_the_warm_start_of_the_network_alone(options: dict[str, Any]) -> None:
    usual, other = _after(1), _after(1, **options)
    assert _same(_weights(usual), _weights(other))
    assert not torch.equal(usual.supernet.architecture.a, other.supernet.architecture.a)


def test_iterations_are_stretches_of_one_search() -> None:
    task, options = _task(), {"unit": "iterations", "epochs": 25, "warm_start": 5, "interval": 10}
    assert _search(task, **options).settings.steps == 3
    state, alive = None, []
    for number in range(3):
        evaluation, state = advance(task, _step(task, number, **options), 0, state)
        assert evaluation.status is Status.OK
        assert evaluation.curve[-1].step == number + 1
        alive.append(int(evaluation.curve[-1].metrics["operations"]))
        again = advance(task, _step(task, number, **options), 0)
        assert again[1] == state
    drops = _search(task, **options).drops
    assert len(drops) == 25
    assert alive == [22 - sum(drops[:10]), 22 - sum(drops[:20]), 6]
    assert state is None
    with pytest.raises(NbsError, match="numbered 0 to 2"):
        advance(task, _step(task, 3, **options), 0)


def test_drops_of_the_published_language_model_search_end_at_iteration_1000() -> None:
    drops = _search(_task(ActivationCell()), unit="iterations", epochs=1000, warm_start=100).drops
    assert (sum(drops), sum(drops[:200]), drops[999]) == (104, 0, 1)


def test_accumulated_batches_make_the_gradient_of_one_large_batch() -> None:
    small = _search(_task(recipe=replace(RECIPE, batch_size=50, accumulate=4)))
    large = _search(_task())
    batch = next(large.batches.shuffled(large.batches.train, "any"))
    parts = list(zip(batch[0].split(50), batch[1].split(50), strict=True))
    for search, batches in ((small, parts), (large, [batch])):
        architecture_step(search.supernet, batches, torch.Generator().manual_seed(0), independent=True)
        weight_step(search.supernet, batches, torch.Generator().manual_seed(0), independent=True, warm=False)
    for one, other in zip(_weights(small), _weights(large), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    gradients = [search.supernet.architecture.a.grad for search in (small, large)]
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-6)
    steps = [len(list(search.batches.weight_steps(0))) for search in (small, large)]
    assert steps[0] == steps[1]


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> str:
    rng = np.random.default_rng(0)
    documents = [bytes(rng.integers(1, 8, 60).tolist()) for _ in range(40)]
    info = data.DatasetInfo(None, (8,), 8, lambda: from_bytes(documents), kind="text")
    monkeypatch.setitem(data.DATASETS, "letters", info)
    return "letters"


def test_language_model_is_searched_on_the_loss_of_every_token(corpus: str, tmp_path: Path) -> None:
    network = Network("mini_gpt", (("depth", 1), ("heads", 1), ("width", 8), ("vocabulary", 8), ("context", 8)))
    recipe = Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16)
    blueprint = Blueprint(network, (Train(1, recipe),), (Operator("gelu"),))
    task = _task(dataset=corpus, blueprint=blueprint, objective=Objective("val_loss", "minimize", worst=5.0))
    options = {"unit": "iterations", "epochs": 9, "warm_start": 2, "interval": 3}
    evaluation, _ = advance(task, _step(task, 2, **options), 0)
    assert evaluation.status is Status.OK
    assert evaluation.config is not None
    search = _search(task, **options)
    inputs, targets = next(search.batches.shuffled(search.batches.held_out, "any"))
    logits = search.supernet.network(inputs)
    assert logits.shape == (*targets.shape, 8)
    by_hand = -torch.log_softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).mean()
    torch.testing.assert_close(batch_loss(logits, targets), by_hand)


def test_search_refuses_a_training_whose_masks_change() -> None:
    gradual = Gradual(0.5, 0, 1)
    blueprint = Blueprint(MLP, (Train(1, RECIPE, sparsify=gradual),))
    with pytest.raises(TaskError, match="masks stay as they are"):
        _search(_task(blueprint=blueprint))


def test_chromosome_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(TaskError, match="3 operators relaxes no network of 2 sites"):
        _search(_task(OperatorChromosome(3, OPERATORS[:3])))


def test_checkpoints_hold_the_search_on_the_processor() -> None:
    _, state = advance(_task(), _step(_task()), 0)
    assert state is not None
    tensors, _ = unpack(state)
    assert {"a", "gammas", "alive"} <= set(tensors)
    assert {tensor.device.type for tensor in tensors.values()} == {"cpu"}
