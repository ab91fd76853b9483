"""Sparsity schedules: how dense a network is at a moment of its training."""

from __future__ import annotations

import math


def cubic_density(step: float, begin: float, end: float, final: float, initial: float = 1.0) -> float:
    """Return the density of gradual pruning, final + (initial - final) · (1 - u)³.

    u is (step - begin) / (end - begin). Before `begin` it is `initial`, after `end` it is `final`.

    References:
        Zhu and Gupta (2018), "To prune, or not to prune", equation 1, written for densities.
    """
    progress = 1.0 if step >= end else max(0.0, (step - begin) / (end - begin))
    return final + (initial - final) * (1.0 - progress) ** 3


def sigmoid_percent(epoch: int, epochs: int, alpha: float, beta: float = 0.5, gamma: float | None = None) -> float:
    """Return ASNI-I's sparsity after an epoch, in percent of all weights, zeros included.

    It is alpha · sigmoid((e - beta · E) / gamma), e = 1, ..., E; what it ends at is below alpha.

    Args:
        epoch: e, from 1.
        epochs: E.
        alpha: percent.
        gamma: in epochs; E / 10 by default.
    References:
        ASNI (Damadi et al., 2022), algorithm 3, line 5, and section 4.2.
    """
    slope = epochs / 10 if gamma is None else gamma
    return alpha / (1.0 + math.exp(-(epoch - beta * epochs) / slope))


def sigmoid_density(epoch: int, epochs: int, alpha: float, beta: float = 0.5, gamma: float | None = None) -> float:
    """Return the density that `sigmoid_percent` leaves."""
    return 1.0 - sigmoid_percent(epoch, epochs, alpha, beta, gamma) / 100.0


def cosine_fraction(step: float, end: float, start: float = 0.3) -> float:
    """Return RigL's fraction of drop and grow: start / 2 · (1 + cos(pi · step / end)), and 0 from `end` on.

    References:
        Evci et al. (2020), "Rigging the lottery", section 3, update schedule.
    """
    return 0.0 if step >= end else start / 2.0 * (1.0 + math.cos(math.pi * step / end))
