"""Pair sentences: what comparisons of two contenders say, each in words, or many of them in groups."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench_sparse.leaderboard.head_to_head import HeadToHead, Verdict
from nasbench_sparse.leaderboard.report.blocks import MINUS
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import counted, span

EFFECT = (
    f"Effects run from {MINUS}1, where the first named has the lower loss wherever the two differ, to 1, where the "
    "other has: below 0 is better."
)
MOST_SENTENCES = 12
"""More comparisons than these are told in groups."""

NEARLY = 0.9
"""A contender that spent less than this share of the budget has it said."""


def pair_sentences(subject: Subject, *, most: int = MOST_SENTENCES) -> tuple[str, ...]:
    """Return one sentence on each comparison, and last how to read their effects; of many, one on each outcome."""
    pairs = subject.against.pairs
    if len(pairs) > most:
        return (*grouped(pairs, by_second=subject.newcomer is not None), subject.against.sentence)
    said = tuple(sentence(pair, subject) for pair in pairs)
    return (*said, EFFECT) if any(pair.test is not None for pair in pairs) else said


def sentence(pair: HeadToHead, subject: Subject) -> str:
    """Say one comparison: on how many units, how sure, how large."""
    if pair.test is None:
        if pair.unit == "tasks":
            return f"{pair.first} and {pair.second} have no task in common that both completed."
        return f"{pair.first} and {pair.second} are not compared: not all runs of a seed that both have ended well."
    units = counted(pair.units, pair.unit[:-1])
    score = f"lower loss on {pair.lower} of {units}" + (f", equal on {pair.equal}" if pair.equal else "")
    effect = f"effect {signed(pair.test.effect)}{interval_text(pair.test.effect_interval, pair.test.no_interval)}"
    rest = _chance(pair, subject) + spent_less(subject, pair.first if subject.newcomer is None else pair.second)
    if pair.verdict == "too few to test":
        return f"{pair.first} against {pair.second}: {score}, {effect}; too few for a test ({_n(pair)}).{rest}"
    p = f"p = {pair.p_text} after Holm"
    if pair.verdict == "no difference shown":
        return f"{pair.first} and {pair.second} are not shown to differ: {score}, {p}, {effect}.{rest}"
    verb = "beats" if pair.verdict == "better" else "is worse than"
    return f"{pair.first} {verb} {pair.second}: {score}, {p}, {effect}.{rest}"


def _chance(pair: HeadToHead, subject: Subject) -> str:
    """Say how often a run of the first is the better one, and of how many runs where others have more."""
    found = pair.improvement
    if found is None:
        return ""
    if found.all_tie:
        return " All of their runs tie."
    one = len(subject.evidence.tasks) == 1
    runs = ""
    if min(found.first_sizes) < max(len(keys) for held in subject.evidence.keys.values() for keys in held.values()):
        runs = f" ({span(found.first_sizes, 'run')} of each{'' if one else ' on a task'})"
    return (
        f" A run of {pair.first} beats one of {pair.second} with probability {found.probability:.2f}"
        f"{interval_text(found.interval, found.no_interval)} on {'this task' if one else 'these tasks'}{runs}."
    )


def spent_less(subject: Subject, name: str) -> str:
    """Say what a contender spent that had nothing more to ask long before its budget was spent."""
    results = subject.results
    runs = [run for run in results.runs if subject.names[run.contender] == name and results.covering(run)]
    spent = [min(run.spent(results.unit), results.budgets[run.task]) for run in runs]
    if sum(spent) >= NEARLY * sum(results.budgets[run.task] for run in runs):
        return ""
    unit = "full evaluation" if results.unit == "evaluations" else "second"
    mean = sum(spent) / len(spent)
    return f" {name} had nothing more to ask after {mean:.2g} {unit}{'' if mean == 1 else 's'} on average."


OUTCOMES: dict[Verdict, tuple[str, str, str]] = {
    "better": ("beats", "beat", ""),
    "worse": ("is worse than", "are worse than", ""),
    "no difference shown": ("is not shown to differ from", "are not shown to differ from", ""),
    "too few to test": ("is not tested against", "are not tested against", ", for want of {units}"),
    "nothing in common": ("has nothing in common with", "have nothing in common with", ""),
}
"""How a group is told of one and of several, and why."""


def grouped(pairs: Sequence[HeadToHead], *, by_second: bool) -> tuple[str, ...]:
    """Return a sentence on each outcome that names all who share it.

    Args:
        by_second: whether the pairs share their first contender, so that the second ones are named.
    """
    lines = []
    for verdict, (one, several, why) in OUTCOMES.items():
        found = [pair for pair in pairs if pair.verdict == verdict]
        if not found:
            continue
        names = join([pair.second if by_second else pair.first for pair in found])
        reason = why.format(units=found[0].unit)
        if by_second:
            lines.append(f"{found[0].first} {one} {len(found)}{reason}: {names}.")
        else:
            verb = one if len(found) == 1 else several
            lines.append(f"{len(found)} {verb} {found[0].second}{reason}: {names}.")
    return tuple(lines)


def required_sentence(pair: HeadToHead) -> str:
    """Say whether the one comparison that was declared beforehand succeeded."""
    asked = f"Required: {pair.first} better than {pair.second}."
    if pair.test is None:
        return f"{asked} Not shown: they have nothing in common."
    if pair.adjusted is None:
        return f"{asked} Not shown: too few for a test ({_n(pair)})."
    shown = "Shown" if pair.verdict == "better" else "Not shown"
    return (
        f"{asked} {shown}: one-sided p = {pair.p_text} ({_n(pair)}), one test, declared beforehand and therefore "
        "uncorrected."
    )


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
