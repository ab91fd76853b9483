"""The headline: where contenders stand, in words."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench_sparse.leaderboard.head_to_head import Family, HeadToHead, compare_pairs
from nasbench_sparse.leaderboard.report.blocks import MINUS
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.standing import BASELINE
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import counted

EFFECT = (
    f"Effects run from {MINUS}1, where the first named has the lower loss throughout, to 1, where the other has: "
    "below 0 is better."
)


def headline(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """Return one sentence on who leads, and one on each comparison with the baseline or of the newcomer."""
    if not subject.results.runs:
        return "There are no runs to compare.", ()
    return leader(subject), pair_sentences(against_baseline(subject).pairs)


def pair_sentences(pairs: Sequence[HeadToHead]) -> tuple[str, ...]:
    """Return one sentence on each comparison, and last how to read their effects."""
    said = tuple(sentence(pair) for pair in pairs)
    return (*said, EFFECT) if any(pair.test is not None for pair in pairs) else said


def against_baseline(subject: Subject) -> Family:
    """Compare the newcomer with every other contender, or without one every contender with random search."""
    names = subject.order
    if subject.newcomer is not None:
        pairs = [(subject.newcomer, name) for name in names if name != subject.newcomer]
    else:
        baseline = baseline_name(subject)
        pairs = [] if baseline is None else [(name, baseline) for name in names if name != baseline]
    return compare_pairs(subject.evidence, pairs, seed=subject.seed)


def baseline_name(subject: Subject) -> str | None:
    """Return what random search is called here, or None without it."""
    found = sorted(contender for contender in subject.names if contender.optimizer == BASELINE)
    return subject.names[found[0]] if found else None


def leader(subject: Subject) -> str:
    """Say who has the lowest mean rank, and over what."""
    board = subject.board
    ranked = board.ranked
    if len(subject.order) == 1:
        return f"{subject.order[0]} is the only contender, so there is nothing to compare it with."
    if not ranked:
        return "No two contenders completed a task in common, so nobody leads."
    best = min(standing.mean_rank for standing in ranked if standing.mean_rank is not None)
    first = [subject.names[s.contender] for s in ranked if s.mean_rank == best]
    over = f"over {_tasks(len(board.complete_tasks), len(board.tasks))}"
    if board.apart:
        over += f", among {len(ranked)} of {len(board.standings)} contenders (not ranked: {join(_apart(subject))})"
    if len(first) == len(ranked):
        return f"All {'ranked ' if board.apart else ''}contenders tie: each has mean rank {best:.2f} {over}."
    verb = "has" if len(first) == 1 else "share"
    return f"{join(first)} {verb} the lowest mean rank, {best:.2f} {over}."


def _apart(subject: Subject) -> list[str]:
    return [subject.names[standing.contender] for standing in subject.board.apart]


def sentence(pair: HeadToHead) -> str:
    """Say one comparison: on how many units, how sure, how large."""
    if pair.test is None:
        return f"{pair.first} and {pair.second} have no {pair.unit[:-1]} in common that both completed."
    units = counted(pair.units, pair.unit[:-1])
    score = f"lower loss on {pair.lower} of {units}" + (f", equal on {pair.equal}" if pair.equal else "")
    effect = f"effect {signed(pair.test.effect)}{interval_text(pair.test.effect_interval, pair.test.no_interval)}"
    chance = ""
    if pair.improvement is not None and pair.improvement.all_tie:
        chance = " All of their runs tie."
    elif pair.improvement is not None:
        chance = (
            f" A run of {pair.first} beats one of {pair.second} with probability "
            f"{pair.improvement.probability:.2f}"
            f"{interval_text(pair.improvement.interval, pair.improvement.no_interval)} on these tasks."
        )
    if pair.verdict == "too few to test":
        return f"{pair.first} against {pair.second}: {score}, {effect}; too few for a test ({_n(pair)}).{chance}"
    p = f"p = {pair.p_text} after Holm"
    if pair.verdict == "no difference shown":
        return f"{pair.first} and {pair.second} are not shown to differ: {score}, {p}, {effect}.{chance}"
    verb = "beats" if pair.verdict == "better" else "is worse than"
    return f"{pair.first} {verb} {pair.second}: {score}, {p}, {effect}.{chance}"


def required_sentence(pair: HeadToHead) -> str:
    """Say whether the one comparison that was declared beforehand succeeded."""
    n = _n(pair)
    if pair.test is None:
        return f"Required: {pair.first} better than {pair.second}. Not shown: they have nothing in common."
    if pair.adjusted is None:
        return f"Required: {pair.first} better than {pair.second}. Not shown: too few for a test ({n})."
    shown = "Shown" if pair.verdict == "better" else "Not shown"
    return f"Required: {pair.first} better than {pair.second}. {shown}: one-sided p = {pair.p_text} ({n})."


def _n(pair: HeadToHead) -> str:
    """Say n, and in how many families where these are fewer."""
    n = f"n = {counted(pair.units, pair.unit[:-1])}"
    if pair.test is None or pair.test.n_blocks == pair.units:
        return n
    return f"{n} in {pair.test.n_blocks} famil{'y' if pair.test.n_blocks == 1 else 'ies'}"


def signed(value: float) -> str:
    """Write an effect with a real minus sign."""
    return f"{value:.2f}".replace("-", MINUS)


def interval_text(interval: Interval | None, absence: str | None = None) -> str:
    """Write an interval, or why there is none."""
    if interval is None:
        return f" (no interval: {absence})" if absence else ""
    return f" [{signed(interval.low)}, {signed(interval.high)}]"


def join(names: Sequence[str]) -> str:
    """Enumerate names."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _tasks(some: int, every: int) -> str:
    return (
        counted(every, "task") if some == every else f"{some} of {counted(every, 'task')} (the others have holes)"
    )
