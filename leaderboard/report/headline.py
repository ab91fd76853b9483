"""The headline: where contenders stand, in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nasbench_sparse.leaderboard.report.blocks import number
from nasbench_sparse.leaderboard.report.pair_sentences import (
    MOST_SENTENCES,
    join,
    pair_sentences,
    required_sentence,
    spent_less,
)
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.standing import Standing
from nasbench_sparse.leaderboard.statistics.check import span


def headline(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """Return one sentence on who leads, or where the newcomer stands, and more on what is shown of it."""
    if not subject.results.runs:
        return "There are no runs to compare.", ()
    required = () if subject.required is None else (required_sentence(subject.required),)
    lead, *more = standing_sentences(subject)
    return lead, (*required, *more, *pair_sentences(subject))


def standing_sentences(subject: Subject) -> tuple[str, ...]:
    """Return one sentence on the newcomer's place, if there is one that does not lead, and one on who leads."""
    led = f"{_failures(subject)}{_leader(subject)}"
    own = next((s for s in subject.board.standings if subject.names[s.contender] == subject.newcomer), None)
    if own is None or own.contender in [s.contender for s in leaders(subject.board.ranked)]:
        return (led,)
    return f"{_place(subject, own)}{spent_less(subject, subject.names[own.contender])}", led


def leaders(ranked: Collection[Standing]) -> list[Standing]:
    """Return those with the lowest mean rank."""
    best = min((s.mean_rank for s in ranked if s.mean_rank is not None), default=None)
    return [s for s in ranked if best is not None and s.mean_rank == best]


def _failures(subject: Subject) -> str:
    """Say that nothing went well, if so."""
    entries = subject.board.entries
    runs, failed, trials, bad = (
        sum(getattr(entry, kind) for entry in entries) for kind in ("runs", "failed", "trials", "bad_trials")
    )
    if failed == runs:
        return f"All {runs} runs failed. " if runs > 1 else "The only run failed. "
    if trials and bad == trials:
        return f"None of {trials} trials ended well. " if trials > 1 else "The only trial did not end well. "
    return ""


def _leader(subject: Subject) -> str:
    """Say who has the lowest mean rank or loss, over what, and from whom it is not shown to differ."""
    board, ranked = subject.board, subject.board.ranked
    if len(subject.order) == 1:
        return f"{subject.order[0]} is the only contender, so there is nothing to compare it with."
    first = leaders(ranked)
    if not first:
        return "No two contenders completed a task in common, so nobody leads."
    names = [subject.names[standing.contender] for standing in first]
    where = f"{_value(subject, first[0])} {_where(subject)}"
    if board.apart:
        apart = join([subject.names[standing.contender] for standing in board.apart])
        where += f", among {len(ranked)} of {len(board.standings)} contenders (not ranked: {apart})"
    what = f"mean {_measure(subject)}"
    if len(first) == len(ranked):
        return f"All {'ranked ' if board.apart else ''}contenders tie: each has {what} {where}."
    return (
        f"{join(names)} {'has' if len(first) == 1 else 'share'} the lowest {what}, {where}{_shown(subject, names)}."
    )


def _place(subject: Subject, own: Standing) -> str:
    """Say where the newcomer stands that does not lead."""
    name, ranked = subject.names[own.contender], subject.board.ranked
    if own.mean_rank is None:
        return f"{name} is not ranked: it is not complete on the tasks of the standings."
    place = 1 + sum(other.mean_rank < own.mean_rank for other in ranked if other.mean_rank is not None)
    return (
        f"{name} has mean {_measure(subject)} {_value(subject, own)}, place {place} of {len(ranked)}, "
        f"{_where(subject)}."
    )


def _measure(subject: Subject) -> str:
    """Name what contenders are ordered by: within one task their mean loss gives their rank."""
    return "loss" if len(subject.board.tasks) == 1 else "rank"


def _value(subject: Subject, standing: Standing) -> str:
    """Write a contender's mean rank, or its mean loss on the one task with its standard error."""
    if len(subject.board.tasks) > 1:
        return f"{standing.mean_rank:.2f}"
    entry = next(entry for entry in subject.board.entries if entry.contender == standing.contender)
    error = "" if entry.standard_error is None else f" ± {number(entry.standard_error, 4).text} (standard error)"
    return number(entry.loss, 4).text + error


def _where(subject: Subject) -> str:
    """Say on which tasks, at which budget, and with how many seeds the ranked are compared."""
    board, evidence = subject.board, subject.evidence
    tasks = board.complete_tasks
    on = "on this task" if len(board.tasks) == 1 else f"over {_tasks(len(tasks), len(board.tasks))}"
    unit = "full evaluation" if board.unit == "evaluations" else "second"
    budget = span([round(board.budgets[task], 6) for task in tasks], unit)
    seeds = [len({seed for seed, _ in evidence.keys[task][name]}) for task in tasks for name in subject.ranked]
    return f"{on} at {budget} with {span(seeds, 'seed')}"


def _shown(subject: Subject, first: Sequence[str]) -> str:
    """Say from which of those ranked the leaders are not shown to differ, by the tests of all pairs."""
    pairs = {frozenset((pair.first, pair.second)): pair for pair in subject.pairs.pairs}
    alike, untested = [], []
    for name in subject.ranked:
        against = [pairs[frozenset((name, leader))] for leader in first if name not in first]
        if any(pair.adjusted is None for pair in against):
            untested.append(name)
        elif not all(pair.rejected for pair in against):
            alike.append(name)
    said = []
    if alike:
        said.append(f"not shown to differ from {_some(alike, subject)}")
    if untested:
        met = all(pairs[frozenset((name, leader))].test for name in untested for leader in first)
        want = subject.evidence.unit + ("" if met else " in common")
        said.append(f"not tested against {_some(untested, subject)}, for want of {want}")
    return f"; in the tests of all pairs {' and '.join(said) or 'shown to differ from all others'}"


def _some(names: Sequence[str], subject: Subject) -> str:
    return join(names) if len(names) <= MOST_SENTENCES else f"{len(names)} of {len(subject.ranked) - 1} others"


def _tasks(some: int, every: int) -> str:
    return f"{every} tasks" if some == every else f"{some} of {every} tasks (the others have holes)"
