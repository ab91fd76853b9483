"""Recorded searches of one-shot optimizers, which replay them where nothing can be trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import orjson

from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep
from nasbench_sparse.store.encode import decode_outcome, options_text

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

OF_ENDED_RUNS = """fingerprint = ? AND (config_key, replicate) IN (
    SELECT (t.config_key, t.replicate) FROM trials AS t JOIN runs AS r USING (run_id)
    WHERE r.fingerprint = ? AND t.kind = 'search' AND r.status IN ('exhausted', 'finished')
)"""
"""Condition on the rows of `search_steps`, given the fingerprint twice: a search cut short would end a replay."""

_SEARCHES = f"""
SELECT method, options, seed, replicate, step, status, seconds, outcome
FROM search_steps WHERE {OF_ENDED_RUNS} ORDER BY ALL
"""


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

    def __len__(self) -> int:
        return len(self._found)

    @classmethod
    def of(cls, rows: Iterable[Iterable[object]]) -> Searches:
        """Build from rows in the order of `SearchRow`'s fields."""
        return cls(tuple(SearchRow(*row) for row in rows))  # type: ignore[arg-type]

    def steps(self, step: SearchStep, replicate: int) -> Mapping[int, Evaluation]:
        """Return the evaluations of the search that a step belongs to, by step; none if it is not recorded."""
        rows = self._found.get((step.method, options_text(step.options), step.seed, replicate), {})
        return {number: _evaluation(row) for number, row in sorted(rows.items())}

    def described(self) -> list[str]:
        """Say what is recorded, a line for each method, options and replicate: seeds, steps and seconds."""
        groups: dict[tuple[str, str, int], dict[int, dict[int, SearchRow]]] = {}
        for (method, options, seed, replicate), rows in sorted(self._found.items()):
            groups.setdefault((method, options, replicate), {})[seed] = rows
        return [
            f"seeds {_ranges(set(found))} on replicate {replicate}, {sum(map(len, found.values())):,} steps, "
            f"{_seconds(found):.3g} s of training, by {method} ({_written(options)})"
            for (method, options, replicate), found in groups.items()
        ]

    def alternatives(self, step: SearchStep, replicate: int) -> str:
        """Say which searches of a step's method are recorded: seeds by the options that differ from the step's."""
        seeds: dict[tuple[str, int], set[int]] = {}
        for method, options, seed, held in self._found:
            if method == step.method:
                seeds.setdefault((_difference(options, step), held), set()).add(seed)
        groups = [
            f"{options or 'these options'} with seeds {_ranges(found)}"
            + ("" if held == replicate else f" on replicate {held}")
            for (options, held), found in sorted(seeds.items())
        ]
        return "; ".join(groups) or "none"


def stored_searches(store: Store, task: Task) -> Searches:
    """Read a task's searches in a store, journals included, of runs that have ended."""
    return Searches.of(store.sql(_SEARCHES, (task.fingerprint,) * 2).iter_rows())


def _evaluation(row: SearchRow) -> Evaluation:
    outcome = None if row.outcome is None else orjson.loads(row.outcome)
    return decode_outcome(row.status, row.seconds, None, outcome)


def _difference(options: str, step: SearchStep) -> str:
    """Return what recorded options have otherwise than a step's, as one would write it."""
    recorded, asked = orjson.loads(options), orjson.loads(options_text(step.options))
    return ", ".join(f"{name}={value}" for name, value in recorded.items() if asked.get(name, ...) != value)


def _written(options: str) -> str:
    return ", ".join(f"{name}={value}" for name, value in orjson.loads(options).items()) or "no options"


def _seconds(found: Mapping[int, Mapping[int, SearchRow]]) -> float:
    return sum(row.seconds for rows in found.values() for row in rows.values())


def _ranges(seeds: set[int]) -> str:
    """Write numbers as `--seeds` takes them: 0-4,7."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
