"""Repetitions: one replicate and fold of a data set, with its random streams and its data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nasbench_sparse.core.streams import generator, stream_seed
from nasbench_sparse.training.data import Split, dataset_info, sources, split, split_indices
from nasbench_sparse.training.device import split_on
from nasbench_sparse.training.loop import Order
from nasbench_sparse.training.reading import Parts


@dataclass(frozen=True, slots=True)
class Repetition:
    """What a training's randomness and data derive from: never the config or the fidelity."""

    dataset: str
    folds: int
    replicate: int
    fold: int

    @property
    def data(self) -> Split:
        """The fold's training, validation and test parts."""
        return split(self.dataset, self.folds, self.fold)

    def data_on(self, device: torch.device) -> Parts:
        """The same parts, on a device; sources of batches where they do not fit in memory."""
        if dataset_info(self.dataset).kind == "folders":
            return sources(self.dataset, self.folds, self.fold)
        return split_on(device, self.dataset, self.folds, self.fold)

    def numpy(self, stream: str) -> np.random.Generator:
        """Return a fresh numpy generator of a named stream."""
        return generator(self.dataset, self.replicate, self.fold, stream)

    def torch(self, stream: str) -> torch.Generator:
        """Return a fresh torch generator of a named stream."""
        return torch.Generator().manual_seed(stream_seed(self.dataset, self.replicate, self.fold, stream))

    def order(self, phase: int | str) -> Order:
        """Return the data order of a phase: each epoch's permutation has a stream of its own.

        Args:
            phase: its index in the blueprint; for a training of a cycle "phase/cycle/number of the training in it".
        """
        examples = len(split_indices(self.dataset, self.folds, self.fold)[0])

        def permutation(epoch: int) -> Tensor:
            return torch.from_numpy(self.numpy(f"order/{phase}/{epoch}").permutation(examples))

        return permutation
