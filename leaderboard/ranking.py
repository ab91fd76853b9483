"""Ranking: who is ranked together on which tasks, and places with ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from nasbench_sparse.leaderboard.runs import Contender

Who = TypeVar("Who", Contender, str)
What = TypeVar("What", str, tuple[int, int])


def ranked_together(done: Mapping[Who, frozenset[What]]) -> tuple[frozenset[Who], tuple[What, ...]]:
    """Choose who is ranked, on which tasks: the largest block of contenders times tasks without a hole.

    Found by dropping the contender with the fewest complete tasks, one after another, so that one that cannot
    serve some tasks does not take these tasks from all others. Of equal blocks the one with more contenders stands.

    Args:
        done: the tasks on which each contender is complete, or the runs of one task that it has.
    Returns:
        The contenders ranked, and the tasks that all of them completed; none of either where no task is shared.
    """
    kept = sorted(done, key=lambda contender: (-len(done[contender]), contender))
    best: tuple[frozenset[Who], frozenset[What]] = frozenset(), frozenset()
    least = min(2, len(kept))
    while len(kept) >= least and kept:
        shared = frozenset.intersection(*(done[contender] for contender in kept))
        if len(kept) * len(shared) > len(best[0]) * len(best[1]):
            best = frozenset(kept), shared
        kept = kept[:-1]
    return best[0], tuple(sorted(best[1]))


def comparable(mean: float) -> float:
    """Return a mean to 13 digits, so that equal means tie whatever bits their sums end in."""
    return float(f"{mean:.13g}")


def mean_ranks(losses: Sequence[float]) -> list[float]:
    """Rank losses from 1, the lowest; ties share the mean of the places they take."""
    return [
        sum(other < loss for other in losses) + (sum(other == loss for other in losses) + 1) / 2 for loss in losses
    ]
