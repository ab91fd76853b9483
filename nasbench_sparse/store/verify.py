"""Verifying and repairing: what a store promises, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import connect, gaps, schema
from nasbench_sparse.store.encode import decode_line, is_intact
from nasbench_sparse.store.journal import Damage, journals, lock_journal, read_lines, split_lines

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a store should not have: where, what, and what to do."""

    where: str
    what: str
    remedy: str


_MERGE_AGAIN = "restore a copy of the store, or merge it into a new one"
_REPAIR = "run `store repair`"
_RUN_AGAIN = "restore a copy of the store, or remove the run (`store rm`), whose results stay, and run it again"

# Each query returns one count, which should be zero.
_INVARIANTS = {
    "rows of trials whose run is unknown": (
        "SELECT count(*) FROM trials ANTI JOIN runs USING (run_id)",
        _MERGE_AGAIN,
    ),
    "trials recorded twice": (
        "SELECT count(*) - count(DISTINCT (run_id, number)) FROM trials",
        _MERGE_AGAIN,
    ),
    "results recorded twice": (
        "SELECT count(*) - count(DISTINCT (fingerprint, config_key, replicate, fold, step)) FROM trainings",
        _MERGE_AGAIN,
    ),
    "trials whose config is unknown": (
        "SELECT count(*) FROM trials JOIN runs USING (run_id) ANTI JOIN configs USING (fingerprint, config_key)",
        _MERGE_AGAIN,
    ),
    "new results of trials that the table lacks": (
        "SELECT count(*) FROM trials JOIN runs USING (run_id) ANTI JOIN trainings USING (fingerprint, config_key) "
        "WHERE trials.status = 'OK' AND NOT reused AND kind = 'trial' AND outcome IS NULL",
        "remove the runs concerned, or train them again under another seed",
    ),
    "values that differ from what another run recorded first for the same config": (
        "SELECT count(*) FROM conflicts",
        "see the table `conflicts`: either machines differ in their bits (see `provenances`), or a task is not "
        "deterministic",
    ),
}


def verify(path: Path) -> list[Problem]:
    """Check journals and file; see `Store.verify`."""
    sound, problems = _read_journals(path)
    return [*problems, *_verify_file(path), *_verify_order(path, sound)]


def _read_journals(path: Path) -> tuple[dict[Path, list[bytes]], list[Problem]]:
    """Return the lines of each journal that is not damaged, and what is wrong with the others."""
    sound, problems = {}, []
    for journal in journals(path):
        try:
            sound[journal] = read_lines(journal)
        except Damage as damage:
            lines = ", ".join(map(str, damage.lines))
            problems.append(Problem(str(journal), f"the checksum of line {lines} does not match", _REPAIR))
    return sound, problems


def _verify_order(path: Path, read: Mapping[Path, Sequence[bytes]]) -> list[Problem]:
    """Look for gaps in journals; the file, which tells what is merged of them, is opened after they were read."""
    try:
        merged = _merged_events(path)
    except StoreError:
        return []  # said of the file
    return [
        Problem(str(journal), f"run {journal.stem} {what}", _REPAIR)
        for journal, lines in read.items()
        for what in gaps.in_lines(lines, merged.get(journal.stem, -1))
    ]


def _verify_file(path: Path) -> list[Problem]:
    import duckdb

    try:
        connect.check_file(path)
        if not path.exists():
            return []
        with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
            for table in schema.TABLES:  # reading every block makes DuckDB check its checksum
                connection.execute(f"SELECT bit_xor(hash(t)) FROM {table} AS t").fetchall()
            gapped = [Problem(str(path), what, _RUN_AGAIN) for what in gaps.in_file(connection)]
            return [*_broken_invariants(connection, path), *gapped]
    except (StoreError, duckdb.Error) as error:
        return [Problem(str(path), str(error).splitlines()[0], _MERGE_AGAIN)]


def _broken_invariants(connection: DuckDBPyConnection, path: Path) -> list[Problem]:
    problems = []
    for what, (query, remedy) in _INVARIANTS.items():
        row = connection.execute(query).fetchone()
        if row and row[0]:
            problems.append(Problem(str(path), f"{row[0]} {what}", remedy))
    return problems


def repair(path: Path) -> list[str]:
    """Move damaged lines, and what needs them, out of the journals; see `Store.repair`."""
    merged = _merged_events(path)
    done = []
    for journal in journals(path):
        descriptor = lock_journal(journal, create=False)
        try:
            message = _repair_journal(journal, merged.get(journal.stem, -1))
        finally:
            os.close(descriptor)
        if message:
            done.append(message)
    return done


def _merged_events(path: Path) -> dict[str, int]:
    """Return the number of the last event of each run that is in the file."""
    if not path.exists():
        return {}
    with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
        return dict(connection.execute("SELECT run_id, events FROM runs").fetchall())


def _repair_journal(journal: Path, merged: int) -> str | None:
    lines, tail = split_lines(journal.read_bytes())
    if tail and is_intact(tail[:-1]):
        lines.append(tail)
    kept, moved = _sort_out(lines, merged)
    if not moved:
        return None
    side = journal.with_suffix(".damaged")
    with side.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in moved))
        file.flush()
        os.fsync(file.fileno())
    fresh = journal.with_suffix(".repaired")
    with fresh.open("wb") as file:
        file.write(b"".join(line + b"\n" for line in kept))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(journal)
    if not kept:
        journal.unlink()
    after = sum(map(is_intact, moved))
    return (
        f"{journal}: {len(moved)} of {len(lines)} lines moved to {side.name}: {len(moved) - after} damaged, and "
        f"{after} that came after a lost event and cannot be replayed without it"
    )


def _sort_out(lines: list[bytes], merged: int) -> tuple[list[bytes], list[bytes]]:
    """Return lines to keep and to move: damaged ones, and every event after one that is lost.

    Events are numbered without gaps. One that is in the file already is not lost, though its line may be damaged.
    """
    kept: list[bytes] = []
    moved: list[bytes] = []
    last = merged
    for line in lines:
        seq = decode_line(line)["seq"] if is_intact(line) else None
        if seq is None or seq > last + 1:
            moved.append(line)
        else:
            kept.append(line)
            last = max(last, seq)
    return kept, moved
