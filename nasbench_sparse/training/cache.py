"""Shared pre-trainings on disk: computed once, whichever process comes first.

A file is 32 bytes of checksum, then safetensors. It appears by an atomic rename under a lock, so that a reader
finds all of it or nothing; a file that does not match its checksum is computed again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

VARIABLE = "NASBENCH_SPARSE_CACHE"
CHECKSUM_BYTES = 32


def directory() -> Path:
    """Return the cache directory: the environment's NASBENCH_SPARSE_CACHE, or the user's cache directory."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("nasbench-sparse")


def fetch(key: str, compute: Callable[[], bytes]) -> tuple[bytes, bool]:
    """Return the content stored under `key` and whether it had to be computed now.

    A second process asking for the same key waits for the first one.
    """
    folder = directory()
    path = folder / f"{key}.state"
    found = _read(path)
    if found is not None:
        return found, False
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _read(path)  # another process may have written it while this one waited
        if found is not None:
            return found, False
        content = compute()
        _write(path, content)
    return content, True


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    content = data[CHECKSUM_BYTES:]
    return content if data[:CHECKSUM_BYTES] == _checksum(content) else None


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(_checksum(content) + content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=CHECKSUM_BYTES).digest()
