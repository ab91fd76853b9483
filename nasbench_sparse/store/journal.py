"""Journals: a run's events as checksummed lines, one file with one writer per run.

The file is always a sequence of whole, intact lines, plus at most one torn line at its end where the writer was
killed in mid-write; that one was never acknowledged and is cut off by the next writer. Anything else that does not
carry its checksum is damage, and an error.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Literal

from nasbench_sparse.errors import TOO_MANY_FILES, StoreError, has_too_many_files
from nasbench_sparse.store.encode import Event, decode_line, encode_line, is_intact

Durability = Literal["each", "batch"]

BATCH = 256

# The three system calls a full or failing disk can break, named so that tests can make them fail.
_write = os.write
_sync = os.fdatasync if hasattr(os, "fdatasync") else os.fsync
_truncate = os.ftruncate


class Damage(StoreError):
    """A journal holds lines that do not carry their checksum; `lines` are their numbers, from 1."""

    def __init__(self, path: Path, lines: list[int]) -> None:
        first = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
        super().__init__(
            f"{path}: damaged in line {first}: the checksum does not match; "
            f"`store repair` moves such lines to {path.stem}.damaged and keeps what can be replayed"
        )
        self.path, self.lines = path, lines


def journal_directory(store: Path) -> Path:
    """Return where a store's journals lie."""
    return store.with_name(store.name + ".journal")


def journal_path(store: Path, run_id: str) -> Path:
    """Return the journal of a run."""
    return journal_directory(store) / f"{run_id}.jsonl"


def journals(store: Path) -> list[Path]:
    """Return a store's journals, sorted by run.

    Raises:
        StoreError: the system refuses to list them.
    """
    directory = journal_directory(store)
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == ".jsonl")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _refused(directory, "read", error) from error


def split_lines(content: bytes) -> tuple[list[bytes], bytes]:
    """Return whole lines, and what follows the last newline (empty, or a torn line)."""
    *lines, tail = content.split(b"\n")
    return lines, tail


def read_lines(path: Path) -> list[bytes]:
    """Return the verified lines of a journal, a torn last one left out; none if there is no file.

    Raises:
        Damage: lines without their checksum.
        StoreError: the system refuses to read it.
    """
    try:
        content = _content(path)
    except FileNotFoundError:
        return []
    return _verified(path, content)


def read_sound(path: Path) -> tuple[list[bytes], Damage | None]:
    """Return the verified lines of a journal up to the first damaged one, and the damage, if there is any."""
    try:
        return read_lines(path), None
    except Damage as damage:
        return split_lines(_content(path))[0][: damage.lines[0] - 1], damage


def read_events(path: Path) -> list[Event]:
    """Return the events of a journal; see `read_lines`."""
    return [decode_line(line) for line in read_lines(path)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, "read", error) from error


def _verified(path: Path, content: bytes) -> list[bytes]:
    lines, tail = split_lines(content)
    bad = [index for index, line in enumerate(lines, 1) if not is_intact(line)]
    if tail and is_intact(tail[:-1]):  # a whole line whose newline was changed: damage, not a torn write
        bad.append(len(lines) + 1)
    if bad:
        raise Damage(path, bad)
    return lines


