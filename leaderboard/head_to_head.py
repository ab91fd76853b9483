"""Head to head: contenders compared two by two, each pair on the units that both have complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal
from zlib import crc32

import numpy as np

from nasbench_sparse.leaderboard.evidence import Evidence
from nasbench_sparse.leaderboard.ranking import ranked_together
from nasbench_sparse.leaderboard.statistics.check import counted
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm_where_possible
from nasbench_sparse.leaderboard.statistics.improvement import Improvement, probability_of_improvement
from nasbench_sparse.leaderboard.statistics.nemenyi import nemenyi_p_value
from nasbench_sparse.leaderboard.statistics.pairwise_tests import Comparison, Pairwise
from nasbench_sparse.leaderboard.statistics.power import Alternative
from nasbench_sparse.leaderboard.statistics.rank_diagram import CriticalDifference, PostHoc, critical_difference
from nasbench_sparse.leaderboard.statistics.units import Unit, describe_units
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank

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
    """Pairs corrected together; `sentence` says how, and over how many.

    Args:
        order: of all pairs, the test of those ranked together, with groups by the verdicts of these pairs.
    """

    pairs: tuple[HeadToHead, ...]
    correction: Holm | None
    sentence: str = ""
    order: CriticalDifference | None = None

    def pair(self, first: str, second: str) -> HeadToHead:
        """Return the comparison of these two, in this order."""
        return next(pair for pair in self.pairs if (pair.first, pair.second) == (first, second))


def families_sentence(against: str | None, unit: Unit) -> str:
    """Return what belongs wherever verdicts of several families are shown; nothing of one family.

    Args:
        against: whom the first family compares with whom; None without it.
        unit: where it is the run, all pairs within the one task are all pairs.
    """
    families = [*([against] if against else []), "all pairs, by another test where n is few"]
    families += ["all pairs within each task (wins, ties and losses)"] if unit == "tasks" else []
    if len(families) == 1:
        return ""
    return (
        f"{('Two', 'Three')[len(families) - 2]} families of tests are declared, and each is corrected for its own "
        f"number of tests: {'; '.join(families)}. So one pair may be shown to differ in one of them and not in "
        "another; which of them answers a question is to be chosen before looking."
    )


def compare_pairs(
    evidence: Evidence,
    pairs: Sequence[tuple[str, str]],
    *,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
    intervals: bool = True,
) -> Family:
    """Compare pairs of contenders by signed-rank tests with Holm's correction.

    A pair is compared on the units that both have complete, which may be fewer than others have, by the seeds and
    replicates that both were run with. What n cannot decide is left out, see `holm_where_possible`.

    Args:
        intervals: whether to draw those of effects, and chances of improvement; verdicts need neither.
    """
    if not pairs:
        return Family((), None)
    shown = [evidence.between(pair) for pair in pairs]
    tests = [
        _test(held, pair, seed, alternative, level, intervals) for held, pair in zip(shown, pairs, strict=True)
    ]
    smallest = [np.nan if test is None else test.smallest_p_value for test in tests]
    p_values = [np.nan if test is None or test.p_value is None else test.p_value for test in tests]
    correction = holm_where_possible(p_values, smallest, level)
    tests = [None if test is None else replace(test, tests=max(correction.tests, 1)) for test in tests]
    found = [
        _pair(held, pair, test, adjusted, rejected, _generator(seed, "improvement") if intervals else None)
        for held, pair, test, adjusted, rejected in zip(
            shown, pairs, tests, correction.adjusted, correction.rejected, strict=True
        )
    ]
    if correction.without == correction.tests:
        return Family(
            tuple(found), correction, f"{_size(found)} are too few for Holm over {counted(len(pairs), 'test')}."
        )
    return Family(tuple(found), correction, f"{correction.sentence}.")


def _size(pairs: Sequence[HeadToHead]) -> str:
    """Say n, and in how many families, or from which to which."""
    blocks = [0 if pair.test is None else pair.test.n_blocks for pair in pairs]
    units = [pair.units for pair in pairs]
    families = f" in {_span(blocks)} {'family' if set(blocks) == {1} else 'families'}" if blocks != units else ""
    return f"n = {_span(units)} {pairs[0].unit}{families}"


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def compare_all(
    evidence: Evidence, names: Sequence[str], ranked: Sequence[str], *, seed: int = 0, intervals: bool = True
) -> Family:
    """Compare every two contenders, by Holm's correction, or where n lets it decide nothing by Nemenyi's test.

    Nemenyi's test is of those ranked together, after Friedman's: a pair's p-value is the larger of the two. Which
    one it is depends on n alone, never on the losses. The groups of `Family.order` are by the same verdicts.
    """
    family = compare_pairs(evidence, list(combinations(names, 2)), seed=seed, intervals=intervals)
    decides = any(pair.adjusted is not None for pair in family.pairs)
    order = rank_test(evidence, ranked, "wilcoxon-holm" if decides else "nemenyi", seed=seed)
    if order is None:
        return family
    if decides:
        return replace(family, order=order.decided_by(_as_pairwise(family)))
    return replace(family, order=order) if order.test.p_value is None else _by_nemenyi(family, order)


def _as_pairwise(family: Family) -> Pairwise:
    assert family.correction is not None
    comparisons = tuple(
        Comparison(pair.first, pair.second, pair.test, pair.adjusted, pair.rejected)
        for pair in family.pairs
        if pair.test is not None
    )
    return Pairwise(comparisons, family.correction, "each pair on what both completed")


def _by_nemenyi(family: Family, order: CriticalDifference) -> Family:
    """Return the pairs with the p-values of Nemenyi's test, where both are ranked together."""
    test = order.test
    places = dict(zip(order.names, order.average_ranks, strict=True))
    pairs = []
    for pair in family.pairs:
        if pair.first in places and pair.second in places:
            apart = places[pair.first] - places[pair.second]
            p = max(test.p_value or 0.0, nemenyi_p_value(apart, len(places), test.effective_n))
            pair = replace(pair, adjusted=p, rejected=order.differ(pair.first, pair.second), ranks_apart=apart)
        pairs.append(pair)
    sentence = (
        f"p is Nemenyi's over the {len(places)} contenders ranked together, after Friedman's test "
        f"({describe_units(test.n, test.n_blocks, test.unit, test.dropped)}): so few are too few for signed-rank "
        "tests of all pairs with Holm's correction."
    )
    return replace(family, pairs=tuple(pairs), sentence=sentence, order=order)


