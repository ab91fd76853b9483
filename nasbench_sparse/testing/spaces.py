"""Conformance tests of search spaces, for plug-in authors to run on their own.

    class TestMySpace(SpaceSuite):
        def space(self) -> SearchSpace:
            return MySpace(...)

Pytest collects the subclass with every test below. It must live in a file that a fresh process can import by its
path, since samples are compared with those of a second process.
"""

from __future__ import annotations

import inspect
import itertools
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.core.config import Value, config_key, plain
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig

WRONG_VALUES: tuple[Any, ...] = (None, "no such value", float("nan"), float("inf"), -1e12, [1])

CHILD = """
import importlib.util, sys
file, name = sys.argv[1:]
sys.path.insert(0, file.rpartition("/")[0])
spec = importlib.util.spec_from_file_location("space_suite", file)
module = importlib.util.module_from_spec(spec)
sys.modules["space_suite"] = module
spec.loader.exec_module(module)
from nasbench_sparse.testing.spaces import draws
sys.stdout.buffer.write(draws(getattr(module, name)().space()))
"""


class SpaceSuite(ABC):
    """Tests that every search space must pass. Subclass it, and build the space in `space`.

    Attributes:
        samples: configs drawn per test.
        enumerable: spaces up to this size are enumerated.
        resolution: of the grids tested.
    """

    samples = 30
    enumerable = 3000
    resolution = 3

    @abstractmethod
    def space(self) -> SearchSpace:
        """Build the space, equal at each call."""

    def blueprint(self) -> Blueprint:
        """Return a blueprint that the space can be written into."""
        recipe = Recipe(learning_rate=0.02)
        return Blueprint(Network("mlp"), (Train(1, recipe), Prune("magnitude", (0.5,)), Train(2, recipe)))

    def drawn(self) -> list[dict[str, Value]]:
        """Draw configs from seed 0."""
        rng = np.random.default_rng(0)
        space = self.space()
        return [space.sample(rng) for _ in range(self.samples)]

    def test_space_is_hashable_equal_and_declarable(self) -> None:
        assert self.space() == self.space()
        assert hash(self.space()) == hash(self.space())
        assert orjson.dumps(declare(self.space())) == orjson.dumps(declare(self.space()))

    def test_samples_are_valid_plain_and_canonical(self) -> None:
        space = self.space()
        for config in self.drawn():
            _check_returned(space, config)

    def test_samples_vary(self) -> None:
        if self.space().size != 1:
            assert len({config_key(config) for config in self.drawn()}) > 1

    def test_canonical_ignores_order_and_numpy_types(self) -> None:
        space = self.space()
        for config in self.drawn():
            disguised: dict[str, Any] = {name: np.asarray(config[name])[()] for name in reversed(config)}
            assert config_key(plain(space.canonical(disguised))) == config_key(config)

    def test_neighbours_are_valid_and_differ(self) -> None:
        space, rng = self.space(), np.random.default_rng(1)
        for config in self.drawn():
            before = dict(config)
            moved = space.neighbour(config, rng)
            assert config == before, "neighbour changed the config it was given"
            _check_returned(space, moved)
            assert space.size == 1 or moved != config

    def test_neighbours_reach_whatever_samples_vary(self) -> None:
        space, rng = self.space(), np.random.default_rng(2)
        sampled, reached = _values(self.drawn()), []
        config = space.sample(rng)
        for _ in range(100 * len(space.fields)):
            config = space.neighbour(config, rng)
            reached.append(config)
        walked = _values(reached)
        stuck = [field for field, values in sampled.items() if len(values) > 1 and len(walked[field]) == 1]
        assert not stuck

    def test_decode_inverts_encode(self) -> None:
        space = self.space()
        for config in self.drawn():
            assert space.decode(space.encode(config)) == config

    def test_points_decode_to_valid_configs(self) -> None:
        space = self.space()
        coordinates = space.coordinates
        coordinates.seed(3)
        points = [coordinates.get_default_configuration(), *coordinates.sample_configuration(self.samples)]
        for point in points:
            _check_returned(space, space.decode(dict(point)))

    def test_encoded_configs_are_points_of_the_coordinates(self) -> None:
        from ConfigSpace import Configuration

        space = self.space()
        coordinates = space.coordinates
        for config in self.drawn():
            point = Configuration(coordinates, values=space.encode(config))
            assert space.decode(dict(point)) == config

    def test_grid_is_distinct_valid_and_complete(self) -> None:
        space = self.space()
        configs = list(itertools.islice(space.grid(self.resolution), self.enumerable + 1))
        assert configs
        for config in configs[:: max(1, len(configs) // 300)]:
            _check_returned(space, config)
        assert len({config_key(config) for config in configs}) == len(configs)
        if space.size is not None and space.size <= self.enumerable:
            assert len(configs) == space.size

    def test_validate_refuses_unknown_fields(self) -> None:
        space = self.space()
        for config in self.drawn()[:3]:
            for name in ("no_such_field", f"{next(iter(config))}x"):
                with pytest.raises(InvalidConfig, match=name.rpartition(".")[2]):
                    space.validate({**config, name: 0.5})

    def test_validate_refuses_missing_fields(self) -> None:
        space = self.space()
        for config in self.drawn()[:3]:
            for name in config:
                with pytest.raises(InvalidConfig, match=name.rpartition(".")[2]):
                    space.validate({n: v for n, v in config.items() if n != name})

    @pytest.mark.parametrize("wrong", WRONG_VALUES, ids=repr)
    def test_validate_refuses_wrong_values(self, wrong: Any) -> None:
        space = self.space()
        for config in self.drawn()[:3]:
            for name in config:
                for check in (space.validate, space.canonical):
                    with pytest.raises(InvalidConfig, match=name.rpartition(".")[2]):
                        check({**config, name: wrong})

    def test_configure_returns_another_blueprint(self) -> None:
        space, blueprint = self.space(), self.blueprint()
        written = {space.configure(blueprint, config) for config in self.drawn()}
        assert blueprint == self.blueprint(), "configure changed the blueprint it was given"
        assert written - {blueprint}
        for config in self.drawn()[:3]:
            assert space.configure(blueprint, config) == space.configure(blueprint, dict(reversed(config.items())))
        for result in written:
            declare(result)

    def test_relaxation_covers_fields_whose_names_decode(self) -> None:
        space = self.space()
        relaxation = space.relaxation()
        if relaxation is not None:
            assert set(relaxation.edges) <= set(space.fields)
            chosen = {e: names[-1] for e, names in zip(relaxation.edges, relaxation.operations, strict=True)}
            space.validate(space.canonical(chosen))

    def test_draws_are_the_same_in_another_process(self) -> None:
        seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
        command = [sys.executable, "-c", CHILD, inspect.getfile(type(self)), type(self).__name__]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout == draws(self.space())


def draws(space: SearchSpace, count: int = 40) -> bytes:
    """Return a random walk, samples and the grid's beginning as JSON lines: equal bytes in any process."""
    rng = np.random.default_rng(7)
    config: Mapping[str, Value] = space.sample(rng)
    lines = [orjson.dumps(config)]
    for _ in range(count):
        config = space.neighbour(config, rng)
        lines += [orjson.dumps(config), orjson.dumps(space.sample(rng))]
    lines += [orjson.dumps(config) for config in itertools.islice(space.grid(2), count)]
    return b"\n".join(lines)


def _check_returned(space: SearchSpace, config: dict[str, Value]) -> None:
    """Check that a config a space returned is plain, valid, canonical, and of declared fields."""
    assert all(type(value) in (int, float, str, bool) for value in config.values()), config
    assert set(config) <= set(space.fields)
    space.validate(config)
    assert space.canonical(config) == config
    assert config_key(space.canonical(config)) == config_key(config)


def _values(configs: list[dict[str, Value]]) -> dict[str, set[Value]]:
    values: dict[str, set[Value]] = {}
    for config in configs:
        for field, value in config.items():
            values.setdefault(field, set()).add(value)
    return values
