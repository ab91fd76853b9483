"""Tables: a leaderboard as columns and cells of text, and the notes that must be read with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.scores import BASELINE, Board, Entry, Standing

HOLE = "—"
INCOMPLETE = "†"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column names, and rows of text; numbers are right-aligned. `groups` counts rows between rules."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[str]
    groups: tuple[int, ...] = ()


def standings_table(board: Board) -> Table:
    """Return one row for each contender, best first."""
    names = _labels(board)
    judged = any(s.better is not None for s in board.standings)
    rows = tuple(
        (
            names[s.contender],
            number(s.mean_rank, 2),
            str(s.wins) if board.complete_tasks else HOLE,
            number(s.normalised, 3),
            *([_interval(s), _duels(s)] if judged else []),
            f"{s.tasks}/{len(board.tasks)}",
            str(s.failed_runs),
            str(s.bad_trials),
            duration(s.optimizer_seconds),
            duration(s.evaluation_seconds),
        )
        for s in board.standings
    )
    columns = (
        "optimizer",
        "mean rank",
        "wins",
        "score",
        *(["95 %", "w/t/l"] if judged else []),
        "tasks",
        "failed runs",
        "bad trials",
        "own time",
        "training",
    )
    compared = len(board.complete_tasks)
    title = f"Standings over {compared} of {len(board.tasks)} task{'s' if len(board.tasks) != 1 else ''}"
    return Table(title, columns, rows, frozenset({"optimizer"}))


def _interval(standing: Standing) -> str:
    if standing.score_low is None or standing.score_high is None:
        return HOLE
    return f"[{standing.score_low:.2f}, {standing.score_high:.2f}]"


def _duels(standing: Standing) -> str:
    return f"{standing.better}/{standing.equal}/{standing.worse}"


def entries_table(board: Board) -> Table:
    """Return one row for each task and contender, best first within a task."""
    names = _labels(board)
    by_task = Counter(entry.task for entry in board.entries)
    rows: list[tuple[str, ...]] = []
    previous = ""
    for entry in board.entries:
        rows.append(_entry_row(entry, names[entry.contender], entry.task if entry.task != previous else ""))
        previous = entry.task
    columns = ("task", "optimizer", "loss", "± s.e.", "rank", "score", "runs", "full evals", "own time", "training")
    return Table(
        "Loss of the final incumbent, per task",
        columns,
        tuple(rows),
        frozenset({"task", "optimizer"}),
        tuple(by_task[task] for task in board.tasks),
    )


def _entry_row(entry: Entry, name: str, task: str) -> tuple[str, ...]:
    return (
        task,
        name,
        number(entry.loss, 4),
        number(entry.standard_error, 4),
        number(entry.rank, 1).removesuffix(".0"),
        number(entry.normalised, 3),
        f"{entry.finished}/{entry.runs}{'' if entry.complete else ' ' + INCOMPLETE}",
        f"{entry.full_evaluations:.1f}",
        duration(entry.optimizer_seconds),
        duration(entry.evaluation_seconds),
    )


def notes(board: Board) -> list[str]:
    """Return the sentences without which the numbers would mislead."""
    if not board.entries:
        return ["No runs to compare."]
    has_baseline = any(entry.contender.optimizer == BASELINE for entry in board.entries)
    lines = [
        "Loss: mean over runs of the incumbent's loss at the task's maximal fidelity; lower is better.",
        f"Score: 0 is {BASELINE} search's mean loss, 1 the best mean loss of the task."
        if has_baseline
        else f"Score needs runs of {BASELINE} search, of which there are none.",
        *(
            ["w/t/l: wins, ties and losses by tests within each task, Holm-corrected at 5 %; too few runs tie."]
            if any(s.better is not None for s in board.standings)
            else []
        ),
        _budget_note(board),
        *_hole_notes(board),
    ]
    without = sum(entry.without_result for entry in board.entries)
    if without:
        lines.append(
            f"{without} run{_s(without)} ended no training at the maximal fidelity and count"
            f"{'s' if without == 1 else ''} with the objective's worst loss."
        )
    bad = sum(entry.bad_trials for entry in board.entries)
    if bad:
        total = sum(entry.trials for entry in board.entries)
        lines.append(f"{bad} of {total} trials diverged, failed, timed out or ran out of memory.")
    if board.repeated:
        lines.append(f"{board.repeated} run{_s(board.repeated)} left out: another executor ran the same seed.")
    lines += [
        f"Superseded: {old.runs} run{_s(old.runs)} of {old.what} at {old.old:.12}; ranked is {old.new:.12}."
        for old in board.superseded
    ]
    return lines


def _budget_note(board: Board) -> str:
    amounts = sorted({round(amount, 6) for amount in board.budgets.values()})
    if board.asked and amounts:
        measure = "full-evaluation equivalents" if board.unit == "evaluations" else "seconds of the runs' clock"
        return f"Compared at {amounts[0]:g} {measure}, as asked for; runs that spent less are left out."
    what = "the smallest budget that every finished run of a task spent"
    if not amounts:
        return "No run has ended yet, so nothing is compared."
    if len(amounts) == 1:
        return f"Compared at {amounts[0]:g} full-evaluation equivalents, {what}."
    each = ", ".join(f"{task} {amount:g}" for task, amount in sorted(board.budgets.items()))
    return f"Compared at {what}, in full-evaluation equivalents: {each}."


def _hole_notes(board: Board) -> list[str]:
    lines = []
    if any(not entry.complete for entry in board.entries):
        lines.append(f"{INCOMPLETE} runs failed or have not ended; the mean is over the others.")
    names = _labels(board)
    present = {(entry.task, entry.contender) for entry in board.entries}
    holes = [
        f"{names[s.contender]} on {task}"
        for task in board.tasks
        for s in board.standings
        if (task, s.contender) not in present
    ]
    if holes:
        shown = ", ".join(holes[:6]) + (f" and {len(holes) - 6} more" if len(holes) > 6 else "")
        lines.append(f"Never run: {shown}.")
    scored = {entry.task for entry in board.entries if entry.normalised is not None}
    unscored = [task for task in board.complete_tasks if scored and task not in scored]
    if unscored:
        lines.append(f"No score, since no optimizer is better than {BASELINE} search, on {', '.join(unscored)}.")
    uneven = [task for task in board.tasks if len({e.finished for e in board.entries if e.task == task}) > 1]
    if uneven:
        lines.append(f"Optimizers have different numbers of runs on {', '.join(uneven)}.")
    if len(board.complete_tasks) < len(board.tasks):
        left_out = ", ".join(task for task in board.tasks if task not in board.complete_tasks)
        lines.append(f"Mean rank, wins and mean score leave out tasks with holes: {left_out}.")
    return lines


def _labels(board: Board) -> dict[Contender, str]:
    return labels([standing.contender for standing in board.standings])


def number(value: float | None, digits: int) -> str:
    """Print a number with a fixed number of digits, or a dash for none."""
    return HOLE if value is None else f"{value:.{digits}f}"


def duration(seconds: float | None) -> str:
    """Print seconds in the unit that suits them, or a dash for none."""
    if seconds is None:
        return HOLE
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
