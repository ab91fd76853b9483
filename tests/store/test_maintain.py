from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl
import pytest

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store
from tests.store.samples import FINGERPRINT, TABLES, begin, contents, fill, journal, record_everything, spec, trial

RUN = spec().run_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results.duckdb")
    with begin(store) as log:
        record_everything(log)
    fill(store, seed=1, first=10)
    return store


@pytest.mark.parametrize("merged", [False, True])
def test_info_counts_what_is_there(store: Store, merged: bool) -> None:
    if merged:
        store.merge()
    info = store.info()
    assert info["rows"]["trials"] == 13
    assert info["runs"] == {"finished": 1, "running": 1}
    assert (info["journals"], info["hidden_runs"], info["schema_version"]) == (1 if merged else 2, 0, 3)
    assert info["bytes"] == (store.path.stat().st_size if merged else 0)


@pytest.mark.parametrize("merged", [False, True])
def test_export_is_read_back_by_polars(store: Store, tmp_path: Path, merged: bool) -> None:
    if merged:
        store.merge()
    files = store.export(tmp_path / "it's out")
    assert [file.stem for file in files] == [*TABLES, "manifest"]
    manifest = json.loads(files[-1].read_bytes())["files"]
    for file in files[:-1]:
        assert manifest[file.name]["sha256"] == sha256(file.read_bytes()).hexdigest()
        assert manifest[file.name]["rows"] == pl.read_parquet(file).height == len(contents(store)[file.stem])
    exported = pl.read_parquet(tmp_path / "it's out" / "trials.parquet")
    assert exported.sort("run_id", "number").equals(store.sql("FROM trials ORDER BY run_id, number"))
    with pytest.raises(StoreError, match="not an empty directory"):
        store.export(tmp_path / "it's out")


def test_hide_leaves_a_run_out_of_the_visible_views_only(store: Store) -> None:
    store.hide(RUN)
    assert store.sql("SELECT DISTINCT run_id FROM visible_trials").rows() == [(spec(1).run_id,)]
    assert store.sql("SELECT run_id FROM visible_runs").rows() == [(spec(1).run_id,)]
    assert store.sql("SELECT count(*) FROM trials").item() == 13
    assert len(store.results(FINGERPRINT)) > 0
    with begin(store) as log:  # it stays hidden while it goes on, before and after its events are merged
        log.asked(trial(20), 0.0)
        log.flush()
        assert store.sql("SELECT count(*) FROM visible_runs").item() == 1
    store.merge()
    assert store.sql("SELECT count(*) FROM visible_runs").item() == 1
    store.unhide(RUN)
    assert store.sql("SELECT count(*) FROM visible_trials").item() == 14


def test_remove_deletes_trials_and_keeps_results(store: Store) -> None:
    results = store.results(FINGERPRINT)
    store.remove(RUN)
    assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]
    assert store.recorded(RUN).status == "new"
    assert store.sql("SELECT DISTINCT run_id FROM trials").rows() == [(spec(1).run_id,)]
    assert sorted(map(repr, store.results(FINGERPRINT).items())) == sorted(map(repr, results.items()))
    assert store.verify() == []
    fill(store)  # it may be run anew
    store.merge()
    assert list(store.recorded(RUN).asked) == [0, 1, 2, 3]


def test_remove_and_hide_name_the_nearest_run(store: Store) -> None:
    for action in (store.remove, store.hide, store.unhide):
        with pytest.raises(StoreError, match=f"did you mean '{RUN}'"):
            action(RUN[:-1] + "?")
    assert [path.name for path in journal(store).parent.iterdir()] == [journal(store).name]


def test_remove_refuses_a_run_that_is_being_written(store: Store) -> None:
    with begin(store) as log:
        with pytest.raises(StoreError, match="is being written"):
            store.remove(RUN)
        log.asked(trial(20), 0.0)
    assert len(store.recorded(RUN).asked) == 10


def test_a_store_without_runs_has_nothing_to_hide(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run yet"):
        Store(tmp_path / "new.duckdb").hide(RUN)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DELETE FROM runs", "trials whose run is unknown"),
        ("INSERT INTO trials FROM trials LIMIT 2", "2 trials recorded twice"),
        ("INSERT INTO trainings FROM trainings LIMIT 3", "3 results recorded twice"),
        ("DELETE FROM configs", "trials whose config is unknown"),
        ("DELETE FROM trainings", "new results of trials that the table lacks"),
    ],
)
def test_verify_names_what_the_tables_break(store: Store, damage: str, what: str) -> None:
    store.merge()
    assert store.verify() == []
    with duckdb.connect(str(store.path)) as connection:
        connection.execute(damage)
    assert any(what in problem.what for problem in store.verify())


def test_verify_finds_a_damaged_block(store: Store) -> None:
    store.merge()
    content = bytearray(store.path.read_bytes())
    content[12288 + 8000 : 12288 + 8064] = bytes(64)
    content[-200000] ^= 1
    store.path.write_bytes(content)
    assert [problem.where for problem in store.verify()] == [str(store.path)]
