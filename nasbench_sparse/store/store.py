"""The store: a DuckDB file, and beside it the journals of runs not merged yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.trial import Evaluation
from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import connect
from nasbench_sparse.store.journal import Durability, JournalFile, journal_directory, journal_path
from nasbench_sparse.store.run_log import RunLog, header

if TYPE_CHECKING:
    import polars as pl

    from nasbench_sparse.store.take_over import TableFiles
    from nasbench_sparse.store.verify import Problem


class Store:
    """Everything recorded: results, trials, runs and provenance, in one file that SQL reads.

    Runs write journals (`<store>.journal/<run_id>.jsonl`, one writer per run, any number of runs at once);
    `merge` moves them into the DuckDB file. Every read sees the file and the journals. Nothing is held open
    between calls, so a store may be used from several threads and processes. A symbolic link stands for the file it
    leads to, beside which the journals lie.

    Raises:
        StoreError: `path` is no path, something else than a store, truncated, or of a newer schema; it is left
            untouched. Or there is no store and `create` is False.
    """

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        try:
            self.path = Path(path).resolve() if Path(path).is_symlink() else Path(path)
            connect.check_file(self.path)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise StoreError(f"{path!r:.80} cannot be a store's path: {error!s:.80}") from error
        if self.path.exists():
            connect.check_version(self.path)
        elif not create and not journal_directory(self.path).is_dir():
            raise StoreError(f"there is no store {self.path}")

    def begin(
        self,
        spec: RunSpec,
        declaration: Mapping[str, Any],
        *,
        provenance: Mapping[str, Any],
        durable: Durability = "each",
        new: bool = False,
    ) -> RunLog:
        """Open a run for writing: a new one, a killed one, or one that ended and may now spend more.

        Args:
            declaration: the task's, of which name, version, family and derived_from are kept as columns.
            provenance: JSON data on where the run is carried out: versions, git revision, host, device, threads.
            durable: "each" puts every event on the disk before it returns (live trials); "batch" does so for
                256 at a time and at the end (simulated ones, which can be computed again).
            new: the file is known not to hold the run, as from `statuses`; then it is not opened, which takes most
                of the time. Its journal is read all the same.

        Raises:
            StoreError: the run is being written by another process.
        """
        from nasbench_sparse.store.recorded import recorded

        journal = JournalFile(journal_path(self.path, spec.run_id), durable)
        try:
            recording, next_seq = recorded(self.path, spec.run_id, unknown=new)
            return RunLog(journal, header(spec, declaration, provenance), recording, next_seq)
        except BaseException:
            journal.close()
            raise

    def recorded(self, run_id: str) -> Recording:
        """Return what is recorded of a run: trials asked and told, in order; status "new" if it is unknown.

        The evaluations' curves are those the run was told, except that `shared` is empty: pre-trainings belong
        to the table. A status is "running" until the run ended.
        """
        from nasbench_sparse.store.recorded import recorded

        return recorded(self.path, run_id)[0]

    def results(self, fingerprint: str, *, besides: str | None = None) -> dict[tuple[str, int], Evaluation]:
        """Return the longest reusable (OK or DIVERGED) evaluation of each (config_key, replicate) of a task.

        Args:
            besides: a provenance whose results are left out, such as that of a table at hand.
        """
        from nasbench_sparse.store.reusable import results

        return results(self.path, fingerprint, besides)

    def search_results(
        self, fingerprint: str, replicate: int, method: str, options: Mapping[str, Any], seed: int
    ) -> dict[int, Evaluation]:
        """Return the recorded evaluations of a one-shot search, by step."""
        from nasbench_sparse.store.reusable import search_results

        return search_results(self.path, fingerprint, replicate, method, options, seed)

    def search_steps(self, fingerprint: str) -> dict[tuple[str, int], Evaluation]:
        """Return all reusable search steps of a task, by the step's config_key and the replicate."""
        from nasbench_sparse.store.reusable import search_steps
        from nasbench_sparse.store.sources import open_sources

        with open_sources(self.path) as sources:
            return search_steps(sources, fingerprint)

    def statuses(self) -> dict[str, Recording]:
        """Return every run's recording with status and spending alone, its trials left out: one quick read."""
        from nasbench_sparse.store.reusable import statuses

        return statuses(self.path)

    def merge(self, *, wait: float = 0.0) -> bool:
        """Move the journals into the DuckDB file; those of ended runs are then deleted.

        Idempotent, and safe to kill at any moment. If two runs recorded the same result the first merged wins,
        and a difference in any value but seconds is kept in the table `conflicts`.

        Args:
            wait: seconds to keep trying while other processes hold the file.
        Returns:
            Whether it was done; if not, the journals stay and nothing is lost.
        Raises:
            StoreError: a journal is damaged; the others are merged all the same.
        """
        from nasbench_sparse.store.merge import merge

        return merge(self.path, wait)

    def sql(self, query: str, params: Sequence[Any] = (), *, timeout: float = 60.0) -> pl.DataFrame:
        """Answer one SELECT (or EXPLAIN, DESCRIBE, SHOW) on a sealed connection: no files, no settings, no writes.

        Journals are seen as if they were merged; of a damaged one, what comes before the damage, with a warning. A
        reader is never refused: it waits while a merge is on.

        Args:
            params: values for the query's `?` places.
            timeout: seconds after which the query is stopped.
        Raises:
            SealedQueryError: anything but one reading statement; a table or column that does not exist, naming
                those that do; other errors of the query; the timeout.
        """
        from nasbench_sparse.store.sealed import sql

        return sql(self.path, query, params, timeout)

    def info(self) -> dict[str, Any]:
        """Return path, size, schema version, journals, rows of each table, and runs by status."""
        from nasbench_sparse.store.maintain import info

        return info(self.path)

    def verify(self) -> list[Problem]:
        """Check checksums of journals and file, gaps in the events of runs, and what the tables promise.

        Returns:
            What is wrong, by run and number of the events where some are lost.
            Results that differ between two runs are reported too.
        """
        from nasbench_sparse.store.verify import verify

        return verify(self.path)

    def repair(self) -> list[str]:
        """Move damaged journal lines to `<run_id>.damaged`, and return what was done.

        Where an event is lost with them, those after it move too: a run is resumed by replaying its events, so it
        goes on from the last one before the gap.

        Raises:
            StoreError: a run is being written.
        """
        from nasbench_sparse.store.verify import repair

        return repair(self.path)

    def export(self, directory: str | Path) -> list[Path]:
        """Write every table as a Parquet file, with `manifest.json` of rows and checksums; return the files.

        Raises:
            StoreError: the directory is not empty.
        """
        from nasbench_sparse.store.maintain import export

        return export(self.path, Path(directory))

    def take_over(self, table: TableFiles) -> int:
        """Add the results of a table's Parquet files that are not here yet; return how many rows that were.

        They are content like any other, so that queries and leaderboards see the whole table; their provenance
        says what table they come from and what it covers. A table that is here already costs one quick look.

        Raises:
            StoreError: the store is held by other processes.
        """
        from nasbench_sparse.store.take_over import take_over

        return take_over(self.path, table)

    def export_runs(self, directory: str | Path, run_ids: Collection[str], made: Mapping[str, Any]) -> list[Path]:
        """Write runs with their trials as `export` does, without trainings; return the files.

        Args:
            made: said of them in the manifest.
        Raises:
            StoreError: the directory is not empty.
        """
        from nasbench_sparse.store.maintain import export_runs

        return export_runs(self.path, Path(directory), run_ids, made)

    def merge_from(self, other: str | Path) -> dict[str, int]:
        """Add everything another store holds, journals included; return how many rows each table gained.

        An export, the directory that `export` writes, is merged like the store it was made of.

        What is here wins, and a difference is kept in `conflicts`. Of a run that both hold, the longer record
        stays.

        Raises:
            StoreError: the other is neither a store nor an export, or one of the two is held by other processes.
        """
        from nasbench_sparse.store.combine import merge_from

        source = Path(other) if Path(other).is_dir() else Store(other, create=False).path
        return merge_from(self.path, source)

    def hide(self, run_id: str) -> None:
        """Leave a run out of the views `visible_runs` and `visible_trials`; its results stay reusable.

        Raises:
            StoreError: there is no such run, naming the nearest.
        """
        from nasbench_sparse.store.maintain import set_hidden

        set_hidden(self.path, run_id, True)

    def unhide(self, run_id: str) -> None:
        """Show a hidden run again; see `hide`."""
        from nasbench_sparse.store.maintain import set_hidden

        set_hidden(self.path, run_id, False)

    def remove(self, run_id: str) -> None:
        """Delete a run with its trials. Its trainings stay: results belong to their content, not to a run.

        Raises:
            StoreError: there is no such run, or it is being written.
        """
        from nasbench_sparse.store.maintain import remove

        remove(self.path, run_id)
