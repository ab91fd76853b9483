"""Iterative pruning methods as cycles: each function writes the phases of a published method."""

from __future__ import annotations

from dataclasses import replace

from nasbench_sparse.core.phases import ActivatePrune, Cycles, Prune, Rewind, Step, Train
from nasbench_sparse.errors import TaskError


def iterative(prune: Prune, train: Train, count: int, *, rewind: Rewind | None = None) -> Cycles:
    """Prune, rewind, train, `count` times: iterative magnitude pruning, the lottery ticket, method X of AP.

    Args:
        prune: with the fraction of the weights alive that each cycle prunes.
        rewind: None for the initial values.

    References:
        Frankle and Carbin (2019), section 2; AP (Liu et al., 2024), algorithm 2.
    """
    return Cycles((prune, rewind or Rewind(), train), count)


def ap_pro(prune: Prune, q: float, train: Train, count: int, *, step: ActivatePrune | None = None) -> Cycles:
    """Activate-while-Pruning in every cycle: method X prunes p - q, the AP step q, then rewind and train.

    Args:
        prune: method X, with p as its fraction; see `iterative`.
        q: the AP step's fraction, as a rule p / 10.
        step: another AP step than the method's own, such as AP-output; its fraction becomes q.

    Raises:
        TaskError: q > p, or no fraction p.
    References:
        AP (Liu et al., 2024), algorithm 2 with Pro_Flag = 1.
    """
    return Cycles((*_shared_pruning(prune, q, step), Rewind(), train), count)


def ap_lite(prune: Prune, q: float, train: Train, count: int, *, step: ActivatePrune | None = None) -> Cycles:
    """Method X, reported at each density as if that cycle were the last and had the AP step in it.

    Each cycle's report comes from a fork that prunes p - q and q where the method itself prunes p, so that both
    stand at the same density. Arguments and errors are those of `ap_pro`.

    References:
        AP (Liu et al., 2024), algorithm 2 with Pro_Flag = 0.
    """
    fork = (*_shared_pruning(prune, q, step), Rewind(), train)
    return replace(iterative(prune, train, count), fork=fork)


def _shared_pruning(prune: Prune, q: float, step: ActivatePrune | None) -> tuple[Step, Step]:
    if prune.fraction is None or not 0.0 <= q <= prune.fraction:
        raise TaskError(f"the AP step prunes q = {q} of p = {prune.fraction}; allowed is 0 <= q <= p")
    rest = round(prune.fraction - q, 12)
    return replace(prune, fraction=rest), replace(step or ActivatePrune(q), fraction=q)
