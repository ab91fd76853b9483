"""Numbers of a critical difference diagram: average ranks, and groups not shown to differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import counted, fraction, one_of
from nasbench_sparse.leaderboard.statistics.friedman_ranks import Friedman, friedman_units
from nasbench_sparse.leaderboard.statistics.nemenyi import nemenyi_difference, nemenyi_p_value
from nasbench_sparse.leaderboard.statistics.pairwise_tests import Pairwise, pairwise_units
from nasbench_sparse.leaderboard.statistics.power import smallest_p_value
from nasbench_sparse.leaderboard.statistics.units import Unit, Units, gather_units

PostHoc = Literal["wilcoxon-holm", "nemenyi"]


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """What a critical difference diagram shows, or the reason why none is drawn.

    Args:
        names, average_ranks: contenders, best first; rank 1 is the lowest loss.
        difference: Nemenyi's critical difference of average ranks; None with the Wilcoxon-Holm post-hoc test.
        groups: names joined by a bar, best first: largest runs of neighbours no two of which are shown to differ.
            With Nemenyi's test every pair not shown to differ is under a bar; with Holm's correction a pair may be
            without, where one that lies between the two differs from either.
        pairs: the post-hoc comparisons behind the groups, with Wilcoxon-Holm.
        drawn: whether Friedman's test rejects; if not, there are no groups, difference or pairs.
    """

    names: tuple[str, ...]
    average_ranks: tuple[float, ...]
    difference: float | None
    groups: tuple[tuple[str, ...], ...]
    test: Friedman
    post_hoc: PostHoc
    pairs: Pairwise | None
    drawn: bool

    def differ(self, first: str, second: str) -> bool:
        """Tell whether two contenders are shown to differ: whether their corrected p-value is at most the level."""
        if not self.drawn:
            return False
        if self.pairs is not None:
            return self.pairs.rejected(first, second)
        apart = self.apart(first, second)
        return nemenyi_p_value(apart, len(self.names), self.test.effective_n) <= self.test.level

    def decided_by(self, pairs: Pairwise) -> CriticalDifference:
        """Return the diagram with the verdicts of signed-rank tests made elsewhere, such as over more pairs."""
        if not self.drawn:
            return self
        found = replace(self, pairs=pairs)
        return replace(found, groups=_groups(self.names, lambda a, b: not found.differ(a, b)))

    def apart(self, first: str, second: str) -> float:
        """Return the difference of two contenders' average ranks."""
        ranks = dict(zip(self.names, self.average_ranks, strict=True))
        return abs(ranks[first] - ranks[second])

    @property
    def sentence(self) -> str:
        """Say what is drawn and why, or why nothing is."""
        if not self.drawn:
            why = "could not reject" if self.test.p_value is None else "does not reject"
            return f"No critical difference diagram: Friedman's test {why}. {self.test.sentence}"
        bars = f"{counted(len(self.groups), 'group')} of contenders not shown to differ"
        return f"Post-hoc test: {self.post_hoc}{self.width}; {bars}. {self.test.sentence}"

    @property
    def width(self) -> str:
        """Nemenyi's critical difference in words, and how much n counts; empty with another test."""
        if self.difference is None:
            return ""
        n, counts = self.test.n, self.test.effective_n
        families = f" ({counted(n, 'task')} in families count as {counts:.3g})" if counts < n else ""
        return f", critical difference {self.difference:.3g}{families}"


def critical_difference(
    contenders: Mapping[str, Any],
    *,
    unit: Unit,
    rng: np.random.Generator,
    families: Sequence[str] | None = None,
    post_hoc: PostHoc | None = None,
    level: float = 0.05,
    resamples: int = 2000,
) -> CriticalDifference:
    """Rank contenders, test them together, and only if they differ, tell which do.

    Args:
        contenders: losses by name, shapes as `gather_units` takes them; three or more.
        post_hoc: "wilcoxon-holm", whose verdict on two contenders does not depend on the others (Benavoli et al.
            2016), or "nemenyi", which takes families as if all tasks of one said the same; None for the first
            where n allows it to decide anything, else the second.
    Raises:
        StatisticsError: see `friedman`.
    References:
        Demsar (2006), section 3.2.2 and figure 1.
    """
    if post_hoc is not None:
        one_of(post_hoc, ("wilcoxon-holm", "nemenyi"), "post_hoc")
    fraction(level, "level")
    units = gather_units(contenders, unit=unit, families=families)
    post_hoc = post_hoc or choose_post_hoc(units, level)
    test = friedman_units(units, rng, level)
    order = sorted(range(len(units.names)), key=lambda i: (test.average_ranks[i], units.names[i]))
    names = tuple(units.names[i] for i in order)
    ranks = tuple(test.average_ranks[i] for i in order)
    if not test.rejected:
        return CriticalDifference(names, ranks, None, (), test, post_hoc, None, False)
    width = pairs = None
    if post_hoc == "nemenyi":
        width = nemenyi_difference(len(names), units.effective_n, level)
    else:
        pairs = pairwise_units(units, rng, level=level, resamples=resamples)
    found = CriticalDifference(names, ranks, width, (), test, post_hoc, pairs, True)
    return replace(found, groups=_groups(names, lambda a, b: not found.differ(a, b)))


def choose_post_hoc(units: Units, level: float = 0.05) -> PostHoc:
    """Choose the test of all pairs by n alone, before any loss is looked at.

    Holm's correction of signed-rank tests decides nothing where the smallest p-value that so many blocks can give
    exceeds the level over the number of pairs: 9 blocks give 2^-8, which 15 pairs of 6 contenders raise to 0.059.
    """
    k = len(units.names)
    reachable = smallest_p_value(units.n_blocks) * (k * (k - 1) // 2) <= level
    return "wilcoxon-holm" if reachable else "nemenyi"


def _groups(names: tuple[str, ...], alike: Callable[[str, str], bool]) -> tuple[tuple[str, ...], ...]:
    """Return the longest runs of two or more neighbours, every two of which are alike."""
    runs: list[tuple[int, int]] = []
    for start in range(len(names)):
        end = start
        while end + 1 < len(names) and all(alike(one, names[end + 1]) for one in names[start : end + 1]):
            end += 1
        if end > start and (not runs or end > runs[-1][1]):
            runs.append((start, end))
    return tuple(names[start : end + 1] for start, end in runs)
