"""The commands of `store`: what it holds, whether it is sound, and which runs stay in it."""

from __future__ import annotations

import json
from pathlib import Path

from nasbench_sparse.cli.console import console, fit, say, show_table
from nasbench_sparse.cli.results import open_store
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.leaderboard.table import Table
from nasbench_sparse.store import Store

RUNS_SHOWN = 40

RUNS = """
SELECT r.run_id, k.name AS task, r.optimizer, r.seed, r.status, count(t.number) AS trials, r.hidden, r.started
FROM runs AS r JOIN tasks AS k USING (fingerprint) LEFT JOIN trials AS t USING (run_id)
GROUP BY ALL ORDER BY r.started DESC, r.run_id
"""


def info(path: Path, *, as_json: bool = False) -> None:
    """Print what a store holds, and its newest runs; as JSON, all of them under `all_runs`."""
    store = open_store(path)
    held = store.info()
    if as_json:
        print(json.dumps({**held, "all_runs": store.sql(RUNS).to_dicts()}, indent=1))
        return
    out = console()
    runs = ", ".join(f"{count} {status}" for status, count in held["runs"].items()) or "none"
    rows = ", ".join(f"{name} {count:,}" for name, count in held["rows"].items())
    hidden = f" ({held['hidden_runs']} hidden)" if held["hidden_runs"] else ""
    facts = {
        "store": f"{held['path']}, {size(held['bytes'])}, schema version {held['schema_version']}",
        "journals": f"{held['journals']} not merged yet, {size(held['journal_bytes'])}",
        "runs": f"{runs}{hidden}",
        "rows": rows,
    }
    for name, text in facts.items():
        out.print(f"[bold]{name:<9}[/]", end="")
        out.print(text, markup=False, soft_wrap=True)
    frame = store.sql(RUNS)
    cells = [
        (run, task, optimizer, str(seed), status, str(trials), "hidden" if hid else "")
        for run, task, optimizer, seed, status, trials, hid, _ in frame.head(RUNS_SHOWN).iter_rows()
    ]
    if cells:
        columns = ("run", "task", "optimizer", "seed", "status", "trials", "")
        title = "Runs" if frame.height <= RUNS_SHOWN else f"The newest {RUNS_SHOWN} of {frame.height} runs"
        left = frozenset({"run", "task", "optimizer", "status", ""})
        show_table(fit(Table(title, columns, tuple(cells), left), out), out)


def size(count: int) -> str:
    """Print a number of bytes in the unit that suits it."""
    for unit, width in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if count >= width:
            return f"{count / width:.1f} {unit}"
    return f"{count} bytes"


def verify(path: Path) -> int:
    """Print what is wrong with a store, and return 1 if anything is, else 0."""
    problems = open_store(path).verify()
    for problem in problems:
        say(f"{problem.where}: {problem.what}; {problem.remedy}")
    if not problems:
        print(f"{path} is sound")
    return 1 if problems else 0


def repair(path: Path) -> None:
    """Repair a store and print what was done."""
    for line in open_store(path).repair() or ["nothing to repair"]:
        print(line)


def export(path: Path, directory: Path) -> None:
    """Export a store and print the files.

    Raises:
        NbsError: the directory cannot be written.
    """
    try:
        files = open_store(path).export(directory)
    except OSError as error:
        raise NbsError(f"{directory} cannot be written: {error.strerror or error}") from error
    for file in files:
        print(file)


def merge(path: Path, other: Path) -> None:
    """Merge another store into this one, which is made if there is none yet, and print what it gained."""
    open_store(other)
    gained = Store(path).merge_from(other)
    rows = ", ".join(f"{name} {count:,}" for name, count in gained.items() if count)
    print(f"{path} gained from {other}: {rows or 'nothing new'}")


def hide(path: Path, run: str) -> None:
    """Hide a run."""
    store = open_store(path)
    run_id = find_run(store, run)
    store.hide(run_id)
    print(f"run {run_id} is hidden from leaderboards; `store unhide {run_id}` shows it again")


def unhide(path: Path, run: str) -> None:
    """Show a hidden run again."""
    store = open_store(path)
    run_id = find_run(store, run)
    store.unhide(run_id)
    print(f"run {run_id} is shown")


def remove(path: Path, run: str) -> None:
    """Remove a run."""
    store = open_store(path)
    run_id = find_run(store, run)
    store.remove(run_id)
    print(f"run {run_id} is removed; its results stay reusable")


def find_run(store: Store, beginning: str) -> str:
    """Return the one run whose id begins so.

    Raises:
        UnknownName: there is none.
        NbsError: there are several.
    """
    ids = [str(run_id) for run_id in store.sql("SELECT run_id FROM runs ORDER BY run_id")["run_id"]]
    found = [run_id for run_id in ids if run_id.startswith(beginning)]
    if not found:
        raise unknown("run", beginning, ids)
    if len(found) > 1:
        raise NbsError(f"run {beginning!r} is not unique: {', '.join(found[:6])}{', ...' if found[6:] else ''}")
    return found[0]
