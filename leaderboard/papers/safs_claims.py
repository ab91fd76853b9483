"""The headline claims of SAFS: exact one-sided signed-rank tests on pairs of fresh replicates, or of seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.papers.diverged import said
from nasbench_sparse.leaderboard.papers.evidence import Evidence, compared, together
from nasbench_sparse.leaderboard.papers.safs import SAFS, STAGE_1, STAGE_2, VANILLA, chains
from nasbench_sparse.leaderboard.papers.safs_curves import EGF
from nasbench_sparse.leaderboard.papers.safs_searches import by_algorithm
from nasbench_sparse.leaderboard.papers.trained import shown_as
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

MARGIN = 0.01
"""Accuracy within which both stages count as no worse than the first alone: one point, chosen after the claim's own
test was first run, so post hoc."""


def stage_1_over_vanilla(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test stage 1 alone against vanilla pruning."""
    return _methods(artefact, scale, store, STAGE_1, VANILLA)


def safs_over_vanilla(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test both stages against vanilla pruning."""
    return _methods(artefact, scale, store, SAFS, VANILLA)


def safs_over_stage_1(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test both stages against the first alone; beside it, whether they are no worse by more than `MARGIN`.

    The claim is that stage 2 adds, so the first test decides.
    """
    better = _methods(artefact, scale, store, SAFS, STAGE_1)
    within = _methods(artefact, scale, store, SAFS, STAGE_1, margin=MARGIN)
    verdict = {True: "holds", False: "does not hold", None: "undecided"}[within.holds]
    beside = f"better: {better.test}; no worse than {100 * MARGIN:g} point: {within.test}, {verdict}"
    return replace(better, test=beside) if better.measured else better


def srelu_under_vanilla(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test whether SReLU, defined with its offsets, has lower accuracy than vanilla pruning."""
    return _methods(artefact, scale, store, "srelu", VANILLA, alternative="less")


def searched_over_dense(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test stage 2 alone against the dense recipe, ReLU in both."""
    return _methods(artefact, scale, store, STAGE_2, VANILLA)


def higher_gradient_flow(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test the mean effective gradient flow of SAFS against that of vanilla pruning."""
    return _methods(artefact, scale, store, SAFS, VANILLA, EGF, "mean")


def lahc_over_others(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test the lowest training loss of LAHC against each other algorithm's, paired by seed."""
    losses = by_algorithm(artefact, scale, store)
    lowest = {name: {seed: float(row.min()) for seed, row in rows.items()} for name, rows in losses.items()}
    ours = lowest.get("LAHC", {})
    parts = []
    for name in artefact.at(scale).groups:
        if name != "LAHC":
            theirs = lowest.get(name, {})
            shared = [seed for seed in ours if seed in theirs]
            first, second = (np.array([side[seed] for seed in shared]) for side in (ours, theirs))
            parts.append(compared(first, second, f"LAHC {{first:.4f}}, {name} {{second:.4f}}", "less"))
    return together(parts)


def _methods(
    artefact: Artefact,
    scale: Scale,
    store: Store,
    first: str,
    second: str,
    metric: str = "test_accuracy",
    at: str = "end",
    alternative: str = "greater",
    margin: float = 0.0,
) -> Evidence:
    """Test two methods in every group of an artefact, paired by replicate; all of them must hold."""
    parts = []
    for label, found in chains(artefact, scale, store):
        sides = (
            f"{method} {{{side}:.4f}}{said(*found.lost.get(method, (0, 0)))}"
            for side, method in (("first", first), ("second", second))
        )
        what = f"{_label(artefact, scale, label)}: {', '.join(sides)}"
        parts.append(compared(*found.pairs(first, second, metric, at), what, alternative, margin))
    return together(parts)


def _label(artefact: Artefact, scale: Scale, label: str) -> str:
    """Name a group by what was trained in it."""
    (plan,) = artefact.at(scale).groups[label]
    assert isinstance(plan, Chain)
    return shown_as(label, plan.task, scale)
