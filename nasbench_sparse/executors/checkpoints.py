"""Checkpoints by content: where training states are kept, and which trial needs which.

A checkpoint is only ever a saving: where it is lost, damaged or dropped the prefix is trained again, with the
same bits. So nothing here is durable, and everything is bounded.
"""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections import OrderedDict
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar

from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Trial

T = TypeVar("T")

MEMORY_BYTES = 2**30
DISK_BYTES = 20 * 2**30
_CHECKSUM_BYTES = 16


def key_left(fingerprint: str, trial: Trial) -> str:
    """Return the key of the state that a trial, or its search step, leaves."""
    return _key(fingerprint, trial, trial.fidelity if trial.search is None else trial.search.step)


def key_needed(fingerprint: str, trial: Trial) -> str | None:
    """Return the key of the state that a trial continues; None if it starts from nothing."""
    if trial.search is not None:
        return _key(fingerprint, trial, trial.search.step - 1) if trial.search.step else None
    return _key(fingerprint, trial, trial.resumes_at) if trial.resumes_at else None


def _key(fingerprint: str, trial: Trial, position: int) -> str:
    if trial.search is None:
        return digest([fingerprint, "trial", trial.config_key, trial.replicate, position], size=16)
    step = trial.search
    name = [fingerprint, "search", step.method, step.options, step.seed, trial.replicate, position]
    return digest(name, size=16)


class Shelf(Generic[T]):
    """Values by key up to a total size in bytes; the least recently used go first."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity = capacity_bytes
        self._items: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> T | None:
        """Return the value, or None."""
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: str, value: T, size: int) -> None:
        """Keep a value of `size` bytes."""
        self.drop(key)
        self._items[key] = (value, size)
        self._bytes += size
        while self._bytes > self._capacity:
            self.drop(next(iter(self._items)))

    def drop(self, key: str) -> None:
        """Forget a value, if it is there."""
        if key in self._items:
            self._bytes -= self._items.pop(key)[1]


class Checkpoints(ABC):
    """Training states by content key."""

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return the state, or None where it is missing or damaged."""

    @abstractmethod
    def put(self, key: str, state: bytes) -> None:
        """Keep a state."""

    @abstractmethod
    def drop(self, key: str) -> None:
        """Forget a state, if it is there."""

    def needed(self, task: Task, trial: Trial) -> bytes | None:
        """Return the state that a trial continues, if there is one and it is still kept."""
        key = key_needed(task.fingerprint, trial)
        return None if key is None else self.get(key)

    def left(self, task: Task, trial: Trial, evaluation: Evaluation, state: bytes | None) -> None:
        """Keep what a trial left; once a search step is done the state before it is dropped."""
        if state is not None:
            self.put(key_left(task.fingerprint, trial), state)
        if trial.search is not None and evaluation.status.reusable:
            before = key_needed(task.fingerprint, trial)
            if before is not None:
                self.drop(before)


def open_checkpoints(directory: Path | None) -> Checkpoints:
    """Return checkpoints kept in a directory, or in memory for None."""
    return CheckpointMemory() if directory is None else CheckpointDirectory(directory)


class CheckpointMemory(Checkpoints):
    """Checkpoints of this process, gone with it."""

    def __init__(self, capacity_bytes: int = MEMORY_BYTES) -> None:
        self._shelf: Shelf[bytes] = Shelf(capacity_bytes)

    def get(self, key: str) -> bytes | None:
        return self._shelf.get(key)

    def put(self, key: str, state: bytes) -> None:
        self._shelf.put(key, state, len(state))

    def drop(self, key: str) -> None:
        self._shelf.drop(key)


class CheckpointDirectory(Checkpoints):
    """One file per state: checksum, then the state; shared by any number of processes.

    A file appears whole, by a rename. Reading one marks it as used; when this process finds the directory above
    `capacity_bytes` it removes the least recently used files.
    """

    def __init__(self, directory: Path, capacity_bytes: int = DISK_BYTES) -> None:
        self._directory = directory
        self._capacity = capacity_bytes
        self._bytes = sum(size for _, size, _ in self._files())
        self._temporary = (f".{os.getpid()}.{number}" for number in count())

    def get(self, key: str) -> bytes | None:
        path = self._directory / key
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        checksum, state = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        return state if checksum == _checksum(state) else None

    def put(self, key: str, state: bytes) -> None:
        temporary = self._directory / next(self._temporary)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_checksum(state) + state)
            temporary.replace(self._directory / key)
        except OSError as error:
            warnings.warn(f"a checkpoint could not be kept and will be trained again: {error}", stacklevel=2)
            return
        self._bytes += _CHECKSUM_BYTES + len(state)
        if self._bytes > self._capacity:
            self._shrink()

    def drop(self, key: str) -> None:
        (self._directory / key).unlink(missing_ok=True)

    def _shrink(self) -> None:
        files = sorted(self._files())
        self._bytes = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._bytes <= self._capacity:
                return
            path.unlink(missing_ok=True)
            self._bytes -= size

    def _files(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._directory.iterdir() if self._directory.is_dir() else ():
            try:
                entry = path.stat()
            except FileNotFoundError:  # another process removed it meanwhile
                continue
            found.append((entry.st_mtime_ns, entry.st_size, path))
        return found


def _checksum(state: bytes) -> bytes:
    return blake2b(state, digest_size=_CHECKSUM_BYTES).digest()
