"""Head to head: contenders compared two by two, each pair on the units that both have complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal
from zlib import crc32

import numpy as np

from nasbench_sparse.leaderboard.evidence import Evidence
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm_where_possible
from nasbench_sparse.leaderboard.statistics.improvement import Improvement, probability_of_improvement
from nasbench_sparse.leaderboard.statistics.nemenyi import nemenyi_p_value
from nasbench_sparse.leaderboard.statistics.power import Alternative
from nasbench_sparse.leaderboard.statistics.rank_diagram import CriticalDifference, critical_difference
from nasbench_sparse.leaderboard.statistics.units import Unit, describe_units
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank

TWO_FAMILIES = (
    "Two families of tests across tasks are declared, and each is corrected for its own number of tests: every "
    "contender against random search, and all pairs of those ranked together, by another test where n is few. So "
    "one pair may be shown to differ in one of them and not in the other; which of them answers a question is to "
    "be chosen before looking."
)
"""The sentence that belongs wherever verdicts of both families are shown."""

Verdict = Literal["better", "worse", "no difference shown", "too few to test", "nothing in common"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToHead:
    """One pair of contenders.

    Args:
        lower, equal, higher: units on which the first has the lower, the same or the higher loss.
        test: None where no unit is complete for both.
        adjusted: Holm's p-value over the family of pairs; None where n is too few to reach the corrected level.
        ranks_apart: average rank of the first less the second's, where Nemenyi's test decided; `adjusted` is its
            p-value then.
        improvement: chance that a run of the first beats one of the second on these tasks, other seeds given.
        left_out: tasks on which the two have no seed in common, or one of them a run that failed or is short.
    """

    first: str
    second: str
    unit: Unit
    units: int
    lower: int
    equal: int
    higher: int
    test: SignedRank | None
    adjusted: float | None
    rejected: bool
    improvement: Improvement | None
    ranks_apart: float | None = None
    left_out: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What may be said of the first contender."""
        if self.test is None:
            return "nothing in common"
        if self.adjusted is None:
            return "too few to test"
        if not self.rejected:
            return "no difference shown"
        decisive = self.test.effect if self.ranks_apart is None else self.ranks_apart
        return "better" if decisive < 0 else "worse"

    @property
    def p_text(self) -> str:
        """The corrected p-value, or "too few"."""
        return "too few" if self.adjusted is None else f"{self.adjusted:.2g}"


@dataclass(frozen=True, slots=True)
class Family:
    """Pairs corrected together; `sentence` says how, and over how many."""

    pairs: tuple[HeadToHead, ...]
    correction: Holm | None
    sentence: str = ""

    def pair(self, first: str, second: str) -> HeadToHead:
        """Return the comparison of these two, in this order."""
        return next(pair for pair in self.pairs if (pair.first, pair.second) == (first, second))


def compare_pairs(
    evidence: Evidence,
    pairs: Sequence[tuple[str, str]],
    *,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
) -> Family:
    """Compare pairs of contenders by signed-rank tests with Holm's correction.

    A pair is compared on the units that both have complete, which may be fewer than others have, by the seeds and
    replicates that both were run with. What n cannot decide is left out, see `holm_where_possible`.
    """
    if not pairs:
        return Family((), None)
    shown = [evidence.between(pair) for pair in pairs]
    tests = [_test(held, pair, seed, alternative, level) for held, pair in zip(shown, pairs, strict=True)]
    smallest = [np.nan if test is None else test.smallest_p_value for test in tests]
    p_values = [np.nan if test is None or test.p_value is None else test.p_value for test in tests]
    correction = holm_where_possible(p_values, smallest, level)
    found = [
        _pair(held, pair, test, adjusted, rejected, _generator(seed, pair, "improvement"))
        for held, pair, test, adjusted, rejected in zip(
            shown, pairs, tests, correction.adjusted, correction.rejected, strict=True
        )
    ]
    return Family(tuple(found), correction, f"{correction.sentence}.")


