"""Searches of one-shot optimizers, recorded in a store, kept with an exported table of their task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError, TableError
from nasbench_sparse.tabular.making import how_searched
from nasbench_sparse.tabular.manifest import Manifest, read_manifest
from nasbench_sparse.tabular.parquet import SEARCHES, search_columns, write_columns
from nasbench_sparse.tabular.searches import Searches, stored_searches

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


def keep_searches(folder: Path, task: Task, store: Store, commands: tuple[str, ...]) -> Searches:
    """Write the searches that a store holds of a task into the folder of its exported table, and return them.

    They take the place of those the folder held. The manifest names the file only when it is whole, and says under
    `made.searches` how the searches were recorded, in how many seconds and on what.

    Args:
        commands: how to record them again.
    Raises:
        OtherTask: the table is of another task, or of another version of it.
        TableError: the folder is no table, or the store holds no search of the task.
        NbsError: the folder cannot be written.
    """
    manifest = read_manifest(folder)
    manifest.check_task(task, folder)
    searches = stored_searches(store, task)
    if not searches.rows:
        raise TableError(f"{store.path} holds no search of task {task.name!r}; {commands[0]!r} records some")
    made = {"commands": list(commands), **how_searched(store, task, searches)}
    try:
        _write(folder, manifest, searches, made)
    except OSError as error:
        raise NbsError(f"{folder} cannot be written: {error.strerror or error}") from error
    return searches


def _write(folder: Path, manifest: Manifest, searches: Searches, made: Mapping[str, Any]) -> None:
    bare = {name: file for name, file in manifest.files.items() if name != SEARCHES}
    if len(bare) < len(manifest.files):
        replace(manifest, files=bare).write(folder)
    described = write_columns(folder / SEARCHES, search_columns(searches), sort_out=())
    replace(manifest, files={**bare, SEARCHES: described}, made={**manifest.made, "searches": made}).write(folder)
