"""The store: a DuckDB file, and beside it the journals of runs not merged yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class Store:
    """Everything recorded: results, trials, runs and provenance, in one file that SQL reads.

    Runs write journals (`<store>.journal/<run_id>.jsonl`, one writer per run, any number of runs at once);
    `merge` moves them into the DuckDB file. Every read sees the file and the journals. Nothing is held open
    between calls, so a store may be used from several threads and processes.

    Raises:
        StoreError: `path` is something else, truncated, or of a newer schema; it is left untouched. Or there is
            no store and `create` is False.
    """

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        self.path = Path(path)
        connect.check_file(self.path)
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
    ) -> RunLog:
        """Open a run for writing: a new one, a killed one, or one that ended and may now spend more.

        Args:
            declaration: the task's, of which name, version, family and derived_from are kept as columns.
            provenance: JSON data on where this session runs: versions, git revision, host, device, threads.
            durable: "each" puts every event on the disk before it returns (live trials); "batch" does so for
                256 at a time and at the end (simulated ones, which can be computed again).

        Raises:
            StoreError: the run is being written by another process.
        """
        from nasbench_sparse.store.recorded import recorded

        journal = JournalFile(journal_path(self.path, spec.run_id), durable)
        try:
            recording, next_seq = recorded(self.path, spec.run_id)
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

    def results(self, fingerprint: str) -> dict[tuple[str, int], Evaluation]:
        """Return the longest reusable (OK or DIVERGED) evaluation of each (config_key, replicate) of a task."""
        from nasbench_sparse.store.recorded import results

        return results(self.path, fingerprint)

    def search_results(
        self, fingerprint: str, replicate: int, method: str, options: Mapping[str, Any], seed: int
    ) -> dict[int, Evaluation]:
        """Return the recorded evaluations of a one-shot search, by step."""
        from nasbench_sparse.store.recorded import search_results

        return search_results(self.path, fingerprint, replicate, method, options, seed)

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

        Journals are seen as if they were merged. A reader is never refused: it waits while a merge is on.

        Args:
            params: values for the query's `?` places.
            timeout: seconds after which the query is stopped.
        Raises:
            SealedQueryError: anything but one reading statement; a table or column that does not exist, naming
                those that do; other errors of the query; the timeout.
        """
        from nasbench_sparse.store.sealed import sql

        return sql(self.path, query, params, timeout)
