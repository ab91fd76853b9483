"""Coverage of a table: which trainings are there, by replicate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nasbench_sparse.tabular.table import Table


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts over the configs and replicates a table is to cover; the tuples have one entry for each replicate.

    Args:
        configs: configs to cover; space_size: how many the space has, None where they cannot be counted.
        recorded: trainings to the full fidelity, diverged ones included.
        diverged: those that diverged.
        points: curve points of all trainings, those recorded besides included.
    """

    configs: int
    space_size: int | None
    recorded: tuple[int, ...]
    diverged: tuple[int, ...]
    points: int

    @property
    def wanted(self) -> int:
        """How many trainings the table is to cover."""
        return self.configs * len(self.recorded)

    @property
    def complete(self) -> bool:
        """Whether all of them are there."""
        return sum(self.recorded) == self.wanted > 0

    @property
    def summary(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {
            "configs": self.configs,
            "space_size": self.space_size,
            "whole_space": self.space_size == self.configs,
            "replicates": len(self.recorded),
            "trainings": sum(self.recorded),
            "wanted": self.wanted,
            "diverged": sum(self.diverged),
            "points": self.points,
            "complete": self.complete,
        }


def coverage(table: Table) -> Coverage:
    """Count what a table holds of what it is to cover."""
    curves, shape = table.curves, (table.listed, table.replicates)
    recorded = ~np.isnan(table.losses())
    diverged = np.zeros(curves.slots.shape, dtype=np.bool_)
    diverged[curves.training_config, curves.training_replicate] = curves.diverged
    diverged[curves.at_once.config, curves.at_once.replicate] = True
    return Coverage(
        table.listed,
        table.task.space.size,
        tuple(recorded.sum(axis=0).tolist()),
        tuple((diverged[: shape[0], : shape[1]] & recorded).sum(axis=0).tolist()),
        len(curves.values),
    )
