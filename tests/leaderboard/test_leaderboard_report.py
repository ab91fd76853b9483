"""Reports of stores written by hand: ordinary ones, and those that have nothing, too little or hostile names."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.activation import Operator
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.leaderboard.comma_separated import csv_text
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.report import Report, build_report
from nasbench_sparse.leaderboard.report.activations import activations_of
from nasbench_sparse.leaderboard.report.blocks import MINUS, count
from nasbench_sparse.leaderboard.report.coverage import moment
from nasbench_sparse.leaderboard.report.progress import task_targets
from nasbench_sparse.leaderboard.runs import Optimum
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.statistics.check import counted
from nasbench_sparse.leaderboard.statistics.incumbents import trace
from nasbench_sparse.search_spaces import ActivationCell
from nasbench_sparse.search_spaces.activation_cell import cell_of
from nasbench_sparse.store import Store
from nasbench_sparse.store.connect import create
from tests.leaderboard.synthetic import OPERATORS, Loss, graded, write_store

TASKS = {f"task-{i}": f"family-{i}" for i in range(7)}
GAPS = {"random": 0.5, "lahc": 0.0, "asha": 0.2}


class Page(HTMLParser):
    """What a browser would find in a page: tags opened, ids, queries and where they are shown, rows by table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.queries: list[str] = []
        self.shown: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._table = ""
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [str(given["id"])] if "id" in given else []
        self._open.append(tag)
        if tag == "table":
            self._table = str(given["id"])
            self.rows[self._table] = []
        if tag == "tr":
            self.rows[self._table].append([])
        if tag in ("td", "th"):
            self.rows[self._table][-1].append("")
        if tag == "pre" and "data-query" in given:
            self.shown.append(str(given["data-query"]))
        elif tag == "pre":
            self.queries.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "pre" in self._open and "a" not in self._open:
            self.queries[-1] += data
        if self._open and self._open[-1] in ("td", "th"):
            self.rows[self._table][-1][-1] += data


def report_of(tmp_path: Path, loss: Loss | None = None, **made: object) -> tuple[Report, Page]:
    tasks = {"a": "f", "b": "g"}
    arguments = {"contenders": list(GAPS), "tasks": tasks, "loss": loss or graded(GAPS), **made}
    store = write_store(tmp_path / "s.duckdb", **arguments)  # type: ignore[arg-type]
    report = build_report(store, tmp_path / "report")
    return report, Page(report.page.read_text())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Page]:
    """Three contenders on seven tasks of as many families."""
    space = {"type": "OperatorChromosome", "sites": 1}
    return report_of(tmp_path_factory.mktemp("usual"), tasks=TASKS, replicates=3, measured=True, space=space)


def test_headline_says_who_beats_random_on_how_many_tasks(usual: tuple[Report, Page]) -> None:
    report, page = usual
    assert report.headline[0] == (
        "lahc has the lowest mean rank, 1.00 over 7 tasks at 4 full evaluations with 3 seeds; in the tests of all "
        "pairs shown to differ from all others."
    )
    # seven of seven signs: p = 2 * 2**-7, times two tests of the family
    assert report.headline[1].startswith(
        "lahc beats random: lower loss on 7 of 7 tasks, p = 0.031 after Holm, effect"
    )
    assert report.headline[0] in page.text
    assert page.rows["standings-table"][1][1:3] == ["lahc", "1.00"]


def test_headline_replaces_p_by_too_few_where_tasks_share_a_family(tmp_path: Path) -> None:
    report, _ = report_of(tmp_path, tasks=dict.fromkeys(TASKS, "one"), seeds=1, trials=1)
    assert "too few for a test (n = 7 tasks in 1 family)" in report.headline[1]
    assert " p = " not in report.headline[1]


def test_headline_says_once_which_sign_of_an_effect_is_better(usual: tuple[Report, Page]) -> None:
    report, page = usual
    assert report.headline[-1].startswith(
        f"Effects run from {MINUS}1, where the first named has the lower loss wherever the two differ, to 1"
    )
    assert page.text.count("Effects run from") == 1


