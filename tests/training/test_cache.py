from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_sparse.training import cache


def test_fetch_computes_once_and_then_reads(cache_folder: Path) -> None:
    assert cache.fetch("key", lambda: b"content") == (b"content", True)
    assert cache.fetch("key", pytest.fail) == (b"content", False)
    assert cache.fetch("other", lambda: b"else") == (b"else", True)


@pytest.mark.parametrize("cut", [0, 10, 32, 35, 38])
def test_fetch_computes_a_truncated_file_again(cache_folder: Path, cut: int) -> None:
    cache.fetch("key", lambda: b"content")
    path = cache_folder / "key.state"
    path.write_bytes(path.read_bytes()[:cut])
    assert cache.fetch("key", lambda: b"content") == (b"content", True)


def test_fetch_computes_again_for_any_flipped_byte(cache_folder: Path) -> None:
    cache.fetch("key", lambda: b"content")
    path = cache_folder / "key.state"
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :])
        assert cache.fetch("key", lambda: b"content") == (b"content", True)


def test_fetch_leaves_nothing_behind_when_computing_fails(cache_folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        cache.fetch("key", lambda: bytes(1 // 0))
    assert not list(cache_folder.glob("*.state"))
    assert cache.fetch("key", lambda: b"content") == (b"content", True)


PROCESS = """
import sys, time
from pathlib import Path
from nasbench_sparse.training import cache
def compute():
    with open(sys.argv[1], "a") as log:
        log.write("computed\\n")
    time.sleep(0.3)
    return b"content"
print(cache.fetch("key", compute))
"""


def test_fetch_computes_once_for_processes_at_the_same_time(cache_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    runs = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(log)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = sorted(run.communicate(timeout=60)[0].strip() for run in runs)
    assert answers == ["(b'content', False)", "(b'content', False)", "(b'content', True)"]
    assert log.read_text() == "computed\n"


def test_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "elsewhere"))
    assert cache.directory() == tmp_path / "elsewhere"
    monkeypatch.delenv(cache.VARIABLE)
    assert "nasbench-sparse" in str(cache.directory())
