"""Published numbers, typed from the papers: one file per paper, one entry per artefact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Published:
    """A table as it is printed.

    Args:
        source: table and where it stands.
        unit: of its cells.
        cells: text by (row, column), in the printed order.
    """

    source: str
    unit: str
    cells: Mapping[tuple[str, str], str]


def published(paper: str, artefact: str) -> Published | None:
    """Return what a paper prints for an artefact; None for a figure, whose numbers are not printed."""
    entry = _file(paper).get(artefact)
    if entry is None:
        return None
    columns = entry["columns"]
    cells = {
        (row, column): text
        for row, values in entry["rows"].items()
        for column, text in zip(columns, values, strict=True)
    }
    return Published(entry["source"], entry["unit"], cells)


def names(paper: str) -> list[str]:
    """Return the artefacts of a paper for which numbers are printed."""
    return list(_file(paper))


@cache
def _file(paper: str) -> dict[str, Any]:
    text = (files("nasbench_sparse.tasks.papers") / "published" / f"{paper}.json").read_text(encoding="utf-8")
    entries: dict[str, Any] = json.loads(text)
    return entries
