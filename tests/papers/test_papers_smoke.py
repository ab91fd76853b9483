"""Artefacts end to end at the smallest scale: trained, shown, and written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.leaderboard.papers import ap, asni_figures, sc_sdc
from nasbench_sparse.leaderboard.papers.evidence import evidence
from nasbench_sparse.leaderboard.papers.histogram import centroid
from nasbench_sparse.leaderboard.papers.remembered import Remembered
from nasbench_sparse.leaderboard.papers.rendered import render, write
from nasbench_sparse.leaderboard.papers.values import Value, values
from nasbench_sparse.nn.networks.build import build_network, on_meta, prunable_layers
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.store import Store
from nasbench_sparse.tasks.papers import claims, load_artefact
from nasbench_sparse.tasks.papers.plans import carry_out, tasks_of
from nasbench_sparse.training.task import TrainingTask

TRAINED = ("thesis-table-3.3b", "ap-table-1", "ap-figure-1", "asni-figure-5")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("papers") / "papers.duckdb")
    for name in TRAINED:
        for plan in load_artefact(name).at("smoke").plans:
            assert carry_out(plan, made).failed == {}
    return made


def test_carried_out_plan_trains_nothing_twice(store: Store) -> None:
    (plan,) = load_artefact("ap-table-1").at("smoke").plans
    report = carry_out(plan, store)
    assert report.finished == []
    assert report.reused


def test_accuracies_are_the_trainings(store: Store) -> None:
    artefact = load_artefact("ap-table-1")
    (plan,) = artefact.at("smoke").plans
    (task,) = tasks_of(plan)
    rendered = ap.accuracies(artefact, "smoke", store)
    cells = {(r["row"], r["column"]): r["measured"] for r in rendered.records if r["measured"] is not None}
    (trained,) = [
        one for one in values(store, task, "test_accuracy", 2) if one.config["method"] == "Global Magnitude"
    ]
    assert cells["Global Magnitude", "64.0%"] == pytest.approx(100 * trained.value)
    assert len(cells) == 3 * 2 + 1
    assert rendered.table.rows[0][1] == "— [90.3 ± 0.4]"
    assert "Published for the dense network: 91.7%." in rendered.notes
    assert any("scale smoke" in note for note in rendered.notes)


def test_dense_network_is_the_training_that_all_methods_start_from(store: Store) -> None:
    """Its accuracy is that of the task's own first phase, trained alone."""
    artefact = load_artefact("ap-table-1")
    (task,) = tasks_of(artefact.at("smoke").plans[0])
    assert isinstance(task, TrainingTask)
    (train,) = task.blueprint.phases[:1]
    alone = replace(
        task,
        name="alone",
        space=Factorial((Factor("a", (Level("b"),)),)),
        fidelity=Fidelity("epochs", 1, 1),
        blueprint=replace(task.blueprint, phases=(train,)),
    )
    evaluation, _ = alone.evaluate(Trial(0, {"a": "b"}, config_key({"a": "b"}), 1, 0))
    rendered = ap.accuracies(artefact, "smoke", store)
    (dense,) = [r["measured"] for r in rendered.records if r["row"] == "dense network"]
    assert dense == pytest.approx(100 * evaluation.curves[0][-1].test_accuracy)


def test_dead_neuron_rates_begin_with_the_dense_network(store: Store) -> None:
    records = ap.dead_neuron_rates(load_artefact("ap-figure-1"), "smoke", store).records
    cells = {(r["row"], r["column"]): r["measured"] for r in records}
    assert cells["100.0% remaining", "static DNR, %"] == 0.0
    dynamic = cells["100.0% remaining", "dynamic DNR, %"]
    assert 0.0 < dynamic == cells["100.0% remaining, epoch 1", "dynamic DNR, %"]


def test_methods_of_a_cycle_stand_at_equal_densities(store: Store) -> None:
    (plan,) = load_artefact("ap-table-1").at("smoke").plans
    (task,) = tasks_of(plan)
    for cycle in (1, 2):
        found = {one.value for one in values(store, task, "density", cycle)}
        assert len(found) == 1
        assert found.pop() == pytest.approx(0.8**cycle, abs=1e-3)


def test_wilcoxon_says_too_few_of_two_pairs(store: Store) -> None:
    rendered = sc_sdc.wilcoxon(load_artefact("thesis-table-3.3b"), "smoke", store)
    row = next(row for row in rendered.table.rows if row[0] == "SGD")
    assert row[1] == "too few (2) [0.001]"


def test_correlations_of_too_few_networks_are_none(store: Store) -> None:
    """Two networks agree or disagree whatever they are, so |tau| = 1 says nothing."""
    ((_, design),) = sc_sdc.designs(load_artefact("thesis-table-3.3b"), "smoke")
    columns = sc_sdc.Columns.of(store, design)
    assert len(columns.values["egf_2"]) == 16
    assert columns.taus("egf_2", "test_loss", "sparse") == {}
    assert columns.most("sparse") == 2
    assert columns.most("none") == 0


