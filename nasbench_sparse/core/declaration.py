"""Declarations: frozen dataclasses written as plain JSON, and hashes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson


def declare(value: Any) -> Any:
    """Turn nested frozen dataclasses, tuples and mappings into JSON data, tagged with their type's name.

    Fields whose metadata says `prose=True` (descriptions, measured signal) are left out, since they do not
    change any result. So are fields made by `added`, while they hold their default.

    Raises:
        TypeError: something that is not plain data.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: declare(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not f.metadata.get("prose") and not _still_default(f, getattr(value, f.name))
        }
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(k): declare(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [declare(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot be declared as data: {value!r:.80}")


def added(default: Any) -> Any:
    """Return a field that joined its class after declarations of it had been recorded.

    At its default it is left out of declarations, so that older fingerprints stay. Such a default must never
    change: whoever wants another one writes it out.
    """
    return dataclasses.field(default=default, metadata={"added": True})


def _still_default(field: dataclasses.Field[Any], value: Any) -> bool:
    return bool(field.metadata.get("added")) and type(value) is type(field.default) and value == field.default


def digest(value: Any, size: int = 8) -> str:
    """Hash JSON data to `2 * size` hexadecimal digits, equal in every process."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=size).hexdigest()
