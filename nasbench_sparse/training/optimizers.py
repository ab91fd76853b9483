"""Optimizers of weights by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.core.ranges import check_number, check_numbers
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.fromage import Fromage
from nasbench_sparse.training.tadam import TAdam

Groups = list[dict[str, Any]]

OPTIMIZERS: dict[str, Callable[[Groups, Recipe, WeightMasks], Optimizer]] = {
    "sgd": lambda g, r, m: torch.optim.SGD(
        g, lr=r.learning_rate, momentum=r.momentum, fused=True, **dict(r.optimizer_options)
    ),
    "adam": lambda g, r, m: torch.optim.Adam(g, lr=r.learning_rate, fused=True, **dict(r.optimizer_options)),
    "adamw": lambda g, r, m: torch.optim.AdamW(g, lr=r.learning_rate, fused=True, **dict(r.optimizer_options)),
    "adagrad": lambda g, r, m: torch.optim.Adagrad(g, lr=r.learning_rate, fused=True, **dict(r.optimizer_options)),
    "rmsprop": lambda g, r, m: torch.optim.RMSprop(
        g, lr=r.learning_rate, foreach=True, **dict(r.optimizer_options)
    ),
    "fromage": lambda g, r, m: Fromage(g, lr=r.learning_rate, **dict(r.optimizer_options)),
    "tadam": lambda g, r, m: TAdam(g, lr=r.learning_rate, size=m.survivors, **dict(r.optimizer_options)),
}

OPTIONS: dict[str, tuple[str, ...]] = {
    "sgd": ("nesterov", "dampening"),
    "adam": ("betas", "eps", "amsgrad"),
    "adamw": ("betas", "eps", "amsgrad"),
    "adagrad": ("lr_decay", "initial_accumulator_value", "eps"),
    "rmsprop": ("alpha", "eps", "momentum", "centered"),
    "fromage": (),
    "tadam": ("betas", "eps", "degrees"),
}
"""What `Recipe.optimizer_options` may name."""

SWITCHES = ("nesterov", "amsgrad", "centered")


def check_optimizer(recipe: Recipe) -> None:
    """Check a recipe's optimizer before anything is trained.

    Raises:
        UnknownName: an unknown optimizer or option, naming the nearest ones.
        TaskError: an option's value is not allowed.
    """
    if recipe.optimizer not in OPTIMIZERS:
        raise unknown("optimizer", recipe.optimizer, OPTIMIZERS)
    options = dict(recipe.optimizer_options)
    for name, value in options.items():
        if name not in OPTIONS[recipe.optimizer]:
            raise unknown(f"option of optimizer {recipe.optimizer!r}", name, OPTIONS[recipe.optimizer])
        _check_option(f"option {name!r} of optimizer {recipe.optimizer!r}", name, value)
    if options.get("nesterov") and (not recipe.momentum or options.get("dampening")):
        raise TaskError("option 'nesterov' of optimizer 'sgd' needs a momentum above 0 and no dampening")


def check_momentum(recipe: Recipe) -> None:
    """Check a declared recipe, not one that a config made: a space may choose the optimizer and leave the rest.

    Raises:
        TaskError: a momentum that does nothing.
    """
    if recipe.momentum and recipe.optimizer != "sgd":
        raise TaskError(
            f"momentum {recipe.momentum} is for optimizer 'sgd' only and does nothing for {recipe.optimizer!r}: "
            "leave it 0"
        )


def _check_option(what: str, name: str, value: Any) -> None:
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise TaskError(f"{what} is {value!r}; allowed are True and False")
    elif name == "betas":
        check_numbers(what, value, least=0.0, below=1.0)
        if len(value) != 2:
            raise TaskError(f"{what} is {value!r}; allowed are two numbers")
    else:
        check_number(what, value, least=0.0)


def build_optimizer(recipe: Recipe, network: nn.Module, masks: WeightMasks) -> Optimizer:
    """Build the recipe's optimizer; weight decay leaves the parameters of activations alone.

    Raises:
        UnknownName: naming the nearest optimizers.
    """
    if recipe.optimizer not in OPTIMIZERS:
        raise unknown("optimizer", recipe.optimizer, OPTIMIZERS)
    activations = {id(p) for p in sites_of(network).parameters()}
    groups: Groups = [
        {
            "params": [p for p in network.parameters() if id(p) not in activations],
            "weight_decay": recipe.weight_decay,
        }
    ]
    if activations:
        groups.append({"params": list(sites_of(network).parameters()), "weight_decay": 0.0})
    return OPTIMIZERS[recipe.optimizer](groups, recipe, masks)