def test_effect_without_interval_has_a_dash_and_the_note_says_why(usual: tuple[Report, Page]) -> None:
    _, page = usual
    names, *rows = page.rows["comparisons-table"]
    assert {row[names.index("effect")] for row in rows} == {f"{MINUS}1.00 —"}
    assert re.search(r"95 % intervals, — where there is none \([^)]*all of one sign", page.text)


def test_rows_are_headed_by_their_first_name_and_counted(usual: tuple[Report, Page]) -> None:
    report, page = usual
    heads = [given for tag, given in page.tags if tag == "th" and given.get("scope") == "row"]
    rows = sum(len(rows) - 1 for rows in page.rows.values())
    assert len(heads) == rows
    names = {given["data-value"] for given in heads}
    assert {*GAPS, *TASKS} <= names
    assert "21 rows" in page.text
    text = report.page.read_text()
    assert len(re.findall(r'<p class="count" role="status">\d+ rows?</p>', text)) == len(page.rows)


def test_alternative_texts_count_panels_and_name_no_winner_of_unequal_pairs(tmp_path: Path) -> None:
    report, _ = report_of(tmp_path, tasks={"a": "f"})
    text = report.page.read_text()
    described = re.findall(r"<desc[^>]*>(.*?)</desc>", text)
    assert any(words.endswith(" 1 panel, one for each task.") for words in described)
    assert not any("1 panels" in words or "wins most" in words for words in described)


def test_numbers_have_separators_of_thousands_and_moments_a_zone() -> None:
    assert (count(251115).text, count(251115).value) == ("251,115", 251115)
    assert counted(1024, "config") == "1,024 configs"
    assert moment("2026-11-21T16:04:59+01:00") == "2026-11-21 15:04 UTC"
    assert moment("2026-01-01") == "2026-01-01 00:00 UTC"


def test_revision_that_was_changed_is_explained(tmp_path: Path) -> None:
    import duckdb

    report, page = report_of(tmp_path)
    said = "A revision that ends in + had changes that were not committed."
    assert said not in page.text
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("""UPDATE runs SET provenance = '{"git_revision": "0123456789ab+"}'""")
    page = Page(build_report(Store(tmp_path / "s.duckdb"), report.page.parent).page.read_text())
    assert said in page.text


def test_table_of_optima_explains_why_incumbents_can_rise(tmp_path: Path) -> None:
    said = "Where a task has a table, a line can rise"
    assert said not in report_of(tmp_path)[1].text
    (tmp_path / "table").mkdir()
    assert said in report_of(tmp_path / "table", whole_space=True, replicates=2)[1].text


def test_columns_say_which_value_comes_first(usual: tuple[Report, Page]) -> None:
    _, page = usual
    heads = [given.get("data-first") for tag, given in page.tags if given.get("scope") == "col"]
    columns = [name for rows in page.rows.values() for name in rows[0]]
    first = dict(zip(columns, heads, strict=True))
    assert first["score"] == first["P(first better)"] == first["hypervolume"] == first["tau-b"] == "descending"
    assert first["mean rank"] is first["loss"] is first["effect"] is first["optimizer"] is None


