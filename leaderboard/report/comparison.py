"""Section: who differs from whom."""

from __future__ import annotations

from typing import Literal

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.rank_diagram import rank_diagram_figure
from nasbench_sparse.leaderboard.figures.win_matrix import win_matrix_figure
from nasbench_sparse.leaderboard.head_to_head import TWO_FAMILIES, Family, HeadToHead, compare_all
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
from nasbench_sparse.leaderboard.report.headline import interval_text, join, signed
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import StatisticsError
from nasbench_sparse.leaderboard.statistics.rank_diagram import critical_difference

MOST_CONTENDERS = 30


def comparison_section(subject: Subject) -> Section:
    """Return all pairs with their tests, the win matrix, and the critical difference diagram if there is one."""
    names = subject.order
    if len(names) < 2:
        return Section(
            "comparison", "Comparisons", "", (Remark(sentences=("A comparison needs at least two contenders.",)),)
        )
    family = compare_all(subject.evidence, names, subject.ranked, seed=subject.seed)
    blocks: list[Block] = [_pairs(subject, family)]
    if len(names) <= MOST_CONTENDERS:
        blocks += [_win_matrix(subject, family), _rank_diagram(subject)]
    one = subject.evidence.unit[:-1]
    lead = f"Unit of analysis: the {one}" + (
        ", means over its seeds, tasks of one family counted as one block."
        if one == "task"
        else ", paired by seed and replicate, within the one task."
    )
    return Section("comparison", "Comparisons", lead, tuple(blocks))


def _pairs(subject: Subject, family: Family) -> Sheet:
    return sheet_of(
        PAIR_COLUMNS,
        family.pairs,
        name="comparisons",
        title="Every two contenders",
        note=(
            f"Effect: matched-pairs rank biserial correlation, {MINUS}1 where the first has the lower loss "
            "throughout. P(first better): chance that a run of the first beats one of the second on these tasks, "
            f"ties half. In brackets: 95 % intervals{_absences(family)}. "
            f"Pairs are compared on what both completed. {family.sentence} {TWO_FAMILIES}"
        ),
        how="statistics.signed_rank, statistics.holm or statistics.nemenyi_p_value, and "
        "statistics.probability_of_improvement",
        queries=subject.base_queries,
    )


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


PAIR_COLUMNS: tuple[Column[HeadToHead], ...] = (
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
    Column("P low", lambda p: Cell("", _ends(p, "chance")[0]), "files"),
    Column("P high", lambda p: Cell("", _ends(p, "chance")[1]), "files"),
    Column("p", _p_value, "files"),
    Column("p (of all pairs)", lambda p: Cell("—" if p.test is None else p.p_text, p.adjusted)),
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
    best = sorted(names, key=lambda name: -float(np.nansum(np.nan_to_num(share[place[name]], nan=0.5))))[0]
    drawing = draw(
        "win-matrix",
        "Win matrix",
        f"{note} {best} wins most.",
        lambda: win_matrix_figure(share, texts, names),
    )
    return Picture(
        drawing=drawing,
        note=note,
        how="statistics.signed_rank and statistics.holm",
        queries=subject.base_queries,
    )


def _rank_diagram(subject: Subject) -> Block:
    names = subject.ranked
    how = "statistics.critical_difference"
    if len(names) < 3:
        sentence = "No critical difference diagram: it takes three contenders that are ranked together."
        return Remark(sentences=(sentence,), how=how, queries=subject.base_queries)
    evidence = subject.evidence.between(names)
    try:
        diagram = critical_difference(
            evidence.columns(names),
            unit=evidence.unit,
            rng=subject.rng("critical difference"),
            families=evidence.blocks,
        )
    except StatisticsError as error:
        sentence = f"No critical difference diagram: {error}."
        return Remark(sentences=(sentence,), how=how, queries=subject.base_queries)
    if not diagram.drawn:
        return Remark(sentences=(diagram.sentence,), how=how, queries=subject.base_queries)
    groups = "; ".join(join(group) for group in diagram.groups) or "none"
    alt = f"Best first: {join(diagram.names)}. Not shown to differ: {groups}."
    drawing = draw(
        "critical-difference",
        "Critical difference diagram",
        alt,
        lambda: rank_diagram_figure(diagram, subject.looks),
    )
    return Picture(drawing=drawing, note=f"{diagram.sentence} {alt}", how=how, queries=subject.base_queries)
