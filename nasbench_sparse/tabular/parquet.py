"""Tables as Parquet: `configs.parquet`, `curves.parquet` and `searches.parquet` in a folder, with a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import orjson

from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import DamagedTable, NbsError, TableError
from nasbench_sparse.tabular.agreement import measure_agreement
from nasbench_sparse.tabular.coverage import coverage
from nasbench_sparse.tabular.curves import FIELDS, Bools, Curves, Points
from nasbench_sparse.tabular.manifest import Manifest, checked_file, describe_file, read_manifest
from nasbench_sparse.tabular.searches import Searches, SearchRow
from nasbench_sparse.tabular.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from nasbench_sparse.store.take_over import TableFiles
    from nasbench_sparse.tabular.surrogate.model import Surrogate

Precision = Literal["float64", "float32"]

LICENCE = "CC-BY-4.0"

CONFIGS, CURVES, SEARCHES = "configs.parquet", "curves.parquet", "searches.parquet"

SURROGATE = "surrogate.json"
"""Named by the manifest of a table that has a surrogate."""

_FEW_VALUES = ("val_accuracy", "test_accuracy", "density")
"""Columns that repeat themselves, which a dictionary makes small."""

_COMPRESSION_LEVEL = 15

_ROW_GROUP = 2**17
"""Rows that are unpacked at a time: what a load needs beside the table itself."""


def export_table(
    table: Table,
    folder: Path,
    made: Mapping[str, Any],
    *,
    enumerations: tuple[tuple[str, int], ...] = (),
    precision: Precision = "float64",
    licence: str = LICENCE,
) -> Manifest:
    """Write the trainings that a table is to cover; others that were recorded besides are left out.

    Args:
        folder: new or empty.
        made: command, time and provenance, for the manifest.
        precision: "float32" halves the size and rounds every value to 24 bits.
    Raises:
        TableError: the folder is not empty, or the table is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TableError(f"{folder} is not an empty folder; an export overwrites nothing")
    points = table.curves.all_points()
    points = points.where((points.config < table.listed) & (points.replicate < table.replicates))
    if not len(points.step):
        raise TableError(f"nothing of task {table.task.name!r} is recorded; `table build` trains it")
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        CONFIGS: write_columns(folder / CONFIGS, _config_columns(table), sort_out=()),
        CURVES: write_columns(folder / CURVES, _curve_columns(points, precision), sort_out=points.names),
    }
    if table.searches.rows:
        files[SEARCHES] = write_columns(folder / SEARCHES, search_columns(table.searches), sort_out=())
    manifest = Manifest(
        task=table.task.name,
        version=table.task.version,
        fingerprint=table.task.fingerprint,
        declaration=table.task.declaration,
        precision=precision,
        licence=licence,
        metrics=points.names[len(FIELDS) :],
        listed=table.listed,
        replicates=table.replicates,
        enumerations=enumerations,
        coverage=coverage(table).summary,
        agreement=asdict(measure_agreement(table.losses())),
        made=made,
        files=files,
    )
    manifest.write(folder)
    return manifest


def import_table(folder: Path, task: Task) -> Table:
    """Read an exported table of a task, every file checked against the manifest; a surrogate when it is asked for.

    Raises:
        OtherTask: it is of another task, or of another version of it.
        DamagedTable: a file is missing, truncated or changed.
    """
    manifest = read_manifest(folder)
    manifest.check_task(task, folder)
    configs = read_columns(folder, CONFIGS, manifest)
    keys, texts = configs["config_key"].to_pylist(), configs["config"].combine_chunks()
    del configs  # its memory is free for what follows
    curves = Curves(_points(folder, manifest), len(keys), manifest.replicates)
    _release_memory()
    searches = Searches()
    if SEARCHES in manifest.files:
        columns = read_columns(folder, SEARCHES, manifest).select(SearchRow._fields)
        searches = Searches.of(zip(*(column.to_pylist() for column in columns), strict=True))
    return Table(
        task,
        keys,
        texts,
        curves,
        listed=manifest.listed,
        replicates=manifest.replicates,
        searches=searches,
        surrogate=partial(_surrogate, folder, manifest, task) if SURROGATE in manifest.files else None,
    )


def table_files(folder: Path, task: Task) -> TableFiles:
    """Return an exported table as a store takes it over, its files checked against the manifest.

    Raises:
        OtherTask, DamagedTable: see `import_table`.
    """
    from nasbench_sparse.store.take_over import TableFiles

    manifest = read_manifest(folder)
    manifest.check_task(task, folder)
    configs, curves = (checked_file(folder, name, manifest) for name in (CONFIGS, CURVES))
    held = manifest.coverage
    covers = {
        "configs": manifest.listed,
        "replicates": manifest.replicates,
        "whole_space": bool(held["whole_space"] and held["complete"]),
        "precision": manifest.precision,
        "files": {name: manifest.files[name]["sha256"] for name in (CONFIGS, CURVES)},
        "commands": manifest.made.get("commands", []),
        "provenances": manifest.made.get("provenances", []),
    }
    return TableFiles(task.fingerprint, task.declaration, configs, curves, covers, manifest.metrics)


