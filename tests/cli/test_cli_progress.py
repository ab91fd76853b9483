"""What is said of the time left."""

from __future__ import annotations

import pytest

from nasbench_sparse.cli.progress import remaining


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.0, ""),
        (0.0004, ""),
        (0.4, ", less than a second left"),
        (1.0, ", about 1.0 s left"),
        (600.0, ", about 10 min left"),
    ],
)
def test_remaining_never_says_zero(seconds: float | None, said: str) -> None:
    assert remaining(seconds) == said
