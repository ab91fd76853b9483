"""The data directory of a test, and what is published, made tiny."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.data.catalogue import DATASETS
from nasbench_sparse.data.place import VARIABLE
from nasbench_sparse.training import data


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data directory; what is read from it is forgotten afterwards."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    forget()
    yield tmp_path
    forget()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int, int], None]:
    """Declare other sizes of a data set."""

    def declare(name: str, examples: int, test: int) -> None:
        monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], examples=examples, test_examples=test))

    return declare


def forget() -> None:
    for function in (data.split, data.split_indices, data.pixel_scale, data._loaded):
        function.cache_clear()
