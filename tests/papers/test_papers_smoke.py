"""Artefacts end to end at the smallest scale: trained, shown, and written."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nasbench_sparse.leaderboard.papers import ap, asni, sc_sdc
from nasbench_sparse.leaderboard.papers.evidence import evidence
from nasbench_sparse.leaderboard.papers.rendered import render, write
from nasbench_sparse.leaderboard.papers.values import values
from nasbench_sparse.store import Store
from nasbench_sparse.tasks.papers import claims, load_artefact
from nasbench_sparse.tasks.papers.plans import carry_out, tasks_of

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
    assert len(cells) == 3 * 2
    assert rendered.table.rows[0][1] == "— [90.3 ± 0.4]"
    assert any("scale smoke" in note for note in rendered.notes)


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


def test_correlations_of_a_configuration_are_kendalls_tau(store: Store) -> None:
    """Two networks of a configuration agree or disagree: |tau| is 1."""
    ((_, design),) = sc_sdc.designs(load_artefact("thesis-table-3.3b"), "smoke")
    taus = sc_sdc.Columns.of(store, design).taus("egf_2", "test_loss", "sparse")
    assert taus == {(o, v): 1.0 for o in ("Adam", "SGD") for v in ("BN", "L2_BN")}


def test_layer_sparsity_adds_up_to_the_network(store: Store) -> None:
    artefact = load_artefact("asni-figure-5")
    (plan,) = artefact.at("smoke").plans
    (task,) = tasks_of(plan)
    (whole,) = [one.value for one in values(store, task, "density") if one.config["method"] == "ASNI-I"]
    shares = [record["measured"] for record in asni.layer_sparsity(artefact, "smoke", store).records]
    sizes = (64 * 300, 300 * 100, 100 * 10)
    active = sum(size * (1 - share / 100) for size, share in zip(sizes, shares, strict=True))
    assert active / sum(sizes) == pytest.approx(whole)


def test_quantiles_of_weights_ascend(store: Store) -> None:
    rendered = asni.layer_weights(load_artefact("asni-figure-5"), "smoke", store)
    numbers = [[float(cell) for cell in row[1:]] for row in rendered.table.rows]
    assert len(numbers) == 3
    assert all(row == sorted(row) and len(row) == 9 for row in numbers)


def test_artefact_that_was_not_trained_is_all_holes(store: Store) -> None:
    rendered = render(load_artefact("ap-table-2"), "smoke", store)
    assert all(record["measured"] is None for record in rendered.records)
    assert rendered.table.rows[0][1] == "— [90.2 ± 0.5]"


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
