"""Typesets TeX formulas as SVG, with lengths in em.

ziamath (MIT) draws them in plain Python with its own font: no LaTeX, no browser, no network. It was
not made for hostile input: nested fractions take exponential time, and unknown input raises all
kinds of errors. So it runs in a child process (json_server.py) with limits of time and memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.processes import tex_packages
from desktop_app.markdown.processes.office_math import to_office_math

MAX_TEX_LENGTH: Final = 1_500
"""Maximum characters of TeX; longer formulas are shown as source."""

MAX_NESTING: Final = 24
"""Maximum nesting of groups."""

_MAX_WIDTH_EM: Final = 150.0
"""Maximum width of a drawing."""
_MAX_HEIGHT_EM: Final = 60.0
"""Maximum height of a drawing."""
MAX_SVG_LENGTH: Final = 400_000
"""Maximum characters of a formula's SVG."""

_EM_UNITS: Final = 24.0
"""SVG units in an em, the font size with which ziamath draws."""
_SMALLEST_SIZE: Final = 0.5
"""The smallest size of letters in em, as in TeX; a script in a fraction in a script had 0.34."""
_MAX_DRAWING_DEPTH: Final = 50
"""Maximum nesting of elements in an SVG."""
_NUMBERS: Final = r"[-+.,eE\d\sMLHVCSQTAZmlhvcsqtaz]*"
_ATTRIBUTE: Final = (
    rf'(?:(?:d|width|height|viewBox|x|y|rx|ry|x1|x2|y1|y2|font-size|stroke-width)="{_NUMBERS}"'
    r'|(?:fill|stroke)="(?:[A-Za-z]{1,30}|#[0-9A-Fa-f]{3,8})"'
    r'|text-anchor="middle"|xmlns="http://www\.w3\.org/2000/svg"|xmlns:xlink="http://www\.w3\.org/1999/xlink")'
)
# Possessive quantifiers, so that refusing a drawing never takes long.
_TAG: Final = lazy_pattern(
    rf"\s*+<(?:(?P<closes>/)|)(?:svg|g|path|rect|line)"
    rf"(?:\s++{_ATTRIBUTE})*+\s*+(?P<is_empty>/?)>\s*+"
    rf"|\s*+<text(?:\s++{_ATTRIBUTE})*+>(?P<words>[^<>]*+)</text>\s*+",
    re.ASCII,
)
_FOREIGN: Final = "foreign"
"""The element of MathML for text that ziamath's font lacks."""
_FOREIGN_WORDS: Final = re.compile("x+(?: +x+)*|[^x]+")
_JOINERS: Final = "\u200c\u200d"
_USUAL_WIDTH: Final = 0.6
# Environments that ziamath does not know, by one that it draws alike.
_ENVIRONMENTS: Final = (
    (re.compile(r"\\begin\{(?:alignat|alignedat)(\*?)\}\s*\{\d+\}"), r"\\begin{align\1}"),
    (re.compile(r"\\(begin|end)\{(?:alignat|alignedat|flalign)(\*?)\}"), r"\\\1{align\2}"),
    (re.compile(r"\\begin\{eqnarray\*?\}"), r"\\begin{array}{rcl}"),
    (re.compile(r"\\end\{eqnarray\*?\}"), r"\\end{array}"),
)
_OWN_NUMBERS: Final = re.compile(r"\\(?:tag|nonumber|notag)(?![A-Za-z])")
_ALIGNED: Final = re.compile(r"\\(begin|end)\{align\}")
_GROUP_MARKS: Final = lazy_pattern(r"\\\\|\\[{}]|[{}]|\\left\b|\\right\b|\\begin\b|\\end\b")
_DEPTH_CHANGES: Final = {"{": 1, "\\left": 1, "\\begin": 1, "}": -1, "\\right": -1, "\\end": -1}


class Formula(NamedTuple):
    """A typeset formula in black, with lengths in em; ascent and depth from the baseline."""

    svg: str
    width: float
    ascent: float
    depth: float


class CannotTypesetError(Exception):
    """A formula cannot be drawn. Its source is shown instead."""


def is_within_limits(tex: str) -> bool:
    """Return True if a formula is short and flat enough to try."""
    if not tex.strip() or len(tex) > MAX_TEX_LENGTH:
        return False
    depth = deepest = 0
    for match in _GROUP_MARKS.finditer(tex):
        depth += _DEPTH_CHANGES.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest <= MAX_NESTING


def typeset(tex: str, *, display: bool) -> Formula:
    """Draw a formula, in milliseconds as a rule; hostile input may take forever.

    Raises:
        CannotTypesetError: the TeX is empty, too long or too deep, ziamath does not know it, or the
            result is too large.
    """
    if not is_within_limits(tex):
        raise CannotTypesetError("out of limits")
    try:
        return _check_drawing(*_draw(tex, display=display))
    except _typesetting_errors() as error:
        raise CannotTypesetError(type(error).__name__) from error


def office_math(tex: str, *, display: bool) -> str:
    """Return a formula as Office Math: see `to_office_math`.

    Raises:
        CannotTypesetError: as `typeset` raises it.
    """
    if not is_within_limits(tex):
        raise CannotTypesetError("out of limits")
    try:
        return to_office_math(math_markup(tex, display=display), display=display)
    except _typesetting_errors() as error:
        raise CannotTypesetError(type(error).__name__) from error


