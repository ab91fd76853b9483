"""Declarations: frozen dataclasses written as plain JSON, and hashes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson


def declare(value: Any) -> Any:
    """Turn nested frozen dataclasses, tuples and mappings into JSON data, tagged with their type's name.

    Fields whose metadata says `prose=True` (descriptions, measured signal) are left out, since they do not
    change any result.

    Raises:
        TypeError: something that is not plain data.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: declare(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not f.metadata.get("prose")
        }
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(k): declare(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [declare(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot be declared as data: {value!r:.80}")


def digest(value: Any, size: int = 8) -> str:
    """Hash JSON data to `2 * size` hexadecimal digits, equal in every process."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=size).hexdigest()
