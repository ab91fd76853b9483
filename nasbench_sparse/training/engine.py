"""Evaluates a trial of a training task: every fold to the trial's fidelity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.trial import Evaluation, SharedTraining, Status, Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.checkpoint import Checkpoint, Identity, save_checkpoint
from nasbench_sparse.training.cycles import CycleTraining
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.phases import begin, prepare
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.validation import validate

if TYPE_CHECKING:
    from nasbench_sparse.training.task import TrainingTask


def evaluate(task: TrainingTask, trial: Trial, data: bytes | None) -> tuple[Evaluation, bytes | None]:
    """See `Task.evaluate`.

    Raises:
        NbsError: a fidelity outside the task's range, or a checkpoint that this trial cannot continue.
    """
    check_fidelity(task, trial)
    identity = Identity(fingerprint=task.fingerprint, config_key=trial.config_key, replicate=trial.replicate)
    checkpoint = None if data is None else Checkpoint(data, identity, trial.fidelity, task.fidelity.unit)
    with repeatable():
        blueprint = task.space.configure(task.blueprint, trial.config)
        validate(blueprint, task.dataset, task.folds, task.fidelity.min)
        trainings: list[Training | CycleTraining] = []
        shared: list[SharedTraining] = []
        for fold in range(task.folds):
            repetition = Repetition(task.dataset, task.folds, trial.replicate, fold)
            training, news = start(task.blueprint, blueprint, repetition, checkpoint)
            training.run(trial.fidelity)
            trainings.append(training)
            shared.extend(news)
    return outcome(task, trial, trainings, shared)


def check_fidelity(task: TrainingTask, trial: Trial) -> None:
    """Raise NbsError for a fidelity outside the task's range."""
    if trial.fidelity not in task.fidelity:
        raise NbsError(
            f"fidelity {trial.fidelity} lies outside {task.fidelity.min} to {task.fidelity.max} "
            f"{task.fidelity.unit} of task {task.name!r}"
        )


def outcome(
    task: TrainingTask, trial: Trial, trainings: Sequence[Training | CycleTraining], shared: list[SharedTraining]
) -> tuple[Evaluation, bytes | None]:
    """Return what `Task.evaluate` does, given each fold's training at its end."""
    diverged = any(training.diverged for training in trainings)
    evaluation = Evaluation(
        status=Status.DIVERGED if diverged else Status.OK,
        curves=tuple(tuple(training.curve) for training in trainings),
        seconds=sum(_charged(training, trial.resumes_at) for training in trainings),
        shared=tuple(shared),
    )
    if diverged or trial.fidelity == task.fidelity.max:
        return evaluation, None
    identity = Identity(fingerprint=task.fingerprint, config_key=trial.config_key, replicate=trial.replicate)
    return evaluation, save_checkpoint(trainings, identity)


def start(
    declared: Blueprint, blueprint: Blueprint, repetition: Repetition, checkpoint: Checkpoint | None
) -> tuple[Training | CycleTraining, tuple[SharedTraining, ...]]:
    """Set up a fold's searched training, or restore it; return the shared trainings behind it too."""
    if checkpoint is not None:
        return checkpoint.restore(blueprint, declared, repetition), ()
    state, shared = prepare(blueprint, declared, repetition)
    return begin(blueprint, -1, state, repetition, training_device()), shared


def _charged(training: Training | CycleTraining, resumes_at: int) -> float:
    """Return a training's seconds, without those of the units that its parent was charged."""
    credited = training.curve[:resumes_at][-1:]
    return training.seconds - (credited[0].seconds if credited else 0.0)
