"""DrNAS with the changes of GRAFS, worker side: one epoch of the bi-level search for activations.

References:
    GRAFS (Strack et al., 2024), algorithm 1; Chen et al. (2021), "DrNAS: Dirichlet neural architecture search".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.trial import Evaluation, SearchStep, SharedTraining, Status
from nasbench_sparse.errors import NbsError, TaskError
from nasbench_sparse.nn.search_cell import derived_config, resample, set_to_best, set_to_mean
from nasbench_sparse.training.batch_step import BatchStep
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.drop_schedule import drops_per_epoch
from nasbench_sparse.training.loop import evaluate, steps_per_epoch
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.phases import prepare, set_up
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.schedules import Progress, learning_rate
from nasbench_sparse.training.supernet import build_supernet, load, save

if TYPE_CHECKING:
    from nasbench_sparse.core.config import Value
    from nasbench_sparse.core.space import Relaxation
    from nasbench_sparse.training.task import TrainingTask

Batch = tuple[Tensor, Tensor]
Part = tuple[Tensor, Tensor]


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


class Search:
    """A search at work on one task, replicate and seed. Fold 0 is searched: a cell or chromosome is one for all.

    Every epoch's streams are named by (seed, epoch), so that no generator's state has to be kept. The `a`-steps
    use a part of the fold's training examples that the `w`-steps never see; the fold's validation examples, which
    judge the derived config, are only measured on.
    """

    def __init__(self, task: TrainingTask, step: SearchStep, replicate: int) -> None:
        relaxation = task.space.relaxation()
        if relaxation is None:
            raise TaskError(f"task {task.name!r} has no relaxation to search")
        self.settings = Settings(**dict(step.options))
        self.space, self.seed, self.relaxation = task.space, step.seed, relaxation
        self.repetition = Repetition(task.dataset, task.folds, replicate, 0)
        _check_training(task)
        state, self.shared = prepare(task.blueprint, task.blueprint, self.repetition)
        self.supernet = build_supernet(
            set_up(task.blueprint, -1, state, self.repetition, training_device()),
            relaxation,
            self.repetition.torch(self._stream("architecture", 0)),
            learning_rate=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            bounded=self.settings.bounded,
            sampled=self.settings.relaxation == "dirichlet",
        )
        self.data = self.supernet.training.split
        self.train, self.held_out = self._parts()
        self.drops = self._drops(relaxation)

    @property
    def config(self) -> dict[str, Value]:
        """The discrete config derived so far."""
        return self.space.canonical(derived_config(self.relaxation, self.supernet.architecture))

    def epoch(self, epoch: int) -> CurvePoint | None:
        """Carry out a search step of algorithm 1, an epoch or iterations; None where a loss is not finite."""
        clock = thread_time if self.train[0].device.type == "cpu" else perf_counter
        started = clock()
        train_loss = self._train(epoch)
        if not math.isfinite(train_loss):
            return None
        set_to_mean(self.supernet.mixed, self.supernet.architecture)
        val_loss, val_accuracy = self._measure()
        if not math.isfinite(val_loss):
            return None
        set_to_best(self.supernet.mixed, self.supernet.architecture)
        _, discrete_accuracy = self._measure()
        self.supernet.val_losses.append(val_loss)
        return CurvePoint(
            step=epoch + 1,
            train_loss=train_loss,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            test_loss=None,
            test_accuracy=None,
            density=self.supernet.training.masks.density,
            seconds=clock() - started,
            metrics={
                "discrete_val_accuracy": discrete_accuracy,
                "operations": float(self.supernet.architecture.alive.sum()),
            },
        )

    def _train(self, epoch: int) -> float:
        """Alternate half steps over a search step's batches; return the mean training loss."""
        supernet, settings = self.supernet, self.settings
        generator = self.repetition.torch(self._stream("samples", epoch))
        held_out = self._groups(self._laps(self.held_out, "held-out", epoch))
        supernet.network.train()
        losses: list[float] = []
        now = -1
        for position, batches in self._positions(epoch):
            if int(position) > now:
                now = int(position)
                for _ in range(self.drops[now]):
                    supernet.architecture.drop()
            self._set_rate(position)
            loss = self._architecture_step(next(held_out), generator)
            if math.isfinite(loss):
                loss = self._weight_step(batches, generator, warm=now < settings.warm_start)
            if not math.isfinite(loss):
                return loss
            losses.append(loss)
        return sum(losses) / len(losses)

    def _positions(self, epoch: int) -> Iterator[tuple[float, list[Batch]]]:
        """Yield the place of each step in the search, in its unit, and the step's batches."""
        settings, recipe = self.settings, self.supernet.training.recipe
        if settings.unit == "iterations":
            first = epoch * settings.interval
            places = range(first, min(first + settings.interval, settings.epochs))
            groups = self._groups(self._augmented(self._laps(self.train, "train", epoch), epoch))
            yield from zip(places, groups, strict=False)
            return
        steps = steps_per_epoch(recipe, len(self.train[1]))
        groups = self._groups(self._augmented(self._batches(self.train, self._stream("train", epoch)), epoch))
        for index, batches in enumerate(itertools.islice(groups, steps)):
            yield epoch + index / steps, batches

    def _set_rate(self, position: float) -> None:
        """Set the weights' learning rate, by a schedule over the whole search."""
        supernet, recipe = self.supernet, self.supernet.training.recipe
        at = position if recipe.schedule_every == "step" else int(position)
        rate = learning_rate(recipe, Progress(at, self.settings.epochs, supernet.val_losses))
        for group in supernet.training.optimizer.param_groups:
            group["lr"] = rate

    def _architecture_step(self, batches: list[Batch], generator: torch.Generator) -> float:
        """Update `a` and the gammas on held-out batches under one draw; no gradient is taken of the weights."""
        supernet, architecture = self.supernet, self.supernet.architecture
        supernet.use(supernet.mixed)
        self._resample(generator, learn=True)
        leaves = (architecture.a, architecture.gammas)
        for leaf in leaves:
            leaf.grad = None
        total = 0.0
        for index, (inputs, labels) in enumerate(batches):
            loss = batch_loss(supernet.network(inputs), labels) / len(batches)
            if not torch.isfinite(loss):
                return math.inf
            more = index + 1 < len(batches)
            for leaf, gradient in zip(
                leaves, torch.autograd.grad(loss, leaves, allow_unused=True, retain_graph=more), strict=True
            ):
                if gradient is not None:
                    leaf.grad = gradient if leaf.grad is None else leaf.grad + gradient
            total += loss.item()
        supernet.optimizer.step()
        return total

    def _weight_step(self, batches: list[Batch], generator: torch.Generator, *, warm: bool) -> float:
        """Update the weights on training batches, with the original activations while warm-starting."""
        supernet, training = self.supernet, self.supernet.training
        if warm:
            supernet.use(supernet.original)
        else:
            supernet.use(supernet.mixed)
            self._resample(generator, learn=False)
        with BatchStep(supernet.network, training.masks, training.optimizer, training.recipe) as take_step:
            return take_step(batches)

    def _resample(self, generator: torch.Generator, *, learn: bool) -> None:
        independent = self.settings.independent_samples
        resample(self.supernet.mixed, self.supernet.architecture, generator, independent=independent, learn=learn)

    def _measure(self) -> tuple[float, float]:
        self.supernet.use(self.supernet.mixed)
        size = self.supernet.training.recipe.evaluation_batch_size
        return evaluate(self.supernet.network, *self.data.val, size)

    def _batches(self, part: Part, stream: str) -> Iterator[Batch]:
        """Yield a part's batches, shuffled by a named stream."""
        order = torch.from_numpy(self.repetition.numpy(stream).permutation(len(part[1])))
        size = self.supernet.training.recipe.batch_size
        return zip(torch.split(part[0][order], size), torch.split(part[1][order], size), strict=True)

    def _laps(self, part: Part, name: str, epoch: int) -> Iterator[Batch]:
        """Yield a part's batches again and again, each time in another order."""
        return itertools.chain.from_iterable(
            self._batches(part, self._stream(f"{name}/{lap}", epoch)) for lap in itertools.count()
        )

    def _augmented(self, batches: Iterator[Batch], epoch: int) -> Iterator[Batch]:
        augment = self.supernet.training.augment
        if augment is None:
            return batches
        generator = self.repetition.torch(self._stream("augmentation", epoch))
        return ((augment(inputs, generator), labels) for inputs, labels in batches)

    def _groups(self, batches: Iterator[Batch]) -> Iterator[list[Batch]]:
        """Yield the batches of each step, as many as the recipe accumulates; the last step may have fewer."""
        while group := list(itertools.islice(batches, self.supernet.training.recipe.accumulate)):
            yield group

    def _parts(self) -> tuple[Part, Part]:
        """Split the training examples, stratified, into those of the `w`-steps and of the `a`-steps."""
        inputs, targets = self.data.train
        labels = targets.cpu().numpy() if targets.dim() == 1 else np.zeros(len(targets), dtype=np.int64)
        rng = self.repetition.numpy("drnas/split")
        chosen = np.zeros(len(labels), dtype=bool)
        for label in np.unique(labels):
            members = rng.permutation(np.flatnonzero(labels == label))
            chosen[members[: round(self.settings.train_portion * len(members))]] = True
        train, held_out = (torch.from_numpy(np.flatnonzero(mask)) for mask in (chosen, ~chosen))
        if not (len(train) and len(held_out)):
            raise NbsError(
                f"train_portion {self.settings.train_portion} leaves one part of the training data empty"
            )
        return (inputs[train], targets[train]), (inputs[held_out], targets[held_out])

    def _drops(self, relaxation: Relaxation) -> list[int]:
        """Return the drops of each epoch or iteration, until each edge has one operation; they begin at 2 E0."""
        if not self.settings.shrink:
            return [0] * self.settings.epochs
        drops = sum(len(names) - 1 for names in relaxation.operations)
        return drops_per_epoch(drops, self.settings.epochs, 2 * self.settings.warm_start)

    def _stream(self, name: str, epoch: int) -> str:
        return f"drnas/{self.seed}/{epoch}/{name}"


