"""One step of every optimizer over rows of a block: the updates of `training.optimizers`, several slots at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.training.stacked.block import Block

BETA1, BETA2 = 0.9, 0.999
EPSILON, EPSILON_ADAGRAD = 1e-8, 1e-10
SMOOTHING = 0.99  # of RMSprop
DEGREES = 1.0  # of freedom for each entry, of TAdam


@dataclass(slots=True)
class Run:
    """Neighbouring slots that take the same kind of step throughout an epoch.

    Args:
        rows: theirs in the stack, without a gap.
        rates: learning rate of each; those of a fused optimizer are all equal.
        steps: how many steps each has taken, counted as a float32 tensor of shape ().
    """

    rows: slice
    recipe: Recipe
    rates: Tensor
    rate: float
    steps: Tensor

    def step(self, weights: Block, activations: Block) -> None:
        """Update the parameters of the run's slots; weight decay leaves those of activations alone."""
        update = _UPDATES[self.recipe.optimizer]
        self.steps += 1.0
        update(self, weights, self.recipe.weight_decay)
        if activations.width:
            update(self, activations, 0.0)


def runs(recipes: Sequence[Recipe | None], rates: Sequence[float], steps: Sequence[int]) -> list[Run]:
    """Divide the slots of a stack into runs.

    Args:
        recipes: of each slot; None where nothing is trained.
        rates: learning rate of each slot in this epoch.
        steps: how many steps each slot has taken before it.
    """
    found: list[Run] = []
    start = 0
    while start < len(recipes):
        recipe, end = recipes[start], start + 1
        if recipe is not None:
            key = _kind(recipe, rates[start], steps[start])
            while end < len(recipes) and _kind(recipes[end], rates[end], steps[end]) == key:
                end += 1
            column = torch.tensor(rates[start:end], dtype=torch.float32).unsqueeze(1)
            found.append(Run(slice(start, end), recipe, column, rates[start], torch.tensor(float(steps[start]))))
        start = end
    return found


def _kind(recipe: Recipe | None, rate: float, steps: int) -> tuple[object, ...] | None:
    """Return what slots of one run have in common."""
    if recipe is None:
        return None
    momentum = recipe.momentum if recipe.optimizer == "sgd" else 0.0
    return recipe.optimizer, recipe.weight_decay, momentum, steps, rate if recipe.optimizer in FUSED else None


def state_names(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of a slot's optimizer state, apart from its number of steps."""
    if recipe.optimizer == "sgd":
        return ("momentum_buffer",) if recipe.momentum else ()
    return _STATE[recipe.optimizer]


def initial_state(name: str, block: Block) -> Tensor:
    """Return the state that begins an optimizer, for all slots."""
    if name == "weight_sum":
        return torch.full(block.trained.shape, BETA1 / (1.0 - BETA1), dtype=torch.float64)
    return torch.zeros_like(block.values)


def _sgd(run: Run, block: Block, decay: float) -> None:
    momentum = run.recipe.momentum
    torch._fused_sgd_(
        [block.values[run.rows]],
        [block.gradients[run.rows]],
        [block.state["momentum_buffer"][run.rows]] if momentum else [],
        weight_decay=decay,
        momentum=momentum,
        lr=run.rate,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        is_first_step=False,
    )


def _adam(run: Run, block: Block, decay: float) -> None:
    _fused_adam(torch._fused_adam_, run, block, decay)


def _adamw(run: Run, block: Block, decay: float) -> None:
    _fused_adam(torch._fused_adamw_, run, block, decay)


def _fused_adam(kernel: Callable[..., None], run: Run, block: Block, decay: float) -> None:
    kernel(
        [block.values[run.rows]],
        [block.gradients[run.rows]],
        [block.state["exp_avg"][run.rows]],
        [block.state["exp_avg_sq"][run.rows]],
        [],
        [run.steps],
        lr=run.rate,
        beta1=BETA1,
        beta2=BETA2,
        weight_decay=decay,
        eps=EPSILON,
        amsgrad=False,
        maximize=False,
    )


def _adagrad(run: Run, block: Block, decay: float) -> None:
    torch._fused_adagrad_(
        [block.values[run.rows]],
        [block.gradients[run.rows]],
        [block.state["sum"][run.rows]],
        [run.steps],
        lr=run.rate,
        lr_decay=0.0,
        weight_decay=decay,
        eps=EPSILON_ADAGRAD,
        maximize=False,
    )


def _rmsprop(run: Run, block: Block, decay: float) -> None:
    values, gradients = _decayed(run, block, decay)
    squares = block.state["square_avg"][run.rows]
    squares.mul_(SMOOTHING).addcmul_(gradients, gradients, value=1.0 - SMOOTHING)
    values.addcdiv_(gradients.mul_(run.rates), squares.sqrt().add_(EPSILON), value=-1.0)


def _fromage(run: Run, block: Block, decay: float) -> None:
    values, gradients = _decayed(run, block, decay)
    weight_norms = block.sums(values * values).sqrt_()
    gradient_norms = block.sums(gradients * gradients).sqrt_()
    known = (weight_norms != 0.0) & (gradient_norms != 0.0)
    relative = torch.where(known, weight_norms / gradient_norms, 1.0)
    shrink = (run.rates * run.rates).add_(1.0).rsqrt_()
    values.sub_(gradients.mul_(block.spread(relative.mul_(run.rates)))).mul_(shrink)


def _tadam(run: Run, block: Block, decay: float) -> None:
    values, gradients = _decayed(run, block, decay)
    mean, squares = block.state["exp_avg"][run.rows], block.state["exp_avg_sq"][run.rows]
    totals, sizes = block.state["weight_sum"][run.rows], block.trained[run.rows].double()
    deviation = gradients - mean
    distance = block.sums((deviation * deviation).div_(squares + EPSILON)).double()
    known = sizes > 0.0
    weights = (DEGREES + 1.0) * sizes / torch.where(known, DEGREES * sizes + distance, 1.0)
    shares = (weights / (totals + weights)).float()
    mean.addcmul_(deviation, block.spread(shares))
    totals.copy_(torch.where(known, (2.0 - 1.0 / BETA1) * totals + weights, totals))
    squares.mul_(BETA2).addcmul_(gradients, gradients, value=1.0 - BETA2)
    steps = float(run.steps)
    denominator = (squares / (1.0 - BETA2**steps)).sqrt_().add_(EPSILON)
    values.addcdiv_(mean * (run.rates / (1.0 - BETA1**steps)), denominator, value=-1.0)


def _decayed(run: Run, block: Block, decay: float) -> tuple[Tensor, Tensor]:
    """Return the rows' values and their gradients, weight decay added."""
    values, gradients = block.values[run.rows], block.gradients[run.rows]
    return values, gradients.add_(values, alpha=decay) if decay else gradients


FUSED = frozenset({"sgd", "adam", "adamw", "adagrad"})
"""Optimizers with one kernel for a whole step, whose settings are numbers."""

_UPDATES: dict[str, Callable[[Run, Block, float], None]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "fromage": _fromage,
    "tadam": _tadam,
}

_STATE: dict[str, tuple[str, ...]] = {
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
    "adagrad": ("sum",),
    "rmsprop": ("square_avg",),
    "fromage": (),
    "tadam": ("exp_avg", "exp_avg_sq", "weight_sum"),
}
