"""Configs: points of a space, as flat mappings, and their canonical hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from nasbench_sparse.errors import InvalidConfig

Value = int | float | str | bool
Config = Mapping[str, Value]

_SORTED = orjson.OPT_SORT_KEYS


def config_key(config: Config) -> str:
    """Hash a canonical config to 16 hexadecimal digits.

    Keys are sorted, floats printed by their shortest round-trip form, so equal configs hash equally in any
    process. Values must already be plain Python values (see `plain`).

    Raises:
        InvalidConfig: a value is not finite or not an int, float, str or bool.
    """
    try:
        return blake2b(orjson.dumps(config, option=_SORTED), digest_size=8).hexdigest()
    except TypeError as error:
        raise InvalidConfig(f"config {dict(config)!r} holds a value that is not int, float, str or bool") from error


def plain(config: Mapping[str, Any]) -> dict[str, Value]:
    """Copy a config with numpy scalars turned into plain Python values.

    Raises:
        InvalidConfig: not a mapping, a key that is not a string, a value of another type or not finite.
    """
    if not isinstance(config, Mapping):
        raise InvalidConfig(
            f"a config is a mapping of names to values, not {type(config).__name__}: {config!r:.80}"
        )
    result: dict[str, Value] = {}
    for name, value in config.items():
        if not isinstance(name, str):
            raise InvalidConfig(f"config field names are strings, not {name!r}")
        kind = type(value)
        if kind is not float and kind is not int and kind is not str and kind is not bool:
            value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
            if not isinstance(value, bool | int | float | str):
                raise InvalidConfig(f"config field {name!r} is {value!r:.60}; allowed are int, float, str and bool")
            value = str(value) if isinstance(value, str) else value
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidConfig(f"config field {name!r} is {value!r}; it must be finite")
        result[name] = value
    return result
