"""Comparison: where a newcomer stands, in words, as a page, in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from nasbench_sparse.leaderboard.head_to_head import HeadToHead
from nasbench_sparse.leaderboard.report.build import Report, write_subject
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.table import HOLE, ends_text, number

COLUMNS = ("against", "lower/equal/higher", "n", "effect", "95 %", "p after Holm", "it is")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run that failed: whose, on which task, with which seed, and why."""

    contender: str
    task: str
    seed: int
    error: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison:
    """Where a newcomer stands; printed, it says so in words, and a notebook shows its pairs as a table.

    Args:
        pairs: the newcomer (first of each) against every other contender of the suite, corrected together by Holm.
        required: the one-sided test against the baseline that must be beaten, alone in its family; None without.
        failed: the runs that failed, by run id.
        hidden: how many planned runs of each contender the store hides; absent where it hides none.
        skipped: tasks the newcomer cannot serve, with the reason.
        baselines_added: shipped runs of the suite's contenders that the store lacked, and now has.
        subject: what was compared, from which `write` makes a page.
        report: the page, once it is written.
    """

    newcomer: str
    suite: str
    pairs: tuple[HeadToHead, ...]
    required: HeadToHead | None
    subject: Subject
    failed: Mapping[str, FailedRun] = field(default_factory=dict)
    hidden: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    baselines_added: int = 0
    report: Report | None = None
    sentences: tuple[str, ...] = ()

    @property
    def better(self) -> bool | None:
        """Whether the required baseline is beaten at 5 %; None where none is required."""
        return None if self.required is None else self.required.verdict == "better"

    @property
    def figures(self) -> tuple[Path, ...]:
        """The figures of the report, as SVG; none without one."""
        return () if self.report is None else tuple(file for file in self.report.files if file.suffix == ".svg")

    def write(self, directory: str | Path, *, processes: int = 1) -> Comparison:
        """Write the page with its figures and tables, and return this comparison with it; see `build_report`.

        Raises:
            NbsError: the directory cannot be written.
        """
        title = f"{self.newcomer} on {self.suite}"
        return replace(self, report=write_subject(self.subject, directory, title, processes=processes))

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        rows = [_cells("th", COLUMNS), *(_cells("td", _row(pair)) for pair in self.pairs)]
        return f"{said}<table>{''.join(rows)}</table>"


def _row(pair: HeadToHead) -> tuple[str, ...]:
    test = pair.test
    return (
        pair.second,
        f"{pair.lower}/{pair.equal}/{pair.higher}",
        str(pair.units),
        number(None if test is None else test.effect, 2),
        HOLE if test is None else ends_text(test.effect_interval, test.no_interval),
        HOLE if test is None else pair.p_text,
        pair.verdict,
    )


def _cells(tag: str, texts: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"