class JournalFile:
    """A journal opened by its one writer.

    Raises:
        StoreError: another process (or another writer in this one) holds the journal.
        Damage: see `read_lines`.
    """

    def __init__(self, path: Path, durable: Durability) -> None:
        self.path = path
        self.durable = durable
        self._descriptor = lock_journal(path, create=True)
        try:
            lines = _verified(path, _content(path))
            self.events = [decode_line(line) for line in lines]
            size = sum(len(line) + 1 for line in lines)
            if os.fstat(self._descriptor).st_size > size:
                _truncate(self._descriptor, size)
            os.lseek(self._descriptor, size, os.SEEK_SET)
        except BaseException:
            os.close(self._descriptor)
            raise
        # (bytes in the file, lines not in it yet), in one attribute: an interrupt finds both or neither changed
        self._state: tuple[int, list[bytes]] = (size, [])
        self._torn = False

    def append(self, event: Event, *, sync: bool = True) -> None:
        """Write one event: at once, or with its batch.

        Args:
            sync: whether an event written at once must also survive a loss of power, which takes most of the time.

        Raises:
            StoreError: the event cannot be encoded, or the disk refused; then the event is not recorded, the
                file is as before, and appending may be tried again.
        """
        try:
            line = encode_line(event)
        except TypeError as error:
            raise StoreError(f"{event['event']} event of {self.path.stem} cannot be recorded: {error}") from error
        _, buffer = self._state
        buffer.append(line)
        if self.durable == "each" or len(buffer) >= BATCH:
            try:
                self.flush(sync=sync)
            except StoreError:
                buffer.pop()
                raise

    def flush(self, *, sync: bool = True) -> None:
        """Write everything appended so far, and make it durable.

        Raises:
            StoreError: the disk refused; the file is as before and what was appended is kept for another try.
        """
        size, buffer = self._state
        if not buffer:
            return
        data = b"".join(buffer)
        try:
            self._restore()
            self._torn = True  # until all is done, also if an interrupt ends this here
            _write_all(self._descriptor, data)
            if sync:
                _sync(self._descriptor)
        except OSError as error:
            self._torn = True
            self._try_restore()
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror or error}; nothing recorded so far is lost: "
                "make room and resume the run"
            ) from error
        self._state = (size + len(data), [])
        self._torn = False

    def close(self) -> None:
        """Flush and release the journal; one in which nothing was ever written is removed."""
        try:
            self.flush()
            if self._state[0] == 0:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)

    def _restore(self) -> None:
        """Cut off what a failed write left."""
        if self._torn:
            size, _ = self._state
            _truncate(self._descriptor, size)
            os.lseek(self._descriptor, size, os.SEEK_SET)
            self._torn = False

    def _try_restore(self) -> None:
        try:
            self._restore()
        except OSError:
            self._torn = True  # tried again before the next write; until then readers skip the torn line


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[_write(descriptor, view) :]


def lock_journal(path: Path, *, create: bool) -> int:
    """Open a journal and take its lock; return the descriptor, whose closing releases it.

    Raises:
        StoreError: it is being written.
        FileNotFoundError: there is none, and it was not to be created.
    """
    while True:
        new = create and not path.exists()
        descriptor = _open(path, create)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _lock_owner(os.fstat(descriptor).st_ino)
            os.close(descriptor)
            raise StoreError(f"run {path.stem} is being written by {owner}") from None
        if _is_same_file(descriptor, path):
            if new:
                _sync_directory(path.parent)
            return descriptor
        os.close(descriptor)  # it was merged and deleted between open and lock: open it anew


def _open(path: Path, create: bool) -> int:
    while True:
        try:
            if create:
                make_folder(path.parent)
            return os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)
        except FileNotFoundError:
            if not create:
                raise
            continue  # a merge that left no journal removed the folder just now
        except OSError as error:
            raise unwritable(path, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in.

    Raises:
        StoreError: the system refuses it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError) -> StoreError:
    """Build the error for a place where the system lets nothing be written."""
    return _refused(path, "written", error, "; name another place for the store")


def _refused(path: Path, done: str, error: OSError, advice: str = "") -> StoreError:
    why = TOO_MANY_FILES if has_too_many_files(error) else f"{error.strerror or error}{advice}"
    return StoreError(f"{path} cannot be {done}: {why}")


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock_owner(inode: int) -> str:
    """Name the process that holds the lock of an inode, where the system tells (Linux)."""
    try:
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return "another process"
    for row in rows:
        if len(row) > 5 and row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode):
            return f"process {row[4]}"
    return "another process"
