"""Blueprints: a whole training described as frozen data (no torch here)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from nasbench_sparse.core.activation import RELU, Activation, Cell, Operator
from nasbench_sparse.core.phases import (
    ActivatePrune,
    Cycles,
    Phase,
    Prune,
    Quantise,
    Rewind,
    Step,
    Train,
)
from nasbench_sparse.core.recipe import ActivationPenalty, Recipe
from nasbench_sparse.core.sequence import check_order
from nasbench_sparse.core.sparsify import Gradual, Regrow, Sigmoid, Sparsify
from nasbench_sparse.errors import TaskError

__all__ = [
    "RELU",
    "ActivatePrune",
    "Activation",
    "ActivationPenalty",
    "Blueprint",
    "Cell",
    "Cycles",
    "Gradual",
    "Network",
    "Operator",
    "Phase",
    "Prune",
    "Quantise",
    "Recipe",
    "Regrow",
    "Rewind",
    "Sigmoid",
    "Sparsify",
    "Step",
    "Train",
]


@dataclass(frozen=True, slots=True)
class Network:
    """A network by its registered name, with the options its builder takes."""

    name: str
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Network, activations, and phases in order; the last phase is the training that is searched over.

    `activations` holds one entry for each activation site of the network, or a single one for all of them.
    Phases before the last that no config changes belong to the replicate: done once, cached by content.

    Raises:
        TaskError: the last phase is neither `Train` nor `Cycles`, or a phase needs what no phase before it gives.
    """

    network: Network
    phases: tuple[Phase, ...]
    activations: tuple[Activation, ...] = (RELU,)

    def __post_init__(self) -> None:
        if not self.phases or not isinstance(self.phases[-1], Train | Cycles):
            raise TaskError("a blueprint's last phase is the training that is searched over: Train or Cycles")
        if any(isinstance(phase, Cycles) and phase.fork for phase in self.phases[:-1]):
            raise TaskError("a fork only reports, so it belongs to cycles that are a blueprint's last phase")
        check_order(self.phases)

    @property
    def search(self) -> Train | Cycles:
        """The phase whose length is the fidelity."""
        phase = self.phases[-1]
        assert isinstance(phase, Train | Cycles)
        return phase

    @property
    def unit(self) -> Literal["epochs", "cycles"]:
        """What the fidelity counts."""
        return "epochs" if isinstance(self.search, Train) else "cycles"

    @property
    def length(self) -> int:
        """Units of the searched phase in full."""
        return self.search.epochs if isinstance(self.search, Train) else self.search.count

    @property
    def shortest(self) -> int:
        """Units after which a trial may stop: no sparsification is cut before its final density."""
        return self.search.whole_after if isinstance(self.search, Train) else 1

    @property
    def recipe(self) -> Recipe:
        """The recipe of the searched training; of the last one of a cycle."""
        last = self.search if isinstance(self.search, Train) else self.search.body[-1]
        assert isinstance(last, Train)
        return last.recipe

    def with_activations(self, activations: tuple[Activation, ...]) -> Blueprint:
        """Return the blueprint with other activations in the phases that do not name their own."""
        return replace(self, activations=activations)

    def with_recipe(self, **changes: Any) -> Blueprint:
        """Return the blueprint with changed fields of the searched training's recipe; of all those of a cycle."""

        def changed(phase: Any) -> Any:
            return replace(phase, recipe=replace(phase.recipe, **changes)) if isinstance(phase, Train) else phase

        search = self.search
        if isinstance(search, Cycles):
            body, fork = (tuple(changed(phase) for phase in part) for part in (search.body, search.fork))
            return replace(self, phases=(*self.phases[:-1], replace(search, body=body, fork=fork)))
        return replace(self, phases=(*self.phases[:-1], changed(search)))

    def with_densities(self, densities: tuple[float, ...]) -> Blueprint:
        """Return the blueprint with the densities of its pruning phases replaced.

        Raises:
            TaskError: the blueprint prunes to densities nowhere.
        """
        if not any(isinstance(phase, Prune) and phase.densities for phase in self.phases):
            raise TaskError(
                f"network {self.network.name!r}: the blueprint has no pruning phase to give densities to"
            )
        phases = tuple(
            replace(p, densities=densities) if isinstance(p, Prune) and p.densities else p for p in self.phases
        )
        return replace(self, phases=phases)
