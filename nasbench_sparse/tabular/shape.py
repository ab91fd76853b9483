"""Shapes of JSON data: what a file that was written by hand, or edited, must look like to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Shape = type | list[Any] | Mapping[str, Any]
"""A type (`float` takes whole numbers too); a list of one shape, for any number of them; or shapes by key, where a
key with `?` at its end may be absent, and `*` stands for every key that is not named."""

_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def mismatch(value: Any, shape: Shape, name: str = "") -> str | None:
    """Return where data departs from its shape, in words such as "`files.a.bytes` is 'x', not a whole number"."""
    if isinstance(shape, type):
        return None if _is(value, shape) else _departs(name, value, shape)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _departs(name, value, list)
        return _first(mismatch(each, shape[0], f"{name}[{place}]") for place, each in enumerate(value))
    if not isinstance(value, dict):
        return _departs(name, value, dict)
    return _fields(value, shape, name)


def _fields(value: Mapping[str, Any], shape: Mapping[str, Any], name: str) -> str | None:
    named = {key.removesuffix("?"): inner for key, inner in shape.items() if key != "*"}
    absent = [key for key in shape if key != "*" and not key.endswith("?") and key not in value]
    if absent:
        return f"`{_within(name, absent[0])}` is missing"
    return _first(
        mismatch(each, named[key] if key in named else shape["*"], _within(name, key))
        for key, each in value.items()
        if key in named or "*" in shape
    )


def _is(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float)) if wanted is float else isinstance(value, wanted)


def _departs(name: str, value: Any, wanted: type) -> str:
    return f"`{name}` is {value!r:.40}, not {_WORDS[wanted]}"


def _within(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _first(found: Iterable[str | None]) -> str | None:
    return next((each for each in found if each is not None), None)
