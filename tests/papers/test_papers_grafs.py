from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Cell, Network, Recipe
from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.errors import TaskError
from nasbench_sparse.leaderboard.papers import grafs as tables
from nasbench_sparse.leaderboard.papers import grafs_plots
from nasbench_sparse.leaderboard.papers.evidence import NOTHING
from nasbench_sparse.leaderboard.papers.rendered import render
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.nn.published import PUBLISHED
from nasbench_sparse.optimizers.drnas import DrNAS
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_derive import derive_task, final_of
from nasbench_sparse.runner.chain_walk import Placement
from nasbench_sparse.runner.design import Design
from nasbench_sparse.search_spaces.cell_formula import formula
from nasbench_sparse.store import Store
from nasbench_sparse.tasks.papers import grafs
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact, Claim, Scale, Setting, load
from nasbench_sparse.tasks.papers.grafs_benches import FAMILIES, Bench, Family
from nasbench_sparse.tasks.papers.grafs_found import Use
from nasbench_sparse.tasks.papers.plans import carry_out
from nasbench_sparse.tasks.papers.published import names, published
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.training.task import TrainingTask
from nasbench_sparse.training.validation import validate

FOUND = {artefact.name: artefact for artefact in grafs.artefacts()}
RESULTS = [f"grafs-table-{n}" for n in (1, 4, 5, 6)]
RATIOS = [f"grafs-table-{n}" for n in (2, 3, 7)]
EVERY = [(scale, family) for scale in SCALES for family in FAMILIES[scale].values()]


# -- declarations -------------------------------------------------------------------------------------------


def test_artefacts_are_tables_1_to_7_and_figures_2_to_5() -> None:
    assert list(FOUND) == [*(f"grafs-table-{n}" for n in range(1, 8)), *(f"grafs-figure-{n}" for n in range(2, 6))]
    assert set(names("grafs")) == set(FOUND) - {"grafs-figure-2"}


def test_artefacts_are_declared_without_torch_or_configspace() -> None:
    code = (
        "import sys; from nasbench_sparse.tasks.papers import grafs; grafs.artefacts(), grafs.claims(); "
        "sys.exit(bool({'torch', 'ConfigSpace', 'scipy', 'duckdb'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", RESULTS)
def test_paper_scale_trains_every_published_cell_and_no_other(name: str) -> None:
    printed = published("grafs", name)
    assert printed is not None
    trained = {
        (str(cell["activation"]), label)
        for label, design, _ in tables.columns(FOUND[name], "paper")
        for cell in design.cells
    }
    assert trained == set(printed.cells)


@pytest.mark.parametrize("name", RATIOS)
def test_ratios_have_the_published_places(name: str) -> None:
    printed = published("grafs", name)
    assert printed is not None
    assert {tuple(label.split(" ")) for label in FOUND[name].at("paper").groups} == set(printed.cells)


def test_printed_formulas_are_what_is_evaluated_under_their_names() -> None:
    written_otherwise = {"F_ViT^5", "F_GPT^1", "F_GPT^2", "F_GPT^3"}  # shares that do not add up to 1, a factor 1
    for figure, family in (("figure-3", "RN"), ("figure-4", "ViT"), ("figure-5", "GPT")):
        printed = published("grafs", f"grafs-{figure}")
        assert printed is not None
        for i in range(1, 6):
            ours = (
                formula(PUBLISHED[f"grafs-{family.lower()}-{i}"]).replace("max(0, x)", "ReLU(x)").replace("*", " ")
            )
            name = f"F_{family}^{i}"
            assert (ours == printed.cells[name, "formula"]) is (name not in written_otherwise)


@pytest.mark.parametrize(("scale", "family"), EVERY, ids=lambda part: getattr(part, "formulas", part))
def test_search_takes_as_many_steps_as_its_budget_has_trials_for(scale: Scale, family: Family) -> None:
    label, bench = next(iter(family.benches.items()))
    _, chain = grafs.plans(scale, label, family, bench)
    optimizer = DrNAS(chain.task.problem, seed=0, **dict(family.options))
    assert optimizer.steps == family.steps
    assert chain.stages[0].budget.amount == family.steps + 1, "and the derived cell's own trial"


