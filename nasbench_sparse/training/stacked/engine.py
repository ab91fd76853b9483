"""Evaluates trials of a stacked task: all folds of all trials, K trainings at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench_sparse.core.blueprint import Activation, Blueprint
from nasbench_sparse.core.trial import Evaluation, SharedTraining, Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.nn.sites import activation_sites, spread
from nasbench_sparse.training.checkpoint import Checkpoint, Identity
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.engine import check_fidelity, outcome, start
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.moment import activations_of
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.stacked.limits import check_stackable
from nasbench_sparse.training.stacked.stack import Stack
from nasbench_sparse.training.validation import validate

if TYPE_CHECKING:
    from nasbench_sparse.training.task import TrainingTask


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A trial whose searched trainings may begin, one for each fold."""

    trial: Trial
    blueprint: Blueprint
    trainings: list[Training]
    shared: list[SharedTraining]

    @property
    def key(self) -> tuple[object, ...]:
        """What trainings in one stack have in common, apart from the sizes of their folds."""
        recipe = self.blueprint.recipe
        return self.blueprint.network, self.blueprint.length, recipe.batch_size, recipe.evaluation_batch_size


def evaluate_many(
    task: TrainingTask, trials: Sequence[Trial], checkpoints: Sequence[bytes | None]
) -> list[tuple[Evaluation, bytes | None]]:
    """See `TrainingTask.evaluate_many`.

    Raises:
        NbsError: see `training.engine.evaluate`; or a device other than the processor.
    """
    device = training_device()
    if device.type != "cpu":
        raise NbsError(
            f"task {task.name!r} is {task.numerics}, which trains on the processor, not on {device.type}"
        )
    with repeatable():
        prepared = [_prepare(task, *pair) for pair in zip(trials, checkpoints, strict=True)]
        for stack in _stacks(task.stack, prepared):
            stack.run()
    return [outcome(task, each.trial, each.trainings, each.shared) for each in prepared]


def _prepare(task: TrainingTask, trial: Trial, data: bytes | None) -> _Prepared:
    check_fidelity(task, trial)
    identity = Identity(fingerprint=task.fingerprint, config_key=trial.config_key, replicate=trial.replicate)
    checkpoint = None if data is None else Checkpoint(data, identity, trial.fidelity, task.fidelity.unit)
    blueprint = task.space.configure(task.blueprint, trial.config)
    check_stackable(blueprint, task.numerics)
    validate(blueprint, task.dataset, task.folds, task.fidelity.min)
    trainings: list[Training] = []
    shared: list[SharedTraining] = []
    for fold in range(task.folds):
        repetition = Repetition(task.dataset, task.folds, trial.replicate, fold)
        training, news = start(task.blueprint, blueprint, repetition, checkpoint)
        assert isinstance(training, Training)
        trainings.append(training)
        shared.extend(news)
    return _Prepared(trial, blueprint, trainings, shared)


def _stacks(size: int, prepared: Sequence[_Prepared]) -> list[Stack]:
    """Divide all trainings among stacks of at most `size` that can be trained together."""
    groups: dict[object, list[tuple[Training, tuple[Activation, ...], int]]] = {}
    for each in prepared:
        for training in each.trainings:
            sizes = tuple(len(part[1]) for part in training.split)
            member = training, _activations(each.blueprint, training), each.trial.fidelity
            groups.setdefault((each.key, sizes), []).append(member)
    return [
        Stack(size, *zip(*members[i : i + size], strict=True))
        for members in groups.values()
        for i in range(0, len(members), size)
    ]


def _activations(blueprint: Blueprint, training: Training) -> tuple[Activation, ...]:
    """Return the activation of each site in the searched training."""
    chosen = activations_of(blueprint, training.train)
    names = [name for name, _ in activation_sites(training.network)]
    return spread(blueprint.network.name, names, chosen)
