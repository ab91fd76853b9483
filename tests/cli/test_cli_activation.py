"""The commands of `activation`: from a recorded run to a name, a formula and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.blueprint import Blueprint, Cell, Network, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.nn.named import activation
from nasbench_sparse.search_spaces import ActivationCell, OperatorChromosome
from nasbench_sparse.training.task import TrainingTask
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASBENCH_SPARSE_ACTIVATIONS", str(tmp_path / "activations"))
    return tmp_path


def _task(name: str, space: nbs.SearchSpace) -> TrainingTask:
    blueprint = Blueprint(Network("mlp", (("inputs", 64), ("hidden", (4,)))), (Train(1, Recipe(batch_size=500)),))
    return TrainingTask(
        name=name,
        family="test",
        space=space,
        dataset="digits",
        fidelity=Fidelity("epochs", 1, 1),
        blueprint=blueprint,
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "results.duckdb"
    nbs.run(_task("cells", ActivationCell(bounded=False)), "random", trials=3, store=path)
    nbs.run(_task("operators", OperatorChromosome(1)), "random", trials=1, store=path)
    return path


def _runs(store: Path) -> dict[str, str]:
    frame = nbs.Store(store).sql("SELECT k.name, r.run_id FROM runs AS r JOIN tasks AS k USING (fingerprint)")
    return dict(frame.iter_rows())


def test_cell_of_a_runs_incumbent_is_saved_and_shown(command: Command, store: Path) -> None:
    run = _runs(store)["cells"]
    status, out, err = command("activation", "save", "found", "--store", store, "--run", run[:6])
    assert (status, err) == (0, "")
    best = nbs.Store(store).sql(
        f"SELECT config FROM trials JOIN runs USING (run_id) JOIN configs USING (fingerprint, config_key) "
        f"WHERE run_id = '{run}' ORDER BY loss LIMIT 1"
    )["config"][0]
    config = json.loads(best)
    saved = activation("found")
    assert isinstance(saved, Cell)
    assert (*saved.unary, *saved.binary) == tuple(config[e] for e in ("u1", "u2", "u3", "u4", "b1", "b2"))
    assert not saved.bounded
    formula = out.splitlines()[0]
    status, out, _ = command("activation", "show", "found")
    assert out.splitlines() == [formula, "saved", f"unbounded; run {run} on cells"]
    assert "found" in command("activation", "list").out


def test_run_without_cells_and_taken_names_are_refused(command: Command, store: Path) -> None:
    runs = _runs(store)
    status, _, err = command("activation", "save", "found", "--store", store, "--run", runs["operators"])
    assert status == 1
    assert "configs are no activation cells" in err
    status, _, err = command("activation", "save", "gelu", "--store", store, "--run", runs["cells"])
    assert status == 1
    assert "exists already" in err


def test_list_prints_every_published_formula(command: Command) -> None:
    rows = json.loads(command("activation", "list", "--json").out)
    assert len(rows) == 20
    assert {"name": "grafs-vit-1", "kind": "published (GRAFS)", "formula": rows[5]["formula"]} == rows[5]
    assert rows[5]["formula"] == "0.6601*GELU(SiLU(x)*GELU(x)) + 0.3399*x^2"
    assert command("activation", "show", "gelu").out == "gelu: gelu(x)\nbaseline\n"


def test_plot_writes_a_picture(command: Command, tmp_path: Path) -> None:
    for ending, begins in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        path = tmp_path / f"shapes.{ending}"
        assert command("activation", "plot", "grafs-rn-1", "grafs-gpt-3", "-o", path).status == 0
        assert path.read_bytes().startswith(begins)
    status, _, err = command("activation", "plot", "gelu", "-o", tmp_path / "shape.txt")
    assert status == 1
    assert "allowed endings are .png, .svg, .pdf" in err