def advance(
    task: TrainingTask, step: SearchStep, replicate: int, checkpoint: bytes | None = None
) -> tuple[Evaluation, bytes | None]:
    """Carry out search epoch `step.step`, a pure function of task, replicate, step's seed, options and number.

    Args:
        checkpoint: what the step before returned; without it the epochs before are computed again.
    Returns:
        The evaluation: one curve point of this epoch (its seconds those of this epoch alone, its validation
        results those of the supernet under the expected weights, `discrete_val_accuracy` under the derived
        config), the derived config, and pre-trainings newly done; and the state that the next step continues.
        DIVERGED, with neither config nor state, where a loss is not finite.
    Raises:
        NbsError: the search has no such step, or the checkpoint is not that of the step before.
    """
    with repeatable():
        search = Search(task, step, replicate)
        if not 0 <= step.step < search.settings.steps:
            raise NbsError(f"search step {step.step}: steps are numbered 0 to {search.settings.steps - 1}")
        if checkpoint is not None:
            _restore(search, checkpoint, _identity(task, step, replicate, step.step - 1))
        for epoch in range(len(search.supernet.val_losses), step.step):
            if search.epoch(epoch) is None:
                return _evaluation(search, None), None
        point = search.epoch(step.step)
        if point is None or step.step == search.settings.steps - 1:
            return _evaluation(search, point), None
        return _evaluation(search, point), save(search.supernet, _identity(task, step, replicate, step.step))


