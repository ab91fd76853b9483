"""Stores named by a symbolic link, or by what is no path."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import Store
from tests.store.samples import begin, fill, spec, trial


def test_a_link_stands_for_the_store_it_leads_to_while_runs_are_written(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    link, path = tmp_path / "link.duckdb", tmp_path / "here" / "results.duckdb"
    link.symlink_to(path)
    store = Store(link)  # which is yet to be made
    with begin(store) as log:
        log.asked(trial(0), 0.0)
        assert list(Store(path).recorded(spec().run_id).asked) == [0]
        with pytest.raises(StoreError, match="is being written by process"):
            begin(Store(path))
    fill(store, seed=1)
    assert store.merge()
    assert len(Store(path).sql("FROM runs")) == len(Store(link).sql("FROM runs")) == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["here", "link.duckdb"]


def test_what_cannot_be_a_path_is_refused_in_a_sentence(tmp_path: Path) -> None:
    loop = tmp_path / "loop.duckdb"
    loop.symlink_to(loop)
    for path in (loop, tmp_path / ("x" * 300), 3):
        with pytest.raises(StoreError, match="cannot be a store's path: "):
            Store(path)  # type: ignore[arg-type]
