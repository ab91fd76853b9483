"""The leaderboard's queries: files that run as they are, whose settings a program fills in.

A setting is a column of the first table, `CAST(... AS type) AS name`, or an argument, `name := CAST(... AS type)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

_TYPE = r"(?:VARCHAR\[\]|VARCHAR|DOUBLE|BIGINT|MAP\(VARCHAR, DOUBLE\))"
_SETTING = re.compile(rf"(?:\b(\w+) := )?CAST\((\S+) AS {_TYPE}\)(?: AS (\w+)\b)?")

Setting = str | float | Sequence[str] | Mapping[str, float] | None


def query(name: str, **settings: Setting) -> str:
    """Return one of the leaderboard's queries with values written into its settings.

    The text is complete: `nasbench-sparse query` and `Store.sql` accept it unchanged.

    Raises:
        ValueError: the query has no such setting.
    """
    text = (files("nasbench_sparse.leaderboard") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    missing = set(settings)

    def fill(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        if name not in missing:
            return found[0]
        missing.remove(name)
        return text[found.start() : found.start(2)] + literal(settings[name]) + text[found.end(2) : found.end()]

    filled = _SETTING.sub(fill, text)
    if missing:
        raise ValueError(f"query {name!r} has no setting {min(missing)!r}")
    return filled


def literal(value: Setting) -> str:
    """Write a value in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Mapping):
        return "MAP {" + ", ".join(f"{literal(key)}: {literal(amount)}" for key, amount in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)
