"""A small task whose table is complete: 25 configs, 9 epochs, 3 replicates; one corner of it diverges."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.places import VARIABLE
from nasbench_sparse.tabular.stored import stored_table
from tests.tabular.problems import TASK


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that holds the whole table; not to be written."""
    store = Store(tmp_path_factory.mktemp("built") / "table.duckdb")
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=3))
    return store


@pytest.fixture(scope="session")
def exported(built: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the exported table; not to be written."""
    folder = tmp_path_factory.mktemp("exported") / "table"
    export_table(stored_table(built, TASK), folder, {"commands": ["make"]}, enumerations=(("all", 1),))
    return folder


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of imported tables."""
    folder = tmp_path / "tables"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder
