"""Tables on terminals of every width, and where output is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from nasbench_sparse.cli.console import console, fit, show_table
from nasbench_sparse.leaderboard.table import Table

WORDS = "0.4739*LeakyReLU(LeakyReLU(x)) + 0.5261*GELU(x)"
NUMBERS = Table(
    "measured",
    ("network", *(f"column {i}" for i in range(9))),
    tuple(
        (name, *(f"{i}5.70 ± 0.42 [98.49]" for i in range(9)))
        for name in ("LeNet-5 MNIST", "EfficientNet-B0 ImageNet")
    ),
    frozenset({"network"}),
)
FORMULAS = Table(
    "found", ("function", "formula"), (("F", WORDS), ("found", WORDS * 3)), frozenset({"function", "formula"})
)


def shown(table: Table, width: int | None) -> list[str]:
    """Print on a terminal of so many columns, or on none, and return the lines."""
    stream = io.StringIO()
    out = (
        console(stream)
        if width is None
        else Console(file=stream, force_terminal=True, width=width, color_system=None)
    )
    show_table(fit(table, out), out)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 260])
def test_terminal_shows_whole_cells_of_the_columns_that_fit(width: int) -> None:
    lines = shown(NUMBERS, width)
    heads = next(line for line in lines if line.strip().startswith("network"))
    for i in range(9):
        assert (f"{i}5.70 ± 0.42 [98.49]" in "\n".join(lines)) is (f"column {i}" in heads)
    assert "LeNet-5 MNIST" in "\n".join(lines), "rows keep their names"
    assert ("too wide" in " ".join(lines)) is (width < 230)


@pytest.mark.parametrize("width", [None, 60, 80, 100])
def test_words_are_folded_and_not_cut(width: int | None) -> None:
    folded = "".join("".join(shown(FORMULAS, width)).split())
    assert WORDS.replace(" ", "") in folded
    assert folded.count("LeakyReLU(LeakyReLU(x))") == 4


def test_output_that_is_no_terminal_is_as_wide_as_the_table() -> None:
    text = "\n".join(shown(NUMBERS, None))
    assert "too wide" not in text
    for i in range(9):
        assert text.count(f"{i}5.70 ± 0.42 [98.49]") == 2
