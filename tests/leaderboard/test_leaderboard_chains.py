from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.chains import ChainResult, operator_counts, read_chain
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.store import Store
from nasbench_sparse.testing.problems import Fault
from tests.runner.chains import FIRST, GENES, REPLICATES, chain


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    kept = Store(tmp_path_factory.mktemp("chain") / "s.duckdb")
    run_chain(chain(), kept)
    return kept


@pytest.fixture(scope="module")
def result(store: Store) -> ChainResult:
    return read_chain(store, chain())


def accuracy_of(final: Fixed, replicate: int) -> float:
    """The value that a training gives."""
    trial = Trial(0, final.config, config_key(final.config), final.task.fidelity.max, replicate)
    accuracy = final.task.evaluate(trial)[0].curve[-1].test_accuracy
    assert accuracy is not None
    return accuracy


def test_values_are_means_over_seeds_of_the_test_accuracy_on_fresh_replicates(result: ChainResult) -> None:
    assert [method.name for method in result.methods] == ["both", "genes alone", "optimum", "worst"]
    for method in result.methods:
        finals = [final for final in method.finals if final is not None]
        assert len(finals) == (1 if method.name in ("optimum", "worst") else 3)
        expected = [np.mean([accuracy_of(final, replicate) for final in finals]) for replicate in REPLICATES]
        assert method.values == pytest.approx(expected, rel=1e-12)
        assert (method.n, method.diverged) == (7, 0)
        assert method.mean == pytest.approx(np.mean(expected))
        assert method.interval is not None
        assert method.interval.low < method.mean < method.interval.high


def test_differences_are_paired_by_replicate_and_tested_exactly_on_one_side(result: ChainResult) -> None:
    by_name = {difference.baseline: difference for difference in result.differences}
    chain_values = result.methods[0].values
    for method in result.methods[1:]:
        test = by_name[method.name].test
        assert test is not None
        assert test.exact
        assert test.difference == pytest.approx(np.mean(chain_values - method.values))
    worst = by_name["worst"]
    assert worst.test is not None
    assert worst.test.p_value == 1 / 2**7, "all seven pairs favour the chain"
    assert worst.adjusted == pytest.approx(3 / 2**7), "Holm over three baselines"


def test_test_results_of_the_searches_replicate_are_not_looked_at(result: ChainResult) -> None:
    assert all(len(method.values) == len(REPLICATES) for method in result.methods)
    assert 0 not in REPLICATES


def test_unfinished_search_and_failed_or_diverged_training_are_holes(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    at = tuple(GENES.optimum.items())
    failing = replace(FIRST, name="failing", faults=(Fault("raise", at),))
    diverging = replace(FIRST, name="diverging", faults=(Fault("diverge", at),))
    stage = chain().stages[0]
    baselines = (
        Fixed("failing", failing, GENES.optimum),
        Fixed("diverging", diverging, GENES.optimum),
        Fixed("known", FIRST, GENES.optimum),
    )
    declared = Chain(name="c", task=FIRST, stages=(stage,), confirm=Confirmation((1, 2, 3), baselines))
    run_chain(declared, store, seeds=[1])
    begun = read_chain(store, declared)
    assert {path.seed for path in begun.paths} == {1}
    assert [(method.name, method.n, method.diverged) for method in begun.methods] == [
        ("c", 3, 0),
        ("failing", 0, 0),
        ("diverging", 0, 3),
        ("known", 3, 0),
    ]
    assert [difference.test is None for difference in begun.differences] == [True, True, False]
    assert [difference.adjusted for difference in begun.differences] == [None, None, None], (
        "three pairs are too few"
    )
    asked = read_chain(store, declared, [0, 1])
    assert asked.methods[0].finals[0] is None
    assert all(map(math.isnan, asked.methods[0].values)), "a seed that is missing leaves no mean over seeds"


def test_chain_without_confirmation_reports_no_test_results(store: Store) -> None:
    result = read_chain(store, replace(chain(), confirm=None))
    assert (result.methods, result.differences, result.correction) == ((), (), None)
    assert len(result.paths) == 3


def test_operator_counts_are_those_of_all_trials_of_a_stage(store: Store, result: ChainResult) -> None:
    counts = operator_counts(store, result, "genes")
    rows = store.sql(
        "SELECT c.config ->> '$.gene_1' AS gene FROM trials t JOIN runs r USING (run_id) "
        "JOIN configs c ON c.fingerprint = r.fingerprint AND c.config_key = t.config_key WHERE r.optimizer = 'lahc'"
    )["gene"].to_list()
    assert {choice: n for (field, choice), n in counts.items() if field == "gene_1"} == {
        gene: rows.count(gene) for gene in set(rows)
    }
    assert sum(counts.values()) == 3 * 8 * 3  # seeds, trials, genes
    with pytest.raises(NbsError, match="has the stages genes, numbers, not 'gene'"):
        operator_counts(store, result, "gene")
