"""A surrogate's two files in the folder of an exported table: `surrogate.json` and the trees, `surrogate.parquet`.

The table's manifest holds their checksums, so that they are exported, imported and verified with it.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import DamagedTable, NbsError, TableError
from nasbench_sparse.tabular.manifest import Manifest, checked_file, describe_file, read_manifest
from nasbench_sparse.tabular.parquet import (
    CONFIGS,
    CURVES,
    SURROGATE,
    as_array,
    import_table,
    read_columns,
    write_columns,
)
from nasbench_sparse.tabular.shape import Shape, mismatch
from nasbench_sparse.tabular.surrogate.boosting import Boosting
from nasbench_sparse.tabular.surrogate.density import LinearDensity
from nasbench_sparse.tabular.surrogate.features import Column, Features
from nasbench_sparse.tabular.surrogate.fit import Fitted, fit_surrogate
from nasbench_sparse.tabular.surrogate.model import Surrogate
from nasbench_sparse.tabular.surrogate.quality import Agreement, Quality
from nasbench_sparse.tabular.surrogate.shapes import CurveShapes
from nasbench_sparse.tabular.surrogate.trees import Forest

FORMAT = "nasbench-sparse surrogate"
SCHEMA_VERSION = 1

_SHAPE: Shape = {
    "schema_version": int,
    "fingerprint": str,
    "table": dict,
    "made": {"command": str},
    "quality": {"configs": int, "folds": int, "loss": dict, "val_loss": dict, "seconds": dict},
}
MODEL, TREES = SURROGATE, "surrogate.parquet"

LIBRARIES = ("nasbench-sparse", "numpy", "scikit-learn")


def fit_folder(
    folder: Path, task: Task, command: str, *, seed: int = 0, boosting: Boosting | None = None
) -> Fitted:
    """Fit a surrogate on an exported table and keep it there, in place of an earlier one.

    Args:
        command: how to do the same again, for the description.
    Raises:
        TableError: the table is damaged or another task's, or the surrogate is not good enough.
        NbsError: the folder cannot be written.
    """
    fitted = fit_surrogate(import_table(folder, task), seed=seed, boosting=boosting)
    try:
        _write(folder, fitted, command)
    except OSError as error:
        raise NbsError(f"{folder} cannot be written: {error.strerror or error}") from error
    return fitted


def read_surrogate(folder: Path, manifest: Manifest, task: Task) -> Surrogate:
    """Read a table's surrogate.

    Raises:
        DamagedTable: its files are missing, truncated or changed, or were fitted on other trainings.
        TableError: it is of a newer schema, or not good enough.
    """
    described = describe_surrogate(folder, manifest)
    read_quality(described).check(manifest.task)
    columns = read_columns(folder, TREES, manifest)
    try:
        surrogate = _rebuilt(task, described, {name: as_array(columns[name]) for name in columns.column_names})
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedTable(f"{folder / MODEL} contradicts itself ({error}); fit the surrogate again") from error
    surrogate.forest.check(len(surrogate.features.columns))
    return surrogate


def describe_surrogate(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Read what is said of a table's surrogate: how it was made, and its quality.

    Raises:
        DamagedTable, TableError: see `read_surrogate`.
    """
    file = checked_file(folder, MODEL, manifest)
    try:
        described = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise DamagedTable(f"{file} is no JSON ({error}); fit the surrogate again (`table fit`)") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise DamagedTable(f"{file} describes no surrogate; fit it again (`table fit`)")
    wrong = mismatch(described, _SHAPE)
    if wrong is not None:
        raise DamagedTable(f"{file} is no sound description: {wrong}; fit the surrogate again (`table fit`)")
    if described["schema_version"] > SCHEMA_VERSION:
        raise TableError(
            f"{file} has schema version {described['schema_version']}; this release knows up to {SCHEMA_VERSION}: "
            "upgrade nasbench-sparse"
        )
    if described["fingerprint"] != manifest.fingerprint or described["table"] != _table_checksums(manifest):
        raise DamagedTable(f"{file} was fitted on other trainings than {folder} holds; fit it again (`table fit`)")
    return described


