"""Reports in a real browser: they load without a word on the console, and their tables sort."""

import pytest

from genn_shd.reports.page import Page, Section
from genn_shd.reports.table import Table, make_cell
from tests.browsers import Watch, launch_browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with launch_browser() as opened:
        yield opened


@pytest.fixture
def open_page(browser):
    """Opens a page without network; at the end nothing was said and nothing asked for."""
    watch = Watch(browser)
    yield watch.open_page
    watch.close()


def keys(page, table, column):
    """Keys of a column from top to bottom, as the browser shows them."""
    return page.eval_on_selector_all(f"#{table} tbody tr", f"rows => rows.map(row => row.cells[{column}].dataset.key)")


def click(page, table, column):
    page.locator(f"#{table} th button").nth(column).click()


@pytest.mark.parametrize("kind", ["run_folder", "search"])
def test_a_report_loads_with_all_its_figures(open_page, request, kind):
    folder = request.getfixturevalue(kind)
    page = open_page(folder / "report" / "report.html")
    widths = page.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    assert len(widths) == len(list((folder / "report").glob("*.png")))
    assert min(widths) > 300


def test_trials_sort_by_number_both_ways_and_empty_ones_stay_last(open_page, search):
    page = open_page(search / "report" / "report.html")
    before = keys(page, "trials", 2)
    values = sorted(float(key) for key in before if key)
    empty = [""] * before.count("")
    click(page, "trials", 2)
    assert keys(page, "trials", 2) == [*map(repr, values), *empty]
    assert page.locator("#trials th").nth(2).get_attribute("aria-sort") == "ascending"
    click(page, "trials", 2)
    assert keys(page, "trials", 2) == [*map(repr, reversed(values)), *empty]
    click(page, "trials", 0)
    assert keys(page, "trials", 0) == [str(number) for number in range(1, len(before) + 1)]
    assert page.locator("#trials th[aria-sort]").count() == 1


def test_words_sort_by_letter_and_rows_stay_whole(open_page, search):
    page = open_page(search / "report" / "report.html")
    rows = page.locator("#trials tbody tr").all_inner_texts()
    click(page, "trials", 1)
    assert keys(page, "trials", 1) == sorted(keys(page, "trials", 1))
    assert sorted(page.locator("#trials tbody tr").all_inner_texts()) == sorted(rows)


def test_a_table_sorts_by_keyboard_too(open_page, ablated):
    page = open_page(ablated / "report" / "report.html")
    page.locator("#trials th button").nth(2).focus()
    page.keyboard.press("Enter")
    assert keys(page, "trials", 2) == sorted(keys(page, "trials", 2), key=float)


def test_settings_unfold(open_page, run_folder):
    page = open_page(run_folder / "report" / "report.html")
    assert not page.locator("#settings").is_visible()
    page.get_by_text("Settings").click()
    assert page.locator("#settings").is_visible()


def overflow(page):
    """By how much the page is wider than its window, with everything unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.fixture(scope="module")
def wide_page(tmp_path_factory):
    """A page of long names, a table of many columns and one of long texts."""
    name = "x" * 300
    many = Table([f"parameter {n}" for n in range(40)], [[make_cell(0.123456 * n) for n in range(40)]] * 3, "many")
    long = Table(["name", "value", "more"], [[make_cell(name), make_cell(1.0), make_cell(name)]] * 2, "long")
    sections = [Section(name, [name], tables=[many, long]), Section("More", tables=[long], folded=True)]
    return Page(f"Run {name}", [("data", name), (name, "1")], sections).write(tmp_path_factory.mktemp("wide"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["run_folder", "seeds_folder", "search", "wide_page"])
def test_no_page_scrolls_sideways(open_page, request, kind, width):
    path = request.getfixturevalue(kind)
    page = open_page(path if path.is_file() else path / "report" / "report.html")
    page.set_viewport_size({"width": width, "height": 900})
    assert overflow(page) <= 0


@pytest.mark.parametrize("kind", ["run_folder", "seeds_folder"])
def test_the_table_of_results_is_seen_whole_on_a_desktop(open_page, request, kind):
    page = open_page(request.getfixturevalue(kind) / "report" / "report.html")
    page.set_viewport_size({"width": 1280, "height": 900})
    hidden = page.locator("#trainings").evaluate("table => table.offsetWidth - table.parentElement.clientWidth")
    assert hidden <= 0


def test_a_table_that_is_too_wide_scrolls_within_the_page(open_page, wide_page):
    page = open_page(wide_page)
    page.set_viewport_size({"width": 390, "height": 900})
    box = page.locator("div.wide").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX == 'auto'")
    assert page.locator("#long td").first.evaluate("cell => cell.offsetWidth < 2000 && cell.offsetHeight < 900")
