"""Chains: what their searches found, and what confirmation says of them against the declared baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from nasbench_sparse.core.config import config_key
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, bootstrap_mean
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank
from nasbench_sparse.runner.chain import Chain, Fixed
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

METRIC = "test_accuracy"
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Confirmed:
    """A method on the fresh replicates.

    Args:
        finals: what was trained: one for each seed of a chain, None where its search has not ended; or the one.
        values: the metric of each replicate, (replicates,), the mean over the finals; NaN where one is missing.
        diverged: trainings that diverged; they have no metric, so they are among the missing.
        interval: 95 % interval of the mean over replicates, see `bootstrap_mean`; None where nothing varies.
    """

    name: str
    finals: tuple[Fixed | None, ...]
    values: Floats
    diverged: int
    interval: Interval | None

    @property
    def n(self) -> int:
        """Replicates that are whole."""
        return int(np.isfinite(self.values).sum())

    @property
    def mean(self) -> float | None:
        """The mean over the replicates that are whole."""
        return float(np.nanmean(self.values)) if self.n else None


@dataclass(frozen=True, slots=True)
class Difference:
    """The chain against a baseline, paired by replicate: chain - baseline.

    Args:
        test: exact signed-rank test, one-sided, that the chain has the larger values; None where no pair is whole.
        adjusted: Holm's p-value over the baselines; None where there is none, or the pairs are too few for one.
    """

    baseline: str
    test: SignedRank | None
    adjusted: float | None


@dataclass(frozen=True, slots=True)
class ChainResult:
    """Everything a store says of a chain: its searches, the confirmed methods (itself first), and the tests."""

    chain: Chain
    paths: tuple[Path, ...]
    methods: tuple[Confirmed, ...]
    differences: tuple[Difference, ...]
    correction: Holm | None


def read_chain(store: Store, chain: Chain, seeds: Sequence[int] | None = None) -> ChainResult:
    """Read a chain's searches and its confirmation.

    Args:
        seeds: of the searches; by default those that the store holds any of, or else the chain's own.
    """
    paths = recorded_paths(chain, store, seeds)
    if seeds is None:
        paths = _begun(chain, paths)
    if chain.confirm is None:
        return ChainResult(chain, tuple(paths), (), (), None)
    values = _Values(store)
    methods = [
        _confirmed(method, paths, chain.confirm.replicates, values) for method in (chain, *chain.confirm.baselines)
    ]
    tests = [_test(methods[0], baseline) for baseline in methods[1:]]
    p_values = [math.nan if test is None or test.p_value is None else test.p_value for test in tests]
    correction = None if all(map(math.isnan, p_values)) else holm(p_values, LEVEL)
    adjusted = [math.nan] * len(tests) if correction is None else correction.adjusted
    differences = tuple(
        Difference(method.name, test, None if math.isnan(p) else p)
        for method, test, p in zip(methods[1:], tests, adjusted, strict=True)
    )
    return ChainResult(chain, tuple(paths), tuple(methods), differences, correction)


def _begun(chain: Chain, paths: Sequence[Path]) -> list[Path]:
    """Leave out the seeds of which the store holds no run of the chain, if it holds any."""
    begun = {path.seed for path in paths if path.chain is chain and path.steps[0].outcome.status != "new"}
    return [path for path in paths if path.seed in begun or not begun]


class _Values:
    """Looks up the metric of trainings; each task is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, dict[tuple[str, int], float]] = {}
        self._diverged: set[tuple[str, str, int]] = set()

    def of(self, final: Fixed, replicate: int) -> float:
        """Return the value, NaN where there is none."""
        fingerprint = final.task.fingerprint
        if fingerprint not in self._read:
            self._read[fingerprint] = dict(self._rows(fingerprint))
        return self._read[fingerprint].get((config_key(final.config), replicate), math.nan)

    def diverged(self, final: Fixed, replicate: int) -> bool:
        """Whether a training that was looked up diverged."""
        return (final.task.fingerprint, config_key(final.config), replicate) in self._diverged

    def _rows(self, fingerprint: str) -> Mapping[tuple[str, int], float]:
        found: dict[tuple[str, int], float] = {}
        frame = self._store.sql(query("design_cells", fingerprint=fingerprint, metric=METRIC))
        for key, replicate, diverged, value in frame.select(
            "config_key", "replicate", "diverged", "value"
        ).iter_rows():
            if diverged:
                self._diverged.add((fingerprint, key, replicate))
            elif value is not None and math.isfinite(value):
                found[key, replicate] = float(value)
        return found


def _confirmed(
    method: Chain | Fixed, paths: Sequence[Path], replicates: Sequence[int], values: _Values
) -> Confirmed:
    finals = [method] if isinstance(method, Fixed) else [p.final for p in paths if p.chain is method]
    table = np.array(
        [[math.nan if final is None else values.of(final, r) for r in replicates] for final in finals]
    )  # (finals, replicates)
    diverged = sum(values.diverged(final, r) for final in finals if final is not None for r in replicates)
    column = table.mean(axis=0)
    whole = column[np.isfinite(column)]
    interval = bootstrap_mean(whole, _rng(method.name)) if len(whole) > 1 else None
    return Confirmed(method.name, tuple(finals), column, diverged, interval)


def _test(chain: Confirmed, baseline: Confirmed) -> SignedRank | None:
    if not np.isfinite(chain.values + baseline.values).any():
        return None
    return signed_rank(
        chain.values,
        baseline.values,
        unit="runs",
        rng=_rng(baseline.name),
        alternative="greater",
        level=LEVEL,
    )


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(crc32(name.encode()))


def operator_counts(store: Store, result: ChainResult, stage: str) -> dict[tuple[str, str], int]:
    """Count how often each choice of each field was tried in a stage, over the chain's seeds.

    Returns:
        Counts by (field, choice), such as ("operator_0", "swish"); a config asked twice counts twice.
    Raises:
        NbsError: the chain has no such stage.
    References:
        SAFS (Loni et al., 2023), figure 5.
    """
    names = [item.name for item in result.chain.stages]
    if stage not in names:
        raise NbsError(f"chain {result.chain.name!r} has the stages {', '.join(names)}, not {stage!r}")
    steps = [step for path in result.paths if path.chain is result.chain for step in path.steps]
    run_ids = sorted({step.outcome.run_id for step in steps if step.stage.name == stage})
    rows = store.sql(query("choice_counts", run_ids=run_ids)).select("field", "choice", "trials")
    return {(field, choice): int(trials) for field, choice, trials in rows.iter_rows()}