@pytest.mark.parametrize(("scale", "family"), EVERY, ids=lambda part: getattr(part, "formulas", part))
def test_benches_fit_their_networks_and_data(scale: Scale, family: Family) -> None:
    for label, bench in {"search": family.search, **family.benches}.items():
        info = dataset_info(bench.dataset)
        options = dict(bench.network.options)
        on_meta(bench.network.name, options)
        assert options.get("channels", 3) == info.shape[0] or info.kind == "text"
        if bench.network.name.startswith("vi"):
            assert options.get("size", 32) == info.shape[1]
        if info.kind == "text":
            assert options.get("vocabulary", 50_304) == info.classes
            assert options.get("context", 256) >= info.shape[0]
        else:
            wide = bench.network.name in ("vit_ti", "vit_s")
            assert options.get("classes", 1000 if wide else 10) == info.classes
        task = grafs.searched(scale, family) if label == "search" else grafs.evaluation(scale, label, family, bench)
        config = next(iter(task.space.grid(1)))
        validate(task.space.configure(task.blueprint, config), task.dataset)


def test_columns_of_a_family_share_their_searches() -> None:
    family = FAMILIES["check"]["RN"]
    found = [grafs.plans("check", label, family, bench)[1] for label, bench in family.benches.items()]
    runs = {Placement().plan(chain.task, chain.stages[0], chain, 0, chain.name).spec.run_id for chain in found}
    assert len(found) == 3
    assert len(runs) == 1


def test_found_cells_meet_named_ones_on_replicates_that_no_search_saw() -> None:
    for scale in SCALES:
        for name in RESULTS:
            for _, design, chain in tables.columns(FOUND[name], scale):
                assert chain.confirm is not None
                assert chain.confirm.replicates == tuple(range(design.replicates))
                searched = {chain.replicate_of(seed) for seed in chain.seeds}
                assert len(searched) == len(chain.seeds)
                assert searched.isdisjoint(chain.confirm.replicates)


def test_chains_have_names_and_tasks_of_their_own() -> None:
    found = grafs.chains()
    assert len({chain.name for chain in found}) == len(found) == sum(len(family.benches) for _, family in EVERY)
    named: dict[str, set[str]] = {}
    for task in (task for chain in found for task in chain.tasks):
        named.setdefault(task.name, set()).add(task.fingerprint)
    assert {"check-grafs-search-RN", "check-grafs-ResNet-20-CIFAR-10"} <= set(named)
    assert all(len(fingerprints) == 1 for fingerprints in named.values())


# -- transfer -----------------------------------------------------------------------------------------------

CELL = {"u1": "relu", "u2": "gelu", "b1": "add", "u3": "tanh", "b2": "left", "u4": "identity"}


def test_use_puts_a_found_cell_into_another_network() -> None:
    family = FAMILIES["check"]["RN"]
    target = grafs.evaluation("check", "x", family, family.benches["ResNet-32 CIFAR-10"])
    parent = grafs.searched("check", family)
    final = final_of(Use(target), "found", parent, CELL)
    assert isinstance(final.task, TrainingTask)
    blueprint = final.task.space.configure(final.task.blueprint, final.config)
    assert blueprint.network.name == "resnet32"
    assert blueprint.activations == (Cell(("relu", "gelu", "tanh", "identity"), ("add", "left")),)
    assert blueprint.phases == target.blueprint.phases
    assert final.task.derived_from is not None
    assert final.task.derived_from.startswith(parent.fingerprint)


def test_use_refuses_a_parent_that_trains_nothing() -> None:
    family = FAMILIES["check"]["RN"]
    target = grafs.evaluation("check", "x", family, family.search)
    parent = SyntheticTask()
    with pytest.raises(TaskError, match="no activations"):
        derive_task(Use(target), "final", parent, parent.space.sample(np.random.default_rng(0)))


# -- what a store holds -------------------------------------------------------------------------------------

SGD = Recipe("sgd", 0.1, momentum=0.9)


def perceptron(width: int) -> Network:
    return Network("mlp", (("inputs", 64), ("hidden", (width,))))


TINY = Family(
    "RN",
    "ReLU",
    Bench("digits", perceptron(8), SGD, 1),
    {"epochs": 4, "learning_rate": 0.01},
    4,
    {
        "Small digits": Bench("digits", perceptron(8), SGD, 1),
        "Wide digits": Bench("digits", perceptron(16), SGD, 1),
    },
    named=1,
)


