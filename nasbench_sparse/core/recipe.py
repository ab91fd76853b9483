"""Recipes: how the weights of one training phase are trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasbench_sparse.core.declaration import added
from nasbench_sparse.core.ranges import check_number, check_positive, check_whole
from nasbench_sparse.errors import TaskError


@dataclass(frozen=True, slots=True)
class ActivationPenalty:
    """A term of the training loss made of the outputs of all activation sites; negative makes them denser.

    Args:
        kind: "l1" (the mean over samples of the mean of |a| over a site's units) or "hoyer" (the mean over samples
            of (sum |a|)^2 / (n sum a^2), between 1/n and 1), summed over the sites.
        strength: its factor.

    Raises:
        TaskError: another kind, or a strength that is no finite number.
    References:
        AP (Liu et al., 2024), section 5 (3) and tables 14 and 15; Georgiadis (2019); Kurtz et al. (2020).
    """

    kind: str
    strength: float

    def __post_init__(self) -> None:
        if self.kind not in ("l1", "hoyer"):
            raise TaskError(f"activation penalty {self.kind!r} is unknown; allowed are 'l1' and 'hoyer'")
        check_number("the activation penalty's strength", self.strength)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are trained: the optimizer's and the schedule's settings.

    Args:
        optimizer: sgd, adam, adamw, adagrad, rmsprop, fromage or tadam.
        schedule: constant, step, linear, cosine, halving (0.001 * 0.5 ** (epoch // 20)), plateau, warm_restarts,
            multistep or asni_cosine; it runs over the whole phase, however short a trial is.
        momentum: for sgd only.
        evaluation_batch_size: fixed here because it changes the last bits of a loss.
        schedule_options: the schedule's own settings, such as (("milestones", (100, 150)),).
        schedule_every: "epoch", or "step" to take the schedule at fractions of an epoch.
        optimizer_options: the optimizer's own settings, such as (("betas", (0.9, 0.95)),).
        warmup_epochs: the rate grows linearly to the schedule's over so many epochs.
        steps_per_epoch: end an epoch after so many steps; None means when every example was seen once.
        accumulate: batches whose mean gradient makes one step.
        label_smoothing: share of the target spread over all classes, in the training loss only.
        gradient_clip: largest norm of the gradient, that of pruned weights left out; None means any.
        augmentation: of the training inputs, by name; "none" for none.
        penalty: a term on activations in the training loss.
    Raises:
        TaskError: a number outside its range, or of another kind.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.1
    schedule: str = "constant"
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 64
    evaluation_batch_size: int = 500
    schedule_options: tuple[tuple[str, Any], ...] = added(())
    schedule_every: str = added("epoch")
    optimizer_options: tuple[tuple[str, Any], ...] = added(())
    warmup_epochs: int = added(0)
    steps_per_epoch: int | None = added(None)
    accumulate: int = added(1)
    label_smoothing: float = added(0.0)
    gradient_clip: float | None = added(None)
    augmentation: str = added("none")
    penalty: ActivationPenalty | None = added(None)  # noqa: RUF009 - a field

    def __post_init__(self) -> None:
        if self.schedule_every not in ("epoch", "step"):
            raise TaskError(f"schedule_every is {self.schedule_every!r}; allowed are 'epoch' and 'step'")
        for name in ("batch_size", "evaluation_batch_size", "accumulate"):
            check_whole(name, getattr(self, name))
        check_whole("warmup_epochs", self.warmup_epochs, least=0)
        if self.steps_per_epoch is not None:
            check_whole("steps_per_epoch", self.steps_per_epoch)
        check_positive("learning_rate", self.learning_rate)
        check_number("weight_decay", self.weight_decay, least=0.0)
        for name in ("momentum", "label_smoothing"):
            check_number(name, getattr(self, name), least=0.0, below=1.0)
        if self.gradient_clip is not None:
            check_positive("gradient_clip", self.gradient_clip)
