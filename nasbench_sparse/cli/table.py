"""The commands of `table`: build, look at, check, export and import tabular benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.cli import PROGRAM
from nasbench_sparse.cli.console import console, say, show_table
from nasbench_sparse.cli.progress import Progress
from nasbench_sparse.cli.results import open_store
from nasbench_sparse.cli.study import INTERRUPTED, progress_watcher, retry_command
from nasbench_sparse.errors import NbsError, TableError
from nasbench_sparse.leaderboard.table import HOLE, duration
from nasbench_sparse.leaderboard.table import Table as Listing
from nasbench_sparse.registry import load_task
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study, Unwatched
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.agreement import measure_agreement
from nasbench_sparse.tabular.build import parse_shard, plan_build
from nasbench_sparse.tabular.coverage import Coverage, coverage
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.places import find_folder, keep_table, load_table
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.table import Table

if TYPE_CHECKING:
    from nasbench_sparse.tabular.parquet import Precision
    from nasbench_sparse.tabular.verify import Retrained


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What `table build` was asked for."""

    task: str
    enumeration: Enumeration
    replicates: int
    executor: str | None
    workers: int
    shard: str


def enumeration(all_: bool, grid: int | None, configs: int | None) -> Enumeration:
    """Return which configs are wanted.

    Raises:
        NbsError: not exactly one of the three is given.
    """
    if (all_, grid is not None, configs is not None).count(True) != 1:
        raise NbsError("say which configs the table holds: one of --all, --grid LEVELS and --configs NUMBER")
    if grid is not None:
        return Enumeration("grid", grid)
    return Enumeration("all") if configs is None else Enumeration("configs", configs)


def build(request: BuildRequest, resources: Resources, path: Path, *, quiet: bool) -> int:
    """Build a table, or go on with one, and return the exit status: 1 if a training failed or a run did."""
    task = load_task(request.task)
    executor = request.executor or ("serial" if request.workers == 1 else "processes")
    plans = plan_build(
        task,
        request.enumeration,
        replicates=request.replicates,
        executor=executor,
        workers=request.workers,
        shard=parse_shard(request.shard),
    )
    store = Store(path)
    progress: Progress | None = None if quiet else progress_watcher()
    try:
        report = Study(store, resources, watcher=progress or Unwatched()).run(plans)
    except KeyboardInterrupt:
        if progress is not None:
            progress.close()
        say(f"interrupted; what was trained is kept, and the same command goes on: {retry_command()}")
        return INTERRUPTED
    finally:
        if progress is not None:
            progress.close()
    table = stored_table(store, task)
    if not quiet:
        _show_coverage(coverage(table))
        _say_shards(plans, table, path)
    return _say_failures(store, table, report.failed.values())


def _say_shards(plans: Sequence[PlannedRun], table: Table, path: Path) -> None:
    """Say what is to be done with a part of a table."""
    shards = plans[0].spec.options["shards"]
    if shards > 1 and not table.complete:
        say(
            f"this store holds a part of the table: when all {shards} shards are built, "
            f"`{PROGRAM} table merge OTHER... --store {path}` joins their stores"
        )


def _say_failures(store: Store, table: Table, errors: object) -> int:
    from nasbench_sparse.tabular.verify import failures

    problems = failures(store, table)
    for problem in problems:
        say(f"{problem.where}: {problem.what}; {problem.remedy}")
    failed = list(errors)  # type: ignore[call-overload]
    for error in failed:
        say(f"error: {error}")
    return 1 if problems or failed else 0


def info(name: str, store: Path | None, task: str | None) -> None:
    """Print what a table holds."""
    table = _open(name, store, task)
    counts = coverage(table)
    out = console()
    for line in _description(name, store):
        out.print(line, markup=False, soft_wrap=True)
    _show_coverage(counts)
    out.print(f"{counts.points:,} curve points, {table.curves.bytes / 2**20:.1f} MiB in memory", markup=False)
    agreement = measure_agreement(table.losses())
    out.print(
        f"signal between replicates: tau {_number(agreement.tau)}, better half {_number(agreement.better_half)}; "
        f"noise ceiling {_number(agreement.ceiling)}, noise {_number(agreement.noise)} "
        f"({agreement.configs:,} configs, {agreement.replicates} replicates)",
        markup=False,
        soft_wrap=True,
    )
    for line in table.searches.described():
        out.print(f"recorded searches: {line}", markup=False, soft_wrap=True)
    if counts.complete:
        best = table.best()
        out.print(f"optimum: mean loss {best.loss:.4f} at {best.config}", markup=False, soft_wrap=True)