@pytest.fixture(scope="module")
def groups() -> dict[str, tuple[Design | Chain, ...]]:
    return {label: grafs.plans("smoke", label, TINY, bench) for label, bench in TINY.benches.items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, groups: dict[str, tuple[Design | Chain, ...]]) -> Store:
    held = Store(tmp_path_factory.mktemp("grafs") / "results.duckdb")
    for plan in (plan for plans in groups.values() for plan in plans):
        assert carry_out(plan, held).failed == {}
    return held


def artefact(render_: str, groups: dict[str, tuple[Design | Chain, ...]]) -> Artefact:
    return Artefact("grafs-none", "grafs", "somewhere", "something", render_, {"smoke": Setting(groups, "made up")})


def test_results_hold_named_and_found_activations(
    store: Store, groups: dict[str, tuple[Design | Chain, ...]]
) -> None:
    rendered = render(artefact(f"{tables.__name__}:accuracies", groups), "smoke", store)
    cells = {(one["row"], one["column"]): one["measured"] for one in rendered.records}
    rows = ("F_RN^1", "ReLU", "found, seed 0")
    assert set(cells) == {(row, label) for row in rows for label in groups}
    accuracy = (
        "SELECT test_accuracy FROM trainings AS g JOIN tasks AS k USING (fingerprint) WHERE phase = 'search' "
    )
    derived = store.sql(accuracy + "AND k.derived_from IS NOT NULL ORDER BY 1")["test_accuracy"]
    found = sorted(cells["found, seed 0", label] for label in groups)
    assert found == pytest.approx([100 * value for value in derived])


def test_ratios_divide_the_search_by_one_evaluation(
    store: Store, groups: dict[str, tuple[Design | Chain, ...]]
) -> None:
    rendered = render(artefact(f"{tables.__name__}:ratios", groups), "smoke", store)
    (search,) = store.sql("SELECT sum(seconds) AS s FROM search_steps")["s"]
    for one in rendered.records:
        design = groups[f"{one['row']} {one['column']}"][0]
        assert isinstance(design, Design)
        once = "SELECT avg(seconds) AS s FROM trainings WHERE fingerprint = ? AND phase = 'search'"
        (seconds,) = store.sql(once, (design.task.fingerprint,))["s"]
        assert one["measured"] == pytest.approx(search / seconds)


def test_ratios_at_published_lengths_scale_both_sides(
    store: Store, groups: dict[str, tuple[Design | Chain, ...]]
) -> None:
    """Four epochs of search over one of evaluation are measured, 50 over 200 are published: 1/16 of it."""
    family = replace(TINY, options={"epochs": 50})
    bench = replace(TINY.benches["Wide digits"], epochs=200)
    scales: dict[Scale, Setting] = {
        "smoke": Setting(groups, "made up"),
        "paper": Setting({"Wide digits": grafs.plans("paper", "Wide digits", family, bench)}, "made up"),
    }
    one = replace(artefact(f"{tables.__name__}:ratios", groups), scales=scales)
    cells = {(r["row"], r["column"]): r["measured"] for r in render(one, "smoke", store).records}
    assert cells["Wide", "digits, at published lengths"] == pytest.approx(cells["Wide", "digits"] / 16)
    assert ("Small", "digits, at published lengths") not in cells


def test_ratios_have_no_published_length_where_search_and_evaluation_differ_in_data(
    groups: dict[str, tuple[Design | Chain, ...]],
) -> None:
    """Published are 50 epochs over 200, here 4 over 1."""
    published_, (named, _) = FOUND["grafs-table-2"].at("paper").groups["ResNet-20 SVHN"], groups["Wide digits"]
    assert isinstance(named, Design)
    assert isinstance(named.task, TrainingTask)
    other = replace(named, task=replace(named.task, dataset="mnist1d"))
    assert tables._stretch(published_, named, chain_of(groups, "Wide digits")) == 1 / 16
    assert tables._stretch(published_, other, chain_of(groups, "Wide digits")) is None


def test_ratios_at_published_lengths_count_the_sequences_of_an_iteration() -> None:
    """1,000 x 4 x 40 over 10,000 x 16 x 40 sequences are published, 200 x 16 over 360 x 16 are measured."""
    table, label = FOUND["grafs-table-7"], "miniGPT TinyStories"
    named, found = table.at("check").groups[label]
    assert isinstance(named, Design)
    assert isinstance(found, Chain)
    stretch = tables._stretch(table.at("paper").groups[label], named, found)
    assert stretch == pytest.approx((160_000 / 6_400_000) / (200 / 360))


