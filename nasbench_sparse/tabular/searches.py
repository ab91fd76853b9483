"""Recorded searches of one-shot optimizers, which replay them where nothing can be trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nasbench_sparse.core.trial import Evaluation, SearchStep
from nasbench_sparse.store.encode import decode_outcome, options_text


class SearchRow(NamedTuple):
    """One recorded step; `options` is JSON with sorted keys, `outcome` JSON with the derived config."""

    method: str
    options: str
    seed: int
    replicate: int
    step: int
    status: str
    seconds: float
    outcome: str | None


@dataclass(frozen=True)
class Searches:
    """Recorded steps by method, options, seed and replicate."""

    rows: tuple[SearchRow, ...] = ()
    _found: dict[tuple[str, str, int, int], dict[int, SearchRow]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            self._found.setdefault((row.method, row.options, row.seed, row.replicate), {})[row.step] = row

    @classmethod
    def of(cls, rows: Iterable[Iterable[object]]) -> Searches:
        """Build from rows in the order of `SearchRow`'s fields."""
        return cls(tuple(SearchRow(*row) for row in rows))  # type: ignore[arg-type]

    def steps(self, step: SearchStep, replicate: int) -> Mapping[int, Evaluation]:
        """Return the evaluations of the search that a step belongs to, by step; none if it is not recorded."""
        rows = self._found.get((step.method, options_text(step.options), step.seed, replicate), {})
        return {number: _evaluation(row) for number, row in sorted(rows.items())}


def _evaluation(row: SearchRow) -> Evaluation:
    import orjson

    outcome = None if row.outcome is None else orjson.loads(row.outcome)
    return decode_outcome(row.status, row.seconds, None, outcome)
