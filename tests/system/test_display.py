import pytest

from genn_shd.system.display import escape, show_name, show_names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("zero", "zero"),
        ("Füße 中文", "Füße 中文"),
        (r"$x$ \frac _", r"$x$ \frac _"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("nul\x00", r"nul\x00"),
        ("not utf-8: \udcff", r"not utf-8: \udcff"),
        ("\u202eleft", r"\u202eleft"),
        (7, "7"),
    ],
)
def test_a_name_is_text_on_one_line_whatever_is_in_it(name, shown):
    assert show_name(name) == shown
    show_name(name).encode("utf-8")


@pytest.mark.parametrize("letter", ["x", "\x00", "\udcff"])
def test_a_long_name_keeps_its_start_and_its_end(letter):
    shown = show_name(f"start{letter * 100_000}end", 40)
    assert len(shown) == 40
    assert shown.startswith("start") and "..." in shown and shown.endswith("end")
    assert show_name("x" * 40, 40) == "x" * 40


def test_very_many_names_are_counted():
    assert show_names(["a\n", "b"]) == r"a\n, b"
    shown = show_names(map(str, range(1000)))
    assert shown.startswith("0, 1, ") and shown.endswith("(1000 in all)") and len(shown) < 300


def test_escaping_leaves_the_length_of_what_is_printable():
    assert escape("x" * 10_000) == "x" * 10_000
