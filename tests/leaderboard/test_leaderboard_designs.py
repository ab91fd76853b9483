"""Designs: what is paired with what, what is tested, and what becomes of holes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import NbsError, TaskError, UnknownName
from nasbench_sparse.leaderboard.design_table import findings_table, notes, records
from nasbench_sparse.leaderboard.designs import analyse, cells_query, paired_columns
from nasbench_sparse.measures import eleven_point_mean
from nasbench_sparse.runner.design import Design
from nasbench_sparse.runner.study import Study
from nasbench_sparse.search_spaces.edits import SetOptions, SetRecipe
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.search_spaces.hpo_config import HyperparameterConfig
from nasbench_sparse.search_spaces.layer_density import LayerDensity
from nasbench_sparse.search_spaces.parameters import Categorical
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.design import run_design
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.training.task import TrainingTask

MASK = Factor("mask", (Level("dense"), Level("sparse")))
WIDTH = Factor("width", (Level("narrow"), Level("middle"), Level("wide")))
RULE = Factor("rule", (Level("sgd"), Level("adam")))

EFFECTS = {"dense": 0.0, "sparse": 0.25, "narrow": 1.0, "middle": 2.0, "wide": 4.0, "sgd": 0.0, "adam": 8.0}


FOUR_EPOCHS = Fidelity("epochs", 1, 4)
LOSS = Objective("val_loss", "minimize", worst=40.0)


@dataclass(frozen=True, kw_only=True)
class Formula(Task):
    """val_loss is the sum of the levels' effects, replicate / 64 and 16 / step; `slope` is the step, at even ones.

    A cell with all levels of `diverges` diverges after one step, with those of `at_once` before the first.
    """

    family: str = "formula"
    dataset: str = "none"
    fidelity: Fidelity = FOUR_EPOCHS
    objective: Objective = LOSS
    diverges: tuple[str, ...] = ("none",)
    at_once: tuple[str, ...] = ("none",)

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        def point(step: int) -> CurvePoint:
            loss = sum(EFFECTS.get(str(v), 0.0) for v in trial.config.values()) + trial.replicate / 64 + 16 / step
            metrics = {"slope": float(step)} if step % 2 == 0 else {}
            return CurvePoint(step, loss, loss, 0.5, loss + 1, 0.5, 1.0, float(step), metrics)

        for levels, length in ((self.diverges, 1), (self.at_once, 0)):
            if set(levels) <= set(trial.config.values()):
                curve = tuple(point(step) for step in range(1, length + 1))
                return Evaluation(Status.DIVERGED, (curve,) * self.folds, seconds=1.0), None
        curve = tuple(point(step) for step in range(1, trial.fidelity + 1))
        return Evaluation(Status.OK, (curve,) * self.folds, seconds=4.0), None


def design(space: SearchSpace | None = None, task: Task | None = None, **options: object) -> Design:
    """Return a design that compares dense with sparse, one-sided."""
    task = task or Formula(name="formula", space=space or Factorial((MASK, WIDTH, RULE)))
    chosen: dict[str, object] = {"factor": "mask", "contrasts": (("dense", "sparse"),), "alternative": "less"}
    return Design(name="masks", task=task, **{**chosen, **options})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "d.duckdb")


def test_pairs_share_every_other_factor_and_the_replicate(store: Store) -> None:
    plan = design()
    run_design(plan, store)
    columns = paired_columns(store, plan, ("dense", "sparse"))
    assert len(columns.units) == 3 * 2 * 3
    assert columns.holes == 0
    assert dict(columns.units[4]) == {"width": "narrow", "rule": "adam", "replicate": 1}
    assert columns.first[4] == 1.0 + 8.0 + 1 / 64 + 4.0
    np.testing.assert_array_equal(columns.second - columns.first, np.full(18, 0.25))


def test_one_sided_p_value_of_pairs_that_all_agree_is_two_to_the_minus_n(store: Store) -> None:
    plan = design(Factorial((MASK, WIDTH)), replicates=2)
    run_design(plan, store)
    (finding,) = analyse(store, plan).findings
    assert finding.test is not None
    assert finding.test.p_value == finding.adjusted == 2.0**-6
    assert (finding.rejected, finding.test.difference) == (True, -0.25)
    (wrong_way,) = analyse(store, replace(plan, alternative="greater")).findings
    assert wrong_way.test is not None
    assert (wrong_way.test.p_value, wrong_way.rejected) == (1.0, False)


def test_split_gives_a_test_for_each_level_corrected_as_one_family(store: Store) -> None:
    plan = design(by=("rule",))
    run_design(plan, store)
    found = analyse(store, plan)
    assert [dict(f.where) for f in found.findings] == [{"rule": "sgd"}, {"rule": "adam"}]
    assert [len(f.columns.units) for f in found.findings] == [9, 9]
    assert [f.adjusted for f in found.findings] == [2 * 2.0**-9, 2 * 2.0**-9]
    assert all(u["rule"] == "sgd" for u in found.findings[0].columns.units)
    assert found.correction is not None
    assert found.correction.tests == 2


def test_several_contrasts_of_a_factor(store: Store) -> None:
    plan = design(factor="width", contrasts=(("narrow", "wide"), ("middle", "wide")), replicates=1)
    run_design(plan, store)
    rows = records(analyse(store, plan))
    assert [(r["first"], r["second"], r["difference"]) for r in rows] == [
        ("narrow", "wide", -3.0),
        ("middle", "wide", -2.0),
    ]
    assert {r["verdict"] for r in rows} == {"too few to test"}  # 4 pairs reach 1/16, above 0.05


def test_excluded_cell_makes_no_pair_rather_than_a_hole(store: Store) -> None:
    plan = design(Factorial((MASK, WIDTH), exclude=((("mask", "sparse"), ("width", "wide")),)))
    run_design(plan, store)
    columns = paired_columns(store, plan, ("dense", "sparse"))
    assert (len(columns.units), columns.holes) == (6, 0)
    assert {unit["width"] for unit in columns.units} == {"narrow", "middle"}


def test_missing_training_is_a_marked_hole(store: Store) -> None:
    plan = design(Factorial((MASK, WIDTH)))
    half = plan_build(
        plan.task, Enumeration("all"), replicates=3, shard=(1, 2)
    )  # dense: narrow, wide; sparse: middle
    Study(store).run(half)
    found = analyse(store, plan)
    (row,) = records(found)
    assert (row["pairs"], row["holes"], row["verdict"], row["p_value"]) == (0, 9, "nothing to compare", None)
    run_design(replace(plan, replicates=2), store)
    (row,) = records(analyse(store, plan))
    assert (row["pairs"], row["holes"]) == (6, 3)
    assert any("3 of 9 pairs lack a value" in note for note in notes(analyse(store, plan)))


def test_interrupted_design_trains_only_what_is_missing(store: Store) -> None:
    plan = design(Factorial((MASK, WIDTH)), replicates=1)
    Study(store).run(plan_build(plan.task, Enumeration("all"), replicates=1, shard=(1, 2)))
    run_design(plan, store)
    reused = store.sql("SELECT count(*) FILTER (reused) AS a, count(*) AS b FROM trials").row(0)
    assert reused == (3, 3 + 6)
    assert run_design(plan, store).reused


def test_diverged_training_counts_as_the_objectives_worst(store: Store) -> None:
    space = Factorial((MASK, WIDTH))
    task = Formula(name="diverging", space=space, diverges=("sparse", "wide"), at_once=("sparse", "middle"))
    plan = design(task=task)
    run_design(plan, store)
    columns = paired_columns(store, plan, ("dense", "sparse"))
    at = {str(unit["width"]): value for unit, value in zip(columns.units, columns.second, strict=True)}
    assert (columns.holes, at["wide"], at["middle"]) == (0, 40.0, 40.0)
    other = paired_columns(store, plan, ("dense", "sparse"), metric="test_loss")
    assert other.holes == 6
    np.testing.assert_array_equal(other.first, columns.first + 1)


@pytest.mark.parametrize(
    ("metric", "at", "expected"),
    [
        ("val_loss", 2, 9.0),  # narrow, sgd: 1 + 16 / step
        ("val_loss", "mean", 1 + 16 * (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4),
        ("slope", "mean", 3.0),  # over the points that hold it: 2 and 4
        ("slope", "end", 4.0),
        ("seconds", "end", 4.0),
    ],
)
def test_metric_is_read_where_the_design_says(store: Store, metric: str, at: object, expected: float) -> None:
    plan = design(metric=metric, at=at, replicates=1)
    run_design(plan, store)
    assert paired_columns(store, plan, ("dense", "sparse")).first[0] == pytest.approx(expected)


def test_folds_are_averaged_and_an_unknown_metric_is_refused(store: Store) -> None:
    plan = design(task=Formula(name="folded", space=Factorial((MASK, WIDTH)), folds=3), replicates=1)
    run_design(plan, store)
    assert paired_columns(store, plan, ("dense", "sparse")).first.tolist() == [5.0, 6.0, 8.0]
    with pytest.raises(NbsError, match="no training of design 'masks' holds metric 'egf_2'"):
        analyse(store, replace(plan, metric="egf_2"))


def test_inactive_fields_pair_only_with_each_other(store: Store) -> None:
    space = HyperparameterConfig(
        (
            Categorical("mask", ("dense", "sparse")),
            Categorical("width", ("narrow",), active_if=("mask", ("sparse",))),
            Categorical("rule", ("sgd", "adam")),
        )
    )
    plan = design(space, replicates=1)
    run_design(plan, store)
    assert analyse(store, plan).findings == ()  # dense cells have no width, sparse ones have
    rules = replace(plan, factor="rule", contrasts=(("sgd", "adam"),), by=("width",))
    assert [(dict(f.where), len(f.columns.units)) for f in analyse(store, rules).findings] == [
        ({"width": None}, 1),
        ({"width": "narrow"}, 1),
    ]


def test_query_answers_unchanged_and_covers_all_tasks(store: Store) -> None:
    first, second = design(replicates=1), design(Factorial((MASK, WIDTH)), replicates=1)
    for plan in (first, second):
        run_design(plan, store)
    assert store.sql(cells_query(first)).height == 12
    text = cells_query(first).replace(f"'{first.task.fingerprint}'", "NULL")
    assert store.sql(text).height == 12 + 6


def test_empty_store_gives_holes_and_an_empty_table_no_crash(store: Store) -> None:
    found = analyse(store, design())
    assert found.correction is None
    assert found.findings[0].columns.holes == 18
    assert findings_table(found).rows[0][-1] == "nothing to compare"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"factor": "masks"}, UnknownName, "mask"),
        ({"by": ("widths",)}, UnknownName, "width"),
        ({"contrasts": (("dense", "spares"),)}, UnknownName, "sparse"),
        ({"contrasts": ()}, TaskError, "needs contrasts"),
        ({"by": ("mask",)}, TaskError, "needs contrasts"),
        ({"replicates": 6}, TaskError, "1 to 5 replicates"),
        ({"at": 5}, TaskError, "1 to 4"),
        ({"space": LayerDensity((8, 8))}, TaskError, "infinitely many"),
    ],
)
def test_contradictory_designs_are_refused(options: dict[str, object], error: type[NbsError], text: str) -> None:
    with pytest.raises(error, match=text):
        design(**options)  # type: ignore[arg-type]


NORM = Factor("norm", (Level("without"), Level("with", (SetOptions(batch_norm=True),))))
RATE = Factor("rate", tuple(Level(str(r), (SetRecipe(learning_rate=r),)) for r in (0.002, 0.02)))

DIGITS = Design(
    name="digits-norm",
    task=TrainingTask(
        name="digits-norm-rate",
        family="digits",
        space=Factorial((NORM, RATE)),
        dataset="digits",
        fidelity=Fidelity("epochs", 1, 2),
        objective=Objective("val_loss", "minimize", worst=2.5),
        blueprint=Blueprint(
            Network("mlp", (("inputs", 64), ("hidden", (8,)))),
            (
                Prune("random", (0.5,)),
                Train(2, Recipe("adam", batch_size=256), measures=("egf_2",), measure_at="eleven"),
            ),
        ),
    ),
    factor="norm",
    contrasts=(("with", "without"),),
    alternative="less",
)


def test_design_on_digits_trains_two_by_two_cells_three_times(store: Store) -> None:
    run_design(DIGITS, store)
    read = partial(paired_columns, store, DIGITS)
    columns = read(("with", "without"))
    assert (len(columns.units), columns.holes) == (6, 0)
    assert len(set(columns.first) | set(columns.second)) == 12  # every cell and replicate is a training of its own
    np.testing.assert_array_equal(read(("with", "without"), metric="density").first, 0.5)
    rates = read(("0.002", "0.02"), factor="rate", where={"norm": "without"})
    assert (rates.second < rates.first).all()  # ten times the rate learns faster in two epochs
    flow = read(("with", "without"), metric="egf_2", at="mean").first[0]
    curve = DIGITS.task.evaluate(Trial(0, DIGITS.cells[2], config_key(DIGITS.cells[2]), 2, 0))[0].curve
    assert flow == eleven_point_mean(curve, "egf_2", 2)
    (row,) = records(analyse(store, DIGITS))
    assert row["pairs"] == 6
    assert row["p_value"] in {k / 64 for k in range(1, 65)}  # exact over 2**6 signs