def test_table_of_too_few_networks_says_so(store: Store) -> None:
    """Table 3.1 has a number at no scale whose configurations have two networks."""
    same = replace(load_artefact("thesis-table-3.3b"), name="thesis-table-3.1")
    rendered = sc_sdc.correlations(same, "smoke", store)
    assert {record["measured"] for record in rendered.records} == {None}
    assert any("too few (2)" in cell for row in rendered.table.rows for cell in row)


def test_remembered_store_answers_as_it_did(store: Store) -> None:
    """The same frame again, for the same question with the same values only."""
    held = Remembered(store)
    query = "SELECT ? AS x, count(*) AS n FROM trainings"
    first = held.sql(query, (1,))
    assert first.rows() == store.sql(query, (1,)).rows()
    assert held.sql(query, (1,)) is first
    assert held.sql(query, (2,)).rows()[0][0] == 2
    (run,) = store.sql("SELECT min(run_id) FROM runs").rows()[0]
    assert held.recorded(run) is held.recorded(run)
    assert held.recorded(run).told == store.recorded(run).told


def test_correlations_of_a_configuration_are_kendalls_tau(store: Store) -> None:
    """Of the ten pairs of 1, 2, 3, 4, 5 and 1, 2, 3, 5, 4 nine agree: tau is 8 / 10; four networks are too few."""
    ((_, design),) = sc_sdc.designs(load_artefact("thesis-table-3.3b"), "smoke")

    def column(numbers: list[float], n: int) -> dict[sc_sdc.Training, Value]:
        made = [
            Value({"optimizer": o, "regularisation": "BN", "network": "sparse", "width": f"{i}%"}, 0, x)
            for o, count in (("Adam", n), ("SGD", 4))
            for i, x in enumerate(numbers[:count])
        ]
        return {(frozenset(one.config.items()), one.replicate): one for one in made}

    both = {"egf_2": column([1, 2, 3, 4, 5], 5), "test_loss": column([1, 2, 3, 5, 4], 5)}
    taus = sc_sdc.Columns(design, both).taus("egf_2", "test_loss", "sparse")
    assert taus == {("Adam", "BN"): pytest.approx(0.8)}


def test_histograms_hold_the_weights_that_are_left(store: Store) -> None:
    """Of each layer of ASNI-I as many as its density says, none within the gap, and centroids on either side."""
    artefact = load_artefact("asni-figure-2")
    (task,) = tasks_of(artefact.at("smoke").plans[0])
    (share,) = [one.value for one in values(store, task, "density") if one.config["method"] == "ASNI-I"]
    found = asni_figures.histograms(artefact, "smoke", store, "ASNI-I")
    assert list(found) == ["layers.0", "layers.1", "layers.2"]
    counted = sum(one.counts.sum() for (one,) in found.values())
    assert counted == pytest.approx(share * (64 * 300 + 300 * 100 + 100 * 10))
    for (one,) in found.values():
        middle = len(one.counts) // 2
        assert one.counts[middle - 3 : middle + 3].sum() == 0.0
        assert centroid([one], -1) < one.edges[middle - 3] < one.edges[middle + 3] < centroid([one], 1)  # type: ignore[operator]


def test_initial_histograms_are_of_the_networks_that_are_drawn(store: Store) -> None:
    """A share and a deviation of 64 * 300 drawn weights, to within three of their standard errors."""
    artefact = load_artefact("asni-figure-4")
    (task,) = tasks_of(artefact.at("smoke").plans[0])
    assert isinstance(task, TrainingTask)
    network = build_network(task.blueprint.network, task.blueprint.activations, torch.Generator().manual_seed(1))
    drawn = prunable_layers(network)[0][1].detach().numpy().ravel()
    expected = asni_figures.initial(task)[0]
    assert expected.counts.sum() == pytest.approx(drawn.size, rel=1e-3)
    assert expected.deviation == pytest.approx(drawn.std(), rel=3 / (2 * drawn.size) ** 0.5)
    beyond = np.abs(expected.middles) > 0.2
    assert expected.shares[beyond].sum() == pytest.approx((np.abs(drawn) > 0.2).mean(), abs=0.02)


def test_weights_of_a_network_are_drawn_on_one_range(store: Store) -> None:
    rendered = asni_figures.all_weights(load_artefact("asni-figure-4"), "smoke", store)
    assert [row[0] for row in rendered.table.rows] == ["initialisation", "dense", "ASNI-I", "ASNI-II", "original"]
    cells = {(r["row"], r["column"]): r["measured"] for r in rendered.records}
    assert cells["ASNI-I", "c₊"] > 2 * cells["dense", "c₊"] > 0 > cells["dense", "c₋"]
    (ax,) = rendered.charts[0].make().axes
    ends = {(min(line.get_xdata()), max(line.get_xdata())) for line in ax.get_lines()}
    assert len(ends) == 1


