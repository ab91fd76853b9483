"""Section: who differs from whom."""

from __future__ import annotations

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
    return Sheet(
        name="comparisons",
        title="Every two contenders",
        columns=(
            "first",
            "second",
            "the first is",
            "lower/equal/higher",
            "lower",
            "equal",
            "higher",
            "n",
            "blocks",
            "effect",
            "effect low",
            "effect high",
            "P(first better)",
            "P low",
            "P high",
            "p",
            "p (of all pairs)",
            "n for 80 % power",
        ),
        left=frozenset({"first", "second", "the first is"}),
        page_only=frozenset({"lower/equal/higher"}),
        files_only=frozenset({"lower", "equal", "higher", "effect low", "effect high", "P low", "P high", "p"}),
        rows=tuple(_row(pair) for pair in family.pairs),
        note=(
            f"Effect: matched-pairs rank biserial correlation, {MINUS}1 where the first has the lower loss "
            "throughout. P(first better): chance that a run of the first beats one of the second on these tasks, "
            "ties half. In brackets: 95 % intervals. "
            f"Pairs are compared on what both completed. {family.sentence} {TWO_FAMILIES}"
        ),
        how="statistics.signed_rank, statistics.holm or statistics.nemenyi_p_value, and "
        "statistics.probability_of_improvement",
        queries=subject.base_queries,
    )


def _row(pair: HeadToHead) -> tuple[Cell, ...]:
    test, chance = pair.test, pair.improvement
    effect = None if test is None else test.effect
    effect_interval = None if test is None else test.effect_interval
    no_effect_interval = None if test is None else test.no_interval
    p_value = None if test is None or pair.adjusted is None else test.p_value
    mark = {"better": "better", "worse": "worse"}.get(pair.verdict, "")
    return (
        words(pair.first),
        words(pair.second),
        words(pair.verdict, mark),
        Cell(f"{pair.lower}/{pair.equal}/{pair.higher}", pair.lower - pair.higher),
        *map(count, (pair.lower, pair.equal, pair.higher)),
        Cell(str(pair.units), pair.units),
        Cell("—") if test is None else Cell(str(test.n_blocks), test.n_blocks),
        *_with_interval(effect, effect_interval, no_effect_interval),
        *_with_interval(
            None if chance is None else chance.probability,
            None if chance is None else chance.interval,
            None if chance is None else chance.no_interval,
        ),
        Cell("—" if p_value is None else f"{p_value:.2g}", p_value),
        Cell(pair.p_text if test is not None else "—", pair.adjusted),
        Cell("—") if test is None or test.needed is None else Cell(str(test.needed), test.needed),
    )


def _with_interval(value: float | None, interval: Interval | None, absence: str | None) -> tuple[Cell, Cell, Cell]:
    """Return a value with its interval or why it has none, and the interval's ends for the files."""
    if value is None:
        return Cell("—"), Cell(""), Cell("")
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return Cell(signed(value) + interval_text(interval, absence), value), Cell("", ends[0]), Cell("", ends[1])


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
