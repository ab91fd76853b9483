from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Operator, Prune, Train
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.operations import OPERATORS
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.leaderboard.chains import operator_counts, read_chain
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.nn.sites import activation_sites
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed
from nasbench_sparse.runner.chain_derive import derive_task, final_of
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.search_spaces.hpo_config import safs_stage2
from nasbench_sparse.store import Store
from nasbench_sparse.tasks import safs
from nasbench_sparse.tasks.safs import CHECK, DENSITIES, PAPER, PRESETS, SMOKE, Preset
from nasbench_sparse.training.task import TrainingTask
from nasbench_sparse.training.validation import validate

GENES = {"operator_0": "swish", "operator_1": "tanh", "operator_2": "srs"}
TUNED = {"schedule": "cosine", "optimizer": "adam", "learning_rate": 0.01}


def tuned(density: float = 0.05) -> TrainingTask:
    task = derive_task(safs.Tune(SMOKE.epochs), "hyperparameters", SMOKE.operators(density), GENES)
    assert isinstance(task, TrainingTask)
    return task


def configured(fixed: Fixed) -> Blueprint:
    assert isinstance(fixed.task, TrainingTask)
    return fixed.task.space.configure(fixed.task.blueprint, fixed.config)


def fixed(preset: Preset, name: str, density: float = 0.05) -> Fixed:
    (found,) = [b for b in preset.chain(density).baselines if b.name == name and isinstance(b, Fixed)]
    return found


# -- declarations -------------------------------------------------------------------------------------------


def test_chains_are_declared_without_torch_or_configspace() -> None:
    code = (
        "import sys; from nasbench_sparse.tasks.safs import chains; chains(); "
        "sys.exit(bool({'torch', 'ConfigSpace', 'scipy', 'duckdb'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_chains_and_their_tasks_have_distinct_names() -> None:
    names = [chain.name for chain in safs.chains()]
    assert len(set(names)) == len(names) == len(PRESETS) * 3
    tasks = {task.name: task.fingerprint for chain in safs.chains() for task in chain.tasks}
    assert len(set(tasks.values())) == len(tasks) == len(PRESETS) * (3 + 3 + 1)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_preset_fits_its_network_and_data(preset: Preset) -> None:
    options = dict(preset.network.options)
    network = on_meta(preset.network.name, options)
    assert len(activation_sites(network)) == preset.sites
    info = dataset_info(preset.dataset)
    network.to_empty(device="cpu")
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, *info.shape)).shape == (1, info.classes)
    assert preset.worst > np.log(info.classes), "a failure is worse than knowing nothing"
    for task in {task.name: task for task in preset.chain(0.01).tasks}.values():
        assert isinstance(task, TrainingTask)
        assert (task.folds, task.family) == (3, f"safs-{preset.name}")
        validate(task.space.configure(task.blueprint, next(iter(task.space.grid(2)))), task.dataset, 3)


@pytest.mark.parametrize(
    ("name", "optimizer", "rate", "schedule", "epochs", "stage1"),
    [
        ("mnist-lenet5", "sgd", 0.1, "constant", 100, 80),
        ("cifar10-vgg16", "sgd", 0.001, "halving", 200, 80),
        ("cifar10-resnet18", "sgd", 0.01, "plateau", 200, 80),
        ("imagenet16-resnet18", "sgd", 0.1, "warm_restarts", 50, 50),
        ("imagenet16-efficientnet-b0", "sgd", 0.01, "warm_restarts", 50, 50),
    ],
)
def test_paper_scale_is_that_of_tables_4_to_7(
    name: str, optimizer: str, rate: float, schedule: str, epochs: int, stage1: int
) -> None:
    (preset,) = [preset for preset in PAPER if preset.name == name]
    recipe = preset.dense
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule) == (optimizer, rate, schedule)
    assert (preset.epochs, preset.stage1_epochs, preset.iterations) == (epochs, stage1, 20)
    if name != "mnist-lenet5":
        assert (recipe.momentum, recipe.weight_decay) == (0.9, 5e-4)
    assert preset.default == ("swish" if "efficientnet" in name else "relu")


