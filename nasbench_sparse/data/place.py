"""The one directory that holds all downloaded data sets, and what is missing in it."""

from __future__ import annotations

import os
from pathlib import Path

from nasbench_sparse.data.origin import Origin
from nasbench_sparse.errors import DataError

VARIABLE = "NASBENCH_SPARSE_DATA"


def directory(chosen: Path | None = None) -> Path:
    """Return `chosen`, or else the environment's NASBENCH_SPARSE_DATA, or else the user's data directory."""
    if chosen is not None:
        return chosen.expanduser()
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("nasbench-sparse") / "data"


def missing(origin: Origin, root: Path) -> list[str]:
    """Return the files of a data set that are not there."""
    return [name for name in origin.files if not (root / name).exists()]


def require(name: str, origin: Origin | None) -> None:
    """Check that a data set's files are there, without reading them.

    Raises:
        DataError: saying what to run.
    """
    root = directory()
    absent = [] if origin is None else missing(origin, root)
    if absent:
        raise DataError(
            f"data set {name!r} is not in {root} ({absent[0]} is missing); "
            f"run `nasbench-sparse data download {name}` first, or name its place in {VARIABLE}"
        )
