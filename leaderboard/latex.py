"""LaTeX: tables for papers, with booktabs."""

from __future__ import annotations

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
    "—": "---",
    "†": r"\dag{}",
    "±": r"$\pm$",
    "\N{MINUS SIGN}": r"$-$",
    "≤": r"$\leq$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
}


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is; line breaks become spaces."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def booktabs(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Collection[str],
    groups: Sequence[int] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return a `table` environment for `\\usepackage{booktabs}`; groups of rows are set apart by rules."""
    ends = {sum(groups[: index + 1]) for index in range(len(groups) - 1)}
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(' '.join([title + '.', *notes]))}}}",
        rf"\begin{{tabular}}{{{''.join('l' if column in left else 'r' for column in columns)}}}",
        r"\toprule",
        " & ".join(map(escape, columns)) + r" \\",
        r"\midrule",
    ]
    for number, row in enumerate(rows, 1):
        lines.append(" & ".join(map(escape, row)) + r" \\")
        if number in ends:
            lines.append(r"\midrule")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"
