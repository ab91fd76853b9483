"""Blueprints: a whole training described as frozen data (no torch here)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nasbench_sparse.errors import TaskError


@dataclass(frozen=True, slots=True)
class Network:
    """A network by its registered name, with the options its builder takes."""

    name: str
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Operator:
    """An activation `alpha * f(beta * x)`; alpha and beta (one pair per site) are trained if `learn_scales`.

    References:
        SAFS (Loni et al., 2023), section 4.1.
    """

    name: str
    learn_scales: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A discrete GRAFS activation cell `b2(u3(b1(u1(x), u2(x))), u4(x))`.

    Args:
        unary: names of the operations on the four edges u1, u2, u3, u4.
        binary: names of the operations at the two vertices b1, b2.
        gammas: learnt constants by choice name (u1..u4, b1, b2), frozen; a gamma that is absent is trained with
            the weights (from 1, mix from 0).
        bounded: clip unbounded operations to magnitude 10.

    References:
        GRAFS (Strack et al., 2024), section 3.1.
    """

    unary: tuple[str, str, str, str]
    binary: tuple[str, str]
    gammas: tuple[tuple[str, float], ...] = ()
    bounded: bool = True


Activation = Operator | Cell

RELU = Operator("relu")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are trained: the optimizer's and the schedule's settings.

    Args:
        optimizer: sgd, adam, adamw, adagrad, rmsprop, fromage or tadam.
        schedule: constant, step, linear, cosine, halving (0.001 * 0.5 ** (epoch // 20)), plateau or
            warm_restarts; it runs over the whole phase, however short a trial is.
        momentum: for sgd only.
        evaluation_batch_size: fixed here because it changes the last bits of a loss.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.1
    schedule: str = "constant"
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 64
    evaluation_batch_size: int = 500


@dataclass(frozen=True, slots=True)
class Train:
    """A training phase. `activations` None means the blueprint's own."""

    epochs: int
    recipe: Recipe
    activations: tuple[Activation, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prune:
    """A pruning phase: in each layer keep round(density * n) weights of the highest score.

    Args:
        score: "magnitude" or "random".
        densities: one for each prunable layer (conv and linear weights, in forward order), or a single one for
            all of them.
    """

    score: str
    densities: tuple[float, ...]

    def __post_init__(self) -> None:
        for density in self.densities:
            if not 0.0 <= density <= 1.0:
                raise TaskError(f"density {density} lies outside [0, 1]")


Phase = Train | Prune


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Network, activations, and phases in order; the last phase is the training that is searched over.

    `activations` holds one entry for each activation site of the network, or a single one for all of them.
    Phases before the last that no config changes belong to the replicate: done once, cached by content.
    """

    network: Network
    phases: tuple[Phase, ...]
    activations: tuple[Activation, ...] = (RELU,)

    def __post_init__(self) -> None:
        if not self.phases or not isinstance(self.phases[-1], Train):
            raise TaskError("a blueprint's last phase is the training that is searched over")

    @property
    def search(self) -> Train:
        """The training phase whose length is the fidelity."""
        phase = self.phases[-1]
        assert isinstance(phase, Train)
        return phase

    @property
    def recipe(self) -> Recipe:
        """The recipe of the searched training."""
        return self.search.recipe

    def with_activations(self, activations: tuple[Activation, ...]) -> Blueprint:
        """Return the blueprint with other activations in the phases that do not name their own."""
        return replace(self, activations=activations)

    def with_recipe(self, **changes: Any) -> Blueprint:
        """Return the blueprint with fields of the searched training's recipe changed."""
        recipe = replace(self.recipe, **changes)
        return replace(self, phases=(*self.phases[:-1], replace(self.search, recipe=recipe)))

    def with_densities(self, densities: tuple[float, ...]) -> Blueprint:
        """Return the blueprint with the densities of its pruning phases replaced.

        Raises:
            TaskError: the blueprint prunes nowhere.
        """
        if not any(isinstance(phase, Prune) for phase in self.phases):
            raise TaskError(
                f"network {self.network.name!r}: the blueprint has no pruning phase to give densities to"
            )
        phases = tuple(replace(p, densities=densities) if isinstance(p, Prune) else p for p in self.phases)
        return replace(self, phases=phases)
