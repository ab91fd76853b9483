"""LaTeX tables."""

from __future__ import annotations

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
        r"\caption{Losses. Low is 5 \%.}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"task & loss \\",
        r"\midrule",
        r"a & 1 \\",
        r"\midrule",
        r"b & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
