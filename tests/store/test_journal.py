from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nasbench_sparse.errors import NbsWarning, StoreError
from nasbench_sparse.store import Store, connect
from nasbench_sparse.store import journal as journal_module
from nasbench_sparse.store.encode import encode_line, is_intact
from nasbench_sparse.store.journal import Damage, JournalFile, journals, read_events
from tests.store.samples import begin, contents, fill, journal, ok, record_everything, spec, told, trial


def event(seq: int) -> dict[str, object]:
    return {"event": "asked", "seq": seq, "text": "é" * seq}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.duckdb.journal" / "run.jsonl"


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit flips and torn writes are about bytes, not about the disk."""
    monkeypatch.setattr(journal_module, "_sync", lambda descriptor: None)


def write(path: Path, count: int) -> None:
    file = JournalFile(path, "batch")
    for seq in range(count):
        file.append(event(seq))
    file.close()


def test_a_line_carries_the_checksum_of_the_rest() -> None:
    line = encode_line({"event": "end", "seq": 3})
    assert line == b'{"event":"end","seq":3,"crc":"0f914b2f"}\n' or is_intact(line[:-1])
    assert is_intact(line[:-1])
    assert not is_intact(line)
    assert not is_intact(b"")


@pytest.mark.usefixtures("no_sync")
def test_a_torn_last_line_is_cut_off_at_every_offset(path: Path) -> None:
    write(path, 3)
    whole = path.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert [e["seq"] for e in read_events(path)] == [0, 1]
        file = JournalFile(path, "each")
        assert path.read_bytes() == whole[:start]
        file.append(event(2))
        file.close()
        assert path.read_bytes() == whole


@pytest.mark.usefixtures("no_sync")
def test_every_flipped_bit_is_detected(path: Path) -> None:
    write(path, 2)
    whole = path.read_bytes()
    for offset in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[offset] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(Damage, match=r"run\.jsonl: damaged in line \d"):
                read_events(path)
    with pytest.raises(Damage):
        JournalFile(path, "each")
    assert path.read_bytes() == bytes(flipped)


class FailingDisk:
    """Stands in for the system calls: the n-th of them fails, a write after half of its bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
        self.calls, self.fail_at = 0, fail_at
        self.real = (os.write, os.fdatasync, os.ftruncate)
        for name in ("_write", "_sync", "_truncate"):
            monkeypatch.setattr(journal_module, name, getattr(self, name))

    def _fails(self) -> bool:
        self.calls += 1
        return self.calls == self.fail_at

    def _write(self, descriptor: int, data: bytes) -> int:
        if self._fails():
            self.real[0](descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.real[0](descriptor, data[:100])  # short writes are no failures

    def _sync(self, descriptor: int) -> None:
        if self._fails():
            raise OSError(errno.EIO, "Input/output error")

    def _truncate(self, descriptor: int, size: int) -> None:
        if self._fails():
            raise OSError(errno.EIO, "Input/output error")
        self.real[2](descriptor, size)


@pytest.mark.parametrize("durable", ["each", "batch"])
def test_a_failed_write_leaves_the_old_state_and_can_be_tried_again(
    path: Path, durable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "BATCH", 3)
    write(path, 7)
    intact = path.read_bytes()
    states = {b"".join(encode_line(event(s)) for s in range(n)) for n in range(8)}
    for fail_at in range(1, 200):
        path.unlink()
        disk = FailingDisk(monkeypatch, fail_at)
        file = JournalFile(path, durable)  # type: ignore[arg-type]
        failures = 0
        for seq in range(7):
            try:
                file.append(event(seq))
            except StoreError:
                failures += 1
                assert path.read_bytes() in states
                assert [e["seq"] for e in read_events(path)] == list(range(len(read_events(path))))
                file.append(event(seq))
        try:
            file.flush()
        except StoreError:
            failures += 1
            assert path.read_bytes() in states
        file.close()
        assert path.read_bytes() == intact
        assert failures == (disk.calls >= fail_at)
        if not failures:
            break
    assert fail_at > 6


def test_a_write_that_cannot_be_undone_is_undone_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, 2)
    before = path.read_bytes()
    file = JournalFile(path, "each")
    disk = FailingDisk(monkeypatch, 1)
    monkeypatch.setattr(journal_module, "_truncate", lambda d, s: (_ for _ in ()).throw(OSError(errno.EIO, "EIO")))
    with pytest.raises(StoreError, match="No space left on device; nothing recorded so far is lost"):
        file.append(event(2))
    assert path.read_bytes() != before
    assert [e["seq"] for e in read_events(path)] == [0, 1]
    monkeypatch.setattr(journal_module, "_truncate", disk.real[2])
    file.append(event(2))
    file.close()
    assert path.read_bytes() == before + encode_line(event(2))


