"""The batches of a search: those that train the weights, and those that train the architecture."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.loop import Augment, steps_per_epoch
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.search_settings import Settings

Batch = tuple[Tensor, Tensor]
Part = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class SearchBatches:
    """Two parts of a fold's training examples, and their order in each search step.

    Streams are named by (seed, search step), so that no generator's state has to be kept.

    Args:
        train: inputs (N, ...) and targets (N, ...) of the `w`-steps.
        held_out: of the `a`-steps, none of which a `w`-step sees.
        augment: changes the inputs of the `w`-steps, where the recipe says so.
    """

    repetition: Repetition
    seed: int
    settings: Settings
    recipe: Recipe
    augment: Augment | None
    train: Part
    held_out: Part

    def weight_steps(self, epoch: int) -> Iterator[tuple[float, list[Batch]]]:
        """Yield the place of each `w`-step of a search step, in the search's unit, and its batches."""
        settings = self.settings
        if settings.unit == "iterations":
            first = epoch * settings.interval
            places = range(first, min(first + settings.interval, settings.epochs))
            groups = self._groups(self._augmented(self._laps(self.train, "train", epoch), epoch))
            yield from zip(places, groups, strict=False)
            return
        steps = steps_per_epoch(self.recipe, len(self.train[1]))
        groups = self._groups(self._augmented(self.shuffled(self.train, self.stream("train", epoch)), epoch))
        for index, batches in enumerate(itertools.islice(groups, steps)):
            yield epoch + index / steps, batches

    def architecture_steps(self, epoch: int) -> Iterator[list[Batch]]:
        """Yield the batches of each `a`-step of a search step, without end."""
        return self._groups(self._laps(self.held_out, "held-out", epoch))

    def shuffled(self, part: Part, stream: str) -> Iterator[Batch]:
        """Yield a part's batches, shuffled by a named stream."""
        order = torch.from_numpy(self.repetition.numpy(stream).permutation(len(part[1])))
        size = self.recipe.batch_size
        return zip(torch.split(part[0][order], size), torch.split(part[1][order], size), strict=True)

    def generator(self, name: str, epoch: int) -> torch.Generator:
        """Return the generator of a named stream of a search step."""
        return self.repetition.torch(self.stream(name, epoch))

    def stream(self, name: str, epoch: int) -> str:
        """Return the whole name of a stream of a search step."""
        return f"drnas/{self.seed}/{epoch}/{name}"

    def _laps(self, part: Part, name: str, epoch: int) -> Iterator[Batch]:
        """Yield a part's batches again and again, each time in another order."""
        return itertools.chain.from_iterable(
            self.shuffled(part, self.stream(f"{name}/{lap}", epoch)) for lap in itertools.count()
        )

    def _augmented(self, batches: Iterator[Batch], epoch: int) -> Iterator[Batch]:
        if self.augment is None:
            return batches
        augment, generator = self.augment, self.generator("augmentation", epoch)
        return ((augment(inputs, generator), labels) for inputs, labels in batches)

    def _groups(self, batches: Iterator[Batch]) -> Iterator[list[Batch]]:
        """Yield the batches of each step, as many as the recipe accumulates; the last step may have fewer."""
        while group := list(itertools.islice(batches, self.recipe.accumulate)):
            yield group


def split(examples: Part, portion: float, repetition: Repetition) -> tuple[Part, Part]:
    """Split training examples, stratified by label, into those of the `w`-steps and of the `a`-steps.

    Raises:
        NbsError: one part would be empty.
    """
    inputs, targets = examples
    labels = targets.cpu().numpy() if targets.dim() == 1 else np.zeros(len(targets), dtype=np.int64)
    rng = repetition.numpy("drnas/split")
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(portion * len(members))]] = True
    train, held_out = (torch.from_numpy(np.flatnonzero(mask)) for mask in (chosen, ~chosen))
    if not (len(train) and len(held_out)):
        raise NbsError(f"train_portion {portion} leaves one part of the training data empty")
    return (inputs[train], targets[train]), (inputs[held_out], targets[held_out])
