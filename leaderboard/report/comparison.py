"""Section: who differs from whom."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.rank_diagram import rank_diagram_figure
from nasbench_sparse.leaderboard.figures.win_matrix import win_matrix_figure
from nasbench_sparse.leaderboard.head_to_head import Family, HeadToHead, families_sentence
from nasbench_sparse.leaderboard.notes import left_out_notes
from nasbench_sparse.leaderboard.report.blocks import (
    MINUS,
    Block,
    Cell,
    Picture,
    Remark,
    Section,
    Sheet,
    count,
    words,
)
from nasbench_sparse.leaderboard.report.columns import Column, sheet_of
from nasbench_sparse.leaderboard.report.pair_sentences import interval_text, join, signed
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval

MOST_CONTENDERS = 30


def comparison_section(subject: Subject) -> Section:
    """Return the tests of the headline and of all pairs, the win matrix, and the critical difference diagram."""
    names = subject.order
    if len(names) < 2:
        return Section(
            "comparison", "Comparisons", "", (Remark(sentences=("A comparison needs at least two contenders.",)),)
        )
    blocks: list[Block] = [_against(subject)] if subject.against.pairs else []
    blocks.append(_pairs(subject))
    if len(names) <= MOST_CONTENDERS:
        blocks += [_win_matrix(subject, subject.pairs), _rank_diagram(subject)]
    one = subject.evidence.unit[:-1]
    lead = f"Unit of analysis: the {one}" + (
        ", means over its seeds, tasks of one family counted as one block."
        if one == "task"
        else ", paired by seed and replicate, within the one task."
    )
    return Section("comparison", "Comparisons", lead, tuple(blocks))


def _against(subject: Subject) -> Sheet:
    """Return the tests of the headline, which are corrected apart from those of all pairs."""
    newcomer, family = subject.newcomer, subject.against
    left_out = "" if newcomer else "".join(f" {note}" for note in left_out_notes(family))
    return sheet_of(
        pair_columns("p (of this family)"),
        family.pairs,
        name="against",
        title=f"{newcomer} against each" if newcomer else f"Each against {family.pairs[0].second}",
        note=f"{_columns_note(family)}{left_out} {_declared(subject)}",
        how="statistics.signed_rank, statistics.holm and statistics.probability_of_improvement",
        queries=subject.base_queries,
    )


def _pairs(subject: Subject) -> Sheet:
    declared = "" if subject.against.pairs else f" {_declared(subject)}"
    return sheet_of(
        pair_columns("p (of all pairs)"),
        subject.pairs.pairs,
        name="comparisons",
        title="Every two contenders",
        note=f"{_columns_note(subject.pairs)}{declared}",
        how="statistics.signed_rank, statistics.holm or statistics.nemenyi_p_value, and "
        "statistics.probability_of_improvement",
        queries=subject.base_queries,
    )


def _columns_note(family: Family) -> str:
    return (
        f"Effect: matched-pairs rank biserial correlation, {MINUS}1 where the first has the lower loss wherever "
        "the two differ. P(first better): chance that a run of the first beats one of the second on these tasks, "
        "ties half; of so many runs of each, those of the seeds that both have. In brackets: 95 % "
        f"intervals{_absences(family)}. Pairs are compared on what both completed. The n for 80 % power is that of "
        f"the first step of Holm's correction. {family.sentence}"
    )


def _declared(subject: Subject) -> str:
    """Say which families of tests there are on the page."""
    pairs, unit = subject.against.pairs, subject.evidence.unit
    if subject.newcomer is not None:
        return families_sentence("the newcomer against every other contender", unit)
    return families_sentence(f"every contender against {pairs[0].second}" if pairs else None, unit)


def _verdict(pair: HeadToHead) -> Cell:
    return words(pair.verdict, {"better": "better", "worse": "worse"}.get(pair.verdict, ""))


def _effect(pair: HeadToHead) -> Cell:
    test = pair.test
    return Cell("—") if test is None else _with_interval(test.effect, test.effect_interval)


def _chance(pair: HeadToHead) -> Cell:
    found = pair.improvement
    return Cell("—") if found is None else _with_interval(found.probability, found.interval)


def _with_interval(value: float, interval: Interval | None) -> Cell:
    """Return a value with its interval, or a dash for it; the table's note says why there is none."""
    return Cell(signed(value) + (interval_text(interval) or " —"), value)


def _absences(family: Family) -> str:
    """Say why some values have no interval."""
    found = [of.no_interval for p in family.pairs for of in (p.test, p.improvement) if of is not None]
    reasons = sorted({reason for reason in found if reason})
    return f", — where there is none ({'; '.join(reasons)})" if reasons else ""


def _ends(pair: HeadToHead, of: Literal["effect", "chance"]) -> tuple[float | None, float | None]:
    """Return the ends of an interval."""
    if of == "effect":
        interval = None if pair.test is None else pair.test.effect_interval
    else:
        interval = None if pair.improvement is None else pair.improvement.interval
    return (None, None) if interval is None else (interval.low, interval.high)