def test_report_loads_no_torch(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", ["random"], {"a": "f"}, space={"type": "OperatorChromosome", "sites": 1})
    program = (
        "import sys; from pathlib import Path; from nasbench_sparse.store import Store\n"
        "from nasbench_sparse.leaderboard.report import build_report\n"
        f"report = build_report(Store(Path({str(tmp_path / 's.duckdb')!r})), {str(tmp_path / 'r')!r})\n"
        "assert 'activation-shapes' in report.page.read_text()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_contenders_that_met_nowhere_are_not_drawn_together(tmp_path: Path) -> None:
    import duckdb

    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, loss=graded(GAPS))
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM runs WHERE run_id LIKE 'lahc|a|%' OR run_id LIKE 'asha|b|%'")
        connection.execute("DELETE FROM runs WHERE run_id LIKE 'random|b|%'")
    page = Page(build_report(Store(tmp_path / "s.duckdb"), tmp_path / "r").page.read_text())
    assert not {"agreement", "time-to-target"} & set(page.ids)
    assert "No agreement of the tasks' rankings" in page.text
    assert "No time to targets: no contender ran on all tasks" in page.text


def test_tasks_without_a_run_are_not_drawn(tmp_path: Path) -> None:
    import duckdb

    store = write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, measured=True, replicates=2)
    names = ("measures", "order_by_epoch", "order_by_replicate")
    assert all(set(store.sql(query(name))["task"]) == {"a", "b"} for name in names)
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM runs WHERE run_id LIKE '%|a|%'")
    assert all(set(Store(tmp_path / "s.duckdb").sql(query(name))["task"]) == {"b"} for name in names)


def test_every_query_of_the_page_is_accepted_unchanged(usual: tuple[Report, Page]) -> None:
    report, page = usual
    store = Store(report.page.parents[1] / "s.duckdb")
    assert len(page.queries) == len(set(page.queries)) > 10  # each is there once
    for sql in page.queries:
        assert store.sql(sql).height > 0
    assert len(page.shown) > len(page.queries)
    assert set(page.shown) == {f"query-{number}" for number in range(1, len(page.queries) + 1)}
    assert set(page.shown) <= set(page.ids)


def test_losses_of_the_page_are_those_of_its_query(usual: tuple[Report, Page]) -> None:
    report, page = usual
    finals = next(sql for sql in page.queries if "lowest loss at the maximal fidelity" in sql)
    found = dict(Store(report.page.parents[1] / "s.duckdb").sql(finals).iter_rows())
    mean = sum(found[f"lahc|task-3|{seed}"] for seed in range(3)) / 3
    with (report.page.parent / "tables" / "losses.csv").open() as file:
        rows = {(row["task"], row["optimizer"]): float(row["loss"]) for row in csv.DictReader(file)}
    assert rows["task-3", "lahc"] == pytest.approx(mean)
    shown = next(row for row in page.rows["losses-table"] if row[:2] == ["task-3", "lahc"])
    assert shown[2] == f"{mean:.4f}"


def test_page_names_no_remote_asset_and_no_id_twice(usual: tuple[Report, Page]) -> None:
    report, page = usual
    text = report.page.read_text()
    for tag, attributes in page.tags:
        assert tag not in ("img", "iframe", "object", "embed", "base"), tag
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:,", "tables/", "figures/")), target
    assert not re.search(r"url\((?!#)", text)
    assert len(page.ids) == len(set(page.ids))
    assert report.page.stat().st_size < 5_000_000


def test_figures_are_described_and_numbered_rows_have_headers(usual: tuple[Report, Page]) -> None:
    _, page = usual
    drawn = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawn) >= 8
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert set(str(attributes["aria-labelledby"]).split()) <= set(page.ids)
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_report_is_equal_to_the_byte_when_built_again(usual: tuple[Report, Page], tmp_path: Path) -> None:
    first = usual[0].page.parent
    build_report(Store(first.parent / "s.duckdb"), tmp_path)
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".html", ".svg", ".pdf", ".tex", ".csv"}
    for path in files:
        assert (first / path).read_bytes() == (tmp_path / path).read_bytes(), path


FIGURES = """activation-shapes agreement anytime-evaluations anytime-seconds area-evaluations area-seconds
attainment choices coverage critical-difference early-order epochs gradient-flow learning-curves measure-curves
measure-matrix noise-ceiling profiles replicates time-to-target trade-off win-matrix""".split()
TABLES = """activations against areas comparisons hypervolume interquartile-means losses measures outcomes
provenance random-trials standings""".split()


