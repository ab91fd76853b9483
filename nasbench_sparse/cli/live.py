"""Progress on a terminal: a bar for the study and a line for each run under way, redrawn in place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nasbench_sparse.cli.console import console
from nasbench_sparse.cli.progress import Progress, RunState, describe, ending

if TYPE_CHECKING:
    from nasbench_sparse.runner.study import RunView

RUNS_SHOWN = 8


class LiveProgress(Progress):
    """Draws ten times a second at most; ended runs scroll by above."""

    draw_every_seconds = 0.1

    def __init__(self) -> None:
        super().__init__()
        self._live = Live(console=console(sys.stderr), auto_refresh=False, transient=True)

    def show_start(self) -> None:
        """Open the display."""
        self._live.console.print(self.opening)
        if self.total > self.reused:
            self._live.start()

    def started(self, run: RunView) -> None:
        """Show a new run's line at once."""
        super().started(run)
        self._draw()

    def show_state(self, state: RunState) -> None:
        """Redraw."""
        self._draw()

    def show_end(self, state: RunState, run: RunView) -> None:
        """Print the ended run above the bar."""
        mark, style = ("✗", "red") if run.status == "failed" else ("✓", "green")
        self._live.console.print(Text.assemble((f"{mark} ", style), f"{state.name}: {ending(run)}"))
        self._draw()

    def close(self) -> None:
        """Remove the display; what was printed above it stays."""
        self._live.stop()

    def _draw(self) -> None:
        self._live.update(self._view(), refresh=True)

    def _view(self) -> RenderableType:
        done = self.reused + self.ended_runs
        share = done + sum(state.share for state in self.active.values())
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(self.total, 1), completed=share, width=30),
            f"{done}/{self.total} runs",
            self.times,
        )
        lines = [
            Text(f"  {state.name}: {describe(state)}", no_wrap=True, overflow="ellipsis", style="dim")
            for state in list(self.active.values())[:RUNS_SHOWN]
        ]
        return Group(bar, *lines)
