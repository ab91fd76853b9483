"""Drawing: a figure turned into SVG text for a page, and into SVG and PDF files for papers."""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.leaderboard.figures.style import INK, RULE, SETTINGS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SCALE, LEAST = 1.8, 1.5
"""CSS pixels for each point of a figure's width: as wide as it gets, and as narrow before it scrolls."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as files and as part of a page.

    Args:
        name: of the files, without ending; title: a few words; alt: what there is to see, in sentences.
        svg: the file's text.
    """

    name: str
    title: str
    alt: str
    svg: str
    pdf: bytes

    @property
    def inline(self) -> str:
        """The SVG as markup of a page: titled, described, ids its own, ink and rules in the page's colours."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r'<g id="[^"]*">', "<g>", body)
        body = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{self.name}-", body)
        body = body.replace(INK, "currentColor").replace(RULE, "var(--rule)")
        body = body.replace("'DejaVu Sans', sans-serif", "inherit").replace("'DejaVu Sans'", "inherit")
        opened = body[: body.index(">") + 1]
        points = float(re.search(r'width="([0-9.]+)pt"', opened)[1])  # type: ignore[index]
        opened = re.sub(r' (width|height)="[^"]*pt"', "", opened)
        size = f"width:{SCALE * points:.0f}px;min-width:{LEAST * points:.0f}px"
        named = f'role="img" aria-labelledby="{self.name}-title {self.name}-desc" style="{size}"'
        opened = opened.replace("<svg", '<svg preserveAspectRatio="xMinYMin"', 1)
        opened = opened.replace("<svg", f"<svg {named}", 1)
        words = (
            f'<title id="{self.name}-title">{escape(self.title)}</title>'
            f'<desc id="{self.name}-desc">{escape(self.alt)}</desc>'
        )
        return opened + words + body[body.index(">") + 1 :]

    def write(self, directory: Path) -> None:
        """Write `<name>.svg` and `<name>.pdf`."""
        (directory / f"{self.name}.svg").write_text(self.svg, encoding="utf-8")
        (directory / f"{self.name}.pdf").write_bytes(self.pdf)


def draw(name: str, title: str, alt: str, make: Callable[[], Figure]) -> Drawing:
    """Draw a figure in the common style; the same figure gives the same bytes."""
    with _style(), _nothing_collected():
        figure = make()
        svg, pdf = io.StringIO(), io.BytesIO()
        if (engine := figure.get_layout_engine()) is not None:  # laid out once, not before each drawing
            engine.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "ModDate": None})
    return Drawing(name, title, alt, _rounded(svg.getvalue()), pdf.getvalue())


def _rounded(svg: str) -> str:
    """Cut numbers within tags to hundredths of a point, and leave words as they are."""
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]).replace(" \n", "\n"), svg)


def save(make: Callable[[], Figure], path: Path, *, dots_per_inch: int = 200) -> None:
    """Draw a figure in the common style into one file, of the kind that its ending names; PNG has a white ground.

    Raises:
        ValueError: an ending that matplotlib does not know.
    """
    with _style():
        make().savefig(path, dpi=dots_per_inch, facecolor="white" if path.suffix == ".png" else "auto")


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    settings: Any = SETTINGS  # matplotlib's type of it lists every name
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in another script
        yield


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Leave garbage for afterwards: looking for it among what matplotlib makes took a fifth of a report."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