def read_quality(described: Mapping[str, Any]) -> Quality:
    """Return the quality that a description states."""
    quality = described["quality"]
    compared = {name: Agreement(**quality[name]) for name in ("loss", "val_loss", "seconds")}
    return Quality(**{**quality, **compared})


def _write(folder: Path, fitted: Fitted, command: str) -> None:
    """Write both files, named by the manifest only when they are whole."""
    manifest = read_manifest(folder)
    bare = replace(manifest, files={n: f for n, f in manifest.files.items() if n not in (MODEL, TREES)})
    if len(bare.files) < len(manifest.files):
        bare.write(folder)
    described = _described(fitted, bare, command)
    (folder / MODEL).write_bytes(orjson.dumps(described, option=orjson.OPT_INDENT_2))
    files = {
        MODEL: describe_file(folder / MODEL, 1),
        TREES: write_columns(folder / TREES, _tree_columns(fitted.surrogate.forest), ("threshold", "value")),
    }
    replace(bare, files={**bare.files, **files}).write(folder)


def _described(fitted: Fitted, manifest: Manifest, command: str) -> dict[str, Any]:
    surrogate, shapes = fitted.surrogate, fitted.surrogate.shapes
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "task": manifest.task,
        "version": manifest.version,
        "fingerprint": manifest.fingerprint,
        "declaration": manifest.declaration,
        "table": _table_checksums(manifest),
        "made": {
            "command": command,
            "seed": fitted.seed,
            "boosting": asdict(fitted.boosting),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        },
        "quality": asdict(fitted.quality),
        "features": [asdict(column) for column in surrogate.features.columns],
        "shapes": {
            "fields": shapes.fields,
            "mean": shapes.mean.tolist(),
            "directions": shapes.directions.tolist(),
            "course": shapes.course.tolist(),
            "rate": shapes.rate,
        },
        "density": None if surrogate.density is None else asdict(surrogate.density),
        "last_step": surrogate.last_step,
        "folds": surrogate.folds,
        "outputs": len(surrogate.forest.roots),
        "depth": surrogate.forest.depth,
    }


def _tree_columns(forest: Forest) -> dict[str, Any]:
    own = np.arange(len(forest.child), dtype=np.int32)
    return {
        "root": np.isin(own, forest.roots),
        "feature": forest.feature,
        "threshold": forest.threshold,
        "child": forest.child - own,
        "value": forest.value,
    }


def _rebuilt(task: Task, described: Mapping[str, Any], trees: Mapping[str, Any]) -> Surrogate:
    shapes, density = described["shapes"], described["density"]
    mean = np.array(shapes["mean"], dtype=np.float64)
    own = np.arange(len(trees["child"]), dtype=np.int32)
    columns = [
        Column(each["kind"], tuple(each["fields"]), each["choice"], each["absent"])
        for each in described["features"]
    ]
    return Surrogate(
        task.space,
        Features(tuple(columns)),
        Forest(
            trees["feature"],
            trees["threshold"],
            trees["child"] + own,
            trees["value"],
            np.flatnonzero(trees["root"]).astype(np.int32).reshape(described["outputs"], -1),
            described["depth"],
        ),
        CurveShapes(
            tuple(shapes["fields"]),
            mean,
            np.array(shapes["directions"], dtype=np.float64).reshape(-1, *mean.shape),
            np.array(shapes["course"], dtype=np.float64),
            (shapes["rate"][0], shapes["rate"][1]),
        ),
        density and LinearDensity(density["constant"], tuple((n, w) for n, w in density["weights"])),
        described["last_step"],
        described["folds"],
    )


def _table_checksums(manifest: Manifest) -> dict[str, str]:
    return {name: manifest.files[name]["sha256"] for name in (CONFIGS, CURVES)}
