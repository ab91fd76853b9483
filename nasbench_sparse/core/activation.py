"""Activations of a network's sites, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """An activation `alpha * f(beta * x)`; alpha and beta (one pair per site) are trained if `learn_scales`.

    References:
        SAFS (Loni et al., 2023), section 4.1.
    """

    name: str
    learn_scales: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A discrete GRAFS activation cell `b2(u3(b1(u1(x), u2(x))), u4(x))`.

    Args:
        unary: names of the operations on the four edges u1, u2, u3, u4.
        binary: names of the operations at the two vertices b1, b2.
        gammas: learnt constants by choice name (u1..u4, b1, b2), frozen; a gamma that is absent is trained with
            the weights (from 1, mix from 0).
        bounded: clip unbounded operations to magnitude 10.

    References:
        GRAFS (Strack et al., 2024), section 3.1.
    """

    unary: tuple[str, str, str, str]
    binary: tuple[str, str]
    gammas: tuple[tuple[str, float], ...] = ()
    bounded: bool = True


Activation = Operator | Cell

RELU = Operator("relu")
