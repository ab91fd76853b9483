"""The leaderboard's queries: files that run as they are, whose settings a program fills in.

A setting is a column of the first table, `CAST(... AS type) AS name`, or an argument, `name := CAST(... AS type)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

_CAST = r"CAST\((.*?) AS (?:VARCHAR\[\]|VARCHAR|DOUBLE|BIGINT|MAP\(VARCHAR, DOUBLE\))\)"

Setting = str | float | Sequence[str] | Mapping[str, float] | None


def query(name: str, **settings: Setting) -> str:
    """Return one of the leaderboard's queries with values written into its settings.

    The text is complete: `nasbench-sparse query` and `Store.sql` accept it unchanged.

    Raises:
        ValueError: the query has no such setting.
    """
    text = (files("nasbench_sparse.leaderboard") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    for setting, value in settings.items():
        found = re.search(rf"\b{setting} := {_CAST}|{_CAST} AS {setting}\b", text)
        if found is None:
            raise ValueError(f"query {name!r} has no setting {setting!r}")
        start, end = found.span(found.lastindex or 0)
        text = text[:start] + literal(value) + text[end:]
    return text


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
