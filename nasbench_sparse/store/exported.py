"""Exports: tables of a store as Parquet files with a manifest, written and read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT = "nasbench-sparse store"
MANIFEST = "manifest.json"


def write_export(
    connection: DuckDBPyConnection, directory: Path, queries: Mapping[str, str], made: Mapping[str, Any]
) -> list[Path]:
    """Write the answers of queries, by the name of the table whose rows they are, and a manifest; return the files.

    Raises:
        StoreError: the directory is not empty.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StoreError(f"{directory} is not an empty directory; an export overwrites nothing")
    directory.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {}
    for name, query in queries.items():
        file = directory / f"{name}.parquet"
        connection.execute(
            f"COPY ({query}) TO '{_quoted(file)}' "
            "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 15)"
        )
        row = connection.execute(f"SELECT count(*) FROM '{_quoted(file)}'").fetchone()
        files[file.name] = {"rows": row[0] if row else 0, "sha256": _checksum(file)}
    content = {
        "format": FORMAT,
        "schema_version": len(schema.MIGRATIONS),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        **made,
        "files": files,
    }
    manifest = directory / MANIFEST
    manifest.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    return [*(directory / name for name in files), manifest]


def attach_export(connection: DuckDBPyConnection, directory: Path, name: str) -> None:
    """Attach an export as a store in memory; tables that were left out are empty.

    Raises:
        StoreError: it is no export, is of a newer schema, or a file is missing or was changed.
    """
    files = _checked_files(directory)
    connection.execute(f"ATTACH ':memory:' AS {name}")
    connection.execute(f"USE {name}")
    for migration in schema.MIGRATIONS:
        for statement in schema.statements(migration):
            connection.execute(statement)
    for file in files:
        connection.execute(f"INSERT INTO {name}.{file.stem} BY NAME FROM '{_quoted(file)}'")
    connection.execute("USE store")


def _checked_files(directory: Path) -> list[Path]:
    try:
        manifest = orjson.loads((directory / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise StoreError(f"{directory} is no export of a store: its {MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise StoreError(f"{directory / MANIFEST} is not that of a store; `store export` writes one")
    if manifest["schema_version"] > len(schema.MIGRATIONS):
        raise StoreError(
            f"{directory} has schema version {manifest['schema_version']}; this release knows up to "
            f"{len(schema.MIGRATIONS)}: upgrade nasbench-sparse to read it"
        )
    for name, described in manifest["files"].items():
        file = directory / name
        if not file.is_file() or _checksum(file) != described["sha256"]:
            raise StoreError(f"{file} is missing, truncated or changed; export it or install the package again")
    return [directory / name for name in manifest["files"]]


def _checksum(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
