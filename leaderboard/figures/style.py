"""Style: colours after Okabe and Ito, fonts and lines, and the same look for a contender in every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

INK = "#1b1f24"
RULE = "#c9ced6"
"""Text and rules; a page replaces both, so that a figure fits light and dark."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C7FFF", "#BF0086", "#8B5A2B", "#8c8c8c")
"""After Okabe and Ito (2008): black, yellow, sky blue and orange replaced by grey, brown, violet and magenta.

Each has a contrast of 3 or more with white and with a page's dark ground (WCAG 2.2, success criterion 1.4.11).
"""

SOLID = 4
"""Names that are told apart by colour alone; after each so many the dashes change too."""

DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
MARKERS = "osD^vPX*"

SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,
    "axes.labelsize": 8.0,
    "figure.dpi": 72.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": RULE,
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "nasbench-sparse",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, dash pattern and marker of one contender."""

    colour: str
    dash: Any
    marker: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Give each name a look of its own, of up to 32: the first four solid, then other dashes with each four.

    Each turn of the palette takes the markers from one further on, so that points without lines differ too.
    """
    return {
        name: Look(PALETTE[i % len(PALETTE)], DASHES[_turn(i) % len(DASHES)], _marker(i))
        for i, name in enumerate(names)
    }


def _marker(place: int) -> str:
    return MARKERS[(place + place // len(PALETTE)) % len(MARKERS)]


def _turn(place: int) -> int:
    """Count groups of four, and one more with each sixteen, so that dashes meet each colour once in 32 names."""
    return place // SOLID + place // (SOLID * len(DASHES))


def short_names(names: Iterable[str], longest: int = 40) -> dict[str, str]:
    """Return names as figures write them: what no font or XML holds replaced, and "…" in the middle of long ones.

    Where that would make two names alike, all are cut at the nearest other place that keeps them apart.
    """
    clean = {name: printable(name) for name in names}
    heads = sorted(range(1, longest - 1), key=lambda head: abs(head - longest // 2))
    cut = [{name: _cut(text, head, longest) for name, text in clean.items()} for head in heads]
    apart = len(set(clean.values()))
    return next((found for found in cut if len(set(found.values())) == apart), cut[0])


def _cut(text: str, head: int, longest: int) -> str:
    """Leave out the middle of a text that is too long, after so many characters."""
    return text if len(text) <= longest else f"{text[:head]}…{text[head + 1 - longest :]}"


def printable(text: str) -> str:
    """Return a text that every font and XML can hold: control and unknown characters replaced."""
    return "".join(c if c.isprintable() and ord(c) < 0x10000 else "\N{WHITE SQUARE}" for c in text)