def test_report_of_a_full_store_has_every_figure_and_table(usual: tuple[Report, Page]) -> None:
    report, page = usual
    folder = report.page.parent
    assert sorted(path.stem for path in (folder / "figures").glob("*.pdf")) == FIGURES
    assert sorted(path.stem for path in (folder / "figures").glob("*.svg")) == FIGURES
    assert sorted(path.stem for path in (folder / "tables").glob("*.csv")) == TABLES
    assert {*FIGURES, *TABLES} <= set(page.ids)


def rows_of(report: Report, table: str) -> list[dict[str, str]]:
    with (report.page.parent / "tables" / f"{table}.csv").open() as file:
        return list(csv.DictReader(file))


def test_csv_holds_each_value_in_a_column_of_its_own(usual: tuple[Report, Page]) -> None:
    standing = rows_of(usual[0], "standings")[0]
    duels = [int(standing[name]) for name in ("wins", "ties", "losses", "untested")]
    assert sum(duels) == 2 * 7  # with each of two others on each of seven tasks
    assert f"{standing['scored runs']}/{standing['scored tasks']}" == "21/7"
    assert (standing["complete tasks"], standing["all tasks"]) == ("7", "7")
    for pair in rows_of(usual[0], "comparisons"):
        assert sum(int(pair[name]) for name in ("lower", "equal", "higher")) == int(pair["n"]) == 7
    loss = rows_of(usual[0], "losses")[0]
    assert (loss["finished runs"], loss["all runs"], loss["complete"]) == ("3", "3", "yes")
    for worth in rows_of(usual[0], "random-trials"):
        assert 1 <= float(worth["random trials"]) <= float(worth["recorded"])
        assert worth["beyond recorded"] in {"yes", "no"}
    for table in TABLES:
        assert not any("/" in column for column in rows_of(usual[0], table)[0])


def test_targets_are_spaced_logarithmically_to_the_best_loss_known() -> None:
    runs = {"a": [trace([1, 2], [5.0, 3.0])], "b": [trace([1], [9.0])]}
    targets = task_targets(runs, Optimum(exact=True, configs=1, replicates=1, loss=1.0))
    assert targets is not None
    assert len(targets) == 31
    np.testing.assert_allclose(targets[[0, 10, 20, 30]], [9.0, 1.8, 1.08, 1.008])  # gaps 8, 0.8, 0.08, 0.008
    found = task_targets(runs, None)
    assert found is not None
    np.testing.assert_allclose(found[[0, 10, 30]], [9.0, 3.6, 3.006])
    assert task_targets({"a": [trace([1], [2.0])]}, None) is None


def test_what_was_found_keeps_to_the_budget_asked(tmp_path: Path) -> None:
    losses = (0.5, 0.7, 0.4, 0.3)
    store = write_store(
        tmp_path / "s.duckdb",
        ["lahc"],
        {"a": "f"},
        seeds=1,
        loss=lambda *which: losses[which[3]],
        space={"type": "OperatorChromosome", "sites": 1},
    )
    for asked in ({"at_evaluations": 2.0}, {"at_seconds": 2.0}):
        report = build_report(store, tmp_path / "r", **asked)  # type: ignore[arg-type]
        (row,) = rows_of(report, "activations")
        assert (float(row["loss"]), row["activations"]) == (0.5, OPERATORS[0])
    (row,) = rows_of(build_report(store, tmp_path / "r"), "activations")
    assert (float(row["loss"]), row["activations"]) == (0.3, OPERATORS[0])  # the fourth


def test_learning_curves_say_who_is_not_drawn(tmp_path: Path) -> None:
    import duckdb

    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, loss=graded(GAPS))
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM trainings WHERE config_key LIKE 'asha%' AND fingerprint = 'print-a'")
    page = Page(build_report(Store(tmp_path / "s.duckdb"), tmp_path / "r").page.read_text())
    assert "(its result was predicted, or there is none): asha (on 1 of 2 tasks)." in page.text
    assert "the store holds: 3 runs for each line." in page.text