def test_vgg16_has_thirteen_genes_and_all_operators_but_relu() -> None:
    (preset,) = [preset for preset in PAPER if preset.name == "cifar10-vgg16"]
    task = preset.operators(0.01)
    assert len(task.space.fields) == 13
    assert task.space.size == len(OPERATORS) ** 13


def test_stages_are_those_of_the_paper() -> None:
    chain = CHECK.chain(0.01)
    first, second = chain.stages
    assert (chain.name, chain.task.name) == ("safs-mnist5k-lenet5-99", "safs-mnist5k-lenet5-operators-99")
    assert (first.optimizer, first.budget) == (Contender("lahc"), Budget("trials", 21))
    assert second.optimizer.optimizer == "smac"
    assert (chain.task.objective.metric, chain.task.objective.goal) == ("train_loss", "minimize")
    assert chain.task.fidelity.max == CHECK.stage1_epochs < CHECK.epochs


def test_baselines_are_those_of_tables_1_and_2_and_figure_4a() -> None:
    names = {baseline.name for baseline in CHECK.chain(0.01).baselines}
    assert names == {
        "dense",
        "vanilla pruning",
        *("srelu", "prelu", "falu", "swish", "tanh", "srs", "symlog"),
        "stage 1 only",
        "stage 2 only",
    }
    swish = {baseline.name for baseline in PAPER[-1].chain(0.01).baselines}
    assert "relu" in swish
    assert "swish" not in swish, "EfficientNet's own is what vanilla pruning keeps"


@pytest.mark.parametrize("density", DENSITIES)
def test_known_activations_are_trained_by_the_dense_recipe_in_the_pruned_network(density: float) -> None:
    for name, operator in (("vanilla pruning", "relu"), ("srelu", "srelu"), ("falu", "falu")):
        blueprint = configured(fixed(SMOKE, name, density))
        dense, pruned, last = blueprint.phases
        assert isinstance(dense, Train)
        assert (dense.recipe, dense.epochs, dense.activations) == (SMOKE.dense, SMOKE.epochs, (Operator("relu"),))
        assert pruned == Prune("magnitude", (density,))
        assert isinstance(last, Train)
        assert (last.recipe, last.epochs) == (SMOKE.dense, SMOKE.epochs)
        assert blueprint.activations == (Operator(operator),)


def test_dense_baseline_is_the_dense_training_alone() -> None:
    blueprint = configured(fixed(SMOKE, "dense"))
    (last,) = blueprint.phases
    assert isinstance(last, Train)
    assert (last.recipe, last.epochs, blueprint.activations) == (SMOKE.dense, SMOKE.epochs, (Operator("relu"),))


# -- derivations --------------------------------------------------------------------------------------------


def test_stage_2_has_the_operators_with_learnt_scales_and_searches_hyperparameters() -> None:
    task, parent = tuned(), SMOKE.operators(0.05)
    assert task.derived_from == f"{parent.fingerprint}/{config_key(GENES)}"
    assert task.blueprint.activations == tuple(Operator(name, True) for name in ("swish", "tanh", "srs"))
    assert task.blueprint.phases[:2] == parent.blueprint.phases[:2]
    assert (task.fidelity.max, task.blueprint.length) == (SMOKE.epochs, SMOKE.epochs)
    assert task.space == safs_stage2()
    assert (task.objective.metric, task.objective.goal) == ("val_accuracy", "maximize")
    assert (task.folds, task.replicates, task.family) == (3, parent.replicates, parent.family)


