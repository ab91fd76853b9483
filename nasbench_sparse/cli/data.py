"""The command `data`: what data sets there are, which are at hand, and fetching them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nasbench_sparse.cli.console import console, say, show_table
from nasbench_sparse.data.catalogue import DATASETS, base_name, dataset_info
from nasbench_sparse.data.dataset import DatasetInfo
from nasbench_sparse.data.place import directory, missing
from nasbench_sparse.leaderboard.table import HOLE, Table

Row = dict[str, Any]


def dataset_rows(root: Path) -> list[Row]:
    """Return every data set's declaration and state, by name."""
    return [_row(name, info, root) for name, info in DATASETS.items()]


def _row(name: str, info: DatasetInfo, root: Path) -> Row:
    origin = info.origin
    return {
        "name": name,
        "state": "installed" if origin is None else "there" if not missing(origin, root) else "missing",
        "examples": info.examples,
        "test_examples": info.test_examples,
        "shape": list(info.shape),
        "classes": info.classes,
        "download": None if origin is None else origin.size,
        "licence": None if origin is None else origin.licence,
    }


def print_datasets(chosen: Path | None, *, as_json: bool) -> None:
    """Print all data sets, as a table or as JSON."""
    root = directory(chosen)
    rows = dataset_rows(root)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    columns = ("data set", "state", "examples", "shape", "classes", "download", "licence")
    table = Table(
        f"Data directory: {root}", columns, tuple(_cells(row) for row in rows), frozenset({*columns} - {"examples"})
    )
    show_table(table, console())


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row["name"],
        row["state"],
        HOLE if row["examples"] is None else f"{row['examples']:,}",
        " x ".join(map(str, row["shape"])),
        f"{row['classes']:,}",
        row["download"] or HOLE,
        row["licence"] or HOLE,
    )


def download_dataset(name: str, chosen: Path | None) -> None:
    """Download a data set into the data directory.

    Raises:
        UnknownName: there is no such data set.
        DataError: it cannot be fetched, or is damaged.
    """
    root, origin = directory(chosen), dataset_info(name).origin
    if origin is None:
        say(f"{base_name(name)} comes with the installed packages; nothing to download")
        return
    say(f"{base_name(name)} ({origin.size}; licence: {origin.licence}) goes to {root}")
    root.mkdir(parents=True, exist_ok=True)
    origin.download(root)
    say("done, verified")