def compare_all(evidence: Evidence, names: Sequence[str], ranked: Sequence[str], *, seed: int = 0) -> Family:
    """Compare every two contenders, by Holm's correction, or where n lets it decide nothing by Nemenyi's test.

    Nemenyi's test is of those ranked together, after Friedman's: a pair's p-value is the larger of the two. Which
    one it is depends on n alone, never on the losses.
    """
    family = compare_pairs(evidence, list(combinations(names, 2)), seed=seed)
    if any(pair.adjusted is not None for pair in family.pairs):
        return family
    diagram = rank_test(evidence, ranked, seed=seed)
    if diagram is None or diagram.test.p_value is None:
        return family
    places = dict(zip(diagram.names, diagram.average_ranks, strict=True))
    pairs = []
    for pair in family.pairs:
        if pair.first in places and pair.second in places:
            apart = places[pair.first] - places[pair.second]
            p = max(diagram.test.p_value, nemenyi_p_value(apart, len(places), diagram.test.effective_n))
            pair = replace(pair, adjusted=p, rejected=diagram.differ(pair.first, pair.second), ranks_apart=apart)
        pairs.append(pair)
    test = diagram.test
    sentence = (
        f"p is Nemenyi's over the {len(places)} contenders ranked together, after Friedman's test "
        f"({describe_units(test.n, test.n_blocks, test.unit, test.dropped)}): so few are too few for signed-rank "
        "tests of all pairs with Holm's correction."
    )
    return replace(family, pairs=tuple(pairs), sentence=sentence)


def rank_test(evidence: Evidence, ranked: Sequence[str], *, seed: int = 0) -> CriticalDifference | None:
    """Test contenders ranked together on what all of them completed, see `critical_difference`.

    None of fewer than three contenders, or where they completed nothing in common.
    """
    if len(ranked) < 3:
        return None
    evidence = evidence.between(ranked)
    columns = evidence.columns(ranked)
    if np.isnan(sum(columns.values())).all():
        return None
    return critical_difference(
        columns,
        unit=evidence.unit,
        rng=np.random.default_rng([seed, crc32(b"critical difference")]),
        families=evidence.blocks,
        resamples=100,
    )


def _generator(seed: int, pair: tuple[str, str], part: str) -> np.random.Generator:
    """Return the generator of a pair, so that its intervals do not depend on which other pairs are compared."""
    return np.random.default_rng([seed, crc32("\0".join((*pair, part)).encode())])


def _test(
    evidence: Evidence, pair: tuple[str, str], seed: int, alternative: Alternative, level: float
) -> SignedRank | None:
    """Test a pair on what its common runs show."""
    columns = evidence.columns(pair)
    first, second = columns[pair[0]], columns[pair[1]]
    if np.isnan(first + second).all():
        return None
    rng = _generator(seed, pair, "effect")
    return signed_rank(
        first,
        second,
        unit=evidence.unit,
        rng=rng,
        families=evidence.blocks,
        alternative=alternative,
        level=level,
        resamples=1000,
    )


def _pair(
    evidence: Evidence,
    pair: tuple[str, str],
    test: SignedRank | None,
    adjusted: float,
    rejected: bool,
    rng: np.random.Generator,
) -> HeadToHead:
    """Describe a pair by what its common runs show."""
    columns = evidence.columns(pair)
    first, second = columns[pair[0]], columns[pair[1]]
    complete = ~np.isnan(first + second)
    shared = [task for task in evidence.tasks if all(evidence.complete(name, task) for name in pair)]
    improvement = None
    if shared:
        one, two = (evidence.strata(name, shared) for name in pair)
        improvement = probability_of_improvement(one, two, rng, resamples=1000)
    return HeadToHead(
        first=pair[0],
        second=pair[1],
        unit=evidence.unit,
        units=int(complete.sum()),
        lower=int((first < second).sum()),
        equal=int((first == second).sum()),
        higher=int((first > second).sum()),
        test=test,
        adjusted=None if np.isnan(adjusted) else float(adjusted),
        rejected=rejected,
        improvement=improvement,
        left_out=tuple(task for task in evidence.tasks if task not in shared),
    )
