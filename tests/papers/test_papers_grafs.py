from __future__ import annotations

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
                assert chain.replicate not in chain.confirm.replicates


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


def test_figure_2_ends_with_six_operations(store: Store, groups: dict[str, tuple[Design | Chain, ...]]) -> None:
    alone = replace(chain_of(groups, "Small digits"), confirm=None)
    rendered = render(artefact(f"{grafs_plots.__name__}:drops", {"RN": (alone,)}), "smoke", store)
    cells = {(one["row"], one["column"]): one["measured"] for one in rendered.records}
    left = [cells[f"epoch {epoch}", "left"] for epoch in range(4)]
    assert left[:2] == [110, 110], "nothing is dropped before twice the warm start"
    assert left[-1] == 6
    assert sum(cells[f"epoch {epoch}", "dropped"] for epoch in range(4)) == 104
    assert rendered.charts[0].make().axes


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
    assert y[x == 2.0] == pytest.approx(at_two, abs=1e-4)


def chain_of(groups: dict[str, tuple[Design | Chain, ...]], label: str) -> Chain:
    chain = groups[label][1]
    assert isinstance(chain, Chain)
    return chain


# -- claims -------------------------------------------------------------------------------------------------


def test_cell_near_relu_takes_off_a_point(store: Store, groups: dict[str, tuple[Design | Chain, ...]]) -> None:
    found = tables.cell_near_relu(artefact("", groups), "smoke", store)
    rendered = render(artefact(f"{tables.__name__}:accuracies", groups), "smoke", store)
    cells = {(one["row"], one["column"]): one["measured"] for one in rendered.records}
    relu = np.mean([cells["ReLU", label] for label in groups]) / 100
    cell = np.mean([cells["found, seed 0", label] for label in groups]) / 100
    assert found.measured == f"found cells {cell:.4f}, ReLU less a point {relu - 0.01:.4f}"
    assert found.n == 2
    assert found.holds is None, "two pairs cannot decide"


@pytest.mark.parametrize("claim", grafs.claims(), ids=lambda claim: claim.name)
def test_claims_are_silent_where_nothing_was_trained(claim: Claim, tmp_path: Path) -> None:
    found = load(claim.evidence)(FOUND[claim.artefact], "smoke", Store(tmp_path / "empty.duckdb"))
    assert found == NOTHING
