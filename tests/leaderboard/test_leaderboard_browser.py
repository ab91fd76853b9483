"""The report in a real headless browser: sort, filter, expand a query; no console error, no network request."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nasbench_sparse.leaderboard.report import build_report
from nasbench_sparse.leaderboard.report.blocks import MINUS
from tests.leaderboard.synthetic import graded, write_store

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
SMALLEST_TEXT = """return Math.min(...[...document.querySelectorAll("figure svg text")].map((text) => {
  const scale = text.getScreenCTM();
  return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(scale.a, scale.b);
}))"""
GAPS = {"random": 0.5, "lahc": 0.0, "asha": 0.2, "<b>bold</b>": 0.3}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on four contenders and seven tasks."""
    folder = tmp_path_factory.mktemp("browser")
    tasks = {f"task-{i}": f"family-{i}" for i in range(7)}
    store = write_store(folder / "s.duckdb", list(GAPS), tasks, loss=graded(GAPS))
    return build_report(store, folder / "report").page


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Chrome]:
    """The page, opened from the file system, with console and network recorded."""
    if BROWSER is None or DRIVER is None:
        pytest.skip("no chromium and chromedriver: run scripts/install-chromium as root")
    pytest.importorskip("selenium", reason="selenium drives the browser: pip install selenium")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--disable-gpu", "--window-size=1280,900", "--force-prefers-reduced-motion"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    driver.get(page.as_uri())
    yield driver
    driver.quit()


def column(browser: Chrome, table: str, place: int) -> list[str]:
    script = (
        "return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].filter((row) => !row.hidden)"
        ".map((row) => row.cells[arguments[1]].textContent)"
    )
    found: list[str] = browser.execute_script(script, table, place)
    return found


def find(browser: Chrome, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def test_browser_sorts_by_number_and_by_name_both_ways(browser: Chrome) -> None:
    header = "#standings-table th:nth-child({}) button"
    find(browser, header.format(2)).click()
    assert column(browser, "standings-table", 1) == sorted(GAPS)
    find(browser, header.format(3)).click()
    ranks = [float(text) for text in column(browser, "standings-table", 2)]
    assert ranks == sorted(ranks)
    assert find(browser, "#standings-table th:nth-child(3)").get_attribute("aria-sort") == "ascending"
    find(browser, header.format(3)).click()
    assert [float(text) for text in column(browser, "standings-table", 2)] == sorted(ranks, reverse=True)


def test_browser_sorts_from_the_keyboard(browser: Chrome) -> None:
    button = find(browser, "#losses-table th:nth-child(3) button")
    button.send_keys("\ue007")  # the Enter key
    losses = [float(text) for text in column(browser, "losses-table", 2)]
    assert losses == sorted(losses)


def test_browser_puts_the_best_score_first(browser: Chrome) -> None:
    header = find(browser, "#standings-table th:nth-child(4)")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", header)
    assert header.text.startswith("score")
    for direction in ("descending", "ascending", "descending"):
        find(browser, "#standings-table th:nth-child(4) button").click()
        scores = [float(text.split()[0].replace(MINUS, "-")) for text in column(browser, "standings-table", 3)]
        assert header.get_attribute("aria-sort") == direction
        assert scores == sorted(scores, reverse=direction == "descending")


def test_browser_filters_rows_and_says_how_many_are_left(browser: Chrome) -> None:
    assert find(browser, "#losses .count").text == "28 rows"
    box = find(browser, "#losses .filter input")
    box.send_keys("task-3 lahc")
    assert column(browser, "losses-table", 1) == ["lahc"]
    assert find(browser, "#losses .count").text == "1 of 28 rows"
    box.clear()
    box.send_keys(" ")
    assert len(column(browser, "losses-table", 1)) == 28
    assert find(browser, "#losses .count").text == "28 rows"


def test_browser_expands_a_query(browser: Chrome) -> None:
    query = find(browser, "#losses details pre")
    assert not browser.execute_script("return arguments[0].checkVisibility()", query)
    find(browser, "#losses details summary").click()
    assert browser.execute_script("return arguments[0].checkVisibility()", query)
    assert "FROM visible_runs" in query.text


def test_browser_shows_every_table_and_figure_whole_on_a_desk(browser: Chrome) -> None:
    script = (
        "return [...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth)"
        ".map((box) => box.parentElement.id)"
    )
    assert browser.execute_script(script) == []


def test_browser_fits_a_phone_without_scrolling_sideways(browser: Chrome) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    assert browser.execute_script(SMALLEST_TEXT) >= 10
    browser.execute_script("document.querySelector('#losses .scroll').scrollLeft = 150")
    script = (
        "const [name, box] = [...arguments].map((s) => document.querySelector(s).getBoundingClientRect().left);"
        "return name - box"
    )
    for name in ("#losses thead .name", "#losses tbody th"):
        assert browser.execute_script(script, name, "#losses .scroll") == pytest.approx(0, abs=1)
    browser.execute_script("document.querySelector('#losses .scroll').scrollLeft = 0")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_browser_prints_headers_as_text_which_repeat_on_each_page(browser: Chrome) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    assert browser.execute_script(style, "#losses th button", "display") == "contents"
    assert browser.execute_script(style, "#losses thead th", "position") == "static"
    assert browser.execute_script(style, "#losses tbody th", "position") == "static"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_browser_shows_readable_text_in_both_schemes(browser: Chrome, scheme: str) -> None:
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    for selector in ("body", ".note", "summary", "td.best", "figure svg text"):
        assert contrast(browser, selector) >= 4.5, selector  # WCAG 2.2, success criterion 1.4.3


def contrast(browser: Chrome, selector: str) -> float:
    """Return the contrast of an element's text with the page."""
    script = (
        "const e = document.querySelector(arguments[0]); const s = getComputedStyle(e);"
        "return [e instanceof SVGElement ? s.fill : s.color, getComputedStyle(document.body).backgroundColor]"
    )
    levels = []
    for colour in browser.execute_script(script, selector):
        parts = [int(text) / 255 for text in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        levels.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(levels) + 0.05) / (min(levels) + 0.05)


def test_browser_logged_no_error_and_requested_nothing_else(browser: Chrome, page: Path) -> None:
    assert browser.get_log("browser") == []
    requests = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            requests.append(message["params"]["request"]["url"])
    assert [url for url in requests if not url.startswith("data:")] == [page.as_uri()]
