"""What the artefacts declare: sizes, scales, networks, and the papers' settings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Cycles, Network, Train
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.task import Task
from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.errors import UnknownName
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.runner.design import Design
from nasbench_sparse.search_spaces.factorial import Factorial
from nasbench_sparse.search_spaces.layer_density import DensitySpace
from nasbench_sparse.tasks.papers import ap_benches, artefacts, claims, load_artefact, wide_resnet
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact
from nasbench_sparse.tasks.papers.plans import Cells, evaluations, tasks_of
from nasbench_sparse.tasks.papers.sc_sdc import BENCHES, regularised
from nasbench_sparse.training.schedules import Progress, learning_rate
from nasbench_sparse.training.task import TrainingTask

OURS = [item for item in artefacts().values() if item.paper in ("thesis", "ap", "asni")]


def built(network: Network) -> torch.nn.Module:
    options = {name: value for name, value in network.options if name not in ("initialisation", "fans")}
    return on_meta(network.name, options)


def every_level(space: Factorial) -> Iterator[Config]:
    """Yield cells until each level of each factor was there."""
    seen: set[tuple[str, object]] = set()
    for cell in space.cells:
        if not seen.issuperset(cell.items()):
            seen |= set(cell.items())
            yield cell


def blueprints(task: Task) -> Iterator[Blueprint]:
    assert isinstance(task, TrainingTask)
    if isinstance(task.space, Factorial):
        yield from (task.space.configure(task.blueprint, cell) for cell in every_level(task.space))
    else:
        yield task.blueprint


@pytest.mark.parametrize("item", OURS, ids=lambda item: item.name)
def test_artefact_runs_in_the_time_of_its_scale(item: Artefact) -> None:
    """45 minutes on two cores, and a minute."""
    check, smoke = item.at("check").seconds, item.at("smoke").seconds
    assert check is not None
    assert check / 2 <= 45 * 60
    assert smoke is not None
    assert smoke <= 60


@pytest.mark.parametrize("item", OURS, ids=lambda item: item.name)
def test_artefact_needs_no_download_below_scale_paper(item: Artefact) -> None:
    for scale in ("smoke", "check"):
        assert all(task.offline for plan in item.at(scale).plans for task in tasks_of(plan))


def test_every_network_takes_its_data() -> None:
    seen: set[tuple[Network, str]] = set()
    plans = (plan for item in OURS for scale in SCALES for plan in item.at(scale).plans)
    for task in {task.fingerprint: task for plan in plans for task in tasks_of(plan)}.values():
        info = dataset_info(task.dataset)
        for blueprint in blueprints(task):
            if (blueprint.network, task.dataset) in seen:
                continue
            seen.add((blueprint.network, task.dataset))
            outputs = built(blueprint.network).eval()(torch.empty((2, *info.shape), device="meta"))
            assert outputs.shape == (2, info.classes), task.name
    assert len(seen) > 50


def test_searched_networks_have_the_declared_layers() -> None:
    found = {}
    for item in OURS:
        for scale in SCALES:
            for plan in item.at(scale).plans:
                for task in tasks_of(plan):
                    if isinstance(task, TrainingTask) and isinstance(task.space, DensitySpace):
                        found[task.name] = task
    for task in found.values():
        sizes = tuple(weight.numel() for _, weight in prunable_layers(built(task.blueprint.network)))
        assert task.space.layer_sizes == sizes, task.name  # type: ignore[attr-defined]
    assert sum(found["paper-snas-CIFAR-10-2-layers"].space.layer_sizes) == 18_942_008  # type: ignore[attr-defined]
    assert sum(found["paper-snas-CIFAR-10-32-layers"].space.layer_sizes) == 302_795_288  # type: ignore[attr-defined]


def test_same_capacity_widths_are_the_published_ones() -> None:
    bench = BENCHES["paper"]["CIFAR-100"]
    assert [round(share * bench.widest) for share in bench.widths] == [308, 923, 1538, 2153, 2768]


def test_same_capacity_sparse_has_the_dense_active_weights() -> None:
    (plan,) = load_artefact("thesis-table-3.3a").at("paper").plans
    assert isinstance(plan, Design)
    task = plan.task
    assert isinstance(task, TrainingTask)
    shared = {"optimizer": "SGD", "regularisation": "L2_BN", "width": "10%"}
    dense, sparse = (task.space.configure(task.blueprint, {**shared, "network": n}) for n in ("dense", "sparse"))
    layers = [[weight.numel() for _, weight in prunable_layers(built(b.network))] for b in (dense, sparse)]
    assert layers[0] == [3072 * 308, 308 * 308, 308 * 308, 308 * 308, 308 * 100]
    densities = sparse.phases[0].densities  # type: ignore[union-attr]
    assert [round(d * n) for d, n in zip(densities, layers[1], strict=True)] == layers[0]
    options = dict(sparse.network.options)
    assert options["fans"] == (3072, 308, 308, 308, 308)
    assert options["batch_norm"] is True
    assert sparse.recipe.weight_decay == 1e-4


def test_regularisation_is_written_by_its_parts() -> None:
    assert regularised("NR", "crop-flip") == ()
    assert len(regularised("DA_L2_SC_BN", "crop-flip")) == 4


def test_pruning_methods_reach_the_same_densities() -> None:
    """Every method of table 1 takes a fifth in each cycle, so that they are compared at the same density."""
    (plan,) = load_artefact("ap-table-1").at("paper").plans
    assert isinstance(plan, Design)
    for cell in plan.cells:
        cycles = plan.task.space.configure(plan.task.blueprint, cell).search  # type: ignore[attr-defined]
        assert isinstance(cycles, Cycles)
        assert cycles.count == 25
        for part in (cycles.body, cycles.fork):
            taken = [phase.fraction for phase in part if getattr(phase, "fraction", None) is not None]
            assert not part or sum(taken) == pytest.approx(0.2)


def test_plans_that_share_trainings_are_the_same() -> None:
    """Running table 3.3a trains what table A.3a and figure A.14 show."""
    prints = [
        {task.fingerprint for plan in load_artefact(name).at("check").plans for task in tasks_of(plan)}
        for name in ("thesis-table-3.3a", "thesis-table-A.3a", "thesis-figure-A.14")
    ]
    assert prints[0] == prints[1]
    assert prints[0] < prints[2]


def test_evaluations_count_cells_and_replicates() -> None:
    (plan,) = load_artefact("ap-table-1").at("check").plans
    assert [count for _, count in evaluations(plan)] == [3 * 10]
    assert isinstance(plan, Design)
    assert [count for _, count in evaluations(Cells(plan.task, 2))] == [3 * 2]


def test_evaluations_of_a_chain_hold_searches_and_confirmation() -> None:
    (plan,) = load_artefact("thesis-table-B.1").at("smoke").plans
    assert sum(count for _, count in evaluations(plan)) == 2 * (2 * 4) + (2 * 2 + 1) * 1


def test_task_names_are_distinct_across_scales() -> None:
    found: dict[str, str] = {}
    for item in OURS:
        for scale in SCALES:
            for plan in item.at(scale).plans:
                for task in tasks_of(plan):
                    assert found.setdefault(task.name, task.fingerprint) == task.fingerprint


def test_multistep_schedule_goes_on_after_half_the_epochs() -> None:
    """200 epochs with drops to a fifth after 60, 120, 160: both halves have the whole's rate in every epoch."""
    whole = wide_resnet.PUBLISHED
    then = wide_resnet.later(whole, 100)
    assert then.learning_rate == pytest.approx(0.02)
    assert dict(then.schedule_options) == {"milestones": (20, 60), "factor": 0.2}
    assert wide_resnet.later(whole, 160).learning_rate == pytest.approx(0.1 * 0.2**3)
    for epoch in range(100):
        rate = learning_rate(whole, Progress(100 + epoch, 200))
        assert learning_rate(then, Progress(epoch, 100)) == pytest.approx(rate)