def test_names_open_no_formula_in_csv(tmp_path: Path) -> None:
    report, _ = report_of(
        tmp_path, loss=graded({"=cmd()|A1": 0.0, "random": -0.5}), contenders=["=cmd()|A1", "random"]
    )
    assert {row["optimizer"] for row in rows_of(report, "losses")} == {"'=cmd()|A1", "random"}
    assert csv_text(("a", "b"), [("@x", -1.5), ("-", None)]) == "a,b\n'@x,-1.5\n'-,\n"


def test_looks_tell_32_contenders_apart_and_dash_all_but_the_first_four() -> None:
    found = list(looks([str(i) for i in range(32)]).values())
    assert len({(look.colour, str(look.dash)) for look in found}) == 32
    assert len({(look.colour, look.marker) for look in found}) == 32
    assert [look.dash == "-" for look in found[:8]] == [True] * 4 + [False] * 4


def test_measures_are_correlated_with_the_final_performance(usual: tuple[Report, Page]) -> None:
    rows = rows_of(usual[0], "measures")
    assert {row["measure"] for row in rows} == {"gain"}  # the constant one orders nothing
    assert {row["task"] for row in rows} == set(TASKS)
    assert {float(row["tau-b"]) for row in rows} == {1.0}  # a gain falls exactly as the loss rises


def test_activations_found_are_those_of_the_best_incumbents(usual: tuple[Report, Page]) -> None:
    loss = graded(GAPS)
    for row in rows_of(usual[0], "activations"):
        best = min(
            (loss(name, row["task"], seed, number) or 0.0, name, OPERATORS[(seed + number) % 3])
            for name in GAPS
            for seed in range(3)
            for number in range(4)
        )
        assert (float(row["loss"]), row["optimizer"], row["activations"]) == best


def test_activations_of_a_config_are_read_from_the_declared_space() -> None:
    chromosome = {"type": "OperatorChromosome", "sites": 2}
    config = {"a.operator_0": "relu", "a.operator_1": "tanh", "b.rate": 0.1}
    product = {"type": "Product", "parts": [["a", chromosome], ["b", {"type": "HyperparameterConfig"}]]}
    assert tuple(activations_of(product, config)) == (Operator("relu"), Operator("tanh"))
    space = ActivationCell()
    drawn = space.sample(np.random.default_rng(0))
    assert tuple(activations_of(declare(space), drawn)) == (cell_of(drawn, bounded=True),)


def test_gradient_flow_of_incumbents_is_a_mean_by_step(usual: tuple[Report, Page]) -> None:
    report, _ = usual
    frame = Store(report.page.parents[1] / "s.duckdb").sql(query("gradient_flow"))
    assert set(frame["measure"]) == {"egf_2"}
    assert frame.height == 3 * 3 * 7 * 4  # contenders, seeds, tasks, steps
    assert frame["flow"].to_list() == pytest.approx((1 / frame["step"]).to_list())


def test_sections_that_do_not_apply_are_left_out(tmp_path: Path) -> None:
    _, page = report_of(tmp_path)
    assert not {"gradient-flow", "activations", "activation-shapes"} & set(page.ids)


def test_operators_of_another_version_are_named_but_not_drawn(tmp_path: Path) -> None:
    import duckdb

    tasks, space = {"a": "f"}, {"type": "OperatorChromosome", "sites": 1}
    write_store(tmp_path / "s.duckdb", ["lahc"], tasks, loss=graded({"lahc": 0}), space=space)
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute('UPDATE configs SET config = \'{"operator_0": "unheard"}\'')
    page = Page(build_report(Store(tmp_path / "s.duckdb"), tmp_path / "r").page.read_text())
    assert page.rows["activations-table"][1][-1] == "unheard"
    assert "activation-shapes" not in page.ids


def test_page_has_no_markup_left_raw(usual: tuple[Report, Page]) -> None:
    shown = usual[1].text
    for sql in usual[1].queries:
        shown = shown.replace(sql, "")
    assert "`" not in shown[: shown.index("use strict")]


