"""Notes: the sentences without which a leaderboard's numbers would mislead."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench_sparse.leaderboard.head_to_head import Family, families_sentence
from nasbench_sparse.leaderboard.standing import BASELINE, Board
from nasbench_sparse.leaderboard.table import INCOMPLETE, board_labels, plural, spent_text


def notes(board: Board, *, tests: bool = True) -> list[str]:
    """Return the sentences without which the numbers would mislead.

    Args:
        tests: whether to explain the columns of tests too, which a page explains below its own tables.
    """
    if not board.entries:
        return ["No runs to compare.", *_density_notes(board)]
    has_baseline = any(entry.contender.optimizer == BASELINE for entry in board.entries)
    lines = [
        "Loss: mean over runs of the incumbent's loss at the task's maximal fidelity; lower is better.",
        f"Score: 0 is {BASELINE} search's mean loss, 1 the loss to which regret is measured."
        if has_baseline
        else f"Score needs runs of {BASELINE} search, of which there are none.",
        *(_test_notes(board) if tests else []),
        *_regret_notes(board),
        _budget_note(board),
        *_density_notes(board),
        *_hole_notes(board),
    ]
    without = sum(entry.without_result for entry in board.entries)
    if without:
        lines.append(
            f"{without} run{plural(without)} ended no training at the maximal fidelity and count"
            f"{'s' if without == 1 else ''} with the objective's worst loss."
        )
    bad = sum(entry.bad_trials for entry in board.entries)
    if bad:
        total = sum(entry.trials for entry in board.entries)
        lines.append(f"{bad:,} of {total:,} trials diverged, failed, timed out or ran out of memory.")
    lines += _prediction_notes(board)
    if board.repeated:
        lines.append(
            f"{board.repeated} run{plural(board.repeated)} left out: the same seed was run on another executor, or "
            "under other conditions."
        )
    return lines + [old.sentence for old in board.superseded]


def _test_notes(board: Board) -> list[str]:
    """Say what the tests are of: within tasks, against the baseline, and of all that are ranked."""
    judged = [standing for standing in board.standings if standing.better is not None]
    if not judged:
        return []
    lines = []
    if any(standing.scored_tasks for standing in judged):
        lines.append("n of a score: runs/tasks. Its 95 % interval is Student's, for other seeds on these tasks.")
    untested = any(standing.untested for standing in judged)
    lines.append(
        "w/t/l: wins, ties and losses by signed-rank tests of paired runs within each task, Holm-corrected at 5 % "
        "over all pairs" + ("; untested are those with too few runs to reach that level." if untested else ".")
    )
    if board.against is not None and board.against.pairs:
        lines.append(
            f"Against {board.against.pairs[0].second}: {board.against.sentence} Effect: matched-pairs rank "
            "biserial, -1 where the loss is lower wherever the two differ. P(lower): chance that one of its runs "
            "beats one of the other on these tasks, of the seeds that both have, ties half."
        )
        lines += left_out_notes(board.against)
    if board.against is not None and board.against.pairs and board.order is not None:
        unit = board.against.pairs[0].unit
        lines.append(families_sentence(f"every contender against {board.against.pairs[0].second}", unit))
    return lines + _order_note(board)


def left_out_notes(against: Family) -> list[str]:
    """Name the tasks on which contenders are not compared with the baseline."""
    left_out = [f"{pair.first} on {_some(pair.left_out)}" for pair in against.pairs if pair.left_out]
    if not left_out:
        return []
    return [
        f"Left out against {against.pairs[0].second}, for want of complete runs of a seed that both have: "
        f"{'; '.join(left_out)}."
    ]


def _some(names: Sequence[str]) -> str:
    """Enumerate names, of many the first six."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _order_note(board: Board) -> list[str]:
    """Say which of all pairs ranked together differ."""
    if board.order is None:
        return []
    order, names = board.order, board.order.names
    pairs = [f"{a} and {b}" for i, a in enumerate(names) for b in names[i + 1 :] if order.differ(a, b)]
    shown = f"shown to differ are {', '.join(pairs)}" if pairs else "no two are shown to differ"
    if not order.drawn:
        return [f"All pairs of the {len(names)} ranked: {shown}. {order.test.sentence}"]
    how = "signed-rank tests, Holm-corrected" if order.difference is None else f"Nemenyi's test{order.width}"
    return [f"All pairs of the {len(names)} ranked, {how}: {shown}. {order.test.sentence}"]


def _regret_notes(board: Board) -> list[str]:
    """Say what regret is measured to on which tasks, and how incumbents are scored where there is a table."""
    if not board.optima:
        return ["Regret: to the lowest loss that any run found on the task, since none has a table here."]
    lines = [
        "Where a task has a table, an incumbent's loss is its config's mean over the table's replicates, not the "
        "one replicate that its run saw."
    ]
    exact = [task for task in board.tasks if task in board.optima and board.optima[task].exact]
    best = [task for task in board.tasks if task in board.optima and not board.optima[task].exact]
    rest = [task for task in board.tasks if task not in board.optima]
    if exact:
        lines.append(
            f"Regret to the exact optimum, the lowest mean of all configs of the space: {', '.join(exact)}."
        )
    if best:
        held = ", ".join(f"{task} ({board.optima[task].configs:,} configs)" for task in best)
        lines.append(
            f"Regret to the best config recorded in the table, which is not the whole space, so that a lower loss "
            f"has a negative regret: {held}."
        )
    if rest:
        lines.append(f"Regret to the lowest loss that any run found, for want of a table: {', '.join(rest)}.")
    return lines


