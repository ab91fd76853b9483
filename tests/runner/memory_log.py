"""A run log in memory, which can be cut after any event as a kill would cut a journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.trial import Trial

Event = tuple[str, Any]


class MemoryLog:
    """Keeps events in order; `recording` is what an earlier log left."""

    def __init__(self, earlier: list[Event] | None = None) -> None:
        self.events: list[Event] = list(earlier or [])
        self.recording = Recording()
        for kind, item in self.events:
            if kind == "asked":
                self.recording.asked[item.number] = item
            elif kind == "told":
                self.recording.told.append(item)

    def asked(self, trial: Trial, at: float) -> None:
        self.events.append(("asked", trial))

    def told(self, told: Told) -> None:
        self.events.append(("told", told))

    def flush(self) -> None:
        """Everything is kept at once."""

    def end(
        self, status: str, budget: Mapping[str, Any], spent: Mapping[str, float], error: str | None = None
    ) -> None:
        self.events.append(("end", status))
