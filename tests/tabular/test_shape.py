from __future__ import annotations

from typing import Any

import pytest

from nasbench_sparse.tabular.shape import Shape, mismatch

SHAPE: Shape = {"name": str, "size?": float, "parts": {"*": {"rows": int}}, "tags": [str]}
GOOD: dict[str, Any] = {"name": "a", "parts": {"x": {"rows": 1}}, "tags": ["b"]}


def test_what_has_the_shape_has_no_mismatch() -> None:
    assert mismatch(GOOD, SHAPE) is None
    assert mismatch({**GOOD, "size": 2, "other": None}, SHAPE) is None
    assert mismatch({**GOOD, "size": 2.5, "parts": {}, "tags": []}, SHAPE) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "`` is [], not an object"),
        ({}, "`name` is missing"),
        ({**GOOD, "name": 1}, "`name` is 1, not a text"),
        ({**GOOD, "size": "2"}, "`size` is '2', not a number"),
        ({**GOOD, "size": True}, "`size` is True, not a number"),
        ({**GOOD, "tags": {}}, "`tags` is {}, not a list"),
        ({**GOOD, "tags": ["a", None]}, "`tags[1]` is None, not a text"),
        ({**GOOD, "parts": {"x": {}}}, "`parts.x.rows` is missing"),
        ({**GOOD, "parts": {"x": {"rows": 1.5}}}, "`parts.x.rows` is 1.5, not a whole number"),
    ],
)
def test_the_first_mismatch_is_named(value: Any, says: str) -> None:
    assert mismatch(value, SHAPE) == says
