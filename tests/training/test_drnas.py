"""The search's half steps, its resumption bit for bit, and what it finds where the answer is known."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Prune, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.optimizers.drnas import METHOD, DrNAS
from nasbench_sparse.search_spaces import ActivationCell, OperatorChromosome
from nasbench_sparse.training import data
from nasbench_sparse.training.drnas import Search, advance
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.half_steps import architecture_step, weight_step
from nasbench_sparse.training.task import TrainingTask

EPOCHS = 6
RECIPE = Recipe(learning_rate=0.05, momentum=0.9, schedule="cosine")
MLP = Network("mlp", (("inputs", 64), ("hidden", (16, 12))))
PRUNED = (Train(1, RECIPE, (Operator("relu"),)), Prune("magnitude", (0.3,)), Train(2, RECIPE))


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NASBENCH_SPARSE_CACHE", str(folder))
        yield folder


def _task(
    space: SearchSpace, phases: tuple[Train | Prune, ...] = (Train(2, RECIPE),), **fields: Any
) -> TrainingTask:
    fields = {"dataset": "digits", "blueprint": Blueprint(MLP, phases), **fields}
    return TrainingTask(name="searched", family="test", space=space, fidelity=Fidelity("epochs", 1, 2), **fields)


CELL_TASK = _task(ActivationCell())
CHROMOSOME_TASK = _task(OperatorChromosome(2), PRUNED)


def _step(task: TrainingTask, number: int = 0, seed: int = 0, **options: Any) -> SearchStep:
    """Return the search step that the optimizer asks for, with another number."""
    asked = DrNAS(
        task.problem, seed=seed, **{"epochs": EPOCHS, "learning_rate": 0.02, "bounded": True, **options}
    ).ask()
    assert isinstance(asked, SearchStep)
    return replace(asked, step=number)


def _run(
    task: TrainingTask, epochs: int = EPOCHS, replicate: int = 0, **options: Any
) -> list[tuple[Evaluation, bytes | None]]:
    results: list[tuple[Evaluation, bytes | None]] = []
    state = None
    for number in range(epochs):
        evaluation, state = task.advance(_step(task, number, epochs=epochs, **options), replicate, state)
        results.append((evaluation, state))
    return results


def _timeless(evaluation: Evaluation) -> Evaluation:
    """Leave out what the clock says and whether the shared training was done now."""
    curves = tuple(tuple(point._replace(seconds=0.0) for point in curve) for curve in evaluation.curves)
    return replace(evaluation, curves=curves, seconds=0.0, shared=())


@pytest.fixture(scope="module", params=["cell", "chromosome"])
def task(request: pytest.FixtureRequest) -> TrainingTask:
    return CELL_TASK if request.param == "cell" else CHROMOSOME_TASK


@pytest.fixture(scope="module")
def results(task: TrainingTask) -> list[tuple[Evaluation, bytes | None]]:
    return _run(task)


def test_search_step_resumed_equals_one_computed_from_the_start(
    task: TrainingTask, results: list[tuple[Evaluation, bytes | None]]
) -> None:
    for number, (evaluation, state) in enumerate(results):
        torch.manual_seed(number)  # the global generator must not matter
        again, state_again = advance(task, _step(task, number), 0, None)
        assert _timeless(again) == _timeless(evaluation)
        assert state_again == state
        assert (state is None) == (number == EPOCHS - 1)


def test_search_is_the_same_in_another_process_and_for_any_hash_seed(cache: Path) -> None:
    script = (
        "import hashlib, tests.training.test_drnas as t\n"
        "results = t._run(t.CHROMOSOME_TASK, 3)\n"
        "print(hashlib.sha256(results[1][1]).hexdigest(), results[2][0].config)"
    )
    environment = {"PYTHONHASHSEED": "12", "NASBENCH_SPARSE_CACHE": str(cache / "other"), "PATH": ""}
    command = [sys.executable, "-c", script]
    out = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, cwd=Path(__file__).parents[2]
    )
    mine = _run(CHROMOSOME_TASK, 3)
    assert mine[1][1] is not None
    assert out.stdout.strip() == f"{hashlib.sha256(mine[1][1]).hexdigest()} {mine[2][0].config}"


def test_search_drops_on_schedule_until_one_operation_is_left_per_edge(
    task: TrainingTask, results: list[tuple[Evaluation, bytes | None]]
) -> None:
    left = [evaluation.curve[-1].metrics["operations"] for evaluation, _ in results]
    # n = 4: drop i of m + 1 is in epoch 2 for 4**(i/m) < 2, that is i < m/2; in epoch 3 for i < m log4(3).
    expected = {"cell": [110, 110, 58, 28, 7, 6], "chromosome": [26, 26, 14, 7, 3, 2]}[
        "cell" if task is CELL_TASK else "chromosome"
    ]
    assert left == expected


def test_search_reports_every_step_and_a_config_of_the_space(
    task: TrainingTask, results: list[tuple[Evaluation, bytes | None]]
) -> None:
    for number, (evaluation, _) in enumerate(results):
        assert evaluation.status is Status.OK
        (point,) = evaluation.curve
        assert point.step == number + 1
        assert point.test_loss is None
        assert evaluation.seconds == point.seconds > 0
        assert evaluation.config is not None
        task.space.validate(evaluation.config)
        assert task.space.canonical(evaluation.config) == evaluation.config
    # A supernet with one operation left on each edge is the derived network.
    last = results[-1][0].curve[-1]
    assert last.metrics["discrete_val_accuracy"] == last.val_accuracy


def test_search_depends_on_its_seed_and_replicate() -> None:
    first = advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK), 0)[1]
    assert advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK, seed=1), 0)[1] != first
    assert advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK), 1)[1] != first


def test_pruned_weights_stay_zero_through_the_search() -> None:
    results = _run(CHROMOSOME_TASK)
    for evaluation, state in results[:-1]:
        assert state is not None
        tensors, _ = unpack(state)
        weights = [t for name, t in tensors.items() if name.startswith("weights/") and name.endswith("weight")]
        momenta = {t.shape: t for name, t in tensors.items() if name.startswith("weights_optimizer/")}
        counts = [round(0.3 * w.numel()) for w in weights]
        assert [int((w != 0).sum()) for w in weights] == counts
        assert all((momenta[w.shape][w == 0] == 0).all() for w in weights)
        assert evaluation.curve[-1].density == sum(counts) / sum(w.numel() for w in weights)


def test_pretraining_is_reported_by_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_SPARSE_CACHE", str(tmp_path))
    task = _task(OperatorChromosome(2), (Train(1, replace(RECIPE, learning_rate=0.04)), *PRUNED[1:]))
    evaluation, state = advance(task, _step(task), 0)
    assert len(evaluation.shared) == 1
    assert advance(task, _step(task, 1), 0, state)[0].shared == evaluation.shared


def test_half_steps_change_only_their_own_parameters() -> None:
    search = Search(CELL_TASK, _step(CELL_TASK), 0)
    weights = [w for _, w in prunable_layers(search.supernet.network)]
    architecture = search.supernet.architecture
    batch = next(search.batches.shuffled(search.batches.train, "any"))
    generator = torch.Generator().manual_seed(0)
    before = [w.detach().clone() for w in weights]
    a, gammas = architecture.a.detach().clone(), architecture.gammas.detach().clone()
    architecture_step(search.supernet, [batch], generator, independent=True)
    assert all(torch.equal(w, b) for w, b in zip(weights, before, strict=True))
    assert all(w.grad is None for w in weights)
    assert not torch.equal(architecture.a, a)
    assert not torch.equal(architecture.gammas, gammas)
    a, gammas = architecture.a.detach().clone(), architecture.gammas.detach().clone()
    gradient = architecture.a.grad
    weight_step(search.supernet, [batch], generator, independent=True, warm=False)
    assert torch.equal(architecture.a, a)
    assert torch.equal(architecture.gammas, gammas)
    assert architecture.a.grad is gradient
    assert not any(torch.equal(w, b) for w, b in zip(weights, before, strict=True))


def test_warm_start_trains_the_weights_as_if_there_were_no_search() -> None:
    _, state = advance(CELL_TASK, _step(CELL_TASK), 0)
    assert state is not None
    tensors, _ = unpack(state)
    plain = Search(CELL_TASK, _step(CELL_TASK), 0)
    network = plain.supernet.network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, fused=True)
    for x, y in plain.batches.shuffled(plain.batches.train, plain.batches.stream("train", 0)):
        optimizer.zero_grad()
        cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensors[f"weights/{name}"], tensor, rtol=1e-5, atol=1e-6)


def test_search_splits_the_training_examples_and_leaves_validation_alone() -> None:
    search = Search(CELL_TASK, _step(CELL_TASK), 0)
    inputs, labels = search.repetition.data.train
    assert len(search.batches.train[1]) + len(search.batches.held_out[1]) == len(labels)
    rows = torch.cat([search.batches.train[0], search.batches.held_out[0]]).flatten(1)
    assert torch.equal(rows.sum(0), inputs.flatten(1).sum(0)) or torch.allclose(
        rows.sum(0), inputs.flatten(1).sum(0)
    )
    for label in range(10):
        members = int((labels == label).sum())
        assert int((search.batches.train[1] == label).sum()) == round(0.75 * members)


def test_one_sample_for_all_sites_is_another_search() -> None:
    independent = advance(CELL_TASK, _step(CELL_TASK), 0)[1]
    shared = advance(CELL_TASK, _step(CELL_TASK, independent_samples=False), 0)[1]
    assert independent != shared


def test_search_without_shrinking_keeps_every_operation() -> None:
    evaluation, _ = advance(CELL_TASK, _step(CELL_TASK, 3, shrink=False, epochs=4), 0)
    assert evaluation.curve[-1].metrics["operations"] == 110
    assert evaluation.config is not None
    CELL_TASK.space.validate(evaluation.config)


def test_learnt_gammas_are_fields_of_the_derived_config() -> None:
    space = ActivationCell(unary=("identity", "scale"), binary=("left", "mix"))
    evaluation = _run(_task(space), 3)[-1][0]
    assert evaluation.config is not None
    for edge in ("u1", "u2", "u3", "u4", "b1", "b2"):
        learnt = evaluation.config[edge] in ("scale", "mix")
        assert (f"gamma_{edge}" in evaluation.config) == learnt


def test_diverged_search_says_so() -> None:
    recipe = Recipe(learning_rate=1e30)
    evaluation, state = advance(_task(OperatorChromosome(2), (Train(2, recipe),)), _step(CHROMOSOME_TASK), 0)
    assert evaluation.status is Status.DIVERGED
    assert evaluation.config is None
    assert state is None


def test_search_step_refuses_a_foreign_checkpoint_and_a_step_out_of_range() -> None:
    _, state = advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK), 0)
    assert state is not None
    with pytest.raises(NbsError, match="belongs to step 0, not 1"):
        advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK, 2), 0, state)
    with pytest.raises(NbsError, match="belongs to seed 0, not 4"):
        advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK, 1, seed=4), 0, state)
    with pytest.raises(NbsError, match="not a search checkpoint"):
        advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK, 1), 0, state[: len(state) // 2])
    with pytest.raises(NbsError, match="numbered 0 to 5"):
        advance(CHROMOSOME_TASK, _step(CHROMOSOME_TASK, EPOCHS), 0)
    assert f"{advance.__module__}:{advance.__name__}" == METHOD


def test_original_activations_are_put_back_in_the_checkpoint() -> None:
    blueprint = Blueprint(MLP, (Train(2, RECIPE),), (Operator("prelu"),))
    results = _run(_task(OperatorChromosome(2), blueprint=blueprint), 3)
    assert all(evaluation.status is Status.OK for evaluation, _ in results)
    assert results[0][1] is not None
    assert any(name.startswith("weights/sites.") for name in unpack(results[0][1])[0])


def _distance_from_zero() -> data.Arrays:
    """One input, uniform in [-1, 1]; the class says whether it is far from zero."""
    x = np.random.default_rng(0).uniform(-1, 1, 4000)
    return x, (np.abs(x) > 0.5).astype(np.int64)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network of one hidden unit: its logits are linear in f(w x + b), so a monotone f fits at most 3/4."""
    info = data.DatasetInfo(4000, (1,), 2, _distance_from_zero)
    monkeypatch.setitem(data.DATASETS, "distance-from-zero", info)
    return Network("mlp", (("inputs", 1), ("hidden", (1,)), ("classes", 2)))


