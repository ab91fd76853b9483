"""All ties, one value, missing or no values: each function answers in a sentence, without traceback or warning."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard import statistics as s

NAN = np.nan
INPUTS = {
    "all ties": np.ones((4, 7)),
    "all zero": np.zeros((4, 7)),
    "one run of one task": np.array([[0.5]]),
    "one run": np.arange(7.0)[None],
    "one task": np.arange(4.0)[:, None],
    "a hole": np.where(np.arange(28.0).reshape(4, 7) == 9, NAN, np.arange(28.0).reshape(4, 7)),
    "all missing": np.full((4, 7), NAN),
    "one run left": np.where(np.arange(28.0).reshape(4, 7) == 9, 1.0, NAN),
    "empty": np.empty((0, 7)),
    "nothing": [],
    "huge and tiny": np.array([[1e99, 1e-300, -1e99], [1e-300, 1e99, 0.0]]),
    "too huge": np.array([[1e300, 1.0], [2.0, -1e300]]),
    "tiny": np.arange(28.0).reshape(4, 7) * 1e-120,
    "text": [["a", "b"]],
    "ragged": [[1.0, 2.0], [1.0]],
    "infinite": [[np.inf, 1.0]],
}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def column(x: Any) -> Any:
    return x.ravel() if isinstance(x, np.ndarray) else x


CALLS: dict[str, Callable[[Any], Any]] = {
    "signed_rank": lambda x: s.signed_rank(x, x, unit="tasks", rng=rng(), resamples=100),
    "signed_rank against zero": lambda x: s.signed_rank(
        x, np.zeros(np.shape(x)), unit="tasks", rng=rng(), resamples=100
    ),
    "signed_rank of runs": lambda x: s.signed_rank(column(x), column(x), unit="runs", rng=rng(), resamples=100),
    "friedman": lambda x: s.friedman({"a": x, "b": x, "c": x}, unit="tasks", rng=rng()),
    "critical_difference": lambda x: s.critical_difference({"a": x, "b": x, "c": x}, unit="tasks", rng=rng()),
    "pairwise": lambda x: s.pairwise({"a": x, "b": x}, unit="tasks", rng=rng(), resamples=100),
    "holm": lambda x: s.holm(column(x)),
    "kendall_tau": lambda x: s.kendall_tau(column(x), column(x)),
    "agreement_matrix": lambda x: s.agreement_matrix(x, [str(i) for i in range(np.shape(x)[-1])]),
    "agreement_curve": lambda x: s.agreement_curve(x),
    "iqm": lambda x: s.iqm(x, rng(), resamples=100),
    "performance_profile": lambda x: s.performance_profile(x, [0.0, 1.0], rng(), resamples=100),
    "probability_of_improvement": lambda x: s.probability_of_improvement(x, x, rng(), resamples=100),
    "expected_best": lambda x: s.expected_best(column(x), rng(), resamples=100),
    "front": lambda x: s.front(column(x), column(x)),
    "hypervolume": lambda x: s.hypervolume(column(x), column(x), (1.0, 1.0)),
    "attainment": lambda x: s.attainment([(column(x), column(x))], [0.5]),
    "regret": lambda x: s.regret(x),
    "normalised_scores": lambda x: s.normalised_scores(x, np.ones(np.shape(x)[-1]), np.zeros(np.shape(x)[-1])),
    "anytime": lambda x: s.anytime([s.trace(column(x), column(x))], 1.0, before=1.0, axis="seconds"),
    "time_to_target": lambda x: s.time_to_target([s.trace([], [])], column(x), [1.0], axis="seconds"),
    "coverage": lambda x: s.coverage({"a": x}, ["t"] * np.shape(x)[-1]),
}
NEED_SHAPE = {"signed_rank against zero", "agreement_matrix", "normalised_scores", "coverage"}


@pytest.mark.parametrize("call", CALLS)
def test_degenerate_input_gives_a_sentence(call: str) -> None:
    for name, values in INPUTS.items():
        if name == "ragged" and call in NEED_SHAPE:
            continue
        try:
            answer = CALLS[call](values).sentence
        except NbsError as error:
            answer = str(error)
        assert len(answer) > 20, (name, answer)
        assert "nan" not in answer.replace("NaN", ""), (name, answer)


def test_an_effect_of_one_with_a_tie_has_no_interval() -> None:
    found = s.signed_rank([0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.5, 0.4], unit="runs", rng=rng())
    assert (found.effect, found.zeros, found.effect_interval, found.no_interval) == (
        -1.0,
        1,
        None,
        "all of one sign",
    )
