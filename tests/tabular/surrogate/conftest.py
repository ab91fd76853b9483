from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.store import Store
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.surrogate.files import fit_folder
from nasbench_sparse.tabular.table import Table
from tests.tabular.surrogate.problems import FEW_TREES, MIXED, SMOOTH, table


@pytest.fixture(scope="session")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return table(SMOOTH, Store(tmp_path_factory.mktemp("smooth") / "s.duckdb"), 150, replicates=2)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return table(MIXED, Store(tmp_path_factory.mktemp("mixed") / "s.duckdb"), 200)


@pytest.fixture(scope="session")
def fitted(smooth: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the smooth table with a surrogate; not to be written."""
    folder = tmp_path_factory.mktemp("fitted") / "table"
    export_table(smooth, folder, {})
    fit_folder(folder, SMOOTH, "fit", boosting=FEW_TREES)
    return folder
