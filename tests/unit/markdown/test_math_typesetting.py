"""Math typesetting: the supported TeX, TeX shown as source, and limits for hostile TeX."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree

import pytest

from desktop_app.child_processes import child_command, open_child
from desktop_app.documents import formulas
from desktop_app.documents.reader_result import LeftOut
from desktop_app.markdown.processes.math_typesetting import (
    MAX_SVG_LENGTH,
    CannotTypesetError,
    Formula,
    _check_drawing,
    is_within_limits,
    office_math,
    typeset,
)
from tests.helpers.framed import framed, unframed

KNOWN = [
    "x", r"\frac{a}{b}", r"\sum_{i=0}^n x_i^2", r"\int_0^\infty e^{-x^2}\,dx=\frac{\sqrt\pi}{2}",
    r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", r"\begin{cases}1&x>0\\0\end{cases}", r"a < b",
    r"\operatorname{softmax}(x)", r"\mathbb{R}^n \to \mathcal{L}", r"\hat{y} \vec v",
    r"\text{if } x", r"\begin{aligned}a&=b\\&=c\end{aligned}", r"\left(\frac12\right)",
    r"\lim_{n\to\infty}", r"\begin{alignat}{2}a&=b&\quad c&=d\end{alignat}",
    r"\begin{flalign*}a\end{flalign*}", r"\begin{eqnarray}a&=&b\\c&=&d\end{eqnarray}",
    r"\begin{alignedat} {2}a&=b\end{alignedat}",
]  # fmt: skip
UNKNOWN = [
    "", " ", "{", "^", "a^b^c", r"\frac{a}", r"\foo x", "\x00", "\ud800", r"\hspace{99999em}x",
    r"\rule{9999em}{9999em}", "x" * 2000, "{" * 100 + "}" * 100, r"\includegraphics{a.png}",
    r"\ce{H2", r"\SI{3}{\foo}", "\\text{a\u202eb}",
]  # fmt: skip


@pytest.mark.parametrize("tex", KNOWN)
def test_formulas_are_typeset(tex: str) -> None:
    made = typeset(tex, display=False)
    assert made.svg.startswith("<svg")
    assert 0 < made.width < 40
    assert 0 < made.ascent + made.depth < 10
    assert "href" not in made.svg


@pytest.mark.parametrize(
    ("tex", "words", "width"),
    [
        (r"\text{距离}", ["距离"], 2),
        (r"速度", ["速", "度"], 2),
        (r"\text{a 距离 b}", ["距离"], 3.4),
        (r"\text{المجموع الكلي}", ["المجموع\xa0الكلي"], 7.8),
        (r"\text{ค่า}", ["ค่า"], 1.2),
        (r"\text{Größe π Сила}", [], 6),
    ],
)
def test_characters_that_the_font_lacks_are_left_to_the_page(
    tex: str, words: list[str], width: float
) -> None:
    made = typeset(tex, display=False)
    assert re.findall(r"<text [^>]*>([^<]+)</text>", made.svg) == words
    assert made.width == pytest.approx(width, abs=0.4)
    (small,) = re.findall(r'font-size="([\d.]+)"', typeset(r"x_{\text{大}}", display=False).svg)
    assert 12 <= float(small) < 24


def test_formulas_become_office_math() -> None:
    """Check with the reader of Word's documents, which writes a formula on one line."""
    for tex, line in OFFICE.items():
        math = ElementTree.fromstring(office_math(tex, display=True))
        assert formulas.line(math, LeftOut()) == line, tex
        assert all(len(e) for e in math.iter() if e.tag.endswith(("}e", "}num", "}den"))), tex


OFFICE = {
    r"\frac{a+b}{2}=\sqrt{x^2}": "(a+b)/2=√(x^2)",
    r"\sum_{i=1}^n x_i = S": "∑_(i=1)^n x_i=S",
    r"\int_0^1 f": "∫_0^1 f",
    r"\prod_k": "∏_k",
    r"\left(\frac{1}{2}\right)^n": "(1/2)^n",
    r"\begin{pmatrix}a&b\\c&d\end{pmatrix}": "(a, b; c, d)",
    r"\sqrt[3]{x}": "^3√x",
    r"x_i^2": "x_i^2",
    r"\text{距离}=v": "距离=v",
    r"\ce{H2O}": "H_2O",
    r"\hat{x}+\overline{y}": "x̂+ȳ",
    r"\begin{cases}1&x>0\\0\end{cases}": "{1, x>0; 0",
    r"\lim_{x\to 0} f": "lim_(x→0)f",
}


def test_a_fraction_is_centered_on_the_axis() -> None:
    made = typeset(r"\frac{a}{b}", display=True)
    assert made.ascent > 0.5
    assert made.depth > 0.3
    assert typeset("x", display=False).depth < 0.1


