from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest

from nasbench_sparse.errors import SealedQueryError
from nasbench_sparse.store import Store
from tests.store.samples import begin, contents, fill, ok, spec, told, trial


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("merged") / "results.duckdb")
    fill(store)
    store.merge()
    return store


@pytest.fixture(scope="module")
def pending(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("pending") / "results.duckdb")
    fill(store, seed=1)
    store.merge()
    fill(store)
    return store


@pytest.fixture(params=["merged", "pending"])
def store(request: pytest.FixtureRequest) -> Store:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Store)
    return found


@pytest.mark.parametrize(
    "query",
    [
        "FROM trials",
        "SELECT status, count(*) FROM trials GROUP BY ALL",
        "WITH t AS (SELECT 1 AS x) SELECT * FROM t",
        "DESCRIBE trials",
        "SHOW TABLES",
        "SUMMARIZE runs",
        "EXPLAIN SELECT * FROM trials",
        "explain analyze (format json) SELECT 1",
        "VALUES (1)",
        "SELECT 1;",
        "-- a remark; with a semicolon\nSELECT 1",
    ],
)
def test_reading_statements_are_answered(store: Store, query: str) -> None:
    assert store.sql(query).height > 0


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("COPY trials TO '{dir}/out.csv'", "the COPY statement is refused"),
        ("COPY trials TO '{store}' (FORMAT csv)", "the COPY statement is refused"),
        ("EXPLAIN ANALYZE COPY trials TO '{store}' (FORMAT csv)", "the COPY statement is refused"),
        ("explain (analyze) COPY trials TO '{store}' (FORMAT csv)", "refused|syntax error"),
        ("/* */ EXPLAIN /* */ ANALYZE COPY trials TO '{store}' (FORMAT csv)", "refused|syntax error"),
        ("EXPLAIN EXPLAIN SELECT 1", "refused|syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("SELECT * FROM read_text('/etc/passwd')", "disabled by configuration"),
        ("SELECT * FROM glob('/etc/*')", "disabled by configuration"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("FROM '{dir}/secret.csv'", "disabled by configuration|does not exist"),
        ("ATTACH '{dir}/new.duckdb'", "the ATTACH statement is refused"),
        ("DETACH store", "the DETACH statement is refused"),
        ("INSTALL httpfs", "the LOAD statement is refused"),
        ("LOAD httpfs", "the LOAD statement is refused"),
        ("SET lock_configuration = false", "the SET statement is refused"),
        ("USE memory", "the SET statement is refused"),
        ("PRAGMA database_list", "the PRAGMA statement is refused"),
        ("CALL pragma_version()", "the CALL statement is refused"),
        ("DELETE FROM trials", "the DELETE statement is refused"),
        ("UPDATE runs SET hidden = true", "the UPDATE statement is refused"),
        ("INSERT INTO meta VALUES (9)", "the INSERT statement is refused"),
        ("DROP TABLE trials", "the DROP statement is refused"),
        ("CREATE TEMP TABLE x AS SELECT 1", "the CREATE statement is refused"),
        ("CHECKPOINT", "refused"),
        ("EXPORT DATABASE '{dir}/all'", "the EXPORT statement is refused"),
        ("PREPARE q AS SELECT 1", "the PREPARE statement is refused"),
        ("SELECT 1; SELECT 2", "2 statements given"),
        ("SELECT 1; DROP TABLE trials", "2 statements given"),
        ("", "0 statements given"),
        ("SELEC 1", "syntax error"),
        ("SELECT ?", "parameters"),
        ("SELECT * FROM frame", "Table with name frame does not exist"),
        ("SELECT INTERVAL 1 DAY", r"turn it into a number or text, as epoch\(interval\) does"),
    ],
)
def test_everything_else_is_refused_and_changes_nothing(store: Store, query: str, reason: str) -> None:
    frame = pl.DataFrame({"x": [1]})  # a Python variable a query could name, were it not sealed
    assert frame.height == 1
    before = store.path.read_bytes()
    names = sorted(store.path.parent.rglob("*"))
    with pytest.raises(SealedQueryError, match=reason):
        store.sql(query.format(dir=store.path.parent, store=store.path))
    assert store.path.read_bytes() == before
    assert sorted(store.path.parent.rglob("*")) == names


def test_unknown_names_are_met_with_those_that_exist(store: Store) -> None:
    with pytest.raises(SealedQueryError, match="trial does not exist! Did you mean trials or"):
        store.sql("SELECT * FROM trial")
    with pytest.raises(SealedQueryError, match="There are configs, conflicts, "):
        store.sql("SELECT * FROM zzz")
    with pytest.raises(SealedQueryError, match=r'"los" not found.*Did you mean loss'):
        store.sql("SELECT los FROM trials")


def test_parameters_are_bound_not_pasted(store: Store) -> None:
    query = "SELECT count(*) FROM trials WHERE run_id = ?"
    assert store.sql(query, [spec().run_id]).item() == 4
    assert store.sql(query, ["' OR 1 = 1 --"]).item() == 0


def test_a_query_is_stopped_after_its_time(store: Store) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE (a.range * b.range) % 7 = 3"
    with pytest.raises(SealedQueryError, match=r"stopped after 0\.2 s"):
        store.sql(endless, timeout=0.2)


def test_outcomes_of_merged_asks_are_seen_before_they_are_merged(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.duckdb")
    with begin(store) as log:
        for number in range(3):
            log.asked(trial(number), 0.0)
        store.merge()
        log.told(told(1, ok(3)))
        rows = store.sql("SELECT number, status, told_order FROM trials ORDER BY number").rows()
        assert rows == [(0, None, None), (1, "OK", 4), (2, None, None)]
        assert store.sql("SELECT count(*) FROM trainings").item() == 6
        assert store.sql("SELECT status, events FROM runs").row(0) == ("running", 4)
        before = contents(store)
    store.merge()
    assert contents(store) == before


def test_threads_may_read_and_merge_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.duckdb")
    counts: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            counts.append(store.sql("SELECT count(*) FROM trials").item())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for seed in range(4):
            fill(store, seed)
            assert store.merge(wait=10.0)
    finally:
        done.set()
        reader.join()
    assert counts == sorted(counts)
    assert store.sql("SELECT count(*) FROM trials").item() == 16
    assert store.verify() == []