@pytest.mark.parametrize("scale", SCALES)
def test_magnitude_pruned_wide_resnets_are_fine_tuned_at_lower_rates(scale: str) -> None:
    (plan,) = load_artefact("thesis-figure-3.6").at(scale).plans
    (task,) = tasks_of(plan)
    for blueprint in blueprints(task):
        first, _, second = blueprint.phases
        assert isinstance(first, Train)
        assert isinstance(second, Train)
        assert second.recipe == wide_resnet.later(first.recipe, first.epochs)
        assert second.recipe.learning_rate < first.recipe.learning_rate


def test_vgg_of_ap_is_trained_as_frankle_and_carbin_print_it() -> None:
    """160 epochs of 45,000 images in whole batches of 64 are 112,480 iterations; drops at epochs 80 and 120."""
    bench = ap_benches.PAPER["VGG-19"]
    assert bench.epochs * (45_000 // bench.recipe.batch_size) == 112_480
    assert dict(bench.recipe.schedule_options)["milestones"] == (80, 120)


def test_rates_that_are_chosen_by_validation_hold_out_a_tenth() -> None:
    for plan in load_artefact("ap-figure-3").at("paper").plans:
        (task,) = tasks_of(plan)
        assert dataset_info(task.dataset).validation_share == 0.1


def test_adamw_of_snas_has_the_settings_of_table_4_1b() -> None:
    (plan,) = load_artefact("thesis-table-4.3").at("paper").groups["ResNet-32, AdamW"]
    (task, *_) = tasks_of(plan)
    assert isinstance(task, TrainingTask)
    recipe = task.blueprint.recipe
    assert (recipe.optimizer, recipe.learning_rate, recipe.weight_decay) == ("adamw", 0.1, 0.005)


def test_claims_name_artefacts() -> None:
    assert {claim.artefact for claim in claims().values()} <= set(artefacts())


def test_unknown_artefact_and_scale_name_the_nearest() -> None:
    with pytest.raises(UnknownName, match="ap-table-"):
        load_artefact("ap-table-l")
    with pytest.raises(UnknownName, match="check"):
        load_artefact("ap-table-1").at("chek")


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from nasbench_sparse.tasks.papers import artefacts; "
        "[item.at(s).seconds for item in artefacts().values() for s in item.scales]; "
        "print([name for name in ('torch', 'ConfigSpace', 'smac', 'duckdb') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
