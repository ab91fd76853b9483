"""Recorded searches: found by what identifies them, and named where another one was asked for."""

from __future__ import annotations

from nasbench_sparse.core.trial import SearchStep, Status
from nasbench_sparse.store.encode import options_text
from nasbench_sparse.tabular.searches import Searches, SearchRow

METHOD = "some.module:advance"


def row(seed: int, step: int = 0, replicate: int = 0, method: str = METHOD, **options: object) -> SearchRow:
    return SearchRow(
        method, options_text(options), seed, replicate, step, "OK", 0.5, '{"config":{"x":1},"curves":[]}'
    )


def asked(**options: object) -> SearchStep:
    return SearchStep(METHOD, 3, 7, tuple(options.items()))


def test_steps_are_found_by_method_options_seed_and_replicate() -> None:
    rows = (row(7, 1, b=2, a=1), row(7, 0, a=1, b=2), row(8, a=1, b=2), row(7, replicate=1, a=1, b=2))
    found = Searches(rows).steps(asked(a=1, b=2), 0)
    assert list(found) == [0, 1]
    assert (found[0].status, found[0].seconds, found[0].config) == (Status.OK, 0.5, {"x": 1})
    assert Searches(rows).steps(asked(a=1, b=3), 0) == {}
    assert len(Searches(rows)) == 3


def test_described_has_a_line_for_each_method_options_and_replicate() -> None:
    rows = [row(seed, step, epochs=10) for seed in (0, 1, 2) for step in (0, 1)]
    rows += [row(3, epochs=10, replicate=1), row(5, method="other:advance")]
    assert Searches(tuple(rows)).described() == [
        "seeds 5 on replicate 0, 1 steps, 0.5 s of training, by other:advance (no options)",
        "seeds 0-2 on replicate 0, 6 steps, 3 s of training, by some.module:advance (epochs=10)",
        "seeds 3 on replicate 1, 1 steps, 0.5 s of training, by some.module:advance (epochs=10)",
    ]
    assert Searches().described() == []


def test_alternatives_name_the_seeds_by_what_their_options_have_otherwise() -> None:
    rows = [row(seed, epochs=10, keep="x") for seed in (4, 0, 1, 2)]
    rows += [row(seed, epochs=50, keep="x") for seed in (0, 9)]
    rows += [row(3, replicate=1, epochs=10, keep="x"), row(5, method="other:advance", epochs=10)]
    said = Searches(tuple(rows)).alternatives(asked(epochs=10, keep="x"), 0)
    assert said == (
        "these options with seeds 0-2,4; these options with seeds 3 on replicate 1; epochs=50 with seeds 0,9"
    )
    assert Searches(tuple(rows[:1])).alternatives(asked(epochs=30, keep="x"), 0) == "epochs=10 with seeds 4"
    assert Searches().alternatives(asked(), 0) == "none"