def _prediction_notes(board: Board) -> list[str]:
    """Say on which tasks a surrogate answered for trainings."""
    shares = []
    for task in board.tasks:
        entries = board.on(task)
        predicted = sum(e.predicted_trials for e in entries)
        trials = sum(e.trials - e.search_steps for e in entries)
        if predicted:
            shares.append(f"{predicted / trials:.0%} of the trials on {task}")
    if not shares:
        return []
    return [f"Predicted by the table's surrogate, not trained: {', '.join(shares)}."]


def _budget_note(board: Board) -> str:
    amounts = sorted({round(amount, 6) for amount in board.budgets.values()})
    if not amounts:
        return f"{_why_no_budget(board)}, so nothing is compared."
    early = _exhausted(board)
    if board.asked:
        but = f", but for those that had nothing more to ask ({early})" if early else ""
        return (
            f"Compared at {_amount(amounts[0], board)}, as asked for; {_which_count(amounts[0], board)}; runs that "
            f"spent less are left out{but}.{_nobody_text(board)}{_cut_text(board)}"
        )
    why = "every finished run had spent so much" + (f", or had nothing more to ask ({early})" if early else "")
    if len(amounts) == 1:
        return f"Compared at {_amount(amounts[0], board)}: {why}.{_cut_text(board)}"
    each = ", ".join(f"{task} {amount:g}" for task, amount in sorted(board.budgets.items()))
    return f"Compared at full-evaluation equivalents of {each}: {why}.{_cut_text(board)}"


def _nobody_text(board: Board) -> str:
    """Say that no run reached the budget asked for, if so."""
    return " No run has spent so much." if all(e.finished == e.exhausted for e in board.entries) else ""


def _why_no_budget(board: Board) -> str:
    runs, failed = (sum(getattr(entry, kind) for entry in board.entries) for kind in ("runs", "failed"))
    if failed == runs:
        return f"All {runs} runs failed" if runs > 1 else "The only run failed"
    return f"No run has ended well yet, and {failed} of {runs} failed" if failed else "No run has ended yet"


def _amount(amount: float, board: Board) -> str:
    measure = "full-evaluation equivalent" if board.unit == "evaluations" else "second"
    return f"{amount:g} {measure}{plural(amount)}" + (" of the runs' clock" if board.unit == "seconds" else "")


def _which_count(amount: float, board: Board) -> str:
    if board.unit == "seconds":
        return "trials told by then count"
    return f"a trial counts that was asked before {spent_text(amount)}, so the last one may go beyond"


def _cut_text(board: Board) -> str:
    """Say what the costs are of where runs went on beyond the budget."""
    cut = sum(entry.cut for entry in board.entries)
    if not cut:
        return ""
    return (
        f" {cut} run{plural(cut)} went on: full evaluations, training and bad trials are of the trials that count, "
        "own time of whole runs."
    )


def _exhausted(board: Board) -> str:
    """Name those that spent less, since they had nothing more to ask."""
    names = board_labels(board)
    return ", ".join(sorted({names[entry.contender] for entry in board.entries if entry.exhausted}))


def _unscored_notes(board: Board, unscored: Sequence[str]) -> list[str]:
    """Say why tasks have no score: equal ends without a table, ends too close with one."""
    equal = [task for task in unscored if task not in board.optima]
    close = [task for task in unscored if task in board.optima]
    lines = []
    if equal:
        lines.append(
            f"No score where {BASELINE} search's mean equals the lowest loss found, or there is none of it: "
            f"{', '.join(equal)}."
        )
    if close:
        lines.append(
            f"No score where {BASELINE} search's mean is within two standard errors of the table's optimum, or of "
            f"one run: {', '.join(close)}."
        )
    return lines


def _density_notes(board: Board) -> list[str]:
    if board.density is None:
        return []
    low, high = board.density
    band = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    lines = [
        f"Only trainings whose final density is {band} (1 % of slack) count as incumbents; the others "
        "spend their share of the budget all the same."
    ]
    if board.outside:
        lines.append(f"Left out, since nothing there lies in that band: {', '.join(board.outside)}.")
    return lines


def _hole_notes(board: Board) -> list[str]:
    lines = []
    if any(not entry.complete for entry in board.entries):
        lines.append(
            f"{INCOMPLETE} runs failed, have not ended or spent less than is compared; the mean leaves them out."
        )
    names = board_labels(board)
    present = {(entry.task, entry.contender) for entry in board.entries}
    holes = [
        f"{names[s.contender]} on {task}"
        for task in board.tasks
        for s in board.standings
        if (task, s.contender) not in present
    ]
    if holes:
        lines.append(f"Never run: {_some(holes)}.")
    if any(entry.contender.optimizer == BASELINE for entry in board.entries):
        scored = {entry.task for entry in board.entries if entry.normalised is not None}
        lines += _unscored_notes(board, [task for task in board.tasks if task not in scored])
    uneven = [task for task in board.tasks if len({e.finished for e in board.entries if e.task == task}) > 1]
    if uneven:
        lines.append(f"Optimizers have different numbers of runs on {', '.join(uneven)}.")
    if len(board.complete_tasks) < len(board.tasks):
        left_out = ", ".join(task for task in board.tasks if task not in board.complete_tasks)
        lines.append(f"Mean rank, wins and mean score leave out tasks with holes: {left_out}.")
    if board.apart and board.ranked:
        who = ", ".join(names[s.contender] for s in board.apart)
        lines.append(
            f"Not ranked, since not complete on the tasks of the standings: {who}. Ranked is the largest block of "
            "contenders times tasks without a hole; the others are compared pair by pair."
        )
    return lines