def test_noise_ceiling_is_the_mean_tau_between_replicates(usual: tuple[Report, Page]) -> None:
    from scipy.stats import kendalltau

    report, page = usual
    frame = Store(report.page.parents[1] / "s.duckdb").sql(query("order_by_replicate"))
    last = frame.filter((frame["task"] == "task-3") & (frame["step"] == 4)).pivot(
        on="replicate", index="config_key", values="loss"
    )
    taus = [kendalltau(last[a], last[b]).statistic for a, b in (("0", "1"), ("0", "2"), ("1", "2"))]
    assert f"task-3 {sum(taus) / 3:.2f} (n = {last.height} configs)" in page.text


def test_areas_are_means_of_incumbents_over_the_budget(usual: tuple[Report, Page]) -> None:
    report, _ = usual
    loss = graded(GAPS)
    areas = []
    for seed in range(3):
        losses = [loss("lahc", "task-3", seed, number) for number in range(4)]
        best = [min(value for value in losses[: n + 1] if value is not None) for n in range(4)]
        areas.append((3.0 + sum(best[:3])) / 4)  # the worst loss until the first trial is told
    row = next(r for r in rows_of(report, "areas") if (r["task"], r["optimizer"]) == ("task-3", "lahc"))
    assert float(row["over full evaluations"]) == pytest.approx(sum(areas) / 3)
    assert float(row["over seconds"]) == pytest.approx(sum(areas) / 3)  # a trial takes a second


def test_hypervolume_is_by_task_and_as_computed_by_hand(usual: tuple[Report, Page]) -> None:
    report, _ = usual
    loss, shares = graded(GAPS), []
    for seed in range(3):
        points = [(0.05 * (1 + n), (loss("lahc", "task-3", seed, n) or 0.0) / 4) for n in range(4)]
        area, lowest = 0.0, 1.0
        for density, error in points:
            area += max(0.0, lowest - error) * (0.202 - density)
            lowest = min(lowest, error)
        shares.append(area / 0.202)
    row = next(r for r in rows_of(report, "hypervolume") if (r["task"], r["optimizer"]) == ("task-3", "lahc"))
    assert float(row["hypervolume"]) == pytest.approx(sum(shares) / 3)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    names = [evil, "a_b & 50% $x^2$ #1 {~}\\", "random"]
    tasks = {'"><img src=x onerror=alert(1)>': "f'); DROP TABLE runs; --", "Ünïcode \x07 \u4e2d": "g"}
    report, page = report_of(tmp_path, loss=graded(dict.fromkeys(names, 0.0)), contenders=names, tasks=tasks)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "img" for tag, _ in page.tags)
    assert evil in page.text
    for path in (report.page.parent / "figures").glob("*.svg"):
        ElementTree.parse(path)  # well-formed, names escaped
    latex = (report.page.parent / "tables" / "losses.tex").read_text()
    assert r"a\_b \& 50\% \$x\textasciicircum{}2\$ \#1 \{\textasciitilde{}\}\textbackslash{}" in latex
    assert r"\textless{}script\textgreater{}" in latex


def test_empty_store_gives_a_page_that_says_so(tmp_path: Path) -> None:
    create(tmp_path / "s.duckdb")
    report = build_report(Store(tmp_path / "s.duckdb"), tmp_path / "report")
    assert report.headline == ("There are no runs to compare.",)
    assert "No runs to compare." in report.page.read_text()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"contenders": ["lahc"], "tasks": {"a": "f"}, "seeds": 1}, "lahc is the only contender"),
        ({"contenders": ["lahc"], "tasks": {"a": "f"}, "seeds": 1, "trials": 0}, "lahc is the only contender"),
        ({"tasks": {"a": "f"}, "seeds": 2}, "too few for a test (n = 2 runs)"),
        (
            {"loss": lambda *_: 1.0},
            "All contenders tie: each has mean rank 2.00 over 2 tasks at 4 full evaluations",
        ),
        ({"loss": lambda *_: None}, "None of 72 trials ended well. All contenders tie"),
        ({"loss": lambda *_: None, "status": "failed"}, "All 18 runs failed. No two contenders completed"),
        ({"status": "running"}, "nobody leads"),
        ({"loss": lambda *_: float("nan")}, "All contenders tie"),
        ({"loss": lambda *_: float("inf")}, "All contenders tie"),
        ({"contenders": ["lahc", "asha"]}, "lahc has the lowest mean rank"),
    ],
    ids=[
        "one run",
        "no trials",
        "one task",
        "ties",
        "failed trials",
        "failed runs",
        "running",
        "nan",
        "inf",
        "no random",
    ],
)
def test_odd_stores_give_a_page_with_a_clear_sentence(tmp_path: Path, made: dict[str, object], said: str) -> None:
    report, page = report_of(tmp_path, **made)  # type: ignore[arg-type]
    assert said in " ".join(report.headline)
    assert page.text.count("Methods") >= 1
    assert "nan" not in [cell for rows in page.rows.values() for row in rows for cell in row]


