from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.training import phases


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test an empty cache, on disk and in memory."""
    monkeypatch.setenv("NASBENCH_SPARSE_CACHE", str(tmp_path / "cache"))
    phases._recent.clear()
    return tmp_path / "cache"
