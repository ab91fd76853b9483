from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store
from tests.store.samples import (
    FINGERPRINT,
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

RUN = spec().run_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results.duckdb")


def expected(log_records: list) -> str:
    """What should be read back, as text: NaN is equal to itself there."""
    outcomes = [outcome for _, outcome in reversed(log_records) if outcome is not None]
    plain = []
    for outcome in outcomes:
        error = outcome.evaluation.error
        error = None if error is None else error.encode("utf-8", "backslashreplace").decode()
        plain.append(replace(outcome, evaluation=replace(outcome.evaluation, shared=(), error=error)))
    return as_text(Recording({t.number: t for t, _ in log_records}, plain, "running"))


def as_text(recording: Recording) -> str:
    return repr(recording).replace("mappingproxy({})", "{}")


@pytest.mark.parametrize("durable", ["each", "batch"])
@pytest.mark.parametrize("merged", [False, True])
def test_recorded_returns_every_kind_of_event_as_it_was_told(store: Store, durable: str, merged: bool) -> None:
    with begin(store, durable=durable) as log:
        records = record_everything(log)
    if merged:
        assert store.merge()
    assert as_text(store.recorded(RUN)) == expected(records)


def test_recorded_mixes_file_and_journal(store: Store) -> None:
    with begin(store) as log:
        for number in range(3):
            log.asked(trial(number), 0.0)
        log.told(told(1, ok(3)))
        log.flush()
        assert store.merge()
        log.told(told(0, ok(3, 0.1)))
        log.asked(search_trial(3, 0), 1.0)
        log.told(told(3, Evaluation(Status.OK, (), 1.0, config={"a": 1})))
        mixed = store.recorded(RUN)
    assert [outcome.number for outcome in mixed.told] == [1, 0, 3]
    assert [item.told_before for item in mixed.asked.values()] == [0, 0, 0, 2]
    assert mixed.told[1].evaluation == ok(3, 0.1)
    assert store.merge()
    assert as_text(store.recorded(RUN)) == as_text(mixed)
    with begin(store) as log:
        assert as_text(log.recording) == as_text(mixed)


def test_recorded_is_new_for_an_unknown_run(store: Store) -> None:
    assert store.recorded("f" * 16) == Recording()
    fill(store)
    assert store.recorded("f" * 16).status == "new"


def test_a_run_that_records_nothing_leaves_nothing(store: Store) -> None:
    with begin(store):
        assert journal(store).exists()
    assert not journal(store).exists()


@pytest.mark.parametrize("merge_between", [False, True])
def test_an_ended_run_is_extended(store: Store, merge_between: bool) -> None:
    fill(store, trials=2)
    if merge_between:
        store.merge()
        assert not journal(store).exists()
    fill(store, trials=3, first=2)
    recording = store.recorded(RUN)
    assert list(recording.asked) == [0, 1, 2, 3, 4]
    assert (recording.status, recording.spent) == ("finished", {"trials": 5.0})
    store.merge()
    assert as_text(store.recorded(RUN)) == as_text(recording)
    events = store.sql("SELECT asked_order, told_order FROM trials ORDER BY number").rows()
    assert events == [(1, 2), (3, 4), (7, 8), (9, 10), (11, 12)]  # 0 and 6 are headers, 5 an end


def test_results_hold_the_longest_reusable_evaluation(store: Store) -> None:
    with begin(store) as log:
        records = record_everything(log)
    longer = ok(6)
    with begin(store, seed=1) as log:
        log.asked(trial(0, dict(records[8][0].config), fidelity=6), 0.0)
        log.told(told(0, ok(2)))
        log.asked(trial(1, dict(records[8][0].config), fidelity=6), 0.0)
        log.told(told(1, longer))
    keys = [(item.config_key, 0) for item, _ in records]
    for _ in range(2):
        results = store.results(FINGERPRINT)
        assert set(results) == {keys[0], keys[1], keys[8]}
        assert results[keys[8]].curves == longer.curves
        assert results[keys[8]].seconds == pytest.approx(6 / 3 * 2)
        assert results[keys[0]].status is Status.OK
        assert results[keys[1]].status is Status.DIVERGED
        assert store.results("f" * 16) == {}
        assert store.merge()
    assert store.verify() == []


def test_results_of_a_fold_that_diverged_early_keep_the_other_folds(store: Store) -> None:
    evaluation = Evaluation(Status.DIVERGED, (curve(5), curve(2)), 2.0)
    with begin(store) as log:
        log.asked(trial(0, fidelity=5), 0.0)
        log.told(told(0, evaluation))
    store.merge()
    assert store.results(FINGERPRINT)[trial(0).config_key, 0].curves == evaluation.curves
    rows = store.sql("SELECT fold, step FROM trainings WHERE status = 'DIVERGED'").rows()
    assert rows == [(1, 2)]


def test_a_reused_result_of_another_run_is_read_back(store: Store) -> None:
    fill(store, seed=1)
    with begin(store) as log:
        short = Evaluation(Status.OK, tuple(c[:2] for c in ok(3).curves), 4 / 3)
        log.asked(trial(0, fidelity=2), 0.0)
        log.told(told(0, short, reused=True))
    assert b"curves" not in journal(store).read_bytes()
    for _ in range(2):
        assert store.recorded(RUN).told[0].evaluation == short
        store.merge()


def test_search_results_are_found_by_what_defines_them(store: Store) -> None:
    evaluation = Evaluation(Status.OK, (curve(1, mean=0.5),), 0.75, config={"u1": "relu"})
    with begin(store) as log:
        for step in range(2):
            log.asked(search_trial(step, step), 0.0)
            log.told(told(step, evaluation))
        log.asked(search_trial(2, 2), 0.0)
    options = {"edges": ["u1", "u2"], "rate": 0.1}
    for _ in range(2):
        found = store.search_results(FINGERPRINT, 0, "package.module:advance", options, 7)
        assert found == {0: evaluation, 1: evaluation}
        assert store.search_results(FINGERPRINT, 0, "package.module:advance", options, 8) == {}
        assert store.search_results(FINGERPRINT, 1, "package.module:advance", options, 7) == {}
        assert store.search_steps(FINGERPRINT)[search_trial(0, 0).config_key, 0] == evaluation
        store.merge()


def test_statuses_agree_with_recordings(store: Store) -> None:
    fill(store, seed=0)
    fill(store, seed=1)
    store.merge()
    with begin(store, seed=1) as log:
        log.asked(trial(4), 0.0)
        log.flush()
        for seed, status in ((0, "finished"), (1, "running")):
            found = store.statuses()[spec(seed).run_id]
            recording = store.recorded(spec(seed).run_id)
            assert (found.status, found.spent) == (recording.status, recording.spent)
            assert found.status == status


def test_journals_read_like_merged_tables(store: Store) -> None:
    with begin(store) as log:
        record_everything(log)
    fill(store, seed=1)
    before = contents(store)
    assert store.merge()
    assert contents(store) == before
    assert len(before["search_steps"]) == 1
    assert len(before["trials"]) == 13


def test_trial_protocol_violations_are_refused(store: Store) -> None:
    with begin(store) as log:
        with pytest.raises(StoreError, match="never asked"):
            log.told(told(0, ok(3)))
        log.asked(trial(0), 0.0)
        with pytest.raises(StoreError, match="asked before"):
            log.asked(trial(0), 0.0)
        log.told(told(0, ok(3)))
        with pytest.raises(StoreError, match="told before"):
            log.told(told(0, ok(3)))


def test_recording_a_run_imports_neither_duckdb_nor_polars(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.store.samples import Store, fill;"
        f"s = Store({str(tmp_path / 'r.duckdb')!r}); fill(s); s.results('f'); s.recorded('x');"
        "sys.exit(' '.join({'duckdb', 'polars', 'pyarrow', 'torch'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_outcome_whose_ask_is_lost_is_read_without_its_curves(store: Store) -> None:
    """The run is refused when it is replayed; until then nothing of the others may suffer from it."""
    fill(store, trials=3)
    lines = journal(store).read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not (b'"asked"' in line and b'"number":1,' in line)]
    assert len(kept) == len(lines) - 1
    journal(store).write_bytes(b"".join(kept))
    recording = store.recorded(RUN)
    assert sorted(recording.asked) == [0, 2]
    assert [outcome.number for outcome in recording.told] == [0, 1, 2]
    assert recording.told[1].evaluation.curves == ()