def _check_training(task: TrainingTask) -> None:
    phase = task.blueprint.search
    if not isinstance(phase, Train) or phase.sparsify is not None:
        raise TaskError(
            f"task {task.name!r}: a gradient-based search needs a searched training whose masks stay as they are, "
            "a Train phase without `sparsify`"
        )


def _evaluation(search: Search, point: CurvePoint | None) -> Evaluation:
    shared: tuple[SharedTraining, ...] = search.shared
    if point is None:
        return Evaluation(Status.DIVERGED, shared=shared)
    return Evaluation(Status.OK, ((point,),), point.seconds, config=search.config, shared=shared)


def _restore(search: Search, checkpoint: bytes, expected: dict[str, Any]) -> None:
    try:
        identity = load(search.supernet, checkpoint)
    except Exception as error:  # each kind of damage raises an exception of its own kind
        raise NbsError(f"these {len(checkpoint)} bytes are not a search checkpoint: {error}") from error
    for name, wanted in expected.items():
        if identity.get(name) != wanted:
            raise NbsError(f"the search checkpoint belongs to {name} {identity.get(name)!r}, not {wanted!r}")


def _identity(task: TrainingTask, step: SearchStep, replicate: int, done: int) -> dict[str, Any]:
    return {
        "fingerprint": task.fingerprint,
        "replicate": replicate,
        "seed": step.seed,
        "options": dict(step.options),
        "step": done,
    }
