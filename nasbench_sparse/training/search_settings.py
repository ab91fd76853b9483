"""The options of a search, worker side."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """A search's options, as `nasbench_sparse.optimizers.drnas` documents them."""

    epochs: int
    warm_start: int
    learning_rate: float
    weight_decay: float
    train_portion: float
    shrink: bool
    bounded: bool
    independent_samples: bool
    relaxation: str
    unit: str
    interval: int

    @property
    def steps(self) -> int:
        """Search steps: epochs, or stretches of `interval` iterations."""
        return self.epochs if self.unit == "epochs" else math.ceil(self.epochs / self.interval)
