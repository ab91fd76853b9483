"""The commands that read a store: `leaderboard` and `query`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nasbench_sparse.cli.console import console, fit, say, show_board, show_table
from nasbench_sparse.errors import NbsError, StoreError
from nasbench_sparse.leaderboard.table import HOLE, Table

if TYPE_CHECKING:
    import polars as pl

    from nasbench_sparse.store import Store

ROWS_SHOWN = 1000
UNLIMITED_WIDTH = 10_000


def open_store(path: Path) -> Store:
    """Open a store that must exist.

    Raises:
        StoreError: there is none; those nearby are named.
    """
    from nasbench_sparse.store import Store

    if not path.exists() and not Path(f"{path}.journal").is_dir():
        folder = path.parent if path.parent.is_dir() else Path()
        near = sorted(str(file) for file in folder.glob("*.duckdb"))
        hint = f"; nearby are {', '.join(near[:6])}" if near else "; `run` makes one, --store names another"
        raise StoreError(f"there is no store {path}{hint}")
    return Store(path, create=False)


def open_suite_store(path: Path, suite: str | None) -> Store:
    """Open a store, adding the runs of a suite that come with the package and are not in it; it may be a new one.

    Raises:
        StoreError: there is no store, and the suite has no such runs.
    """
    if suite is None:
        return open_store(path)

    from nasbench_sparse.registry import all_suites
    from nasbench_sparse.store import Store
    from nasbench_sparse.tabular.baselines import add_baselines, find_baselines

    if suite not in all_suites() or find_baselines(suite) is None:
        return open_store(path)
    store = Store(path)
    say_added(add_baselines(store, all_suites()[suite]), suite, path)
    return store


def say_added(runs: int, suite: str, path: Path) -> None:
    """Say in one line that shipped runs were added to a store, if any were."""
    if runs:
        from nasbench_sparse.tabular.baselines import added_text

        say(added_text(runs, suite, path))


def print_leaderboard(
    path: Path,
    suite: str | None,
    tasks: Sequence[str],
    form: str,
    *,
    space: str | None = None,
    family: str | None = None,
    evaluations: float | None = None,
    seconds: float | None = None,
    density: str | None = None,
) -> None:
    """Print the leaderboard of a store, or of a part of it, at the largest common budget or at one given.

    Raises:
        UnknownName: the store has no runs of such a task, suite, space or family.
        NbsError: two budgets, one that is not positive, or a band of densities that is none.
    """
    from nasbench_sparse.leaderboard import formats
    from nasbench_sparse.leaderboard.judgement import judged_board
    from nasbench_sparse.leaderboard.results import Wanted, read_results
    from nasbench_sparse.leaderboard.suites import check_held, suite_runs

    store = open_suite_store(path, suite)
    wanted = Wanted(
        tasks=tasks or None,
        run_ids=None if suite is None else suite_runs(store, suite),
        study=suite,
        space=space,
        family=family,
        evaluations=evaluations,
        seconds=seconds,
        density=density_band(density),
    )
    check_held(store, tasks=tasks, family=family, space=space)
    board = judged_board(read_results(store, wanted))
    if form == "table":
        show_board(board, console())
        return
    write = {
        "markdown": formats.markdown,
        "csv": formats.comma_separated,
        "csv-standings": formats.standings_csv,
        "json": formats.as_json,
        "latex": formats.latex,
    }
    sys.stdout.write(write[form](board))


def density_band(text: str | None) -> tuple[float, float] | None:
    """Read a band such as "0.01:0.05"; one number is a band of that density alone.

    Raises:
        NbsError: it is none.
    """
    if text is None:
        return None
    low, colon, high = text.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError:
        raise NbsError(f"{text!r} is no band of densities; give LOW:HIGH, such as 0.01:0.05") from None


def print_query(path: Path, sql: str, form: str, output: Path | None) -> None:
    """Answer a query.

    Raises:
        SealedQueryError: the store refuses it.
        NbsError: Parquet without a file to write to, or a file that cannot be written.
    """
    if form == "parquet" and output is None:
        raise NbsError("--format parquet needs --output FILE")
    frame = open_store(path).sql(sql)
    try:
        _write(frame, form, output)
    except OSError as error:
        if output is None:
            raise
        raise NbsError(f"{output} cannot be written: {error.strerror or error}") from error


def _write(frame: pl.DataFrame, form: str, output: Path | None) -> None:
    if form == "parquet":
        assert output is not None
        frame.write_parquet(output)
    elif form == "table":
        if output is None:
            _show(frame, sys.stdout)
        else:
            with output.open("w", encoding="utf-8") as file:
                _show(frame, file)
    else:
        text = _flat(frame).write_csv() if form == "csv" else _json(frame)
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_text(text, encoding="utf-8")


def _show(frame: pl.DataFrame, file: IO[str]) -> None:
    out = console(file, width=UNLIMITED_WIDTH)
    show_table(fit(frame_table(frame), out), out)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn nested columns into JSON text, which CSV can hold."""
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    if not nested:
        return frame
    rows = frame.select(nested).to_dicts()
    return frame.with_columns(pl.Series(name, [_dumps(row[name]) for row in rows], pl.String) for name in nested)


def _json(frame: pl.DataFrame) -> str:
    rows = ",\n ".join(_dumps(row) for row in frame.iter_rows(named=True))
    return f"[{rows}]\n"


def _dumps(value: object) -> str:
    import orjson

    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    """Return what JSON can hold: a number's digits for DECIMAL and HUGEINT, text for the rest."""
    import orjson

    return orjson.Fragment(f"{value:f}") if isinstance(value, Decimal) else str(value)


def frame_table(frame: pl.DataFrame) -> Table:
    """Return a data frame as text: numbers to the right, floats to six digits, a dash for NULL."""
    left = frozenset(name for name, kind in frame.schema.items() if not kind.is_numeric())
    rows = tuple(tuple(_cell(value) for value in row) for row in frame.head(ROWS_SHOWN).iter_rows())
    count = f"{frame.height} row{'' if frame.height == 1 else 's'}"
    title = (
        f"{count}, the first {ROWS_SHOWN} shown; --format csv prints all" if frame.height > ROWS_SHOWN else count
    )
    return Table(title, tuple(frame.columns), rows, left)


def _cell(value: object) -> str:
    if value is None:
        return HOLE
    return f"{value:.6g}" if isinstance(value, float) else str(value)
