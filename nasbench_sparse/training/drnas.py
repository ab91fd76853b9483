"""DrNAS with the changes of GRAFS, worker side: one epoch of the bi-level search for activations.

References:
    GRAFS (Strack et al., 2024), algorithm 1; Chen et al. (2021), "DrNAS: Dirichlet neural architecture search".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.trial import Evaluation, SearchStep, SharedTraining, Status
from nasbench_sparse.errors import NbsError, TaskError
from nasbench_sparse.nn.search_cell import derived_config, resample, set_to_best, set_to_mean
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.drop_schedule import drops_per_epoch
from nasbench_sparse.training.loop import evaluate
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
        state, self.shared = prepare(task.blueprint, task.blueprint, self.repetition)
        self.supernet = build_supernet(
            set_up(task.blueprint, -1, state, self.repetition),
            relaxation,
            self.repetition.torch(self._stream("architecture", 0)),
            learning_rate=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            bounded=self.settings.bounded,
        )
        self.train, self.held_out = self._parts()
        self.drops = self._drops(relaxation)

    @property
    def config(self) -> dict[str, Value]:
        """The discrete config derived so far."""
        return self.space.canonical(derived_config(self.relaxation, self.supernet.architecture))

    def epoch(self, epoch: int) -> CurvePoint | None:
        """Carry out one epoch of algorithm 1; None where a loss is not finite."""
        started = perf_counter()
        for _ in range(self.drops[epoch]):
            self.supernet.architecture.drop()
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
            seconds=perf_counter() - started,
            metrics={
                "discrete_val_accuracy": discrete_accuracy,
                "operations": float(self.supernet.architecture.alive.sum()),
            },
        )

    def _train(self, epoch: int) -> float:
        """Alternate half steps over the epoch's batches; return the mean training loss."""
        supernet, training, settings = self.supernet, self.supernet.training, self.settings
        rate = learning_rate(training.recipe, Progress(epoch, settings.epochs, supernet.val_losses))
        for group in training.optimizer.param_groups:
            group["lr"] = rate
        generator = self.repetition.torch(self._stream("samples", epoch))
        held_out = itertools.chain.from_iterable(
            self._batches(self.held_out, self._stream(f"held-out/{lap}", epoch)) for lap in itertools.count()
        )
        supernet.network.train()
        losses = []
        for batch in self._batches(self.train, self._stream("train", epoch)):
            loss = self._architecture_step(next(held_out), generator)
            if math.isfinite(loss):
                loss = self._weight_step(batch, generator, warm=epoch < settings.warm_start)
            if not math.isfinite(loss):
                return loss
            losses.append(loss)
        return sum(losses) / len(losses)

    def _architecture_step(self, batch: Batch, generator: torch.Generator) -> float:
        """Update `a` and the gammas on a held-out batch; no gradient is taken of the weights."""
        supernet, architecture = self.supernet, self.supernet.architecture
        supernet.use(supernet.mixed)
        self._resample(generator, learn=True)
        loss = cross_entropy(supernet.network(batch[0]), batch[1])
        if not torch.isfinite(loss):
            return math.inf
        leaves = (architecture.a, architecture.gammas)
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        supernet.optimizer.step()
        return loss.item()

    def _weight_step(self, batch: Batch, generator: torch.Generator, *, warm: bool) -> float:
        """Update the weights on a training batch, with the original activations while warm-starting."""
        supernet, training = self.supernet, self.supernet.training
        if warm:
            supernet.use(supernet.original)
        else:
            supernet.use(supernet.mixed)
            self._resample(generator, learn=False)
        loss = cross_entropy(supernet.network(batch[0]), batch[1])
        training.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        training.masks.mask_gradients()
        training.optimizer.step()
        training.masks.mask_weights()
        return loss.item()

    def _resample(self, generator: torch.Generator, *, learn: bool) -> None:
        independent = self.settings.independent_samples
        resample(self.supernet.mixed, self.supernet.architecture, generator, independent=independent, learn=learn)

    def _measure(self) -> tuple[float, float]:
        self.supernet.use(self.supernet.mixed)
        size = self.supernet.training.recipe.evaluation_batch_size
        return evaluate(self.supernet.network, *self.repetition.data.val, size)

    def _batches(self, part: Part, stream: str) -> Iterator[Batch]:
        """Yield a part's batches, shuffled by a named stream."""
        order = torch.from_numpy(self.repetition.numpy(stream).permutation(len(part[1])))
        size = self.supernet.training.recipe.batch_size
        return zip(torch.split(part[0][order], size), torch.split(part[1][order], size), strict=True)

    def _parts(self) -> tuple[Part, Part]:
        """Split the fold's training examples, stratified, into those of the `w`-steps and of the `a`-steps."""
        inputs, labels = self.repetition.data.train
        rng = self.repetition.numpy("drnas/split")
        chosen = np.zeros(len(labels), dtype=bool)
        for label in np.unique(labels.numpy()):
            members = rng.permutation(np.flatnonzero(labels.numpy() == label))
            chosen[members[: round(self.settings.train_portion * len(members))]] = True
        train, held_out = (torch.from_numpy(np.flatnonzero(mask)) for mask in (chosen, ~chosen))
        if not (len(train) and len(held_out)):
            raise NbsError(
                f"train_portion {self.settings.train_portion} leaves one part of the training data empty"
            )
        return (inputs[train], labels[train]), (inputs[held_out], labels[held_out])

    def _drops(self, relaxation: Relaxation) -> list[int]:
        """Return the drops of each epoch, until one operation is left on each edge; they begin at 2 E0."""
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
        if not 0 <= step.step < search.settings.epochs:
            raise NbsError(f"search step {step.step}: steps are numbered 0 to {search.settings.epochs - 1}")
        if checkpoint is not None:
            _restore(search, checkpoint, _identity(task, step, replicate, step.step - 1))
        for epoch in range(len(search.supernet.val_losses), step.step):
            if search.epoch(epoch) is None:
                return _evaluation(search, None), None
        point = search.epoch(step.step)
        if point is None or step.step == search.settings.epochs - 1:
            return _evaluation(search, point), None
        return _evaluation(search, point), save(search.supernet, _identity(task, step, replicate, step.step))


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
