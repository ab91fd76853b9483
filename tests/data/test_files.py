from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from nasbench_sparse.data.files import RemoteFile, fetch
from nasbench_sparse.errors import DataError


def _published(source: Path, content: bytes) -> RemoteFile:
    source.write_bytes(content)
    return RemoteFile("copy.bin", source.as_uri(), len(content), sha256(content).hexdigest())


def test_fetch_copies_once_and_verifies(tmp_path: Path) -> None:
    file = _published(tmp_path / "source.bin", b"abc" * 1000)
    assert fetch(file, tmp_path / "data").read_bytes() == b"abc" * 1000
    (tmp_path / "source.bin").unlink()
    assert fetch(file, tmp_path / "data").name == "copy.bin"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["copy.bin"]


def test_fetch_refuses_what_was_not_published(tmp_path: Path) -> None:
    file = _published(tmp_path / "source.bin", b"abc")
    (tmp_path / "source.bin").write_bytes(b"abd")
    with pytest.raises(DataError, match="SHA-256"):
        fetch(file, tmp_path)
    (tmp_path / "copy.bin").write_bytes(b"ab")
    with pytest.raises(DataError, match="has 2 bytes, but the published file has 3"):
        fetch(file, tmp_path)


def test_fetch_says_where_to_place_a_file_it_cannot_reach(tmp_path: Path) -> None:
    file = RemoteFile("copy.bin", (tmp_path / "nothing").as_uri(), 1)
    with pytest.raises(DataError, match=r"cannot be downloaded .* or place the file at .*copy\.bin yourself"):
        fetch(file, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
