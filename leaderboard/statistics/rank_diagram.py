"""Numbers of a critical difference diagram: average ranks, and groups that do not differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import StatisticsError, counted, fraction, one_of
from nasbench_sparse.leaderboard.statistics.friedman_ranks import Friedman, friedman_units
from nasbench_sparse.leaderboard.statistics.pairwise_tests import Pairwise, pairwise_units
from nasbench_sparse.leaderboard.statistics.units import Unit, gather_units

PostHoc = Literal["wilcoxon-holm", "nemenyi"]


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """What a critical difference diagram shows, or the reason why none is drawn.

    Args:
        names, average_ranks: contenders, best first; rank 1 is the lowest loss.
        difference: Nemenyi's critical difference of average ranks; None with the Wilcoxon-Holm post-hoc test.
        groups: names joined by a bar, best first: largest runs of neighbours no two of which differ.
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

    @property
    def sentence(self) -> str:
        """Say what is drawn and why, or why nothing is."""
        if not self.drawn:
            why = "could not reject" if self.test.p_value is None else "does not reject"
            return f"No critical difference diagram: Friedman's test {why}. {self.test.sentence}"
        width = "" if self.difference is None else f", critical difference {self.difference:.3g}"
        bars = f"{counted(len(self.groups), 'group')} of contenders that do not differ"
        return f"Post-hoc test: {self.post_hoc}{width}; {bars}. {self.test.sentence}"


def critical_difference(
    contenders: Mapping[str, Any],
    *,
    unit: Unit,
    rng: np.random.Generator,
    families: Sequence[str] | None = None,
    post_hoc: PostHoc = "wilcoxon-holm",
    level: float = 0.05,
    resamples: int = 2000,
) -> CriticalDifference:
    """Rank contenders, test them together, and only if they differ, tell which do.

    Args:
        contenders: losses by name, shapes as `gather_units` takes them; three or more.
        post_hoc: "wilcoxon-holm", whose verdict on two contenders does not depend on the others (Benavoli et al.
            2016), or "nemenyi", which needs independent units.
    Raises:
        StatisticsError: Nemenyi's test asked for on tasks blocked by family; else see `friedman`.
    References:
        Demsar (2006), section 3.2.2 and figure 1.
    """
    one_of(post_hoc, ("wilcoxon-holm", "nemenyi"), "post_hoc")
    units = gather_units(contenders, unit=unit, families=families)
    if post_hoc == "nemenyi" and units.blocked:
        raise StatisticsError("Nemenyi's test needs independent tasks; with families use post_hoc='wilcoxon-holm'")
    test = friedman_units(units, rng, level)
    order = sorted(range(len(units.names)), key=lambda i: (test.average_ranks[i], units.names[i]))
    names = tuple(units.names[i] for i in order)
    ranks = tuple(test.average_ranks[i] for i in order)
    if not test.rejected:
        return CriticalDifference(names, ranks, None, (), test, post_hoc, None, False)
    if post_hoc == "nemenyi":
        width = nemenyi_difference(len(names), units.n, level)
        groups = _groups(names, lambda i, j: ranks[j] - ranks[i] < width)
        return CriticalDifference(names, ranks, width, groups, test, post_hoc, None, True)
    pairs = pairwise_units(units, rng, level=level, resamples=resamples)
    groups = _groups(names, lambda i, j: not pairs.rejected(names[i], names[j]))
    return CriticalDifference(names, ranks, None, groups, test, post_hoc, pairs, True)


def nemenyi_difference(contenders: int, n: int, level: float = 0.05) -> float:
    """Return the difference of average ranks from which two of k contenders differ over n independent units.

    It is q sqrt(k (k + 1) / (6 n)), q the studentized range's quantile at infinite degrees of freedom over sqrt(2).

    Raises:
        StatisticsError: fewer than two contenders, no units, or a level outside (0, 1).
    References:
        Nemenyi (1963); Demsar (2006), table 5 a and section 3.2.2.
    """
    fraction(level, "level")
    if contenders < 2 or n < 1:
        raise StatisticsError(f"{contenders} contenders over {n} units; at least two over one are needed")
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - level, contenders, math.inf)) / math.sqrt(2)
    return q * math.sqrt(contenders * (contenders + 1) / (6 * n))


def _groups(names: tuple[str, ...], alike: Callable[[int, int], bool]) -> tuple[tuple[str, ...], ...]:
    """Return the longest runs of two or more neighbours, every two of which are alike."""
    runs: list[tuple[int, int]] = []
    for start in range(len(names)):
        end = start
        while end + 1 < len(names) and all(alike(i, end + 1) for i in range(start, end + 1)):
            end += 1
        if end > start and (not runs or end > runs[-1][1]):
            runs.append((start, end))
    return tuple(names[start : end + 1] for start, end in runs)
