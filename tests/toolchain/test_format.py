"""The layout of generated C."""

from __future__ import annotations

import pytest

from genn_shd.toolchain.format import MARGIN, format_c

MESSY = """
/* Says what it does. */
static int f(const int a) {
if (a) { g(); h(); } else if (b)
k();

else { return 1; }
    for (int i = 0; i < n; i++)
      SIMD
      for (int j = 0; j < m; j++)
if (x[i]) y += 1; else y -= 1;
  switch (a) { case 1: g(); break; default: h(); }
        { scalar x = 1; y = x; } /* a block */
#if defined(A)
   return 0;
#endif
}
typedef struct { int a, b; /* two */
 int c; } Pair;
enum { A = 1, B };
int z[2] = {1, 2};
"""

NEAT = """\
/* Says what it does. */
static int f(const int a)
{
    if (a) {
        g();
        h();
    } else if (b)
        k();
    else {
        return 1;
    }
    for (int i = 0; i < n; i++)
        SIMD
        for (int j = 0; j < m; j++)
            if (x[i])
                y += 1;
            else
                y -= 1;
    switch (a) {
    case 1:
        g();
        break;
    default:
        h();
    }
    {
        scalar x = 1;
        y = x;
    } /* a block */
#if defined(A)
    return 0;
#endif
}

typedef struct {
    int a, b; /* two */
    int c;
} Pair;

enum { A = 1, B };
int z[2] = {1, 2};
"""


def test_code_is_laid_out_by_its_structure():
    assert format_c(MESSY) == NEAT


def test_what_is_laid_out_stays_as_it_is():
    assert format_c(NEAT) == NEAT


@pytest.mark.parametrize(
    "line",
    [
        f"call({', '.join(f'argument_{k}' for k in range(20))});",
        f"x = {' + '.join(f'term_{k} * factor_{k}' for k in range(20))};",
        f"if ({' && '.join(f'condition_{k}' for k in range(20))})\n    f();",
    ],
)
def test_long_lines_are_broken_where_they_can_be(line):
    lines = format_c(f"void f(void)\n{{\n    {line}\n}}\n").splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= MARGIN
    assert " ".join(" ".join(lines).split()) == " ".join(f"void f(void) {{ {line} }}".split())


def test_long_comments_are_filled_anew():
    words = " ".join(f"word{k}" for k in range(60))
    lines = format_c(f"/* {words} */\nint x;\n").splitlines()
    assert max(map(len, lines)) <= MARGIN
    assert lines[1].startswith("   word")
    assert " ".join(" ".join(lines[:-1]).split()) == f"/* {words} */"
