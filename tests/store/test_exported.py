"""Exports are read back: merged like the store they were made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store
from tests.store.samples import TABLES, contents, fill, spec


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "s.duckdb")
    fill(store)
    fill(store, seed=1)
    store.merge()
    return store


def test_an_export_is_merged_like_its_store(store: Store, tmp_path: Path) -> None:
    store.export(tmp_path / "out")
    other = Store(tmp_path / "other.duckdb")
    gained = other.merge_from(tmp_path / "out")
    assert gained["runs"] == 2
    assert contents(other) == contents(store)
    assert other.merge_from(tmp_path / "out")["trials"] == 0
    assert other.recorded(spec().run_id) == store.recorded(spec().run_id)


def test_runs_are_exported_without_trainings(store: Store, tmp_path: Path) -> None:
    run_id = spec(1).run_id
    files = store.export_runs(tmp_path / "out", [run_id], {"command": "made by hand"})
    assert sorted(file.name for file in files) == [
        "configs.parquet",
        "manifest.json",
        "runs.parquet",
        "tasks.parquet",
        "trials.parquet",
    ]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["command"] == "made by hand"
    other = Store(tmp_path / "other.duckdb")
    other.merge_from(tmp_path / "out")
    assert other.sql("SELECT DISTINCT run_id FROM trials")["run_id"].to_list() == [run_id]
    rows = other.info()["rows"]
    assert (rows["runs"], rows["trainings"]) == (1, 0)
    assert rows.keys() == set(TABLES)
    assert "host" not in json.loads(other.sql("SELECT provenance FROM runs").item())


@pytest.mark.parametrize("name", ["trials.parquet", "manifest.json"])
@pytest.mark.parametrize("damage", ["changed", "truncated", "missing"])
def test_a_damaged_export_is_refused_whole(store: Store, tmp_path: Path, name: str, damage: str) -> None:
    store.export_runs(tmp_path / "out", [spec().run_id], {})
    file = tmp_path / "out" / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"x" + content[1:])
    other = Store(tmp_path / "other.duckdb")
    with pytest.raises(StoreError, match=r"missing, truncated or changed|cannot be read"):
        other.merge_from(tmp_path / "out")
    assert other.sql("FROM trials").height == 0


def test_a_newer_export_is_refused(store: Store, tmp_path: Path) -> None:
    store.export_runs(tmp_path / "out", [spec().run_id], {})
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))
    with pytest.raises(StoreError, match="schema version 99; this release knows up to"):
        Store(tmp_path / "other.duckdb").merge_from(tmp_path / "out")


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no export of a store"):
        Store(tmp_path / "other.duckdb").merge_from(tmp_path)
