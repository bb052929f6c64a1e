"""The page in a real Chromium, opened from a file, with no network there.

Playwright's own browsers are not wanted: Debian's chromium, or what CHROMIUM names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from math import inf

import pytest

from softaudit.json_v1 import to_json
from softaudit.wording import ulps
from tests.render.judged import judged, rendered
from tests.render.pages import HOSTILE, PLAIN, audits, batch, many

pytestmark = pytest.mark.browser

CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = color => color.slice(0, 3).map(c => c / 255)
    .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = rgb(getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!words || element.closest("script, style, option, desc, title")) continue;
    if (!element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const color = rgb(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(color), light(behind(element))].sort((p, q) => q - p);
    found.push([(a + .05) / (b + .05), element.outerHTML.slice(0, 120)]);
  }
  return found;
}"""
"""Contrasts of all texts that are shown with what is behind them, as WCAG 2.2 defines them."""


@pytest.fixture(scope="module")
def chromium():
    from playwright import sync_api as api

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "no chromium: apt-get install chromium, or say in CHROMIUM where it is"
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, made in {"batch": batch(), "judged": judged(), "many": many(300)}.items():
        (folder / f"{name}.html").write_bytes(rendered("html", made).encode())
    return folder


@pytest.fixture
def opened(chromium, files):
    """Open a page; nothing may be said in the console, and nothing asked of the network."""
    contexts, heard = [], []

    def open_page(name="batch", anchor="", width=1280, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, offline=True,
            permissions=["clipboard-read", "clipboard-write"], **options,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: heard.append(dialog.message))
        page.on("request", lambda request: request.url.startswith(("file:", "data:"))
                or heard.append(request.url))  # fmt: skip
        page.goto(f"file://{files / name}.html{anchor}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not heard


def column(page, table, number):
    return page.locator(f"{table} > tbody > tr:not(.opened) > :nth-child({number})")


def values(cells):
    return [float(v) for v in cells.evaluate_all("all => all.map(c => c.dataset.value)")]


def head(page, name):
    return page.locator("#inputs-table th[scope=col] button", has_text=name).first


class TestSorting:
    def test_numbers_infinity_and_what_is_missing(self, opened):
        page = opened()
        button = page.locator("table.cells thead button", has_text=re.compile("ULP.*max", re.S))
        texts = column(page, "table.cells", 11)
        before = values(texts)
        button.click()
        assert values(texts) == sorted(before, reverse=True)
        assert values(texts)[0] == inf
        assert page.locator("th[aria-sort=descending]").count() == 1
        button.press("Enter")
        assert values(texts) == sorted(before)
        assert page.locator("th[aria-sort=ascending]").count() == 1
        button.press("Space")
        assert values(texts) == before
        assert page.locator("th[aria-sort]").count() == 0

    def test_what_is_not_applicable_comes_last(self, opened):
        page = opened()
        sums = column(page, "table.cells", 13)
        button = page.locator("table.cells thead button", has_text=re.compile("row.*sum", re.S))
        for _ in range(2):
            button.click()
            texts = sums.all_text_contents()
            assert texts.count("–") == 4
            assert texts[-4:] == ["–"] * 4

    def test_names_and_overview(self, opened):
        page = opened("many")
        head(page, "input").click()
        names = column(page, "#inputs-table", 1).all_text_contents()
        assert names == sorted(names)
        page.locator(".matrix thead button", has_text="float32").last.click()
        assert page.locator(".matrix td").count() == 30

    def test_what_is_open_stays_with_its_line(self, opened):
        page = opened(anchor="#input-2")
        head(page, "input").click()
        head(page, "input").click()
        after = page.evaluate("document.getElementById('input-2').nextElementSibling.className")
        assert after == "opened"


class TestFilter:
    def test_by_name_and_state(self, opened):
        page = opened("many")
        count, lines = page.locator("#filter-count"), page.locator("#inputs-table tr[id]:visible")
        assert count.text_content() == "300 inputs"
        page.fill("#filter-text", "LAYER03")
        assert count.text_content() == "25 of 300 inputs"
        assert lines.count() == 25
        page.select_option("#filter-state", "skipped")
        assert count.text_content() == "0 of 300 inputs"
        page.select_option("#filter-state", "holds")
        page.select_option("#filter-cell", label="softmax/float16/naive")
        assert lines.count() == 0
        page.select_option("#filter-cell", label="softmax/float16:float32/stable")
        assert lines.count() == 25


class TestLinks:
    def test_from_the_overview_to_a_cell(self, opened):
        page = opened(reduced_motion="reduce")
        page.locator(".matrix td a").first.click()
        card = page.locator("article[id='cell-softmax/float16/naive']")
        assert page.url.endswith("#cell-softmax/float16/naive")
        assert card.locator("details").get_attribute("open") is not None
        assert abs(card.bounding_box()["y"]) < 60
        card.locator(".cause").first.click()
        assert page.locator(":target dt").text_content() in page.locator("#causes").text_content()

    def test_from_outside_to_a_cell_and_to_an_input(self, opened):
        page = opened(anchor="#cell-log_softmax/float16/stable")
        assert page.locator(":target details[open]").count() == 1
        page = opened(anchor="#input-2")
        assert page.locator("tr.opened").is_visible()

    @pytest.mark.parametrize("anchor", ["#%", "#%E0%A4%A"])
    def test_to_nothing(self, opened, anchor):
        assert opened(anchor=anchor).locator("details[open], tr.opened").count() == 0

    def test_followed_twice(self, opened):
        page = opened(reduced_motion="reduce")
        square = page.locator(".matrix td a").first
        for _ in range(2):
            square.click()
            page.locator(":target details[open]").wait_for()
            page.locator(":target summary").click()
            assert page.locator("details[open]").count() == 0

    def test_copied(self, opened):
        page = opened(anchor="#cell-softmax/float16/naive")
        line = page.locator(":target .command").first
        line.locator("button").click()
        line.get_by_text("copied").wait_for()
        assert page.get_by_role("status").filter(has_text="copied").count() == 1
        cause = page.locator(":target .cause").first.text_content()
        of = f"copy command for {cause}, softmax/float16/naive"
        assert line.locator("button").get_attribute("aria-label") == of
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == line.locator("code").text_content()
        assert copied.startswith("softaudit check 'run/")

    def test_maps(self, opened):
        page = opened(anchor="#cell-softmax/float16/naive")
        squares = page.locator(":target .map td")
        for choice, of in (("all 2 inputs of 2 × 6", audits()), (f"{PLAIN} (2 × 6)", audits()[:1])):
            page.locator(":target .maps select").select_option(label=choice)
            largest = max(audit.cells[0].by_axis.largest[0] for audit in of)
            assert (
                page.locator(":target .maps .lead").text_content()
                == "axis 0, 2 down; axis 1, 6 across"
            )
            assert squares.all_text_contents() == [ulps(largest), *["0.25"] * 10, "–"]


def test_figures_are_those_of_the_contract(opened):
    page, document = opened(), json.loads(rendered("json", batch()))
    names = {"not finite": None, "ULP p50": "p50", "ULP p99": "p99", "ULP max": "max"}
    for number, audit in enumerate(document["audits"], start=1):
        page.locator(f"#input-{number} button").click()
        opened_row = page.locator(f"#input-{number} + .opened")
        heads = opened_row.locator("thead th").all_text_contents()
        rows = opened_row.locator("tbody tr")
        assert rows.count() == len(audit["cells"])
        for row, cell in zip(rows.all(), audit["cells"], strict=True):
            shown = row.locator("td").evaluate_all("all => all.map(c => c.dataset.value)")
            for head_, key in names.items():
                figure = (
                    cell["ulp"][key]
                    if key
                    else cell["events"].get("not_finite", {"count": 0})["count"]
                )
                assert float(shown[heads.index(head_) - 1]) == float(figure)
    assert to_json(batch())["audits"][1]["source"]["name"] == HOSTILE
    assert page.locator("#input-2 button").text_content() == HOSTILE


@pytest.mark.parametrize("name", ["batch", "judged", "many"])
def test_no_overflow_on_a_phone(opened, name):
    page = opened(name, width=375)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 375
    page.locator("#input-1 button").click()
    page.locator("details").first.evaluate("part => { part.open = true; }")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 375


LETTERS = """() => Math.min(...[...document.querySelectorAll("svg text")].map(text => {
  const svg = text.ownerSVGElement;
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return parseFloat(getComputedStyle(text).fontSize) * scale;
}))"""
"""The size of the smallest letters in pictures, in pixels."""


@pytest.mark.parametrize("width", [375, 640, 1024, 1280])
def test_letters_of_pictures_can_be_read(opened, width):
    assert opened(width=width).evaluate(LETTERS) >= 9


def test_letters_of_pictures_can_be_read_on_paper(opened):
    page = opened(width=703)  # A4 without its margins
    page.emulate_media(media="print")
    assert page.evaluate(LETTERS) >= 9


def test_names_stay_beside_what_scrolls(opened):
    page = opened("many", width=375)
    for table in (".matrix", ".cells", ".inputs"):
        name = page.locator(f"{table} tbody th").first
        before = name.bounding_box()["x"]
        page.locator(table).evaluate("table => { table.parentElement.scrollLeft = 150; }")
        assert page.locator(table).evaluate("table => table.parentElement.scrollLeft") == 150
        assert name.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_tables_of_all_default_cells_are_as_wide_as_the_page(opened):
    boxes = opened("many").locator(".scroll")
    wide = boxes.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length")
    assert boxes.count() > 3
    assert wide == 0


def test_what_scrolls_and_every_table_has_a_name(opened):
    page = opened("judged")
    page.locator("#input-1 button").click()
    page.locator("summary").first.click()
    for each in page.locator(".scroll, table").all():
        assert each.get_attribute("aria-label")
    assert page.locator(".scroll:not([tabindex='0'])").count() == 0


@pytest.mark.parametrize("name", ["batch", "judged"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(opened, name, scheme):
    page = opened(name, color_scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(part => { part.open = true; })")
    page.locator("#input-1 button").click()
    found = page.evaluate(CONTRAST)
    assert len(found) > 200
    assert not [(ratio, element) for ratio, element in found if ratio < 4.5]


def test_dark_is_another_background(opened):
    found = {
        scheme: opened(color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert found == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 26)"}


def test_printed(opened):
    page = opened(color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator(".filter").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf().startswith(b"%PDF")


def test_without_a_script_all_but_what_inputs_open_to_is_there(opened):
    page = opened("many", java_script_enabled=False)
    assert page.locator(".matrix td a").count() == 24
    assert page.locator("svg[role=img]").count() == 24
    assert page.locator("#inputs-table tbody tr").count() == 300
    assert not page.locator(".filter").is_visible()
    assert not page.locator(".copy").first.is_visible()


def test_three_hundred_files_are_three_megabytes(files):
    assert (files / "many.html").stat().st_size <= 3_000_000
