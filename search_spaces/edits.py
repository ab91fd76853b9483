"""Edits: what a level of a factor changes in a blueprint, as frozen data.

An edit of your own is a frozen dataclass that inherits `Edit` and writes `apply`; it belongs to the declaration of
the space, and so to the task's fingerprint.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from nasbench_sparse.core.blueprint import Activation, Blueprint, Network, Phase, Prune, Recipe
from nasbench_sparse.errors import TaskError, unknown


class Edit(ABC):
    """A change of a blueprint. Edits are frozen dataclasses of plain data."""

    @abstractmethod
    def apply(self, blueprint: Blueprint) -> Blueprint:
        """Return the changed blueprint.

        Raises:
            TaskError: the blueprint has nothing that could be changed so.
        """


@dataclass(frozen=True, init=False)
class _Changes(Edit):
    """An edit that sets named values: `SetRecipe(optimizer="adam", learning_rate=1e-3)`."""

    changes: tuple[tuple[str, Any], ...]

    def __init__(self, **changes: Any) -> None:
        self._check(changes)
        object.__setattr__(self, "changes", tuple(sorted(changes.items())))

    def _check(self, names: Iterable[str]) -> None:
        """Refuse names that no blueprint of any network has."""


@dataclass(frozen=True, init=False)
class SetRecipe(_Changes):
    """Set fields of the searched training's recipe.

    Raises:
        UnknownName: a recipe has no such field.
    """

    def _check(self, names: Iterable[str]) -> None:
        _check_fields(Recipe, names)

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return blueprint.with_recipe(**dict(self.changes))


@dataclass(frozen=True, init=False)
class SetOptions(_Changes):
    """Set options of the network, such as its widths; the other options stay."""

    def apply(self, blueprint: Blueprint) -> Blueprint:
        options = dict(blueprint.network.options) | dict(self.changes)
        return replace(blueprint, network=replace(blueprint.network, options=tuple(options.items())))


@dataclass(frozen=True, init=False)
class SetPruning(_Changes):
    """Set fields of every pruning phase, such as its score; also of those inside other phases.

    Raises:
        UnknownName: a pruning phase has no such field.
    """

    def _check(self, names: Iterable[str]) -> None:
        _check_fields(Prune, names)

    def apply(self, blueprint: Blueprint) -> Blueprint:
        if not _prunes(blueprint.phases):
            raise TaskError(f"network {blueprint.network.name!r}: the blueprint has no pruning phase to change")
        return replace(blueprint, phases=_pruned_so(blueprint.phases, dict(self.changes)))


@dataclass(frozen=True)
class SetNetwork(Edit):
    """Put another network in the place of the blueprint's, options and all."""

    network: Network

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return replace(blueprint, network=self.network)


@dataclass(frozen=True)
class SetActivations(Edit):
    """Set the activations of the phases that do not name their own: one for each site, or one for all."""

    activations: tuple[Activation, ...]

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return blueprint.with_activations(self.activations)


@dataclass(frozen=True)
class SetDensities(Edit):
    """Set the densities that pruning leaves: one for each layer, or one for all."""

    densities: tuple[float, ...]

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return blueprint.with_densities(self.densities)


@dataclass(frozen=True)
class SetPhases(Edit):
    """Set the phases before the last one, which is what is searched over and stays."""

    phases: tuple[Phase, ...]

    def apply(self, blueprint: Blueprint) -> Blueprint:
        return replace(blueprint, phases=(*self.phases, blueprint.phases[-1]))


@dataclass(frozen=True)
class SetSearched(Edit):
    """Set the last phase, recipe and all; it must be as long as the one it replaces.

    Its factor belongs before those that set the recipe, because edits are applied in the order of the factors.
    """

    phase: Phase

    def apply(self, blueprint: Blueprint) -> Blueprint:
        changed = replace(blueprint, phases=(*blueprint.phases[:-1], self.phase))
        if (changed.length, changed.unit) != (blueprint.length, blueprint.unit):
            raise TaskError(
                f"a level sets a searched training of {changed.length} {changed.unit}; the task's has "
                f"{blueprint.length} {blueprint.unit}, and all levels must have as many"
            )
        return changed


def _check_fields(kind: type[Recipe] | type[Prune], names: Iterable[str]) -> None:
    allowed = [field.name for field in fields(kind)]
    for name in names:
        if name not in allowed:
            raise unknown(f"field of {kind.__name__}", name, allowed)


def _prunes(value: Any) -> bool:
    """Tell whether a phase, or a tuple of them, holds a pruning phase."""
    return isinstance(value, Prune) or any(_prunes(part) for part in _parts(value))


def _pruned_so(value: Any, changes: dict[str, Any]) -> Any:
    """Return a phase, or a tuple of them, with fields of every pruning phase changed."""
    if isinstance(value, Prune):
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(_pruned_so(part, changes) for part in value)
    if not _prunes(value):
        return value
    held = {field.name: getattr(value, field.name) for field in fields(value)}
    return replace(value, **{name: _pruned_so(part, changes) for name, part in held.items() if _prunes(part)})


def _parts(value: Any) -> list[Any]:
    """Return what a tuple or a dataclass holds."""
    if isinstance(value, tuple):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return []
