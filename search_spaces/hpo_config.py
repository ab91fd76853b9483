"""Hyperparameters of a training as a declared space with conditions, and two published instances.

References:
    SAFS (Loni et al., 2023), section 4.3; Tessera's thesis on sparse networks, table 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint, Operator, Recipe
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.checks import check_fields
from nasbench_sparse.search_spaces.parameters import Categorical, Float, Integer, Ordinal, Parameter

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

RECIPE_FIELDS = frozenset(field.name for field in fields(Recipe))


@dataclass(frozen=True)
class HyperparameterConfig(SearchSpace):
    """A space of typed parameters, some active only under some values of another.

    A config holds the active parameters and no others: `canonical` drops inactive ones, `validate` refuses them.
    A parameter named like a field of `Recipe` sets that field of the searched training, `activation` the operator
    of every site, and any other an option of the network. A neighbour changes one parameter (another choice, or a
    Gaussian step of 0.2 of the range); parameters that become active thereby are drawn anew.

    Args:
        parameters: in an order in which parents come before the parameters that depend on them.
    Raises:
        TaskError: a name given twice, or a condition on what is not an earlier categorical parameter's choice.
    """

    parameters: tuple[Float | Integer | Categorical | Ordinal, ...]

    def __post_init__(self) -> None:
        earlier: dict[str, Parameter] = {}
        for parameter in self.parameters:
            if parameter.name in earlier:
                raise TaskError(f"parameter {parameter.name!r} is declared twice")
            if parameter.active_if is not None:
                parent = earlier.get(parameter.active_if[0])
                if not isinstance(parent, Categorical) or not set(parameter.active_if[1]) <= set(parent.choices):
                    raise TaskError(
                        f"parameter {parameter.name!r} depends on {parameter.active_if}, which is no categorical "
                        "parameter declared before it with such choices"
                    )
            earlier[parameter.name] = parameter

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        config: dict[str, Value] = {}
        for parameter, u in zip(self.parameters, rng.random(len(self.parameters)).tolist(), strict=True):
            if _active(parameter, config):
                config[parameter.name] = parameter.at(u)
        return config

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        single = (p.name for p in self.parameters if isinstance(p, Categorical) and len(p.choices) == 1)
        changeable = sorted(config.keys() - set(single), key=self.fields.index)
        changed = changeable[int(rng.integers(len(changeable)))] if changeable else None
        result: dict[str, Value] = {}
        for parameter in self.parameters:
            name = parameter.name
            if _active(parameter, result):
                result[name] = config[name] if name in config else parameter.at(float(rng.random()))
                if name == changed:
                    result[name] = parameter.neighbour(config[name], rng)
        return result

    def canonical(self, config: Config) -> dict[str, Value]:
        check_fields(config, (), self.fields)
        result: dict[str, Value] = {}
        for parameter in self.parameters:
            if _active(parameter, result):
                if parameter.name not in config:
                    raise InvalidConfig(f"the config lacks field {parameter.name!r}, which is active here")
                result[parameter.name] = parameter.canonical(config[parameter.name])
        return result

    def validate(self, config: Config) -> None:
        active = self.canonical(config)
        for parameter in self.parameters:
            if parameter.name in config and parameter.name not in active:
                assert parameter.active_if is not None
                parent, values = parameter.active_if
                raise InvalidConfig(
                    f"config field {parameter.name!r} is inactive here: it needs {parent!r} to be "
                    f"{' or '.join(repr(v) for v in values)}"
                )

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        options = dict(blueprint.network.options)
        recipe: dict[str, Value] = {}
        for name in self.fields:
            if name not in config:
                continue
            value = config[name]
            if name in RECIPE_FIELDS:
                recipe[name] = value
            elif name == "activation":
                blueprint = blueprint.with_activations((Operator(str(value)),))
            else:
                options[name] = value
        network = replace(blueprint.network, options=tuple(options.items()))
        return replace(blueprint, network=network).with_recipe(**recipe)

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import ConfigurationSpace, InCondition

        space = ConfigurationSpace()
        space.add([parameter.hyperparameter() for parameter in self.parameters])
        for parameter in self.parameters:
            if parameter.active_if is not None:
                parent, values = parameter.active_if
                space.add(InCondition(space[parameter.name], space[parent], list(values)))
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return self.canonical(point)

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(self.canonical(config))

    @cached_property
    def size(self) -> int | None:
        if any(isinstance(parameter, Float) for parameter in self.parameters):
            return None
        return self._count(0, {})

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        yield from self._grid(0, {}, resolution)

    def _grid(self, index: int, config: dict[str, Value], resolution: int) -> Iterator[dict[str, Value]]:
        if index == len(self.parameters):
            yield config
            return
        parameter = self.parameters[index]
        if not _active(parameter, config):
            yield from self._grid(index + 1, config, resolution)
            return
        for value in parameter.levels(resolution):
            yield from self._grid(index + 1, {**config, parameter.name: value}, resolution)

    def _count(self, index: int, parents: dict[str, Value]) -> int:
        """Count the configs of the parameters from `index` on, branching at parents alone."""
        if index == len(self.parameters):
            return 1
        parameter = self.parameters[index]
        if not _active(parameter, parents):
            return self._count(index + 1, parents)
        values = parameter.levels(1)
        if any(p.active_if is not None and p.active_if[0] == parameter.name for p in self.parameters):
            return sum(self._count(index + 1, {**parents, parameter.name: value}) for value in values)
        return len(values) * self._count(index + 1, parents)


def _active(parameter: Parameter, config: Config) -> bool:
    """Whether a parameter is active, given those before it."""
    if parameter.active_if is None:
        return True
    parent, values = parameter.active_if
    return parent in config and config[parent] in values


SCHEDULES = ("constant", "step", "linear", "cosine", "halving", "plateau", "warm_restarts")


def safs_stage2() -> HyperparameterConfig:
    """Return the space of SAFS's second stage: schedule, optimizer, learning rate and momentum.

    The "halving" schedule is 0.001 * 0.5 ** (epoch // 20) and takes no learning rate; momentum is for sgd alone.

    References:
        SAFS (Loni et al., 2023), section 4.3.
    """
    with_rate = tuple(schedule for schedule in SCHEDULES if schedule != "halving")
    return HyperparameterConfig(
        (
            Categorical("schedule", SCHEDULES),
            Categorical("optimizer", ("sgd", "adam", "fromage", "tadam")),
            Float("learning_rate", 1e-4, 1e-1, log=True, active_if=("schedule", with_rate)),
            Float("momentum", 0.0, 0.99, active_if=("optimizer", ("sgd",))),
        )
    )


def safs_stage2_grid(rates: int = 25, momenta: int = 9) -> HyperparameterConfig:
    """Return the space of SAFS's second stage on a grid, so that a table can hold all of it.

    Args:
        rates: learning rates, evenly spaced in the logarithm from 1e-4 to 1e-1.
        momenta: momenta, evenly spaced from 0 to 0.96.
    """
    whole = safs_stage2()
    schedule, optimizer, rate, momentum = whole.parameters
    assert isinstance(rate, Float)
    levels = tuple(float(f"{value:.3g}") for value in rate.levels(rates))
    steps = tuple(round(0.96 * i / (momenta - 1), 4) for i in range(momenta))
    return HyperparameterConfig(
        (
            schedule,
            optimizer,
            Ordinal("learning_rate", levels, active_if=rate.active_if),
            Ordinal("momentum", steps, active_if=momentum.active_if),
        )
    )


def thesis_training(switches: tuple[str, ...] = ("batch_norm", "skip")) -> HyperparameterConfig:
    """Return the training grid of table 3.2: 480 configs with both switches.

    "SGD with momentum" is sgd with momentum 0.9. Depth and width are options of the network, and data
    augmentation is the data set's, so neither varies here.

    Args:
        switches: boolean options of the network to vary.

    References:
        Tessera's thesis on sparse networks, table 3.2.
    """
    return HyperparameterConfig(
        (
            Categorical("optimizer", ("adagrad", "adam", "rmsprop", "sgd")),
            Categorical("momentum", (0.0, 0.9), active_if=("optimizer", ("sgd",))),
            Categorical("learning_rate", (0.001, 0.1)),
            Categorical("weight_decay", (0.0, 1e-4)),
            Categorical("activation", ("relu", "prelu", "elu", "swish", "srelu", "sigmoid")),
            *(Categorical(switch, (False, True)) for switch in switches),
        )
    )
