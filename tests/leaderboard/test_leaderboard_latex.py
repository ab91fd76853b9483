"""LaTeX tables."""

from __future__ import annotations

import pytest

from nasbench_sparse.leaderboard.latex import booktabs, escape


def test_escape_covers_every_special_character() -> None:
    assert escape(r"\ & % $ # _ { } ~ ^") == (
        r"\textbackslash{} \& \% \$ \# \_ \{ \} \textasciitilde{} \textasciicircum{}"
    )
    assert escape("a\n\nb") == "a b"
    assert escape('"γ1"') == r"''$\gamma$1''"  # noqa: RUF001  (both print without a package)


def test_booktabs_is_a_table_with_rules_between_groups() -> None:
    text = booktabs(
        "Losses", ("task", "loss"), [("a", "1"), ("b", "2")], {"task"}, groups=(1, 1), notes=("Low is 5 %.",)
    )
    assert text.splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{Losses}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"task & loss \\",
        r"\midrule",
        r"a & 1 \\",
        r"\midrule",
        r"b & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"{\par\smallskip\raggedright\footnotesize Low is 5 \%.\par}",
        r"\end{table}",
    ]


def test_escape_keeps_hyphens_and_backticks_apart() -> None:
    assert escape("a--b---c-d") == "a-{}-b-{}-{}-c-d"
    assert escape("``") == r"\textasciigrave{}\textasciigrave{}"


def test_rows_that_begin_with_a_bracket_or_a_star_are_no_option_of_the_line_before() -> None:
    text = booktabs("t", ("[a]", "b"), [("[1]x", "[2]"), ("*y", "*"), ("z[", "3")], {"[a]"})
    rows = [line for line in text.splitlines() if " & " in line]
    assert rows == [r"{}[a] & b \\", r"{}[1]x & [2] \\", r"{}*y & * \\", r"z[ & 3 \\"]


@pytest.mark.parametrize("rows", [30, 31])
def test_booktabs_of_more_rows_than_fit_on_a_page_is_a_longtable_with_repeated_heads(rows: int) -> None:
    text = booktabs("Losses", ("task",), [("a",)] * rows, {"task"}, notes=("Low.",))
    lines = text.splitlines()
    assert text.count("a \\\\\n") == rows
    if rows == 30:
        assert lines[0] == r"\begin{table}"
        assert "longtable" not in text
        return
    head = [r"\toprule", r"task \\", r"\midrule"]
    assert lines[:2] == [r"\begin{longtable}{l}", r"\caption{Losses} \\"]
    assert lines[2:12] == [*head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endfoot"]
    assert lines[-2:] == [r"\end{longtable}", r"{\par\smallskip\raggedright\footnotesize Low.\par}"]


def test_column_of_text_with_a_very_long_cell_breaks_lines() -> None:
    text = booktabs("t", ("a", "b", "c"), [("x" * 40, "y" * 41, "1" * 41)], {"a", "b"})
    assert r"\begin{tabular}{lp{0.25\linewidth}r}" in text