@pytest.mark.parametrize("place", ["_write", "_sync"])
def test_an_interrupted_write_neither_loses_nor_doubles_an_event(
    path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    real = getattr(journal_module, place)

    def interrupted(*args: object) -> object:
        monkeypatch.setattr(journal_module, place, real)
        real(*args)
        raise KeyboardInterrupt

    journal = JournalFile(path, "each")
    journal.append(event(0))
    monkeypatch.setattr(journal_module, place, interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append(event(1))
    journal.close()
    assert [found["seq"] for found in read_events(path)] == [0, 1]


def test_a_run_has_one_writer(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    message = f"run {spec().run_id} is being written by process {os.getpid()}"
    with begin(store), pytest.raises(StoreError, match=message):
        begin(store)
    with begin(store):
        pass


def test_events_survive_a_writer_that_never_closes(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    log = begin(store)
    log.asked(trial(0), 0.0)
    log.told(told(0, ok(3)))
    assert [e["event"] for e in read_events(journal(store))] == ["run", "asked", "told"]
    log.close()


def test_repair_moves_damaged_lines_and_what_came_after_a_lost_event(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    with begin(store) as log:
        for number in range(3):
            log.asked(trial(number), 0.0)
            log.told(told(number, ok(3, number / 7)))
    path = journal(store)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = lines[3].replace(b"asked", b"Asked")  # of trial 1
    path.write_bytes(b"".join([*lines[:3], damaged, *lines[4:]]))
    fill(store, seed=1, trials=1)
    [problem] = store.verify()
    assert problem.where == str(path)
    assert "line 4" in problem.what
    with pytest.raises(Damage, match="line 4"):
        store.recorded(spec().run_id)
    with pytest.raises(Damage, match="line 4"):
        store.merge()
    assert not journal(store, 1).exists()  # the others were merged all the same

    [message] = store.repair()
    assert "4 of 7 lines moved" in message
    assert "1 damaged, and 3 that came after a lost event" in message
    assert path.with_suffix(".damaged").read_bytes() == damaged + b"".join(lines[4:])
    assert path.read_bytes() == b"".join(lines[:3])
    assert store.verify() == []
    assert store.repair() == []
    recording = store.recorded(spec().run_id)
    assert list(recording.asked) == [0]
    assert recording.told[0].evaluation == ok(3)
    assert store.merge()


def test_repair_keeps_what_follows_a_damaged_line_that_is_merged_already(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    with begin(store) as log:
        for number in range(3):
            log.asked(trial(number), 0.0)
            log.told(told(number, ok(3)))
            if number == 1:
                log.flush()
                assert store.merge()
    path = journal(store)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b"asked", b"Asked"), *lines[4:]]))
    [message] = store.repair()
    assert "1 of 7 lines moved" in message
    assert list(store.recorded(spec().run_id).asked) == [0, 1, 2]
    assert store.merge()


def test_queries_read_a_damaged_journal_up_to_the_damage_and_warn(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    fill(store, seed=0, trials=3)
    fill(store, seed=1, trials=2)
    path = journal(store)
    lines = path.read_bytes().splitlines(keepends=True)  # run, asked 0, told 0, asked 1, ...
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b"asked", b"Asked"), *lines[4:]]))
    with pytest.warns(NbsWarning, match="line 4.*`store repair`"):
        found = store.sql("SELECT seed, count(t.number) FROM runs JOIN trials AS t USING (run_id) GROUP BY ALL")
    assert sorted(found.rows()) == [(0, 1), (1, 2)]
    store.repair()
    assert sorted(store.sql("SELECT seed, status FROM runs").rows()) == [(0, "running"), (1, "finished")]


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/r\.duckdb\.journal cannot be written: Not a directory"):
        begin(Store(tmp_path / "file" / "r.duckdb"))
    with pytest.raises(StoreError, match="file cannot be written"):
        connect.create(tmp_path / "file" / "r.duckdb")


def test_repair_moves_a_run_without_its_header_aside(tmp_path: Path) -> None:
    store = Store(tmp_path / "r.duckdb")
    with begin(store) as log:
        record_everything(log)
    path = journal(store)
    path.write_bytes(path.read_bytes()[1:])
    fill(store, seed=1)
    store.repair()
    assert not path.exists()
    assert store.merge()
    assert len(contents(store)["runs"]) == 1


@contextmanager
def no_more_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_many_open_files_are_told_as_such(path: Path) -> None:
    write(path, 1)
    with no_more_files(), pytest.raises(StoreError, match=r"run\.jsonl cannot be written: too many .*`ulimit -n"):
        JournalFile(path, "each")
    with no_more_files(), pytest.raises(StoreError, match=r"run\.jsonl cannot be read: too many files"):
        read_events(path)
    with no_more_files(), pytest.raises(StoreError, match=r"r\.duckdb\.journal cannot be read: too many files"):
        journals(path.parent.with_suffix(""))
    assert journals(path.parent.with_suffix("")) == [path]
    assert len(read_events(path)) == 1
