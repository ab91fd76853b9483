"""DrNAS with the changes of GRAFS, worker side: one epoch of the bi-level search for activations.

References:
    GRAFS (Strack et al., 2024), algorithm 1; Chen et al. (2021), "DrNAS: Dirichlet neural architecture search".
"""

from __future__ import annotations

import math
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.trial import Evaluation, SearchStep, SharedTraining, Status
from nasbench_sparse.errors import NbsError, TaskError
from nasbench_sparse.nn.search_cell import derived_config, set_to_best, set_to_mean
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.drop_schedule import drops_per_epoch
from nasbench_sparse.training.half_steps import architecture_step, weight_step
from nasbench_sparse.training.loop import evaluate
from nasbench_sparse.training.phases import prepare, set_up
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.schedules import Progress, learning_rate
from nasbench_sparse.training.search_batches import SearchBatches, split
from nasbench_sparse.training.search_settings import Settings
from nasbench_sparse.training.supernet import build_supernet, load, save

if TYPE_CHECKING:
    from nasbench_sparse.core.config import Value
    from nasbench_sparse.core.space import Relaxation
    from nasbench_sparse.training.task import TrainingTask


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
        self.space, self.relaxation = task.space, relaxation
        self.repetition = Repetition(task.dataset, task.folds, replicate, 0)
        _check_training(task)
        state, self.shared = prepare(task.blueprint, task.blueprint, self.repetition)
        training = set_up(task.blueprint, -1, state, self.repetition, training_device())
        parts = split(training.split.train, self.settings.train_portion, self.repetition)
        self.batches = SearchBatches(
            self.repetition, step.seed, self.settings, training.recipe, training.augment, *parts
        )
        self.supernet = build_supernet(
            training,
            relaxation,
            self.batches.generator("architecture", 0),
            learning_rate=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            bounded=self.settings.bounded,
            sampled=self.settings.relaxation == "dirichlet",
        )
        self.drops = _drops(self.settings, relaxation)

    @property
    def config(self) -> dict[str, Value]:
        """The discrete config derived so far."""
        return self.space.canonical(derived_config(self.relaxation, self.supernet.architecture))

    def epoch(self, epoch: int) -> CurvePoint | None:
        """Carry out a search step of algorithm 1, an epoch or iterations; None where a loss is not finite."""
        clock = thread_time if self.batches.train[0].device.type == "cpu" else perf_counter
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
        independent = settings.independent_samples
        generator = self.batches.generator("samples", epoch)
        held_out = self.batches.architecture_steps(epoch)
        supernet.network.train()
        losses: list[float] = []
        now = -1
        for position, batches in self.batches.weight_steps(epoch):
            if int(position) > now:
                now = int(position)
                for _ in range(self.drops[now]):
                    supernet.architecture.drop()
            self._set_rate(position)
            loss = architecture_step(supernet, next(held_out), generator, independent=independent)
            if math.isfinite(loss):
                warm = now < settings.warm_start
                loss = weight_step(supernet, batches, generator, independent=independent, warm=warm)
            if not math.isfinite(loss):
                return loss
            losses.append(loss)
        return sum(losses) / len(losses)

    def _set_rate(self, position: float) -> None:
        """Set the weights' learning rate, by a schedule over the whole search."""
        supernet, recipe = self.supernet, self.supernet.training.recipe
        at = position if recipe.schedule_every == "step" else int(position)
        rate = learning_rate(recipe, Progress(at, self.settings.epochs, supernet.val_losses))
        for group in supernet.training.optimizer.param_groups:
            group["lr"] = rate

    def _measure(self) -> tuple[float, float]:
        training = self.supernet.training
        self.supernet.use(self.supernet.mixed)
        return evaluate(self.supernet.network, *training.split.val, training.recipe.evaluation_batch_size)


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


def _drops(settings: Settings, relaxation: Relaxation) -> list[int]:
    """Return the drops of each epoch or iteration, until each edge has one operation; they begin at 2 E0."""
    if not settings.shrink:
        return [0] * settings.epochs
    drops = sum(len(names) - 1 for names in relaxation.operations)
    return drops_per_epoch(drops, settings.epochs, 2 * settings.warm_start)


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
