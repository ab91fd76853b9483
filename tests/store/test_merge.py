from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store, connect
from nasbench_sparse.store import merge as merge_module
from tests.store.samples import (
    begin,
    contents,
    curve,
    fill,
    journal,
    ok,
    record_everything,
    search_trial,
    spec,
    told,
    trial,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store" / "results.duckdb")


def run_script(name: str, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.store.{name}", *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_merge_twice_changes_nothing(store: Store) -> None:
    with begin(store) as log:
        record_everything(log)
    saved = journal(store).read_bytes()
    assert store.merge()
    first = contents(store)
    assert store.merge()
    assert contents(store) == first
    journal(store).write_bytes(saved)  # as if a crash had come before its deletion
    assert store.merge()
    assert contents(store) == first


def test_merge_leaves_one_file_at_rest(store: Store) -> None:
    fill(store)
    assert store.merge()
    assert [p.name for p in store.path.parent.iterdir()] == [store.path.name]


def test_merge_in_chunks_is_the_same(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with begin(store) as log:
        record_everything(log)
    fill(store, seed=1)
    copy = Store(tmp_path / "copy" / "results.duckdb")
    shutil.copytree(store.path.parent, copy.path.parent)
    assert store.merge()
    monkeypatch.setattr(merge_module, "CHUNK", 3)
    assert copy.merge()
    assert contents(copy) == contents(store)


def test_merge_keeps_journals_while_the_file_is_held(store: Store) -> None:
    fill(store)
    store.merge()
    fill(store, seed=1)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert not store.merge()
        assert not store.merge(wait=0.12)
        assert journal(store, 1).exists()
        holder.communicate("\n")
    assert store.merge()
    assert not journal(store, 1).exists()
    assert len(contents(store)["runs"]) == 2


def test_merge_never_deletes_the_journal_of_a_writer(store: Store) -> None:
    with begin(store) as log:
        log.asked(trial(0), 0.0)
        log.end("finished", {}, {})
        assert store.merge()
        log.asked(trial(1), 0.0)
    assert store.merge()
    assert list(store.recorded(spec().run_id).asked) == [0, 1]


def test_a_merge_killed_at_any_statement_loses_and_doubles_nothing(store: Store, tmp_path: Path) -> None:
    fill(store, seed=2, trials=1)
    store.merge()
    with begin(store) as log:
        record_everything(log)
        log.end("finished", {}, {})
    fill(store, seed=1, trials=2)
    whole = contents(store)
    script = run_script("crashing_merges", str(store.path.parent), store.path.name)
    out, err = script.communicate(timeout=120)
    assert err == ""
    lives = out.split()
    assert len(lives) > 9
    for life in lives:
        crashed = Store(tmp_path / f"crash-{life}" / store.path.name)
        assert contents(crashed) == whole, life
        assert crashed.merge()
        assert contents(crashed) == whole, life
        assert not journal(crashed).exists()


def test_eight_processes_append_and_merge_while_a_reader_is_never_refused(store: Store) -> None:
    workers = [run_script("busy_writer", str(store.path), str(seed)) for seed in range(8)]
    counts = []
    while any(worker.poll() is None for worker in workers):
        counts.append(store.sql("SELECT count(told_order) FROM trials").item())
    for worker in workers:
        out, err = worker.communicate()
        assert (worker.returncode, err) == (0, ""), out
    assert counts == sorted(counts)
    assert store.merge(wait=10.0)
    assert [p.name for p in store.path.parent.iterdir()] == [store.path.name]
    assert store.verify() == []
    rows = store.sql("SELECT run_id, count(*), count(DISTINCT number), count(told_order) FROM trials GROUP BY ALL")
    assert sorted(rows.rows()) == sorted((spec(seed).run_id, 15, 15, 15) for seed in range(8))
    assert store.sql("SELECT count(*) FROM trainings").item() == 8 * 15 * 2 * 3


def test_a_longer_curve_extends_the_shorter_one(store: Store) -> None:
    for seed, length in ((0, 2), (1, 5), (2, 3)):
        with begin(store, seed) as log:
            log.asked(trial(0, fidelity=length), 0.0)
            log.told(told(0, ok(length)))
        store.merge()
    assert store.sql("SELECT fold, step FROM trainings ORDER BY ALL").rows() == [
        (f, s) for f in (0, 1) for s in range(1, 6)
    ]
    assert store.sql("FROM conflicts").height == 0
    assert store.verify() == []


@pytest.mark.parametrize("merge_between", [False, True])
def test_a_different_result_is_kept_as_a_conflict(store: Store, merge_between: bool) -> None:
    first, second = sorted(range(2), key=lambda seed: spec(seed).run_id)  # journals merge in order of run
    slower = tuple(point._replace(seconds=point.seconds * 2) for point in curve(3))
    other = (*slower[:1], slower[1]._replace(val_loss=9.0), *slower[2:])
    for seed, curves in ((first, (curve(3), curve(3))), (second, (slower, other))):
        with begin(store, seed) as log:
            log.asked(trial(0), 0.0)
            log.told(told(0, Evaluation(Status.OK, curves, 1.0)))
        if merge_between:
            store.merge()
    store.merge()
    rows = store.sql("SELECT run_id, fold, step, val_loss FROM conflicts").rows()
    assert rows == [(spec(second).run_id, 1, 2, 9.0)]
    assert store.sql("SELECT max(val_loss) < 9 FROM trainings").item()
    [problem] = store.verify()
    assert problem.what.startswith("1 values that differ")
    # each run is read back with what it was told
    assert store.recorded(spec(second).run_id).told[0].evaluation.curves[1][1].val_loss == 9.0
    assert store.recorded(spec(first).run_id).told[0].evaluation.curves == (curve(3), curve(3))


def test_a_search_step_derived_differently_is_a_conflict(store: Store) -> None:
    for seed, config in ((0, {"u1": "relu"}), (1, {"u1": "tanh"})):
        with begin(store, seed) as log:
            log.asked(search_trial(0, 0), 0.0)
            log.told(told(0, Evaluation(Status.OK, (), 1.0, config=config)))
        store.merge()
    assert store.sql("SELECT run_id, phase FROM conflicts").rows() == [(spec(1).run_id, "search step")]
    for seed, config in ((0, {"u1": "relu"}), (1, {"u1": "tanh"})):
        assert store.recorded(spec(seed).run_id).told[0].evaluation.config == config


def test_merge_from_adds_everything_once(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.duckdb")
    fill(store, seed=0)
    with begin(other, seed=1) as log:
        records = record_everything(log)
        other.merge()
        log.asked(replace(records[8][0], number=9), 0.0)
    fill(other, seed=0)
    fill(other, seed=2, trials=2, shift=0.5)
    told_there = repr(other.recorded(spec(1).run_id))
    before = contents(other)
    gained = store.merge_from(other.path)
    assert gained["runs"] == 2
    assert contents(other) == before
    assert len(contents(store)["trials"]) == 4 + 10 + 2
    assert repr(store.recorded(spec(1).run_id)) == told_there
    assert store.recorded(spec(2).run_id).told[0].evaluation == ok(3, 0.5)
    assert set(store.merge_from(other.path).values()) == {0}
    with pytest.raises(StoreError, match="into itself"):
        store.merge_from(store.path)
    with pytest.raises(StoreError, match="no store"):
        store.merge_from(tmp_path / "nowhere.duckdb")


def test_merge_from_prefers_the_longer_record_of_a_run(store: Store, tmp_path: Path) -> None:
    fill(store, trials=2)
    store.merge()
    other = Store(tmp_path / "other.duckdb")
    shutil.copyfile(store.path, other.path)
    fill(other, trials=3, first=2)
    other.merge()
    store.merge_from(other.path)
    assert contents(store) == contents(other)
    shorter = contents(store)
    other.merge_from(store.path)
    assert contents(other) == shorter


def test_two_creators_make_one_store(store: Store) -> None:
    store.path.parent.mkdir()
    connect.create(store.path)
    inode = os.stat(store.path).st_ino
    connect.create(store.path)
    assert os.stat(store.path).st_ino == inode
    assert [p.name for p in store.path.parent.iterdir()] == [store.path.name]
