"""Arguments with a syntax of their own: seeds, budgets, options of optimizers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.optimizer import complete_options, option_defaults
from nasbench_sparse.errors import NbsError, UnknownName, unknown
from nasbench_sparse.registry import OptimizerEntry

DEFAULT_BUDGET = Budget("trials", 20)


def parse_seeds(text: str) -> list[int]:
    """Read seeds such as "0-4,7", in order and without repeats.

    Raises:
        NbsError: the text is something else.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if match is None:
            raise NbsError(f"--seeds {text!r} cannot be read; write numbers and ranges, such as 0-4,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise NbsError(f"--seeds {text!r}: the range {part.strip()} is empty; write the smaller number first")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)


def parse_budget(**amounts: float | None) -> Budget | None:
    """Return the one budget given, or None.

    Raises:
        NbsError: more than one, or an amount that allows nothing.
    """
    named = [(unit, amount) for unit, amount in amounts.items() if amount is not None]
    if len(named) > 1:
        raise NbsError(f"give one budget, not {' and '.join(f'--{unit}' for unit, _ in named)}")
    return Budget(named[0][0], named[0][1]) if named else None  # type: ignore[arg-type]


def parse_value(text: str) -> Any:
    """Read an option's value: an int, a float, true or false, other JSON, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return json.loads(text, parse_constant=lambda constant: constant)
    except ValueError:
        return text


def split_options(texts: Sequence[str], entries: Sequence[OptimizerEntry]) -> list[dict[str, Any]]:
    """Give each optimizer the options meant for it: `key=value` for all, `lahc.key=value` for one.

    Raises:
        UnknownName: an optimizer that is not in the command, or an option that one does not take.
        NbsError: no `=`, or a value of another type than the option's.
    """
    options: list[dict[str, Any]] = [{} for _ in entries]
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise NbsError(f"--option {text!r} cannot be read; write key=value or optimizer.key=value")
        owner, _, key = name.strip().rpartition(".")
        if owner and owner not in {entry.name for entry in entries}:
            raise unknown("optimizer", owner, (entry.name for entry in entries))
        for entry, own in zip(entries, options, strict=True):
            if owner in ("", entry.name):
                own[key] = _fit(entry, key, parse_value(value), shared=not owner and len(entries) > 1)
    return options


def _fit(entry: OptimizerEntry, key: str, value: Any, *, shared: bool) -> Any:
    """Check that an optimizer takes the option, and make the value one of the default's type."""
    try:
        complete_options(entry.cls, {key: value})
    except UnknownName as error:
        hint = f" (OPTIMIZER.{key}=... gives it to one optimizer only)" if shared else ""
        raise UnknownName(f"{error}{hint}") from error
    default = option_defaults(entry.cls).get(key)
    wanted = type(default)
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is str:
        return value if isinstance(value, str) else json.dumps(value)
    if wanted in (bool, int, float) and type(value) is not wanted:
        raise NbsError(
            f"option {key!r} of {entry.name!r} is {value!r}; wanted is {wanted.__name__}, such as {default!r}"
        )
    return value