def test_figure_2_ends_with_six_operations(store: Store, groups: dict[str, tuple[Design | Chain, ...]]) -> None:
    alone = replace(chain_of(groups, "Small digits"), confirm=None)
    rendered = render(artefact(f"{grafs_plots.__name__}:drops", {"RN": (alone,)}), "smoke", store)
    cells = {(one["row"], one["column"]): one["measured"] for one in rendered.records}
    mine, paper = "RN, searches of 4 epochs", "E = 50, S = 2"
    left = [cells[f"epoch {epoch}", f"{mine}: left"] for epoch in range(4)]
    assert left[:2] == [110, 110], "nothing is dropped before twice the warm start"
    assert left[-1] == 6
    assert sum(cells[f"epoch {epoch}", f"{mine}: dropped"] for epoch in range(4)) == 104
    dropped = [int(cells[f"epoch {epoch}", f"{paper}: dropped"]) for epoch in range(50)]
    points = [1 + math.floor(48 ** (i / 103) + 1e-12) for i in range(104)]
    assert dropped == [points.count(epoch) for epoch in range(50)], "104 points, log-spaced from epoch 2 to 49"
    histogram, _ = rendered.charts[0].make().axes
    assert len(histogram.get_lines()) == 2


def test_figure_2_is_drawn_without_any_training(tmp_path: Path) -> None:
    rendered = render(FOUND["grafs-figure-2"], "check", Store(tmp_path / "empty.duckdb"))
    assert {row[0] for row in rendered.table.rows} == {f"epoch {epoch}" for epoch in range(50)}
    assert len(rendered.charts) == 1


def test_figure_3_draws_published_and_found_functions(
    store: Store, groups: dict[str, tuple[Design | Chain, ...]]
) -> None:
    alone = replace(chain_of(groups, "Small digits"), confirm=None)
    rendered = render(artefact(f"{grafs_plots.__name__}:functions", {"RN": (alone,)}), "smoke", store)
    assert [row[0] for row in rendered.table.rows] == [*(f"F_RN^{i}" for i in range(1, 6)), "found, seed 0"]
    published_, found = rendered.charts[0].make().axes
    assert [len(axes.get_lines()) for axes in (published_, found)] == [5, 1]
    fourth = published_.get_lines()[3]
    x, y = (np.asarray(axis, dtype=float) for axis in fourth.get_data())
    at_two = 0.4756 * 2 + 0.5244 * 2 * 0.9772498680518208  # 0.4756 ReLU(2) + 0.5244 GELU(2), GELU(2) = 2 Phi(2)
    assert y[x == 2.0] == pytest.approx([at_two], abs=1e-4)
    assert len(x) > 200, "a curve, not a polyline"


def chain_of(groups: dict[str, tuple[Design | Chain, ...]], label: str) -> Chain:
    chain = groups[label][1]
    assert isinstance(chain, Chain)
    return chain


# -- claims -------------------------------------------------------------------------------------------------


def test_cell_near_relu_is_tested_in_each_column_by_what_was_trained(
    store: Store, groups: dict[str, tuple[Design | Chain, ...]]
) -> None:
    found = tables.cell_near_relu(artefact("", groups), "smoke", store)
    rendered = render(artefact(f"{tables.__name__}:accuracies", groups), "smoke", store)
    cells = {(one["row"], one["column"]): one["measured"] / 100 for one in rendered.records if one["measured"]}
    assert found.measured == "; ".join(
        f"mlp (hidden {width}) on digits: found cells {cells['found, seed 0', label]:.4f} (the worst, of seed 0, "
        f"{cells['found, seed 0', label]:.4f}), ReLU {cells['ReLU', label]:.4f}"
        for label, width in (("Small digits", 8), ("Wide digits", 16))
    )
    assert found.test.count("too few") == len(groups)
    assert found.n == 1
    assert found.holds is None, "a pair cannot decide"


@pytest.mark.parametrize("claim", grafs.claims(), ids=lambda claim: claim.name)
def test_claims_are_silent_where_nothing_was_trained(claim: Claim, tmp_path: Path) -> None:
    found = load(claim.evidence)(FOUND[claim.artefact], "smoke", Store(tmp_path / "empty.duckdb"))
    assert found == NOTHING
