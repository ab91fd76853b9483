"""Evidence for a claim: what was measured, tested on how much, and whether the claim holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact, Claim, Scale, load
from nasbench_sparse.tasks.papers.plans import tasks_of

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a store says of a claim.

    Args:
        measured: in a few words, with numbers; empty where nothing was trained.
        n: pairs, or whatever `test` counts.
        test: name and p-value.
        holds: None where there is too little to test.
        effect: mean difference with its 95 % interval, and the matched-pairs rank biserial correlation.
    """

    measured: str = ""
    n: int = 0
    test: str = ""
    holds: bool | None = None
    effect: str = ""


NOTHING = Evidence()


def compared(
    first: Floats, second: Floats, what: str, alternative: str = "greater", margin: float = 0.0
) -> Evidence:
    """Test paired values by an exact one-sided signed-rank test; the claim is that the first are so.

    Args:
        first, second: values, (pairs,).
        what: of what the two means are, with its unit: "dense 81.2, sparse {0:.1f}" is written by the caller as
            "sparse {first:.3f}, dense {second:.3f}".
        margin: by which the first may be worse; of the test alone, not of the means and the effect.
    """
    if not len(first):
        return NOTHING
    plain = _signed_rank(first, second, alternative)
    shifted = second - margin if alternative == "greater" else second + margin
    test = plain if margin == 0.0 else _signed_rank(first, shifted, alternative)
    said, effect = what.format(first=first.mean(), second=second.mean()), _effect(plain)
    if test.p_value is None:
        few = f"signed rank, too few (smallest p {test.smallest_p_value:.2g})"
        return Evidence(said, len(first), few, effect=effect)
    return Evidence(said, len(first), f"signed rank, p = {test.p_value:.2g}", test.p_value < LEVEL, effect)


def _signed_rank(first: Floats, second: Floats, alternative: str) -> SignedRank:
    return signed_rank(
        first,
        second,
        unit="runs",
        rng=np.random.default_rng(0),
        alternative="greater" if alternative == "greater" else "less",
        level=LEVEL,
    )


def _effect(test: SignedRank) -> str:
    interval = test.difference_interval
    spread = "" if interval is None else f" [{interval.low:+.2g}, {interval.high:+.2g}]"
    return f"{test.difference:+.2g}{spread}, r = {test.effect:+.2f}"


def together(parts: Sequence[Evidence]) -> Evidence:
    """Join the evidence of a claim of several parts: it holds if all of them do."""
    kept = [part for part in parts if part.measured]
    if not kept:
        return NOTHING
    undecided = len(kept) < len(parts) or any(part.holds is None for part in kept)
    holds = False if any(part.holds is False for part in kept) else None if undecided else True
    return Evidence(
        "; ".join(part.measured for part in kept),
        min(part.n for part in kept),
        "; ".join(part.test for part in kept),
        holds,
        "; ".join(part.effect for part in kept if part.effect),
    )


def evidence(claim: Claim, artefact: Artefact, store: Store) -> tuple[Scale | None, Evidence]:
    """Return what the store says of a claim at the largest scale that it was trained at, and that scale."""
    held = set(store.sql("SELECT DISTINCT fingerprint FROM tasks")["fingerprint"])
    for scale in reversed(SCALES):
        if held.isdisjoint(task.fingerprint for plan in artefact.at(scale).plans for task in tasks_of(plan)):
            continue
        found: Evidence = load(claim.evidence)(artefact, scale, store)
        if found.measured:
            return scale, found
    return None, NOTHING
