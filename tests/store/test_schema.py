from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store, schema
from nasbench_sparse.store.connect import create
from tests.store.samples import contents, fill, spec


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "results.duckdb"
    store = Store(path)
    fill(store)
    store.merge()
    return path


def test_an_older_store_is_copied_and_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(Store(path))
    migration = "ALTER TABLE tasks ADD COLUMN remark VARCHAR; UPDATE tasks SET remark = 'migrated'"
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, migration])
    store = Store(path)
    assert store.sql("SELECT remark FROM tasks").item() == "migrated"
    assert store.recorded(spec().run_id).status == "finished"
    backup = path.with_name(f"{path.name}.backup-v{len(schema.MIGRATIONS) - 1}")
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, backup.name]
    Store(path)  # a second time there is nothing to do
    monkeypatch.undo()
    assert contents(Store(backup)) == before


def test_a_failing_migration_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(Store(path))
    broken = "ALTER TABLE tasks ADD COLUMN remark VARCHAR; UPDATE nowhere SET x = 1"
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, broken])
    with pytest.raises(duckdb.Error):
        Store(path)
    monkeypatch.undo()
    assert contents(Store(path)) == before


def test_a_newer_store_is_refused_untouched(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET schema_version = schema_version + 1")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="schema version 4; this release knows up to 3"):
        Store(path)
    assert path.read_bytes() == content


def test_another_duckdb_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE cats (name VARCHAR)")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="a DuckDB file but not a store"):
        Store(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"name,loss\nx,1\n" * 2000, b"\x00" * 20000])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is empty" if not content else "not a DuckDB file"):
        Store(path)
    assert path.read_bytes() == content


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a directory"):
        Store(tmp_path)


def test_a_missing_store_is_refused_unless_it_may_be_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        Store(tmp_path / "none.duckdb", create=False)
    store = Store(tmp_path / "none.duckdb")
    assert store.sql("FROM trials").height == 0
    assert not store.path.exists()  # until the first merge
    assert store.merge()


@pytest.mark.parametrize("kept", [100, 5000, 12288, 12288 + 262144])
def test_a_truncated_store_is_refused_and_left_as_it_is(path: Path, kept: int) -> None:
    content = path.read_bytes()[:kept]
    path.write_bytes(content)
    with pytest.raises(StoreError, match="truncated"):
        Store(path).sql("FROM trials")
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["main.duckdb", "store.db", "memory", "temp.duckdb", "it's é.duckdb", "other.x"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name)
    fill(store, trials=1)
    assert store.sql("SELECT count(*) FROM trials").item() == 1
    assert store.merge()
    assert Store(tmp_path / name).sql("SELECT count(*) FROM trials").item() == 1


def test_a_store_of_version_1_gains_what_came_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        create(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "INSERT INTO trials (run_id, number, kind, config_key, replicate, fidelity, resumes_at, status) "
            "VALUES ('r', 0, 'trial', 'k', 0, 1, 0, 'OK')"
        )
    store = Store(path)
    assert store.sql("SELECT run_id, predicted FROM visible_trials").rows() == [("r", None)]
    assert store.sql("FROM table_losses").height == 0
    assert store.info()["schema_version"] == len(schema.MIGRATIONS)
