"""Events that a store lacks in the middle of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.store import Store
from tests.store.samples import begin, fill, journal, ok, spec, told, trial

RUN = spec().run_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Trial k is asked by event 2 k + 1, told by event 2 k + 2; event 9 ends the run."""
    store = Store(tmp_path / "results.duckdb")
    fill(store)
    return store


def lose(store: Store, *lost: int) -> None:
    """Delete whole lines, so that every checksum still matches."""
    lines = journal(store).read_bytes().splitlines(keepends=True)
    journal(store).write_bytes(b"".join(line for seq, line in enumerate(lines) if seq not in lost))


def test_a_whole_run_has_no_gap_while_it_is_written_merged_and_extended(store: Store) -> None:
    assert store.verify() == []
    store.merge()
    with begin(store) as log:
        log.asked(trial(4), 0.0)
        assert store.verify() == []
        store.merge()
        assert store.verify() == []
        log.asked(trial(5), 0.0)
        log.told(told(5, ok(3)))
    assert store.verify() == []  # killed with trial 4 in flight
    store.merge()
    with begin(store) as log:
        log.asked(trial(6), 0.0)
        log.end("finished", {}, {}, "the optimizer raised")  # as an extension that fails
    store.merge()
    assert store.verify() == []


@pytest.mark.parametrize(
    ("lost", "says"),
    [((3,), ["event 3"]), ((2, 3, 4, 7), ["events 2 to 4", "event 7"]), ((0,), ["event 0"])],
)
def test_a_gap_in_a_journal_names_run_and_events_and_repair_cuts_it_off(
    store: Store, lost: tuple[int, ...], says: list[str]
) -> None:
    lose(store, *lost)
    problems = store.verify()
    assert [problem.what for problem in problems] == [f"run {RUN} lacks its {what}" for what in says]
    assert {problem.where for problem in problems} == {str(journal(store))}
    store.repair()
    assert store.verify() == []


def test_a_gap_after_what_is_merged_counts_from_there(store: Store) -> None:
    store.merge()
    with begin(store) as log:
        log.asked(trial(4), 0.0)
        log.told(told(4, ok(3)))
    lose(store, 0, 1)  # events 10 and 11
    assert [problem.what for problem in store.verify()] == [f"run {RUN} lacks its events 10 to 11"]


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ((3, 4), "lacks its trial 1, recorded between its events 1 and 5"),
        ((1, 2, 3, 4), "lacks its trials 0 to 1, recorded between its events 0 and 5"),
        ((4,), "lacks the outcome of trial 1, recorded between its events 3 and 9"),
    ],
)
def test_a_gap_in_the_file_names_run_and_events(store: Store, lost: tuple[int, ...], says: str) -> None:
    lose(store, *lost)
    store.merge()
    [problem] = store.verify()
    assert (problem.where, problem.what) == (str(store.path), f"run {RUN} {says}")
    store.remove(RUN)
    assert store.verify() == []
