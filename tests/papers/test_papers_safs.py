from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.task import Task
from nasbench_sparse.leaderboard.papers import safs as tables
from nasbench_sparse.leaderboard.papers import safs_claims, safs_curves, safs_searches
from nasbench_sparse.leaderboard.papers.evidence import NOTHING
from nasbench_sparse.leaderboard.papers.rendered import Rendered, render
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.store import Store
from nasbench_sparse.tasks.papers import safs
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact, Claim, Scale, Setting, load
from nasbench_sparse.tasks.papers.published import names, published
from nasbench_sparse.testing.problems import SyntheticTask, make_trial
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace

FOUND = {artefact.name: artefact for artefact in safs.artefacts()}


# -- declarations -------------------------------------------------------------------------------------------


def test_artefacts_are_every_table_of_results_and_every_figure_with_data() -> None:
    assert list(FOUND) == [
        *(f"safs-table-{n}" for n in (1, 2, 3)),
        *(f"safs-figure-{n}" for n in ("4a", "4b", "5", "6", "7", "8")),
    ]


def test_artefacts_are_declared_without_torch_or_configspace() -> None:
    code = (
        "import sys; from nasbench_sparse.tasks.papers import safs; safs.artefacts(), safs.claims(); "
        "sys.exit(bool({'torch', 'ConfigSpace', 'scipy', 'duckdb'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_render_and_every_evidence_is_a_function() -> None:
    for artefact in FOUND.values():
        assert callable(load(artefact.render))
    for claim in safs.claims():
        assert callable(load(claim.evidence))
        assert claim.artefact in FOUND


def test_published_numbers_are_those_that_the_papers_sentences_are_made_of() -> None:
    assert set(names("safs")) <= set(FOUND)
    stages, figure = published("safs", "safs-table-2"), published("safs", "safs-figure-4a")
    assert stages is not None
    assert figure is not None
    gains = {
        row: float(stages.cells[row, "SAFS"]) - float(stages.cells[row, "vanilla pruning"])
        for row, _ in stages.cells
    }
    assert [round(gain, 2) for gain in gains.values()] == [15.53, 8.88, 6.33, 1.54]  # section 5.7
    assert float(figure.cells["SAFS - vanilla pruning", "99 %"]) == 8.88
    table = published("safs", "safs-table-1")
    assert table is not None
    for column in ("VGG-16 CIFAR-10", "ResNet-18 CIFAR-10"):  # printed in both tables
        assert table.cells["SAFS", column] == stages.cells[column, "SAFS"]


@pytest.mark.parametrize("name", ["safs-table-1", "safs-table-2", "safs-table-3"])
def test_paper_scale_has_every_published_network(name: str) -> None:
    printed = published("safs", name)
    assert printed is not None
    places = {part for place in printed.cells for part in place}
    assert set(FOUND[name].at("paper").groups) <= places


def test_lighter_chains_train_nothing_that_the_whole_one_does_not() -> None:
    whole = safs.PRESETS["check"][safs.LENET].chain(0.1)
    light = safs.safs("check", safs.LENET, 0.1)
    assert {task.fingerprint for task in light.tasks} < {task.fingerprint for task in whole.tasks}
    assert light.seeds == (0,)
    assert light.confirm is not None
    assert whole.confirm is not None
    assert set(light.confirm.replicates) < set(whole.confirm.replicates)
    assert safs.safs("check", safs.LENET) == safs.PRESETS["check"][safs.LENET].chain(0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_search_algorithms_have_one_task_and_one_budget(scale: Scale) -> None:
    chains = [chain for (chain,) in safs.searchers(scale).values()]
    assert len({chain.task.fingerprint for chain in chains}) == 1
    assert len({(chain.stages[0].budget, chain.seeds) for chain in chains}) == 1
    assert {chain.stages[0].optimizer.optimizer for chain in chains} == {"lahc", "sa", "random", "smac"}


def test_search_algorithms_of_the_paper_share_the_runs_of_lahc_with_table_2() -> None:
    (lahc,), whole = safs.searchers("paper")["LAHC"], safs.safs("paper", safs.VGG)
    assert lahc.task == whole.task
    assert (lahc.stages, lahc.seeds, lahc.replicate) == (whole.stages[:1], whole.seeds, whole.replicate)


def test_check_has_as_many_pairs_as_a_test_at_five_percent_needs() -> None:
    whole = safs.safs("check", safs.LENET)
    assert whole.confirm is not None
    for pairs in (len(whole.confirm.replicates), len(safs.searchers("check")["LAHC"][0].seeds)):
        assert 0.5**pairs < 0.05, "the smallest exact one-sided p-value"


# -- what a store holds -------------------------------------------------------------------------------------

REPLICATES = (1, 2, 3, 4, 5, 6)
GENES = SyntheticTask(
    name="genes", space=ChromosomeSpace(length=3), replicates=7, fidelity=Fidelity("epochs", 1, 4)
)


def tuned(parent: Task, config: Config) -> Task:
    assert isinstance(parent, SyntheticTask)
    return replace(parent, space=ContinuousSpace(dimensions=2))


def fixed(name: str, gene: str) -> Fixed:
    return Fixed(name, GENES, dict.fromkeys(GENES.space.fields, gene))


def method(trials: int = 5) -> Chain:
    """A chain with the methods' names of SAFS, over tasks that train nothing."""
    genes = Stage("operators", Contender("lahc"), Budget("trials", trials))
    numbers = Stage("hyperparameters", Contender("random"), Budget("trials", trials), tuned)
    baselines = (
        *(fixed(name, gene) for name, gene in (("dense", "relu"), ("vanilla pruning", "elu"), ("srelu", "tanh"))),
        Chain(name="stage 1 only", task=GENES, stages=(genes,), seeds=(0, 1)),
        Chain(name="stage 2 only", task=tuned(GENES, {}), stages=(replace(numbers, derive=None),), seeds=(0, 1)),
    )
    return Chain(
        name="both", task=GENES, stages=(genes, numbers), seeds=(0, 1), confirm=Confirmation(REPLICATES, baselines)
    )


def artefact(render: str, groups: dict[str, tuple[Chain, ...]], name: str = "safs-table-2") -> Artefact:
    return Artefact(name, "safs", "somewhere", "something", render, {"check": Setting(groups, "made up")})


def cell(rendered: Rendered, row: str, column: str) -> float:
    (found,) = [one["measured"] for one in rendered.records if (one["row"], one["column"]) == (row, column)]
    assert isinstance(found, float)
    return found


@pytest.fixture(scope="module")
def chain() -> Chain:
    return method()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, chain: Chain) -> Store:
    held = Store(tmp_path_factory.mktemp("safs") / "results.duckdb")
    run_chain(chain, held)
    return held


def expected(one: Fixed, metric: str = "test_accuracy") -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Evaluate a config on each replicate, without any store."""
    trials = [replace(make_trial(one.task, one.config), replicate=r) for r in REPLICATES]
    return np.array([getattr(one.task.evaluate(trial)[0].curve[-1], metric) for trial in trials])


def test_table_2_averages_fixed_methods_over_fresh_replicates(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{tables.__name__}:stages", {"network": (chain,)}), "check", store)
    one = expected(fixed("vanilla pruning", "elu"))
    assert cell(rendered, "network", "vanilla pruning") == pytest.approx(100 * one.mean())
    (spread,) = [r["spread"] for r in rendered.records if (r["row"], r["column"]) == ("network", "vanilla pruning")]
    assert spread == pytest.approx(100 * one.std(ddof=1))


def test_table_1_averages_a_search_over_its_seeds_first(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{tables.__name__}:activations", {"network": (chain,)}), "check", store)
    finals = tables.confirmed(store, chain, "SAFS").finals["SAFS"]
    assert len(finals) == 2
    means = np.mean([expected(final) for final in finals], axis=0)
    assert cell(rendered, "SAFS", "network") == pytest.approx(100 * means.mean())
    assert cell(rendered, "SReLU", "network") == pytest.approx(100 * expected(fixed("srelu", "tanh")).mean())


def test_table_3_counts_both_stages_and_nothing_else(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{tables.__name__}:costs", {"network": (chain,)}), "check", store)
    charged = "SELECT sum(seconds) FROM trials JOIN runs USING (run_id) WHERE optimizer = ? AND fingerprint = ?"
    genes = float(store.sql(charged, ("lahc", GENES.fingerprint)).item())
    derived = (
        "SELECT sum(t.seconds) FROM trials AS t JOIN runs USING (run_id) JOIN tasks USING (fingerprint) "
        "WHERE optimizer = 'random' AND derived_from IS NOT NULL"
    )
    both = (genes + float(store.sql(derived).item())) / 2  # two seeds
    once = expected(fixed("vanilla pruning", "elu"), "seconds").mean()
    assert cell(rendered, "network", "SAFS, three folds") == pytest.approx(both / 3600)
    assert cell(rendered, "network", "ratio") == pytest.approx(both / once)


def test_figure_4a_shows_the_difference_that_the_paper_prints(store: Store, chain: Chain) -> None:
    one = artefact(f"{tables.__name__}:over_sparsity", {"network, 99 %": (chain,)}, "safs-figure-4a")
    rendered = render(one, "check", store)
    assert not any(note.startswith("Not in this store") for note in rendered.notes)
    difference = cell(rendered, "SAFS", "99 %") - cell(rendered, "vanilla pruning", "99 %")
    assert cell(rendered, "SAFS - vanilla pruning", "99 %") == pytest.approx(difference)
    assert "[8.88]" in next(row for row in rendered.table.rows if row[0] == "SAFS - vanilla pruning")[-1]
    assert rendered.charts[0].make().axes


def test_figure_8_has_the_compression_of_the_masks(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{tables.__name__}:trade_off", {"network, 90 %": (chain,)}), "check", store)
    assert cell(rendered, "network, 90 %", "compression ratio") == pytest.approx(10.0)  # the tasks' density is 0.1
    assert not rendered.charts
    assert any(note.startswith("Nothing is drawn") for note in rendered.notes)


def test_figures_over_sparsity_name_what_the_store_lacks(store: Store, chain: Chain) -> None:
    assert chain.confirm is not None
    confirm = replace(chain.confirm, baselines=chain.confirm.baselines[:1])  # the dense network
    groups = {"network, 90 %": (chain,), "network, 99 %": (replace(chain, confirm=confirm),)}
    for name in ("over_sparsity", "trade_off"):
        notes = render(artefact(f"{tables.__name__}:{name}", groups), "check", store).notes
        assert "Not in this store, but for the dense network: network, 99 %." in notes


def test_figure_4b_follows_the_epochs_of_fine_tuning(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{safs_curves.__name__}:fine_tuning", {"network": (chain,)}), "check", store)
    (axes,) = rendered.charts[0].make().axes
    dense = axes.get_lines()[0]
    curve = mean_curve(fixed("vanilla pruning", "elu"))
    assert list(np.asarray(dense.get_xdata())) == [1, 2, 3, 4]
    assert np.allclose(np.asarray(dense.get_ydata(), dtype=float), 100 * np.array(curve))


def mean_curve(one: Fixed) -> list[float]:
    trials = [replace(make_trial(one.task, one.config), replicate=r) for r in REPLICATES]
    curves = [one.task.evaluate(trial)[0].curve for trial in trials]
    return [float(np.mean([curve[i].test_accuracy for curve in curves])) for i in range(4)]


def test_figure_5_counts_every_trial_of_stage_1_once_for_each_site(store: Store, chain: Chain) -> None:
    rendered = render(artefact(f"{safs_searches.__name__}:frequencies", {"network": (chain,)}), "check", store)
    by_site: dict[str, float] = {}
    for one in rendered.records:
        if one["measured"] is not None and one["published"] is None:
            by_site[one["row"]] = by_site.get(one["row"], 0.0) + one["measured"]
    assert list(by_site.values()) == [10.0] * 3  # two seeds of five trials
    assert rendered.charts[0].make().axes


def test_figure_6_follows_the_lowest_loss(tmp_path: Path) -> None:
    held = Store(tmp_path / "results.duckdb")
    budget = Budget("trials", 6)
    stages = {name: Stage("operators", Contender(name), budget) for name in ("lahc", "random")}
    groups = {
        shown: (Chain(name=name, task=GENES, stages=(stages[name],), seeds=(0, 1)),)
        for shown, name in (("LAHC", "lahc"), ("random", "random"))
    }
    for (plan,) in groups.values():
        run_chain(plan, held)
    rendered = render(artefact(f"{safs_searches.__name__}:algorithms", groups), "check", held)
    lowest = held.sql(
        "SELECT avg(low) FROM (SELECT min(loss) AS low FROM trials JOIN runs USING (run_id) "
        "WHERE optimizer = 'random' GROUP BY seed)"
    )
    assert cell(rendered, "random", "lowest loss of 6 trials") == pytest.approx(float(lowest.item()))
    assert cell(rendered, "random", "lowest loss of 3 trials") >= cell(
        rendered, "random", "lowest loss of 6 trials"
    )
    said = safs_claims.lahc_over_others(artefact("", groups), "check", held)
    assert said.n == 2
    assert said.holds is None, "two seeds cannot decide"


# -- claims -------------------------------------------------------------------------------------------------


def test_claims_test_replicates_in_pairs(store: Store, chain: Chain) -> None:
    found = safs_claims.srelu_under_vanilla(artefact("", {"network": (chain,)}), "check", store)
    below = expected(fixed("srelu", "tanh")) < expected(fixed("vanilla pruning", "elu"))
    assert found.n == len(REPLICATES)
    assert below.all() or not below.any(), "the genes differ by more than the noise"
    assert found.test == f"signed rank, p = {1 / 64 if below.all() else 1.0:.2g}"
    assert found.holds is bool(below.all())


@pytest.mark.parametrize("claim", safs.claims(), ids=lambda claim: claim.name)
def test_claims_are_silent_where_nothing_was_trained(claim: Claim, tmp_path: Path) -> None:
    found = load(claim.evidence)(FOUND[claim.artefact], "smoke", Store(tmp_path / "empty.duckdb"))
    assert found == NOTHING


def test_gradient_flow_is_not_run_where_no_flow_was_measured(store: Store, chain: Chain) -> None:
    found = safs_claims.higher_gradient_flow(artefact("", {"network": (chain,)}), "check", store)
    assert found.measured == ""
