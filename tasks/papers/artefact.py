"""Artefacts: the tables and figures of a paper, each as trainings at three scales and a way to show them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nasbench_sparse.errors import unknown
from nasbench_sparse.tasks.papers.plans import Plan, evaluations

Scale = Literal["smoke", "check", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "check", "paper")
"""From a proof of code and layout, over the paper's question on two cores, to what was published."""


@dataclass(frozen=True)
class Setting:
    """An artefact at one scale.

    Args:
        groups: plans by what they are of in the table, such as a data set or a row; "" where there is one group.
        says: data, networks, lengths and repetitions, in a sentence; printed under what is shown.
    """

    groups: Mapping[str, tuple[Plan, ...]]
    says: str

    @property
    def plans(self) -> tuple[Plan, ...]:
        """All plans in order, one that several groups share once."""
        return tuple({id(plan): plan for plans in self.groups.values() for plan in plans}.values())

    @property
    def evaluations(self) -> float:
        """Full evaluations at most."""
        return sum(count for plan in self.plans for _, count in evaluations(plan))

    @property
    def seconds(self) -> float | None:
        """Estimated seconds on one core; None where a task's cost has not been measured."""
        costs = [(task.seconds, count) for plan in self.plans for task, count in evaluations(plan)]
        if any(seconds is None for seconds, _ in costs):
            return None
        return sum((seconds or 0.0) * count for seconds, count in costs)


@dataclass(frozen=True)
class Artefact:
    """A table or figure of a paper.

    Args:
        name: "<paper>-table-<number>" or "<paper>-figure-<number>"; what was published stands under it.
        place: where it stands in the paper, as readers look for it.
        caption: what it shows, in our words.
        render: "module:function" that makes a `Rendered` of (artefact, scale, store); loaded when it is shown.
    """

    name: str
    paper: str
    place: str
    caption: str
    render: str
    scales: Mapping[Scale, Setting]

    def at(self, scale: str) -> Setting:
        """Return the setting of a scale.

        Raises:
            UnknownName: there is no such scale.
        """
        for known, setting in self.scales.items():
            if known == scale:
                return setting
        raise unknown(f"scale of artefact {self.name!r}", scale, self.scales)


@dataclass(frozen=True)
class Claim:
    """A headline claim of a paper, and what decides it.

    Args:
        says: the claim, in a sentence.
        artefact: the name of the one whose trainings it is tested on.
        evidence: "module:function" that makes an `Evidence` of (artefact, scale, store).
        looked_into: what was found where the claim failed at scale `check`; empty where nothing was looked into.
    """

    name: str
    paper: str
    says: str
    claimed: str
    artefact: str
    evidence: str
    looked_into: str = ""


def load(place: str) -> Callable[..., Any]:
    """Return the function that "module:function" names."""
    module, _, function = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