@pytest.mark.parametrize("tex", UNKNOWN)
def test_unknown_tex_is_refused(tex: str) -> None:
    with pytest.raises(CannotTypesetError):
        typeset(tex, display=False)


def test_nesting_has_a_limit() -> None:
    assert is_within_limits(r"\frac{1}{" * 10 + "x" + "}" * 10)
    assert not is_within_limits(r"\left(" * 60)
    assert is_within_limits(r"\{" * 60)


@pytest.mark.slow
def test_the_process_survives_endless_typesetting() -> None:
    hostile = [r"\left(" * 20 + "x" + r"\right)" * 20, "\ud800"]
    requests = [{"id": n, "tex": tex, "display": True} for n, tex in enumerate([*hostile, "x"])]
    pipe = subprocess.PIPE
    with open_child(child_command("math"), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, complaints = process.communicate(framed(requests), timeout=60)
    answers = unframed(output)
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert ["error" in answer for answer in answers] == [True, True, False]
    assert complaints == b""


@pytest.mark.parametrize(
    ("tex", "is_tried"),
    [("x" * 1_500, True), ("x" * 1_501, False), ("", False), (" \n", False), ("}" * 30, True)],
)
def test_empty_and_long_formulas_are_outside_the_limits(tex: str, is_tried: bool) -> None:
    assert is_within_limits(tex) is is_tried


XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
PATH = '<path d="M 1 2 L 3 4 Z" fill="black" />'


def drawing(inner: str, attributes: str = XMLNS) -> str:
    return f"<svg {attributes}>{inner}</svg>"


@pytest.mark.parametrize(
    "svg",
    [
        drawing(PATH),
        drawing("<g>" * 49 + "</g>" * 49),
        drawing("<g/>" * 60),
        drawing('<text x="1" y="2" font-size="9">a&lt;b</text>'),
    ],
    ids=range(4),
)
def test_drawings_of_shapes_are_taken(svg: str) -> None:
    assert _check_drawing(svg, (24.0, 24.0), -12.0) == Formula(svg, 1.0, 0.5, 0.5)


REFUSED = [
    drawing("<g>" * 50 + "</g>" * 50),
    drawing("<g/>") + "</svg>",
    drawing("<g/>") + "<svg>",
    "<path/>",
    drawing("text"),
    drawing("<image/>"),
    drawing('<text x="1" y="2"><a href="x">b</a></text>'),
    drawing('<text x="1" y="2">b'),
    drawing('<text style="x">b</text>'),
    drawing('<path d="M 1 2" fill="url(http://127.0.0.1/)"/>'),
    drawing('<path d="M 1 2" stroke-dasharray="0.00001"/>'),
    drawing('<path onload="x"/>'),
    drawing("<script>x</script>"),
    drawing("<!-- x -->"),
    drawing("<a><b/></a>"),
    drawing("<g>"),
    drawing(PATH, 'xmlns="http://127.0.0.1/"'),
    f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY x SYSTEM 'file:///x'>]>{drawing(PATH)}",
    drawing(PATH * (MAX_SVG_LENGTH // len(PATH) + 1)),
    drawing("<g " + " " * 300_000),
]


@pytest.mark.parametrize("svg", REFUSED, ids=range(len(REFUSED)))
def test_other_drawings_are_refused(svg: str) -> None:
    with pytest.raises(CannotTypesetError):
        _check_drawing(svg, (24.0, 24.0), -12.0)


@pytest.mark.parametrize(
    ("width", "height", "is_taken"),
    [(150, 1, True), (150.1, 1, False), (1, 60, True), (1, 60.1, False), (0, 1, False)],
)
def test_drawings_have_a_limited_size(width: float, height: float, is_taken: bool) -> None:
    size = (width * 24, height * 24)
    if is_taken:
        assert _check_drawing(drawing(PATH), size, 0).width == width
    else:
        with pytest.raises(CannotTypesetError):
            _check_drawing(drawing(PATH), size, 0)


def test_lengths_are_in_em() -> None:
    made = typeset(r"\frac{a}{b}", display=True)
    size = re.match(r'<svg [^>]* width="([\d.]+)" height="([\d.]+)"', made.svg)
    assert size
    assert made.width * 24 == pytest.approx(float(size[1]), abs=0.01)
    assert (made.ascent + made.depth) * 24 == pytest.approx(float(size[2]), abs=0.01)


def test_letters_of_deep_scripts_are_readable() -> None:
    """A script in a fraction in a script is no smaller than a script in a script."""
    deep = typeset(r"e^{-\frac{x^2}{2}}", display=True)
    assert deep.ascent > 1.15  # 1.08 em if the last script has a third of the size