def test_layers_are_drawn_with_bars_at_their_centroids(store: Store) -> None:
    rendered = asni_figures.layer_weights(load_artefact("asni-figure-2"), "smoke", store)
    cells = {(r["row"], r["column"]): r["measured"] for r in rendered.records}
    for ax in rendered.charts[0].make().axes:
        bars = [line.get_xdata()[0] for line in ax.get_lines()[1:]]
        assert bars == [cells[ax.get_title() or ax.get_title(loc="left"), c] for c in ("c₋", "c₊")]


def test_rates_in_training_stand_from_dense_to_sparse(store: Store) -> None:
    rendered = ap.dead_neuron_rates(load_artefact("ap-figure-1"), "smoke", store)
    (chart,) = [chart for chart in rendered.charts if chart.name == "right"]
    shown = [text.get_text() for text in chart.make().legends[0].get_texts()]
    assert shown == ["100.0%", "80.0%"]


def test_curves_have_a_panel_for_each_optimizer_on_one_scale(store: Store) -> None:
    artefact = replace(load_artefact("thesis-table-3.3b"), name="thesis-figure-A.16")
    chart = sc_sdc.curves(artefact, "smoke", store).charts[0]
    figure = chart.make()
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() or ax.get_title(loc="left") for ax in shown] == ["Adam", "SGD"]
    assert len({ax.get_ylim() for ax in shown}) == 1
    for ax in shown:
        solid, dashed = ax.get_lines()[:2], ax.get_lines()[2:]
        assert {line.get_linestyle() for line in solid} == {"-"}
        assert {line.get_linestyle() for line in dashed} == {"--"}
        assert [line.get_color() for line in solid] == [line.get_color() for line in dashed]
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert keys == ["BN", "L2_BN", "sparse", "dense"]


def test_layer_sparsity_adds_up_to_the_network(store: Store) -> None:
    artefact = load_artefact("asni-figure-5")
    (plan,) = artefact.at("smoke").plans
    (task,) = tasks_of(plan)
    (whole,) = [one.value for one in values(store, task, "density") if one.config["method"] == "ASNI-I"]
    shares = [record["measured"] for record in asni_figures.layer_sparsity(artefact, "smoke", store).records]
    sizes = (64 * 300, 300 * 100, 100 * 10)
    active = sum(size * (1 - share / 100) for size, share in zip(sizes, shares, strict=True))
    assert active / sum(sizes) == pytest.approx(whole)


def test_layers_stand_in_forward_order(store: Store) -> None:
    rendered = asni_figures.layer_sparsity(load_artefact("asni-figure-5"), "smoke", store)
    (task,) = tasks_of(load_artefact("asni-figure-5").at("smoke").plans[0])
    assert isinstance(task, TrainingTask)
    options = {k: v for k, v in task.blueprint.network.options if k != "initialisation"}
    layers = [name for name, _ in prunable_layers(on_meta(task.blueprint.network.name, options))]
    assert [row[0] for row in rendered.table.rows] == layers


def test_artefact_that_was_not_trained_is_all_holes(store: Store) -> None:
    rendered = render(load_artefact("ap-table-2"), "smoke", store)
    assert all(record["measured"] is None for record in rendered.records)
    assert rendered.table.rows[0][1] == "— [90.2 ± 0.5]"
    command = "nasbench-sparse paper run ap-table-2 --scale smoke --store STORE"
    assert rendered.notes[0] == f"Not trained yet; this trains it: {command}"
    assert not any("Measured" in note for note in rendered.notes)


def test_artefact_is_written_as_files(store: Store, tmp_path: Path) -> None:
    artefact = load_artefact("ap-figure-1")
    rendered = render(artefact, "smoke", store)
    written = {path.name for path in write(artefact, "smoke", rendered, tmp_path)}
    charts = {f"ap-figure-1-smoke-{side}.{end}" for side in ("left", "right") for end in ("svg", "pdf", "png")}
    assert written == {"ap-figure-1-smoke.md", "ap-figure-1-smoke.tex", "ap-figure-1-smoke.csv", *charts}
    assert (tmp_path / "ap-figure-1-smoke-left.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "ap-figure-1-smoke.csv").read_text().splitlines()))
    assert [float(row["measured"]) for row in rows] == [record["measured"] for record in rendered.records]
    assert (tmp_path / "ap-figure-1-smoke.md").read_text().startswith("**ap, Figure 1")


def test_evidence_is_of_the_largest_scale_that_was_run(store: Store) -> None:
    claim = claims()["ap-pro-over-ap-lite"]
    scale, found = evidence(claim, load_artefact(claim.artefact), store)
    assert scale == "smoke"
    assert (found.n, found.holds) == (1, None)
    other = claims()["snas-smaller-and-no-worse"]
    assert evidence(other, load_artefact(other.artefact), store)[0] is None
