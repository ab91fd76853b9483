"""Files fetched from their official place, and checked."""

from __future__ import annotations

import hashlib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from nasbench_sparse.errors import DataError

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A published file: its size in bytes, and its SHA-256 where one is known."""

    name: str
    url: str
    size: int
    sha256: str | None = None


def verify(file: RemoteFile, path: Path) -> None:
    """Check a file's size, and its checksum where one is known.

    Raises:
        DataError: it is missing, truncated or another file.
    """
    if not path.exists():
        raise DataError(f"{path} is missing; it is published at {file.url}")
    size = path.stat().st_size
    if size != file.size:
        raise DataError(f"{path} has {size:,} bytes, but the published file has {file.size:,}; delete it and retry")
    if file.sha256 is not None and _sha256(path) != file.sha256:
        raise DataError(f"{path} does not match the published SHA-256 checksum; delete it and retry")


def fetch(file: RemoteFile, folder: Path) -> Path:
    """Return the verified file in `folder`, downloaded if it is not there yet.

    Raises:
        DataError: it cannot be downloaded, or is not what was published.
    """
    path = folder / file.name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        try:
            _download(file.url, partial)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise DataError(
                f"{file.url} cannot be downloaded ({error}); or place the file at {path} yourself"
            ) from error
        partial.replace(path)
    verify(file, path)
    return path


def _download(url: str, path: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "nasbench-sparse"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as source, path.open("wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(chunk)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