def test_holes_are_named_and_never_averaged_over(tmp_path: Path) -> None:
    import duckdb

    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, loss=graded(GAPS))
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM runs WHERE run_id = 'asha|a|1'")
        connection.execute("UPDATE runs SET status = 'failed' WHERE run_id = 'lahc|b|2'")
        connection.execute("DELETE FROM trials WHERE run_id = 'lahc|b|2' AND number > 1")
    page = Page(build_report(Store(tmp_path / "s.duckdb"), tmp_path / "r").page.read_text())
    assert "16 of 17 runs finished (1 failed, 0 short). Cells: runs finished of the most that any" in page.text
    assert "Holes: lahc on b: 1 failed of 3 runs." in page.text  # no plan says that asha misses one on a
    pairs = {(row[0], row[1]): row for row in page.rows["comparisons-table"]}
    lahc_asha = next(row for names, row in pairs.items() if set(names) == {"lahc", "asha"})
    assert (lahc_asha[2], lahc_asha[4]) == ("too few to test", "1")  # task a alone: both completed seeds 0 and 2
    lahc_random = next(row for names, row in pairs.items() if set(names) == {"lahc", "random"})
    assert lahc_random[4] == "1"


def test_report_refuses_unknown_tasks_and_suites_and_unwritable_places(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"a": "f"})
    with pytest.raises(UnknownName, match="unknown task"):
        build_report(store, tmp_path / "r", tasks=["b"])
    with pytest.raises(UnknownName, match="unknown suite"):
        build_report(store, tmp_path / "r", suite="nope")
    (tmp_path / "file").write_text("")
    with pytest.raises(NbsError, match="cannot be written"):
        build_report(store, tmp_path / "file", suite="made")


def test_report_of_one_task_of_a_study_leaves_the_rest_out(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, loss=graded(GAPS))
    page = Page(build_report(store, tmp_path / "r", suite="made", tasks=["b"]).page.read_text())
    assert {row[0] for row in page.rows["losses-table"][1:]} == {"b"}
    assert store.sql(page.queries[1]).height == 9


def test_one_that_misses_tasks_is_not_ranked_but_compared(tmp_path: Path) -> None:
    import duckdb

    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g", "c": "h"}, loss=graded(GAPS))
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM runs WHERE run_id LIKE 'asha|b|%' OR run_id LIKE 'asha|c|%'")
    report = build_report(Store(tmp_path / "s.duckdb"), tmp_path / "r")
    page = Page(report.page.read_text())
    lead = (
        "lahc has the lowest mean rank, 1.00 over 3 tasks at 4 full evaluations with 3 seeds, among 2 of 3 "
        "contenders (not ranked: asha); in the tests of all pairs not tested against random, for want of tasks."
    )
    assert report.headline[0] == lead
    assert page.rows["standings-table"][-1][:4] == ["—", "asha", "—", "—"]
    pairs = {frozenset(row[:2]): row[4] for row in page.rows["comparisons-table"][1:]}
    assert pairs[frozenset({"lahc", "random"})] == "3"
    assert pairs[frozenset({"lahc", "asha"})] == "1"