def _planted_task(space: SearchSpace, network: Network) -> TrainingTask:
    recipe = Recipe(optimizer="adam", learning_rate=0.05, batch_size=32)
    blueprint = Blueprint(network, (Train(2, recipe),))
    return _task(space, dataset="distance-from-zero", blueprint=blueprint)


# Replicates 1 and 2: with few initialisations (replicate 4) the weights themselves stay at a monotone solution.
@pytest.mark.parametrize(("replicate", "seed"), [(1, 0), (1, 1), (2, 0), (2, 1)])
def test_search_finds_the_only_operator_that_fits(planted: Network, replicate: int, seed: int) -> None:
    operators = ("sigmoid", "tanh", "softplus", "symlog", "acon", "elu", "relu6")  # acon alone has a minimum
    task = _planted_task(OperatorChromosome(1, operators), planted)
    evaluation = _run(task, 10, replicate, seed=seed)[-1][0]
    assert evaluation.config == {"operator_0": "acon"}
    assert evaluation.curve[-1].val_accuracy > 0.95


def test_search_finds_a_cell_that_is_not_monotone(planted: Network) -> None:
    space = ActivationCell(
        unary=("identity", "negate", "tanh", "softplus", "square"), binary=("add", "left", "right")
    )
    evaluation = _run(_planted_task(space, planted), 10, replicate=1)[-1][0]
    assert evaluation.config is not None
    assert "square" in evaluation.config.values()
    assert evaluation.curve[-1].val_accuracy > 0.95