def _surrogate(folder: Path, manifest: Manifest, task: Task) -> Surrogate:
    from nasbench_sparse.tabular.surrogate.files import read_surrogate

    return read_surrogate(folder, manifest, task)


def _config_columns(table: Table) -> dict[str, Any]:
    return {
        "config_key": list(table.keys[: table.listed]),
        "config": [orjson.dumps(table.config(number)).decode() for number in range(table.listed)],
    }


def search_columns(searches: Searches) -> dict[str, Any]:
    """Return recorded searches, of which there is at least one, as columns."""
    return dict(zip(SearchRow._fields, zip(*searches.rows, strict=True), strict=True))


def _curve_columns(points: Points, precision: Precision) -> dict[str, Any]:
    import pyarrow as pa

    if precision not in ("float64", "float32"):
        raise NbsError(f"precision is float64 or float32, not {precision!r}")
    columns: dict[str, Any] = {
        "config": points.config.astype(np.int32),
        "replicate": points.replicate.astype(np.int16),
        "fold": points.fold.astype(np.int16),
        "step": points.step.astype(np.int32),
        "diverged": points.diverged,
    }
    for i, name in enumerate(points.names):
        mask = None if points.absent is None else points.absent[:, i]
        columns[name] = pa.array(points.values[:, i].astype(precision), mask=mask)
    return columns


def write_columns(file: Path, columns: Mapping[str, Any], sort_out: tuple[str, ...]) -> dict[str, Any]:
    """Write columns, numbers with their bytes sorted by significance, and describe the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.table(dict(columns))
    split = [name for name in sort_out if name not in _FEW_VALUES]
    pq.write_table(
        content,
        file,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        use_dictionary=[name for name in content.column_names if name not in split],
        use_byte_stream_split=split,
        write_statistics=False,
        row_group_size=_ROW_GROUP,
    )
    return describe_file(file, content.num_rows)


def read_columns(folder: Path, name: str, manifest: Manifest) -> pa.Table:
    """Read a file of a table, checked against the manifest.

    Raises:
        DamagedTable: it is missing, truncated or changed.
    """
    import pyarrow as pa

    file = _open(folder, name, manifest)
    try:
        return file.read(use_threads=False)
    except pa.ArrowException as error:
        raise _unreadable(folder / name, error) from error


def _points(folder: Path, manifest: Manifest) -> Points:
    """Read the curves one column of a row group at a time, so that little is in memory twice."""
    import pyarrow as pa

    names = (*FIELDS, *manifest.metrics)
    file = _open(folder, CURVES, manifest)
    rows = file.metadata.num_rows
    numbers, diverged = np.empty((4, rows), dtype=np.int32), np.empty(rows, dtype=np.bool_)
    values = np.empty((rows, len(names)))
    absent: Bools = np.zeros((0, len(names)), dtype=np.bool_)
    end = 0
    try:
        for group in range(file.num_row_groups):
            start, end = end, end + file.metadata.row_group(group).num_rows
            for i, name in enumerate(("config", "replicate", "fold", "step")):
                numbers[i, start:end] = np.from_dlpack(_column(file, group, name))
            diverged[start:end] = _flags(_column(file, group, "diverged"))
            for i, name in enumerate(names):
                column = _column(file, group, name)
                if column.null_count:
                    absent = absent if len(absent) else np.zeros(values.shape, dtype=np.bool_)
                    absent[start:end, i] = _flags(column.is_null())
                    column = column.fill_null(np.nan)
                values[start:end, i] = np.from_dlpack(column)
    except (pa.ArrowException, KeyError) as error:
        raise _unreadable(folder / CURVES, error) from error
    config, replicate, fold, step = numbers
    return Points(config, replicate, fold, step, diverged, values, names, absent if len(absent) else None)


def _open(folder: Path, name: str, manifest: Manifest) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = checked_file(folder, name, manifest)
    try:
        return pq.ParquetFile(file)
    except pa.ArrowException as error:
        raise _unreadable(file, error) from error


def _column(file: Any, group: int, name: str) -> Any:
    return file.read_row_group(group, columns=[name], use_threads=False)[name].combine_chunks()


def as_array(column: Any) -> npt.NDArray[Any]:
    """Return a column without holes as an array; `to_numpy` would import pandas (30 MiB, 0.2 s)."""
    column = column.combine_chunks()
    return _flags(column) if str(column.type) == "bool" else np.from_dlpack(column)


def _flags(column: Any) -> Bools:
    """Return booleans as an array, by way of bytes."""
    return np.from_dlpack(column.cast("uint8")).view(np.bool_)


def _release_memory() -> None:
    """Give back what Parquet was unpacked in."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _unreadable(file: Path, error: Exception) -> DamagedTable:
    return DamagedTable(f"{file} cannot be read as Parquet ({error}); export or fetch the table again")