def _p_value(pair: HeadToHead) -> Cell:
    p_value = None if pair.test is None or pair.adjusted is None else pair.test.p_value
    return Cell("—") if p_value is None else Cell(f"{p_value:.2g}", p_value)


def _needed(pair: HeadToHead) -> Cell:
    return Cell("—") if pair.test is None or pair.test.needed is None else count(pair.test.needed)


def _runs(pair: HeadToHead) -> Cell:
    return Cell("—") if pair.improvement is None else count(sum(pair.improvement.first_sizes))


def pair_columns(p_name: str) -> tuple[Column[HeadToHead], ...]:
    """Return what is said of a pair; `p_name` heads its corrected p-value."""
    return (
        Column("first", lambda p: words(p.first), is_text=True),
        Column("second", lambda p: words(p.second), is_text=True),
        Column("the first is", _verdict, is_text=True),
        Column(
            "lower / equal / higher",
            lambda p: Cell(f"{p.lower}/{p.equal}/{p.higher}", p.lower - p.higher),
            "page",
            highest_first=True,
        ),
        Column("lower", lambda p: count(p.lower), "files"),
        Column("equal", lambda p: count(p.equal), "files"),
        Column("higher", lambda p: count(p.higher), "files"),
        Column("n", lambda p: count(p.units), highest_first=True),
        Column("blocks", lambda p: Cell("—") if p.test is None else count(p.test.n_blocks), highest_first=True),
        Column("effect", _effect),
        Column("effect low", lambda p: Cell("", _ends(p, "effect")[0]), "files"),
        Column("effect high", lambda p: Cell("", _ends(p, "effect")[1]), "files"),
        Column("P(first better)", _chance, highest_first=True),
        Column("runs of each", _runs, highest_first=True),
        Column("P low", lambda p: Cell("", _ends(p, "chance")[0]), "files"),
        Column("P high", lambda p: Cell("", _ends(p, "chance")[1]), "files"),
        Column("p", _p_value, "files"),
        Column(p_name, lambda p: Cell("—" if p.test is None else p.p_text, p.adjusted)),
        Column("n for 80 % power", _needed),
    )


def _win_matrix(subject: Subject, family: Family) -> Picture:
    names = subject.order
    place = {name: i for i, name in enumerate(names)}
    share = np.full((len(names), len(names)), np.nan)
    texts = [["" for _ in names] for _ in names]
    for pair in family.pairs:
        i, j = place[pair.first], place[pair.second]
        if not pair.units:
            continue
        star = "*" if pair.rejected else ""
        share[i, j] = (pair.lower + pair.equal / 2) / pair.units
        share[j, i] = 1 - share[i, j]
        texts[i][j] = f"{pair.lower}/{pair.units}{star}"
        texts[j][i] = f"{pair.higher}/{pair.units}{star}"
    unit = subject.evidence.unit
    note = (
        f"In how many {unit} the row has the lower loss than the column, of those both completed; * where the two "
        "are shown to differ."
    )
    drawing = draw(
        "win-matrix",
        "Win matrix",
        note,
        lambda: win_matrix_figure(share, texts, names),
    )
    return Picture(
        drawing=drawing,
        note=note,
        how="statistics.signed_rank and statistics.holm",
        queries=subject.base_queries,
    )


def _rank_diagram(subject: Subject) -> Block:
    diagram, how = subject.board.order, "statistics.critical_difference"
    if diagram is None:
        sentence = (
            "No critical difference diagram: it takes three contenders, ranked together, with enough in common for "
            "the tests of all pairs."
        )
        return Remark(sentences=(sentence,), how=how, queries=subject.base_queries)
    if not diagram.drawn:
        return Remark(sentences=(diagram.sentence,), how=how, queries=subject.base_queries)
    groups = "; ".join(join(group) for group in diagram.groups) or "none"
    alt = f"Best first: {join(diagram.names)}. Not shown to differ: {groups}."
    apart = [
        f"{one} and {other}"
        for one, other in combinations(diagram.names, 2)
        if not diagram.differ(one, other) and not any({one, other} <= set(group) for group in diagram.groups)
    ]
    if apart:
        alt += f" Nor are {'; '.join(apart)}, which no bar can join without one between them that differs."
    fewer = [name for name in subject.ranked if name not in diagram.names]
    left_out = f" Left out, since with fewer runs: {join(fewer)}." if fewer else ""
    drawing = draw(
        "critical-difference",
        "Critical difference diagram",
        alt,
        lambda: rank_diagram_figure(diagram, subject.looks),
    )
    note = f"{diagram.sentence} {alt}{left_out}"
    return Picture(drawing=drawing, note=note, how=how, queries=subject.base_queries)