def verify(name: str, store: Path | None, task: str | None, count: int, seed: int, tolerance: float) -> int:
    """Check a table, print what is wrong, and return the exit status."""
    from nasbench_sparse.tabular.verify import failures, retrain, verify_table

    table = _open(name, store, task)
    _show_coverage(coverage(table))
    kept = None if store is None else open_store(store)
    problems = verify_table(table, [] if kept is None else failures(kept, table))
    if kept is not None:
        problems += kept.verify()
    again = retrain(table, count, seed=seed, tolerance=tolerance, done=_say_retrained) if count else []
    for problem in problems:
        say(f"{problem.where}: {problem.what}; {problem.remedy}")
    off = sum(not each.tolerated for each in again)
    if off:
        say(f"{off} of {len(again)} re-trained rows differ by more than {tolerance:g}")
    if problems or off:
        return 1
    checked = f", and {len(again)} rows re-trained within {tolerance:g}" if again else ""
    print(f"the table of {table.task.name} is sound{checked}")
    return 0


def export(name: str, folder: Path, precision: Precision, licence: str, path: Path) -> None:
    """Export a store's table and print its files.

    Raises:
        NbsError: the folder cannot be written.
    """
    from nasbench_sparse.tabular.making import how_made
    from nasbench_sparse.tabular.parquet import export_table
    from nasbench_sparse.tabular.stored import builds

    store, task = open_store(path), load_task(name)
    kinds = tuple((each.mode, each.number) for each in builds(store, task.fingerprint).enumerations)
    made = how_made(store, task, name)
    try:
        manifest = export_table(
            stored_table(store, task), folder, made, enumerations=kinds, precision=precision, licence=licence
        )
    except OSError as error:
        raise NbsError(f"{folder} cannot be written: {error.strerror or error}") from error
    for file, described in manifest.files.items():
        print(f"{folder / file}: {described['bytes']:,} bytes, {described['rows']:,} rows")
    held = manifest.coverage
    if not held["complete"]:
        say(f"the table is not complete: {held['trainings']:,} of {held['wanted']:,} trainings")


def keep(folder: Path, task: str | None) -> None:
    """Import an exported table."""
    print(keep_table(folder, load_table(folder, None if task is None else load_task(task), None).task))


def _open(name: str, store: Path | None, task: str | None) -> Table:
    if store is not None:
        return stored_table(open_store(store), load_task(task or name))
    own = None if task is None else load_task(task)
    if own is None and not Path(name).is_dir() and ":" in name:
        own = load_task(name)
        if find_folder(own.name) is None:
            raise TableError(f"there is no table of task {own.name!r}; --store looks into a store")
    return load_table(name if own is None or Path(name).is_dir() else own.name, own, None)


def _description(name: str, store: Path | None) -> list[str]:
    """Return what the manifest of an exported table says of its making."""
    from nasbench_sparse.cli.fit import surrogate_lines
    from nasbench_sparse.tabular.manifest import read_manifest

    if store is not None:
        return [f"{name} in {store}"]
    folder = find_folder(name.rpartition(":")[2]) or Path(name)
    manifest = read_manifest(folder)
    made = manifest.made
    seconds = float(made.get("training_seconds", 0.0))
    return [
        f"{manifest.task} version {manifest.version}, fingerprint {manifest.fingerprint}, in {folder}",
        f"{manifest.precision}, {manifest.licence}, {sum(f['bytes'] for f in manifest.files.values()):,} bytes",
        f"made by {'; '.join(made.get('commands', [])) or 'runs of optimizers'} ({duration(seconds)} of training)",
        *surrogate_lines(folder),
    ]


def _show_coverage(counts: Coverage) -> None:
    rows = [
        (str(replicate), f"{recorded:,}", f"{counts.configs - recorded:,}", f"{diverged:,}")
        for replicate, (recorded, diverged) in enumerate(zip(counts.recorded, counts.diverged, strict=True))
    ]
    space = "an infinite space" if counts.space_size is None else f"a space of {counts.space_size:,}"
    state = "complete" if counts.complete else "incomplete"
    out = console()
    out.print(f"{counts.configs:,} configs of {space}: {state}", markup=False)
    show_table(Listing("", ("replicate", "recorded", "missing", "diverged"), tuple(rows), frozenset()), out)


def _say_retrained(row: Retrained) -> None:
    verdict = "equal" if row.difference == 0 else f"differs by {row.difference:.3g}"
    say(f"re-trained {dict(row.config)} at replicate {row.replicate}: {verdict}")


def _number(value: float | None) -> str:
    return HOLE if value is None else f"{value:.3f}"
