"""Subject: what a report is about, read once, with fresh random generators for each of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from nasbench_sparse.leaderboard.evidence import Evidence, gather
from nasbench_sparse.leaderboard.figures.style import Look, looks
from nasbench_sparse.leaderboard.head_to_head import Family, HeadToHead, compare_all, compare_pairs
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.report.blocks import Queries
from nasbench_sparse.leaderboard.results import Results, band_settings
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.leaderboard.sql import Setting, query
from nasbench_sparse.leaderboard.standing import Board
from nasbench_sparse.leaderboard.statistics.pairing import RunKey
from nasbench_sparse.store import Store

if TYPE_CHECKING:
    import polars as pl


Plan = Mapping[tuple[Contender, str], frozenset[RunKey]]
"""The (seed, replicate) of the runs that are planned of each contender on each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Results, what was computed of them, and the way to read more.

    Args:
        newcomer: the contender that the report is about; None for a report on all of them.
        names, by_run: what each contender, and the contender of each run id, is called.
        pairs: every two contenders, compared.
        against: the newcomer against every other contender; without one, every contender against random search.
        required: the newcomer against the contender that it must beat; None where none is required.
        planned: runs that a suite plans, of these tasks; None where no plan is known.
    """

    store: Store
    results: Results
    board: Board
    evidence: Evidence
    looks: dict[str, Look]
    seed: int
    names: dict[Contender, str]
    by_run: dict[str, str]
    pairs: Family
    against: Family
    newcomer: str | None = None
    required: HeadToHead | None = None
    planned: Plan | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """Contenders' names, best standing first."""
        return tuple(self.names[standing.contender] for standing in self.board.standings)

    @property
    def ranked(self) -> tuple[str, ...]:
        """Names of the contenders ranked together, best first."""
        return tuple(self.names[standing.contender] for standing in self.board.ranked)

    @property
    def base_queries(self) -> Queries:
        """The queries behind every final loss."""
        return tuple(self.results.queries.items())

    def read(self, name: str, *, in_band: bool = False, at_budget: bool = False) -> tuple[pl.DataFrame, Queries]:
        """Answer one of the leaderboard's queries for the runs that count.

        Args:
            in_band, at_budget: within the band of densities, and at the budget compared, where a query knows them.
        """
        settings: dict[str, Setting] = {"run_ids": self.results.chosen}
        if in_band:
            settings |= band_settings(self.results.density)
        if at_budget:
            settings |= budget_settings(self.results)
        sql = query(name, **settings)
        return self.store.sql(sql), ((name, sql),)

    def rng(self, part: str) -> np.random.Generator:
        """Return the generator of a part, the same each time."""
        return np.random.default_rng([self.seed, crc32(part.encode())])


def budget_settings(results: Results) -> dict[str, Setting]:
    """Return the settings by which a query knows the budgets at which tasks are compared."""
    if results.unit == "seconds":
        return {"evaluations": None, "seconds": next(iter(results.budgets.values()), None)}
    return {"evaluations": dict(results.budgets), "seconds": None}


def make_subject(
    store: Store,
    results: Results,
    *,
    seed: int = 0,
    newcomer: str | None = None,
    required: str | None = None,
    planned: Plan | None = None,
) -> Subject:
    """Compute what every part of a report needs; `required` is what the newcomer must beat."""
    evidence = gather(results)
    board = judged_board(results, seed=seed)
    names = results.names
    order = [names[standing.contender] for standing in board.standings]
    ranked = [names[standing.contender] for standing in board.ranked]
    against = board.against or Family((), None)
    must = None
    if newcomer is not None:
        against = compare_pairs(evidence, [(newcomer, name) for name in order if name != newcomer], seed=seed)
        if required is not None:
            must = compare_pairs(evidence, [(newcomer, required)], seed=seed, alternative="less").pairs[0]
    return Subject(
        store=store,
        results=results,
        board=board,
        evidence=evidence,
        looks=looks(evidence.names),
        seed=seed,
        newcomer=newcomer,
        names=names,
        by_run={run.run_id: names[run.contender] for run in results.runs},
        pairs=compare_all(evidence, order, ranked, seed=seed),
        against=against,
        required=must,
        planned=planned,
    )
