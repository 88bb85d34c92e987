"""Converts MathML, as latex2mathml writes it, to Office Math (ISO/IEC 29500-1, 22.1).

The only Python library for it, mathml2omml, had its last release in 2019, and writes accents and
overlines as limits above the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

NAMESPACE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_SUMS: Final = frozenset("∑∏∐∫∬∭∮∯∰⋀⋁⋂⋃⨀⨁⨂⨄⨆")
_ACCENTS: Final = {
    **{sign: sign for sign in "\u0302\u0303\u0307\u0308\u030c\u0301\u0300\u0306\u030a\u20d7\u20db"},
    "^": "\u0302",
    "ˆ": "\u0302",
    "~": "\u0303",
    "˜": "\u0303",
    "˙": "\u0307",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "´": "\u0301",
    "`": "\u0300",
    "˘": "\u0306",
    "˚": "\u030a",
    "→": "\u20d7",
    "←": "\u20d6",
}
_BARS: Final = frozenset("¯‾―_\u0305\u0332\u2015")
_BRACES: Final = frozenset("⏞⏟⏜⏝⎴⎵")
_OPENING: Final = frozenset("([{⟨⌊⌈|‖∣∥")
_CLOSING: Final = frozenset(")]}⟩⌋⌉|‖∣∥")
_STYLES: Final = {
    "normal": ("sty", "p"),
    "bold": ("sty", "b"),
    "italic": ("sty", "i"),
    "bold-italic": ("sty", "bi"),
    "double-struck": ("scr", "double-struck"),
    "script": ("scr", "script"),
    "fraktur": ("scr", "fraktur"),
    "sans-serif": ("scr", "sans-serif"),
    "monospace": ("scr", "monospace"),
}
_LENGTH: Final = re.compile(r"(-?[0-9]*\.?[0-9]+)em")
# Spaces by width in em, the widest first.
_SPACES: Final = ((2.0, "\u2003\u2003"), (1.0, "\u2003"), (0.25, "\u2005"), (0.1, "\u2009"))


def to_office_math(markup: str, *, display: bool) -> str:
    """Return MathML as Office Math: `m:oMath`, or `m:oMathPara` around it for a display formula."""
    math = Element(_name("oMath"))
    _convert_all(list(fromstring(markup)), math)
    if display:
        paragraph = Element(_name("oMathPara"))
        paragraph.append(math)
        math = paragraph
    return tostring(math, encoding="unicode")


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    return "".join(element.itertext())


def _add(parent: Element, *path: str) -> Element:
    for local in path:
        parent = SubElement(parent, _name(local))
    return parent


def _set(parent: Element, **properties: str) -> None:
    for local, value in properties.items():
        _add(parent, local).set(_name("val"), value)


def _fill(parent: Element, local: str, *elements: Element) -> None:
    """Add an argument, which Word shows as an empty box if it has no content."""
    argument = _add(parent, local)
    _convert_all(elements, argument)
    if not len(argument):
        _add_run(argument, "\u200b")


def _convert_all(elements: Sequence[Element], parent: Element) -> None:
    """Convert elements that stand in a row: fences enclose, and a sum takes what follows it."""
    position = 0
    while position < len(elements):
        element = elements[position]
        end = _end_of_fence(elements, position)
        if end:
            opening = _text(element).strip()
            closing = _text(elements[end]).strip() if end < len(elements) else ""
            group = _add(parent, "d")
            _set(_add(group, "dPr"), begChr=opening, endChr=closing)
            _fill(group, "e", *elements[position + 1 : end])
            position = end
        elif (sum_ := _core_of(element)) is not None and _text(sum_).strip() in _SUMS:
            _convert_sum(element, sum_, elements[position + 1 : position + 2], parent)
            position += 1
        else:
            _convert(element, parent)
        position += 1


def _end_of_fence(elements: Sequence[Element], start: int) -> int:
    """Return the position of the fence that closes the one at `start`; 0 if there is none.

    The position after the last element stands for a fence that is not drawn ("\\right.").
    """
    opener = elements[start]
    if _tag(opener) != "mo" or opener.get("form") == "postfix":
        return 0
    sign = _text(opener).strip()
    if opener.get("fence") == "true" and opener.get("form") == "prefix":
        for position in range(start + 1, len(elements)):
            if elements[position].get("form") == "postfix":
                return position
        return len(elements) if len(elements) > start + 1 else 0
    encloses_table = start + 1 < len(elements) and _tag(elements[start + 1]) == "mtable"
    if encloses_table and sign in _OPENING:
        is_closed = start + 2 < len(elements) and _text(elements[start + 2]).strip() in _CLOSING
        return start + 2 if is_closed else 0
    return 0


def _core_of(element: Element) -> Element | None:
    """Return the operator of a sum or an integral, without its limits."""
    if _tag(element) in ("msub", "msup", "msubsup", "munder", "mover", "munderover"):
        element = element[0]
    if _tag(element) in ("mrow", "mstyle") and len(element) == 1:
        element = element[0]
    return element if _tag(element) == "mo" else None


def _convert_sum(
    element: Element, operator: Element, following: Sequence[Element], parent: Element
) -> None:
    kind = _tag(element)
    limits = list(element[1:]) if kind != "mo" else []
    has_lower = kind in ("msub", "msubsup", "munder", "munderover")
    lower = limits[:1] if has_lower else []
    upper = limits[1:] if has_lower else limits
    group = _add(parent, "nary")
    properties = _add(group, "naryPr")
    _set(properties, chr=_text(operator).strip())
    _set(properties, limLoc="undOvr" if kind.startswith(("munder", "mover")) else "subSup")
    _set(properties, **({} if lower else {"subHide": "1"}), **({} if upper else {"supHide": "1"}))
    for local, arguments in (("sub", lower), ("sup", upper)):
        if arguments:
            _fill(group, local, *arguments)
        else:
            _add(group, local)
    _fill(group, "e", *following)


def _convert(element: Element, parent: Element) -> None:
    children = list(element)
    match _tag(element):
        case "mi" | "mn" | "mo" | "mtext" | "ms":
            _convert_text(element, parent)
        case "mspace":
            if width := _LENGTH.fullmatch(element.get("width", "")):
                spaces = (space for least, space in _SPACES if float(width[1]) >= least)
                _add_run(parent, next(spaces, ""), is_words=True)
        case "mfrac" if len(children) == 2:
            group = _add(parent, "f")
            if element.get("linethickness", "1").startswith("0"):
                _set(_add(group, "fPr"), type="noBar")
            _fill(group, "num", children[0])
            _fill(group, "den", children[1])
        case "msqrt":
            group = _add(parent, "rad")
            _set(_add(group, "radPr"), degHide="1")
            _add(group, "deg")
            _fill(group, "e", *children)
        case "mroot" if len(children) == 2:
            group = _add(parent, "rad")
            _fill(group, "deg", children[1])
            _fill(group, "e", children[0])
        case "msub" | "msup" | "msubsup" as kind if len(children) == len(_SCRIPTS[kind][1]):
            local, arguments = _SCRIPTS[kind]
            group = _add(parent, local)
            for argument, child in zip(arguments, children, strict=True):
                _fill(group, argument, child)
        case "munder" | "mover" if len(children) == 2:
            _convert_limit(element, children[0], children[1], parent)
        case "munderover" if len(children) == 3:
            group = _add(parent, "limUpp")
            lower = _add(group, "e", "limLow")
            _fill(lower, "e", children[0])
            _fill(lower, "lim", children[1])
            _fill(group, "lim", children[2])
        case "mtable":
            _convert_table(children, parent)
        case "mphantom" | "menclose" | "mfenced":
            _convert_enclosure(element, parent)
        case _:
            _convert_all(children, parent)


_SCRIPTS: Final = {
    "msub": ("sSub", ("e", "sub")),
    "msup": ("sSup", ("e", "sup")),
    "msubsup": ("sSubSup", ("e", "sub", "sup")),
}


def _convert_enclosure(element: Element, parent: Element) -> None:
    match _tag(element):
        case "mphantom":
            group = _add(parent, "phant")
            _set(_add(group, "phantPr"), show="0")
        case "mfenced":
            group = _add(parent, "d")
            ends = {"begChr": element.get("open", "("), "endChr": element.get("close", ")")}
            _set(_add(group, "dPr"), **ends)
        case _:
            group = _add(parent, "borderBox")
            notation = element.get("notation", "box")
            if "box" not in notation:
                sides = dict.fromkeys(("hideTop", "hideBot", "hideLeft", "hideRight"), "1")
                strike = "strikeTLBR" if "down" in notation else "strikeBLTR"
                _set(_add(group, "borderBoxPr"), **sides, **{strike: "1"})
    _fill(group, "e", *element)


def _convert_limit(element: Element, base: Element, mark: Element, parent: Element) -> None:
    """Convert what stands above or below: an accent, a bar, a brace, or a limit."""
    is_above = _tag(element) == "mover"
    sign = _text(mark).strip() if _tag(mark) == "mo" else ""
    side = "top" if is_above else "bot"
    if is_above and sign in _ACCENTS:
        group = _add(parent, "acc")
        _set(_add(group, "accPr"), chr=_ACCENTS[sign])
    elif sign in _BARS:
        group = _add(parent, "bar")
        _set(_add(group, "barPr"), pos=side)
    elif sign in _BRACES:
        group = _add(parent, "groupChr")
        _set(_add(group, "groupChrPr"), chr=sign, pos=side, vertJc="bot" if is_above else "top")
    else:
        group = _add(parent, "limUpp" if is_above else "limLow")
        _fill(group, "e", base)
        _fill(group, "lim", mark)
        return
    _fill(group, "e", base)


def _convert_table(rows: Iterable[Element], parent: Element) -> None:
    table = [list(row) for row in rows]
    width = max(map(len, table), default=0)
    group = _add(parent, "m")
    columns = _add(group, "mPr", "mcs")
    for number in range(width):
        cells = (row[number] for row in table if number < len(row))
        align = next(cells).get("columnalign", "center")
        _set(_add(columns, "mc", "mcPr"), count="1", mcJc=align)
    for row in table:
        line = _add(group, "mr")
        for number in range(width):
            _fill(line, "e", *row[number : number + 1])


def _convert_text(element: Element, parent: Element) -> None:
    text = _text(element)
    is_words = _tag(element) in ("mtext", "ms")
    variant = element.get("mathvariant", "")
    if _tag(element) == "mi" and len(text.strip()) > 1:
        variant = variant or "normal"  # the name of a function
    _add_run(parent, text if is_words else text.strip(), variant, is_words=is_words)


def _add_run(parent: Element, text: str, variant: str = "", *, is_words: bool = False) -> None:
    if not text:
        return
    run = _add(parent, "r")
    if is_words:
        _add(run, "rPr", "nor")
    elif style := _STYLES.get(variant):
        _set(_add(run, "rPr"), **dict((style,)))
    words = _add(run, "t")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
