"""The store: results, trials and runs in one DuckDB file, with journals for runs being written."""

from nasbench_sparse.store.run_log import RunLog
from nasbench_sparse.store.store import Store

__all__ = ["RunLog", "Store"]
