"""A store that is asked nothing twice, for pages whose parts read the same trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.record import Recording
from nasbench_sparse.store import Store

if TYPE_CHECKING:
    import polars as pl


class Remembered(Store):
    """A store as it was when first asked: its answers are kept, so it is for reading while a page is made."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.path)
        self._answers: dict[tuple[str, tuple[Any, ...]], pl.DataFrame] = {}
        self._recordings: dict[str, Recording] = {}

    def sql(self, query: str, params: Sequence[Any] = (), *, timeout: float = 60.0) -> pl.DataFrame:
        key = (query, tuple(params))
        if key not in self._answers:
            self._answers[key] = super().sql(query, params, timeout=timeout)
        return self._answers[key]

    def recorded(self, run_id: str) -> Recording:
        if run_id not in self._recordings:
            self._recordings[run_id] = super().recorded(run_id)
        return self._recordings[run_id]
