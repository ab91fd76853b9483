"""Manifests: what an exported table is, how it was made, and the checksums of its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

import orjson

from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import DamagedTable, OtherTask, TableError
from nasbench_sparse.tabular.shape import Shape, mismatch

FORMAT = "nasbench-sparse table"
SCHEMA_VERSION = 1
NAME = "manifest.json"

_SHAPE: Shape = {
    "task": str,
    "version": int,
    "fingerprint": str,
    "declaration": dict,
    "precision": str,
    "licence": str,
    "metrics": [str],
    "listed": int,
    "replicates": int,
    "enumerations": [list],
    "coverage": {"whole_space": bool, "complete": bool, "trainings": int, "wanted": int},
    "agreement": dict,
    "made": {"commands?": [str], "training_seconds?": float, "provenances?": [dict], "searches?": dict},
    "files": {"*": {"bytes": int, "rows": int, "sha256": str}},
    "format": str,
    "schema_version": int,
}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The description of an exported table.

    Args:
        task, version, fingerprint, declaration: of the task.
        precision: "float64", which keeps every bit, or "float32".
        metrics: names of recorded metrics beyond the usual columns.
        listed, replicates: configs and replicates that the table is to cover.
        enumerations: how the configs were listed, as pairs of mode and number.
        coverage: trainings there, wanted, diverged, curve points, size of the space.
        agreement: between replicates, the noise ceiling included (see `Agreement`).
        made: command, time, training seconds, and the provenance of the runs that trained.
        files: bytes, rows and SHA-256 of each file.
    """

    task: str
    version: int
    fingerprint: str
    declaration: Mapping[str, Any]
    precision: str
    licence: str
    metrics: tuple[str, ...]
    listed: int
    replicates: int
    enumerations: tuple[tuple[str, int], ...]
    coverage: Mapping[str, Any]
    agreement: Mapping[str, Any]
    made: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    format: str = FORMAT
    schema_version: int = SCHEMA_VERSION

    def write(self, folder: Path) -> Path:
        """Write the manifest with its own checksum, whole or not at all, and return the file."""
        content = orjson.loads(orjson.dumps(dataclasses.asdict(self)))
        fresh = folder / f"{NAME}.new"
        fresh.write_bytes(orjson.dumps({**content, "checksum": digest(content, 16)}, option=orjson.OPT_INDENT_2))
        return fresh.replace(folder / NAME)

    def check_task(self, task: Task, folder: Path) -> None:
        """Refuse a task whose results are others.

        Raises:
            OtherTask: its name, version or fingerprint differs.
        """
        if self.fingerprint == task.fingerprint:
            return
        if self.task != task.name:
            raise OtherTask(f"{folder} is the table of task {self.task!r}, not of {task.name!r}")
        if self.version != task.version:
            what = f"version {self.version} of task {self.task!r}, but version {task.version} is installed"
        else:
            prints = f"fingerprint {self.fingerprint}, here {task.fingerprint}"
            what = f"task {self.task!r} as declared elsewhere ({prints})"
        raise OtherTask(
            f"{folder} is the table of {what}: install the release that made it, or build or import a new table "
            "and remove this folder"
        )


def read_manifest(folder: Path) -> Manifest:
    """Read a manifest and check it against its own checksum.

    Raises:
        TableError: there is none, or it is of a newer schema.
        DamagedTable: it is no manifest, or was changed, or has a field that is none.
    """
    file = folder / NAME
    try:
        content = orjson.loads(file.read_bytes())
    except OSError as error:
        raise TableError(f"{folder} is no exported table: {file} cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise DamagedTable(f"{file} is truncated or no JSON ({error}); export or fetch the table again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DamagedTable(f"{file} is not the manifest of a table; `table export` writes one")
    wrong = mismatch(content, {"schema_version": int})
    if wrong is None and content["schema_version"] > SCHEMA_VERSION:
        raise TableError(
            f"{file} has schema version {content['schema_version']}; this release knows up to {SCHEMA_VERSION}: "
            "upgrade nasbench-sparse"
        )
    checksum = content.pop("checksum", None)
    if checksum != digest(content, 16):
        raise DamagedTable(f"{file} was changed after it was written; export or fetch the table again")
    wrong = mismatch(content, _SHAPE) or _beyond(content)
    if wrong is not None:
        raise DamagedTable(f"{file} is no sound manifest: {wrong}; export or fetch the table again")
    enumerations = tuple((mode, number) for mode, number in content["enumerations"])
    return Manifest(**{**content, "metrics": tuple(content["metrics"]), "enumerations": enumerations})


def _beyond(content: Mapping[str, Any]) -> str | None:
    """Return what is wrong of a manifest in which every field is of its type."""
    unknown = sorted(content.keys() - {f.name for f in dataclasses.fields(Manifest)})
    if unknown:
        return f"`{unknown[0]}` is no field of it"
    for pair in content["enumerations"]:
        if [type(each) for each in pair] != [str, int]:
            return f"`enumerations` has {pair!r:.40}, not a mode and a number"
    return None


def describe_file(file: Path, rows: int) -> dict[str, Any]:
    """Return what a manifest says of a file."""
    return {"bytes": file.stat().st_size, "rows": rows, "sha256": _checksum(file)}


def checked_file(folder: Path, name: str, manifest: Manifest) -> Path:
    """Compare a file of a table with the manifest, and return it.

    Raises:
        DamagedTable: it is missing, truncated or changed, or the manifest does not name it.
    """
    expected = manifest.files.get(name)
    file = folder / name
    if expected is None:
        raise DamagedTable(f"{folder / NAME} does not name {name}; export or fetch the table again")
    try:
        size, checksum = file.stat().st_size, _checksum(file)
    except OSError as error:
        raise DamagedTable(f"{file} cannot be read ({error.strerror}); export or fetch the table again") from error
    if size != expected["bytes"]:
        raise DamagedTable(
            f"{file} is truncated or changed: {size:,} bytes, {expected['bytes']:,} in the manifest; "
            "export or fetch the table again"
        )
    if checksum != expected["sha256"]:
        raise DamagedTable(f"{file} does not match the checksum in the manifest; export or fetch the table again")
    return file


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
