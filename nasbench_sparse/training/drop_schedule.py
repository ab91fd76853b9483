"""When a shrinking search cell drops its operations.

References:
    GRAFS (Strack et al., 2024), section 3.3 ("Progressive shrinking") and appendix B.
"""

from __future__ import annotations


def drops_per_epoch(drops: int, epochs: int, start: int) -> list[int]:
    """Return how many operations are dropped at the beginning of each epoch.

    Drop i = 0 .. drops - 1 happens at epoch start - 1 + floor(n ** (i / (drops - 1))) with n = epochs - start,
    the floor being the largest k with k ** (drops - 1) <= n ** i: in integers, so that no rounding shifts the
    last drop out of the last epoch.

    Args:
        drops: operations to drop in total; 104 for a full cell.
        epochs: length of the search.
        start: first epoch (from 0) that drops any; below `epochs`.
    Returns:
        A list of length `epochs` whose sum is `drops`.
    """
    counts = [0] * epochs
    span, floor = epochs - start, 1
    for i in range(drops):
        while floor < span and (floor + 1) ** (drops - 1) <= span**i:
            floor += 1
        counts[start - 1 + floor] += 1
    return counts
