"""What stacked training can carry out; a blueprint beyond it is refused, never trained otherwise than declared."""

from __future__ import annotations

from dataclasses import fields

from nasbench_sparse.core.blueprint import Blueprint, Recipe, Train
from nasbench_sparse.errors import TaskError

NETWORK = "mlp"

STACKED_FIELDS = frozenset(
    {
        "optimizer",
        "learning_rate",
        "schedule",
        "schedule_options",
        "warmup_epochs",
        "momentum",
        "weight_decay",
        "batch_size",
        "evaluation_batch_size",
    }
)
"""Fields of a recipe that may be set in the searched training; the others must have their defaults."""


def check_stackable(blueprint: Blueprint, numerics: str) -> None:
    """Raise TaskError unless the blueprint's searched training can be stacked; phases before it are free."""
    for fault in _faults(blueprint):
        raise TaskError(f"numerics {numerics!r} cannot train {fault}; use numerics 'single'")


def _faults(blueprint: Blueprint) -> list[str]:
    found = []
    if blueprint.network.name != NETWORK:
        found.append(f"network {blueprint.network.name!r}, only {NETWORK!r}")
    if not dict(blueprint.network.options).get("bias", True):
        found.append("layers without biases")
    search = blueprint.search
    if not isinstance(search, Train):
        return [*found, f"{type(search).__name__.lower()} as the searched phase"]
    if search.sparsify is not None:
        found.append("with a sparsification during the searched training")
    if search.measures:
        found.append(f"with measures {', '.join(search.measures)}")
    defaults = Recipe()
    for field in fields(Recipe):
        value = getattr(search.recipe, field.name)
        if field.name not in STACKED_FIELDS and value != getattr(defaults, field.name):
            found.append(f"with {field.name} {value!r} in the recipe")
    return found
