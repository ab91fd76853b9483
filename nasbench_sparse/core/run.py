"""Runs: optimizer x task x seed, and what identifies one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nasbench_sparse.core.declaration import digest

TABLE_BUILD = "table-build"
"""Study, and optimizer, of runs that only fill a table: leaderboards do not show them."""

CONFIRMATION = "confirmation"
"""Study, and optimizer, of runs that re-train what a search ended with: leaderboards do not show them."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """A run's declaration. The budget is left out: a larger budget extends the same run.

    Args:
        optimizer: its registered name, or the class's name for a user's own.
        source: package version of a registered optimizer, or hash of a user's source file.
        options: complete, defaults included.
        workers: most trials of this run in flight at once.
        conditions: of a simulated run, what it meets beside recorded trainings, by name: a time limit in virtual
            seconds, faults, what becomes of a trial that is not recorded; empty without any of them.
    """

    task: str
    fingerprint: str
    optimizer: str
    source: str
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    replicate: int = 0
    workers: int = 1
    executor: str = "serial"
    study: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two runs the same run; the study it was part of does not."""
        under = {"conditions": dict(self.conditions)} if self.conditions else {}
        return {
            "fingerprint": self.fingerprint,
            "optimizer": self.optimizer,
            "source": self.source,
            "options": dict(self.options),
            "seed": self.seed,
            "replicate": self.replicate,
            "workers": self.workers,
            "executor": self.executor,
            **under,
        }

    @property
    def where(self) -> str:
        """The executor and its conditions in words, as a store shows them: "simulated (failure_rate=0.1)"."""
        under = ", ".join(f"{name}={value}" for name, value in sorted(self.conditions.items()))
        return f"{self.executor} ({under})" if under else self.executor

    @cached_property
    def run_id(self) -> str:
        """Hash of the identity, 16 hexadecimal digits."""
        return digest(self.identity)
