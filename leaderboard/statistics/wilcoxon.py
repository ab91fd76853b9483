"""Wilcoxon's signed-rank test of paired losses, exact with ties and zeros, blocked by family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, weighted_interval, weighted_mean_interval
from nasbench_sparse.leaderboard.statistics.check import Floats, Ints, counted, fraction, generator, one_of, whole
from nasbench_sparse.leaderboard.statistics.power import (
    ALTERNATIVES,
    Alternative,
    needed_units,
    smallest_p_value,
)
from nasbench_sparse.leaderboard.statistics.rank_biserial import Zeros, rank_biserial, without_each
from nasbench_sparse.leaderboard.statistics.ranks import doubled_midranks, magnitude_labels, tied_groups
from nasbench_sparse.leaderboard.statistics.sign_flips import is_exact, upper_tail
from nasbench_sparse.leaderboard.statistics.units import Unit, Units, describe_units, gather_units

TOO_FEW = "too few"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRank:
    """Result of a signed-rank test of first - second; for losses, a negative effect means the first is better.

    Args:
        positive_ranks, negative_ranks: rank sums R+ and R- of positive and negative differences.
        p_value: None where even the most extreme outcome of n blocks could not reach the level ("too few").
        smallest_p_value: that most extreme outcome's.
        exact: whether p is enumerated (at most 200 blocks) or a normal approximation.
        effect: matched-pairs rank biserial correlation; effect_interval is None where no resample differs, or none
            is drawn, and then `no_interval` says why.
        difference: mean of first - second, in the unit of the losses.
        n, n_blocks, unit, dropped: units analysed, independent blocks of them, what they are, how many left out.
        zeros, zero_rule: zero differences, and what was done with them ("pratt": ranked, then left out of the sums;
            "wilcox": left out before ranking).
        tied_groups: groups of equal non-zero magnitudes, which share the mean of their ranks.
        effective_n: `Units.effective_n`; n where nothing is blocked.
        tests: of the family that Holm corrects together with this one; 1 for a test alone. No p-value depends on
            it, `needed` does.
    """

    positive_ranks: float
    negative_ranks: float
    p_value: float | None
    smallest_p_value: float
    exact: bool
    alternative: Alternative
    level: float
    effect: float
    effect_interval: Interval | None
    difference: float
    difference_interval: Interval | None
    n: int
    n_blocks: int
    unit: Unit
    dropped: int
    zeros: int
    zero_rule: Zeros
    tied_groups: int
    effective_n: float
    tests: int = 1

    @property
    def needed(self) -> int | None:
        """Units that 80 % power needs at the observed effect and share of zeros, see `needed_units`.

        They come in blocks as large as these, of which all are taken to say the same. In a family the power is that
        at the first step of Holm's correction. None where the effect is zero or n cannot reach the level.
        """
        if self.smallest_p_value > self.level or self.effect == 0:
            return None
        independent = needed_units(
            self.effect,
            level=self.level,
            alternative=self.alternative,
            zeros=self.zeros / self.n,
            tests=self.tests,
        )
        return None if independent is None else math.ceil(independent * self.n / self.effective_n - 1e-9)

    @property
    def p_text(self) -> str:
        """The p-value to three digits, or "too few"."""
        return TOO_FEW if self.p_value is None else f"{self.p_value:.3g}"

    @property
    def no_interval(self) -> str | None:
        """Why the effect has no interval; None where it has one."""
        if self.effect_interval is not None:
            return None
        if self.n_blocks == 1:
            return f"one {self.unit[:-1]}" if self.n == 1 else "one family"
        if self.zeros == self.n:
            return "no difference anywhere"
        return "all of one sign" if abs(self.effect) == 1 else "no resample that differs"

    @property
    def _constant(self) -> str | None:
        return self.no_interval if self.n_blocks == 1 else "nothing varies"

    @property
    def sentence(self) -> str:
        """Say the result with n, its unit, and what happened to zeros, ties and holes."""
        kind = "exact" if self.exact else "normal approximation"
        parts = [
            describe_units(self.n, self.n_blocks, self.unit, self.dropped),
            f"{_zero_text(self.zeros, self.zero_rule)}, {_tie_text(self.tied_groups)}",
            f"p: {TOO_FEW} (the smallest possible is {self.smallest_p_value:.3g})"
            if self.p_value is None
            else f"signed-rank p = {self.p_text} ({self.alternative}, {kind})",
            f"rank biserial {self.effect:.3g} {_interval_text(self.effect_interval, self.no_interval)}",
            f"mean difference {self.difference:.3g} {_interval_text(self.difference_interval, self._constant)}",
        ]
        if self.needed is not None:
            step = f" and the first step of Holm over {self.tests} tests" if self.tests > 1 else ""
            parts.append(f"80 % power needs {self.needed} {self.unit} at this effect{step}")
        return "; ".join(parts) + "."


def signed_rank(
    first: Any,
    second: Any,
    *,
    unit: Unit,
    rng: np.random.Generator,
    families: Sequence[str] | None = None,
    alternative: Alternative = "two-sided",
    zero_rule: Zeros = "pratt",
    level: float = 0.05,
    tests: int = 1,
    resamples: int = 2000,
) -> SignedRank:
    """Compare two contenders' paired losses.

    The p-value is the permutation distribution of the observed midranks: each difference's sign is a fair coin.
    With families, one coin is thrown per family, which is exact under any dependence within families (a
    signed-rank test for clustered data), and n that counts is the number of families.

    Args:
        first, second: losses, paired; shapes as `gather_units` takes them. NaN where missing.
        unit: "runs" (within one task) or "tasks".
        rng: draws the bootstrap resamples (of families where blocked); the p-value needs none.
        alternative: "less": the first has the lower loss; "greater": the higher.
        zero_rule: "pratt" (default) ranks zeros and leaves their ranks out; "wilcox" leaves zeros out first.
        level: of the test; the intervals have coverage 1 - level.
        tests: of the family that it is corrected in, for `SignedRank.needed` alone; where the family is known only
            afterwards, `dataclasses.replace(result, tests=...)`.
    Raises:
        StatisticsError: see `gather_units`; or a setting outside what is allowed.
    References:
        Wilcoxon (1945); Pratt (1959); Rosner, Glynn and Lee (2006) for clusters.
    """
    units = gather_units({"first": first, "second": second}, unit=unit, families=families)
    return compare_columns(units, 0, 1, rng, alternative, zero_rule, level, resamples, tests)


def compare_columns(
    units: Units,
    one: int,
    other: int,
    rng: np.random.Generator,
    alternative: Alternative = "two-sided",
    zero_rule: Zeros = "pratt",
    level: float = 0.05,
    resamples: int = 2000,
    tests: int = 1,
) -> SignedRank:
    """Test column `one` against column `other` of units already gathered; see `signed_rank`.

    Args:
        resamples: of the bootstrap; 0 for a test without intervals.
    """
    one_of(alternative, ALTERNATIVES, "alternative")
    one_of(zero_rule, ("pratt", "wilcox"), "zero_rule")
    fraction(level, "level")
    generator(rng)
    first, second = units.values[:, one], units.values[:, other]
    labels = magnitude_labels(first, second)
    signs = np.where(labels == 0, 0.0, np.sign(first - second))
    signed = _signed_doubled_ranks(labels, signs, zero_rule)
    terms = np.bincount(units.blocks, weights=signed, minlength=units.n_blocks).astype(np.int64)
    smallest = smallest_p_value(units.n_blocks, alternative)
    correlation = rank_biserial(labels, signs, zero_rule)
    effect = float(correlation(np.ones((1, units.n)))[0])
    difference = first - second
    interval = around = None
    if resamples:
        left_out = None if units.blocked else without_each(labels, signs, zero_rule)
        interval = weighted_interval(
            correlation, units.blocks, rng, left_out=left_out, level=1 - level, resamples=resamples
        )
        around = weighted_mean_interval(difference, units.blocks, rng, level=1 - level, resamples=resamples)
    return SignedRank(
        positive_ranks=float(signed[signed > 0].sum()) / 2,
        negative_ranks=float(-signed[signed < 0].sum()) / 2,
        p_value=_p_value(terms, alternative) if smallest <= level else None,
        smallest_p_value=smallest,
        exact=is_exact(terms),
        alternative=alternative,
        level=level,
        effect=effect,
        effect_interval=None if abs(effect) == 1 else interval,  # no unit says the contrary, so none is resampled
        difference=float(difference.mean()),
        difference_interval=around,
        n=units.n,
        n_blocks=units.n_blocks,
        unit=units.unit,
        dropped=len(units.dropped),
        zeros=int((labels == 0).sum()),
        zero_rule=zero_rule,
        tied_groups=tied_groups(labels),
        effective_n=units.effective_n,
        tests=whole(tests, "tests", 1),
    )


def _signed_doubled_ranks(labels: Ints, signs: Floats, zero_rule: Zeros) -> Floats:
    """Return twice the signed midranks, (n,), 0 for zero differences."""
    kept = (labels > 0) | (zero_rule == "pratt")
    doubled = np.zeros(len(labels))
    doubled[kept] = doubled_midranks(labels[kept])
    return doubled * signs


def _p_value(terms: Ints, alternative: Alternative) -> float:
    total = int(terms.sum())
    if alternative == "two-sided":
        return min(1.0, 2 * upper_tail(terms, abs(total)))
    return upper_tail(terms, total if alternative == "greater" else -total)


def _zero_text(zeros: int, rule: Zeros) -> str:
    if not zeros:
        return "no zero differences"
    how = "ranked but not summed, Pratt" if rule == "pratt" else "left out"
    return f"{counted(zeros, 'zero difference')} ({how})"


def _tie_text(groups: int) -> str:
    if not groups:
        return "no ties"
    return f"{counted(groups, 'group')} of ties with midranks"


def _interval_text(interval: Interval | None, absence: str | None) -> str:
    return f"(no interval: {absence})" if interval is None else interval.sentence