def rank_test(
    evidence: Evidence, ranked: Sequence[str], post_hoc: PostHoc, *, seed: int = 0
) -> CriticalDifference | None:
    """Test contenders ranked together on what all of them completed, see `critical_difference`.

    Within one task those tested are the largest block of contenders times runs, so that one with few seeds takes no
    run from the others. None of fewer than three contenders, or where they completed nothing in common.
    """
    together = _largest_block(evidence, ranked) if ranked and evidence.unit == "runs" else ranked
    if len(together) < 3:
        return None
    evidence = evidence.between(together)
    columns = evidence.columns(together)
    if np.isnan(sum(columns.values())).all():
        return None
    return critical_difference(
        columns,
        unit=evidence.unit,
        rng=np.random.default_rng([seed, crc32(b"critical difference")]),
        families=evidence.blocks,
        post_hoc=post_hoc,
        resamples=0,
    )


def _largest_block(evidence: Evidence, ranked: Sequence[str]) -> list[str]:
    """Return those of the largest block of contenders times runs of the one task, in the order given."""
    (paired,) = evidence.paired.values()
    done = {
        name: frozenset(key for key, loss in zip(paired.keys, paired.columns[name], strict=True) if loss == loss)
        for name in ranked
    }
    together, _ = ranked_together(done)
    return [name for name in ranked if name in together]


def _generator(seed: int, part: str) -> np.random.Generator:
    """Return the generator of every pair: intervals depend neither on names nor on what else is compared."""
    return np.random.default_rng([seed, crc32(part.encode())])


def _resamples(units: int) -> int:
    """Return how many resamples an effect's interval takes: of nine units all there are, of few so many."""
    return max(1000, min(25_000, 500_000 // units))


def _test(
    evidence: Evidence, pair: tuple[str, str], seed: int, alternative: Alternative, level: float, intervals: bool
) -> SignedRank | None:
    """Test a pair on what its common runs show."""
    columns = evidence.columns(pair)
    first, second = columns[pair[0]], columns[pair[1]]
    holes = np.isnan(first + second)
    if holes.all() or (evidence.unit == "runs" and holes.any()):  # a run that failed is not left out of its task
        return None
    return signed_rank(
        first,
        second,
        unit=evidence.unit,
        rng=_generator(seed, "effect"),
        families=evidence.blocks,
        alternative=alternative,
        level=level,
        resamples=_resamples(len(first)) if intervals else 0,
    )


def _pair(
    evidence: Evidence,
    pair: tuple[str, str],
    test: SignedRank | None,
    adjusted: float,
    rejected: bool,
    rng: np.random.Generator | None,
) -> HeadToHead:
    """Describe a pair by what its common runs show."""
    columns = evidence.columns(pair)
    first, second = columns[pair[0]], columns[pair[1]]
    complete = ~np.isnan(first + second) & (test is not None)
    shared = [task for task in evidence.tasks if all(evidence.complete(name, task) for name in pair)]
    improvement = None
    if shared and rng is not None:
        one, two = (evidence.strata(name, shared) for name in pair)
        improvement = probability_of_improvement(one, two, rng, resamples=1000)
    return HeadToHead(
        first=pair[0],
        second=pair[1],
        unit=evidence.unit,
        units=int(complete.sum()),
        lower=int((first < second)[complete].sum()),
        equal=int((first == second)[complete].sum()),
        higher=int((first > second)[complete].sum()),
        test=test,
        adjusted=None if np.isnan(adjusted) else float(adjusted),
        rejected=rejected,
        improvement=improvement,
        left_out=tuple(task for task in evidence.tasks if task not in shared),
    )
