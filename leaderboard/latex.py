"""LaTeX: tables for papers, with booktabs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "—": "---",
    "†": r"\dag{}",
    "±": r"$\pm$",
    "\N{MINUS SIGN}": r"$-$",
    "≤": r"$\leq$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
}

_ESCAPED = re.compile(f"-(?=-)|[{re.escape(''.join(_SPECIAL))}]")

LONG_TABLE = 30
"""Rows that fit on a page with a caption and a note."""

LONG_CELL = 40
"""Letters of a cell whose column breaks lines."""


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is; line breaks become spaces, and hyphens no dashes."""
    return _ESCAPED.sub(lambda found: _SPECIAL.get(found[0], "-{}"), " ".join(text.split()))


def booktabs(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Collection[str],
    groups: Sequence[int] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return a `table` for `\\usepackage{booktabs}`, or a `longtable` for the package of this name.

    Which it is depends on the number of rows. The title is the caption, notes follow below.

    Args:
        left: columns of text; groups: numbers of rows that are set apart by rules.
    """
    broken = [column for i, column in enumerate(columns) if column in left and _is_long([row[i] for row in rows])]
    width = 0.5 / max(len(broken), 2)
    kinds = "".join(rf"p{{{width:.2g}\linewidth}}" if c in broken else "l" if c in left else "r" for c in columns)
    head = [r"\toprule", _row(columns), r"\midrule"]
    ends = {sum(groups[: index + 1]) for index in range(len(groups) - 1)}
    body = []
    for number, row in enumerate(rows, 1):
        body.append(_row(row))
        if number in ends:
            body.append(r"\midrule")
    caption = rf"\caption{{{escape(title)}}}"
    said = [rf"{{\par\smallskip\raggedright\footnotesize {escape(' '.join(notes))}\par}}"] if notes else []
    if len(rows) <= LONG_TABLE:
        opened = [r"\begin{table}", r"\centering", caption, rf"\begin{{tabular}}{{{kinds}}}"]
        lines = [*opened, *head, *body, r"\bottomrule", r"\end{tabular}", *said, r"\end{table}"]
    else:
        opened = [rf"\begin{{longtable}}{{{kinds}}}", caption + r" \\"]
        ends_of_page = [*head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endfoot"]
        lines = [*opened, *ends_of_page, *body, r"\end{longtable}", *said]
    return "\n".join(lines) + "\n"


def _is_long(cells: Sequence[str]) -> bool:
    """Tell whether a column of text needs broken lines."""
    return max(map(len, cells), default=0) > LONG_CELL


def _row(cells: Sequence[str]) -> str:
    """Return a row; what stands before it would take a bracket or star at its beginning for its own."""
    row = " & ".join(map(escape, cells)) + r" \\"
    return f"{{}}{row}" if row[0] in "[*" else row