def _draw(tex: str, *, display: bool) -> tuple[str, tuple[float, float], float]:
    """Return a formula's SVG and, in SVG units, its width and height and lowest y coordinate.

    The y coordinate counts upwards from the baseline.
    """
    from ziamath.config import config
    from ziamath.zmath import Math

    config.svg2 = False  # paths only, no references between them
    config.minsizefraction = _SMALLEST_SIZE
    markup = ElementTree.fromstring(math_markup(tex, display=display))
    _mark_foreign_text(markup)
    formula = Math(markup, size=_EM_UNITS, margin=0)
    return formula.svg(), formula.getsize(), formula.getyofst()


def math_markup(tex: str, *, display: bool) -> str:
    """Return a formula as MathML.

    Raises:
        CannotTypesetError: it has a command that latex2mathml does not know.
    """
    from ziamath.tex import tex2mml

    for environment, known in _ENVIRONMENTS:
        tex = environment.sub(known, tex)
    if _OWN_NUMBERS.search(tex):  # latex2mathml would number each line, too
        tex = _ALIGNED.sub(r"\\\1{align*}", tex)
    tex = tex_packages.expand(tex)
    markup = tex2mml(tex, inline=not display)
    if "\\" in markup:
        raise CannotTypesetError("a command that is not known")
    return markup


def _mark_foreign_text(markup: ElementTree.Element) -> None:
    """Divide the texts of a formula into characters that ziamath's font has, and others.

    For a character that the font lacks, ziamath would draw a box.
    """
    font = _register_foreign_text()

    for leaf in list(markup.iter()):
        text = leaf.text or ""
        kinds = "".join(
            " " if character.isspace() else "." if font.glyphindex(character) else "x"
            for character in text
        )
        if len(leaf) or "x" not in kinds:
            continue
        leaf.text, tag = None, leaf.tag
        leaf.tag = "mrow"
        for words in _FOREIGN_WORDS.finditer(kinds):
            is_foreign = words[0].startswith("x")
            part = ElementTree.SubElement(leaf, _FOREIGN if is_foreign else tag)
            part.text = text[words.start() : words.end()]


@cache
def _register_foreign_text() -> Any:
    """Tell ziamath how to draw text that its font lacks; return this font."""
    from ziafont.fonttypes import BBox
    from ziamath.nodes.mnode import Mnode
    from ziamath.zmath import Math

    class _ForeignText(Mnode, tag=_FOREIGN):
        """Text that is drawn in the font of the page or window, with an estimated width."""

        def __init__(self, element: ElementTree.Element, parent: Any, **kwargs: Any) -> None:
            super().__init__(element, parent, **kwargs)
            width = self.glyphsize * sum(map(_width_of, element.text or ""))
            self.bbox = BBox(0, width, -0.2 * self.glyphsize, 0.85 * self.glyphsize)

        def draw(self, x: float, y: float, svg: ElementTree.Element) -> tuple[float, float]:
            middle = x + self.bbox.xmax / 2
            text = ElementTree.SubElement(svg, "text", {"x": f"{middle:.2f}", "y": f"{y:.2f}"})
            text.attrib |= {"font-size": f"{self.glyphsize:.2f}", "text-anchor": "middle"}
            text.set("fill", str(self.style.mathcolor or "black"))
            text.text = self.element.text
            return x + self.bbox.xmax, y

    return Math("<math><mi>x</mi></math>").font


def _width_of(character: str) -> float:
    """Return about the width of a character in em.

    Raises:
        CannotTypesetError: the character is invisible, and may change the order of others.
    """
    category = unicodedata.category(character)
    if category.startswith("C") and character not in _JOINERS:
        raise CannotTypesetError("an invisible character")
    if category in ("Mn", "Me") or character in _JOINERS:
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else _USUAL_WIDTH


def parse_formula(answer: Mapping[str, Any] | None) -> Formula | None:
    """Return the formula in the process's answer; None for an error or no answer."""
    return Formula(**answer) if answer and "svg" in answer else None


def _check_drawing(svg: str, size: tuple[float, float], lowest_y: float) -> Formula:
    """Return the formula with lengths in em.

    Raises:
        CannotTypesetError: the SVG has more than shapes, or is too large.
    """
    width, height = (length / _EM_UNITS for length in size)
    depth = -lowest_y / _EM_UNITS
    if not _is_drawing(svg, width, height):
        raise CannotTypesetError("more than strokes and areas, or out of measure")
    return Formula(svg, width, height - depth, depth)


def _is_drawing(svg: str, width: float, height: float) -> bool:
    """Return True if an SVG has only shapes, and is within the size limits."""
    if not (
        0 < width <= _MAX_WIDTH_EM and 0 < height <= _MAX_HEIGHT_EM and len(svg) <= MAX_SVG_LENGTH
    ):
        return False
    if not svg.startswith("<svg"):
        return False
    position = depth = 0
    while position < len(svg):
        tag = _TAG.match(svg, position)
        if tag is None:
            return False
        position = tag.end()
        if tag["closes"]:
            depth -= 1
        elif not tag["is_empty"] and tag["words"] is None:
            depth += 1
        if depth > _MAX_DRAWING_DEPTH:
            return False
    return depth == 0


@cache
def _typesetting_errors() -> tuple[type[BaseException], ...]:
    """Return the exceptions of ziamath and latex2mathml for unknown formulas.

    These are latex2mathml's own, and the exceptions that Python raises for unexpected values.
    """
    from latex2mathml import exceptions

    tex_errors: list[Any] = [
        value
        for value in vars(exceptions).values()
        if isinstance(value, type) and issubclass(value, BaseException)
    ]
    return (
        *tex_errors,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TypeError,
        ValueError,
    )
