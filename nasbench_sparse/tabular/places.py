"""Where exported tables lie, and how they are found by a task's name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TableError, nearest
from nasbench_sparse.registry import all_tasks, load_task
from nasbench_sparse.tabular.manifest import NAME, read_manifest
from nasbench_sparse.tabular.parquet import SEARCHES, import_table, table_files
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.table import Table

if TYPE_CHECKING:
    from nasbench_sparse.store import Store
    from nasbench_sparse.store.take_over import TableFiles

VARIABLE = "NASBENCH_SPARSE_TABLES"

SHIPPED = Path(__file__).parent / "data"
"""Folder of the tables that come with the package, one folder for each task."""


def imported_tables() -> Path:
    """Return the folder of imported tables: the environment's NASBENCH_SPARSE_TABLES, or one in the user's data."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("nasbench-sparse") / "tables"


def find_folder(name: str) -> Path | None:
    """Return the folder of a task's table: an imported one, else the shipped one; None if there is neither."""
    for place in (imported_tables(), SHIPPED):
        if (place / name / NAME).is_file():
            return place / name
    return None


def table_names() -> list[str]:
    """Return the tasks whose table was imported or shipped."""
    folders = {
        manifest.parent.name for place in (imported_tables(), SHIPPED) for manifest in place.glob(f"*/{NAME}")
    }
    return sorted(folders)


def shipped_tables() -> frozenset[str]:
    """Return the tasks whose table comes with the package."""
    return frozenset(manifest.parent.name for manifest in SHIPPED.glob(f"*/{NAME}"))


def searched_tables() -> frozenset[str]:
    """Return those of them that come with recorded searches of a one-shot optimizer."""
    return frozenset(searches.parent.name for searches in SHIPPED.glob(f"*/{SEARCHES}"))


def has_table(task: Task) -> bool:
    """Whether a task's table, of this version of the task, was imported or shipped and can be read."""
    folder = find_folder(task.name)
    try:
        return folder is not None and read_manifest(folder).fingerprint == task.fingerprint
    except TableError:
        return False


def find_table(task: Task) -> Table | None:
    """Read a task's imported or shipped table; None if there is none.

    Raises:
        TableError: it is damaged, or of another version of the task.
    """
    folder = find_folder(task.name)
    return None if folder is None else import_table(folder, task)


def find_files(task: Task) -> TableFiles | None:
    """Return a task's imported or shipped table as a store takes it over; None if there is none.

    Raises:
        TableError: it is damaged, or of another version of the task.
    """
    folder = find_folder(task.name)
    return None if folder is None else table_files(folder, task)


def load_table(name_or_path: str | Path, task: Task | None, store: Store | None) -> Table:
    """Read a table; see `Table.load`."""
    if store is not None:
        return stored_table(store, task or load_task(str(name_or_path)))
    path = Path(name_or_path)
    named = find_folder(str(name_or_path)) if len(path.parts) == 1 else None
    if named is None and not path.is_dir():
        raise _no_table(str(name_or_path), task)
    folder = named or path
    manifest = read_manifest(folder)
    if task is None:
        if manifest.task not in all_tasks():
            raise TableError(
                f"{folder} is the table of {manifest.task!r}, which is not registered here: name the task "
                "(--task, or task= in Python)"
            )
        task = load_task(manifest.task)
    return import_table(folder, task)


def keep_table(folder: Path, task: Task) -> Path:
    """Copy an exported table to where it is found by its task's name, complete or not at all.

    Raises:
        TableError: it or its surrogate is damaged, it is of another task, or already there.
    """
    _ = import_table(folder, task).surrogate
    kept = imported_tables() / task.name
    if kept.exists():
        raise TableError(f"{kept} exists; remove it to import another table of {task.name!r}")
    fresh = kept.with_name(f"{kept.name}.new-{os.getpid()}")
    shutil.copytree(folder, fresh)
    fresh.rename(kept)
    return kept


def _no_table(name: str, task: Task | None) -> TableError:
    held = table_names()
    if task is not None or name in all_tasks():
        hint = f"build one (`table build {name}`), or import one (`table import FOLDER`)"
        return TableError(f"there is no table of task {name!r}: {hint}")
    close = nearest(name, held)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(held) or 'none'}"
    return TableError(f"{name!r} is neither the folder of a table nor a task with one: {hint}")