def test_what_is_confirmed_has_everything_chosen_and_its_gradient_flow_measured() -> None:
    final = final_of(safs.Settle(SMOKE.epochs), "safs", tuned(), TUNED)
    assert final.config == {}
    blueprint = configured(final)
    search = blueprint.search
    assert isinstance(search, Train)
    assert (search.recipe.optimizer, search.recipe.schedule, search.recipe.learning_rate) == (
        "adam",
        "cosine",
        0.01,
    )
    assert (search.measures, search.measure_at) == (safs.FLOW, "eleven")
    assert blueprint.activations == tuned().blueprint.activations


def test_stage_1_alone_keeps_the_dense_hyperparameters_and_scales_of_one() -> None:
    final = final_of(safs.Settle(SMOKE.epochs), "stage 1 only", SMOKE.operators(0.05), GENES)
    blueprint = configured(final)
    assert (blueprint.recipe, blueprint.length) == (SMOKE.dense, SMOKE.epochs)
    assert blueprint.activations == tuple(Operator(name) for name in ("swish", "tanh", "srs"))


def test_stages_share_the_dense_trainings_of_each_fold() -> None:
    """The dense training is found by content: whatever the stage, a fold has one, and folds have different ones."""
    stage1, stage2 = SMOKE.operators(0.05), tuned()
    first = stage1.evaluate(Trial(0, GENES, config_key(GENES), 1, 0))[0]
    second = stage2.evaluate(Trial(0, TUNED, config_key(TUNED), 1, 0))[0]
    assert [(item.fold, item.key) for item in first.shared] == [(item.fold, item.key) for item in second.shared]
    assert len({item.key for item in first.shared}) == 3
    assert len({item.curve[-1].val_loss for item in first.shared}) == 3


def test_dense_baseline_is_bit_for_bit_what_is_pruned() -> None:
    dense = fixed(SMOKE, "dense")
    evaluation = dense.task.evaluate(Trial(0, dense.config, config_key(dense.config), SMOKE.epochs, 1))[0]
    shared = SMOKE.operators(0.05).evaluate(Trial(0, GENES, config_key(GENES), 1, 1))[0].shared
    for fold in range(3):
        assert [p.val_loss for p in evaluation.curves[fold]] == [p.val_loss for p in shared[fold].curve]


# -- end to end ---------------------------------------------------------------------------------------------


def small() -> Chain:
    """SAFS on digits, as short as it can be, with random search in the place of SMAC."""
    chain = replace(SMOKE, iterations=1, epochs=2, stage1_epochs=1, replicates=(1,), seeds=(0,)).chain(0.05)
    cheap = Contender("random")
    stages = (chain.stages[0], replace(chain.stages[1], optimizer=cheap, budget=Budget("trials", 2)))
    assert chain.confirm is not None
    kept = tuple(b for b in chain.confirm.baselines if b.name in ("dense", "vanilla pruning", "stage 1 only"))
    return replace(chain, stages=stages, confirm=Confirmation((1,), kept))


def test_chain_runs_end_to_end_on_digits(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    report = run_chain(small(), store)
    assert not report.failed
    result = read_chain(store, small())
    assert [(method.name, method.n) for method in result.methods] == [
        ("safs-digits-mlp-95", 1),
        ("dense", 1),
        ("vanilla pruning", 1),
        ("stage 1 only", 1),
    ]
    assert all(method.mean is not None and 0.0 < method.mean <= 1.0 for method in result.methods)
    (final,) = result.methods[0].finals
    assert final is not None
    grown = store.sql(
        "SELECT fold, density, metrics['egf_2[8]'] IS NOT NULL AS measured FROM trainings "
        "WHERE fingerprint = ? AND step = 2 AND phase = 'search' ORDER BY fold",
        (final.task.fingerprint,),
    ).rows()
    kept = (round(0.05 * 4096) + round(0.05 * 3072) + round(0.05 * 1536) + round(0.05 * 320)) / 9024
    assert grown == [(fold, pytest.approx(kept), True) for fold in range(3)]
    counts = operator_counts(store, result, "operators")
    assert sum(counts.values()) == 2 * SMOKE.sites
    assert run_chain(small(), store).finished == [], "nothing is left to do"
