"""Formulas of web pages: each becomes one line, in the place of all that shows it.

KaTeX, MathJax and Wikipedia write a formula twice or three times: for eyes, for screen readers, as
its source. As elements, a book's formulas take most of the time: so they are lines when the page is
parsed.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from bs4 import BeautifulSoup, Comment, Tag
from lxml import etree

from desktop_app.documents import formulas
from desktop_app.documents.reader_result import LeftOut

if TYPE_CHECKING:
    from bs4.element import PageElement

# Values in quotes have a limit, because a page may have many quotes that are never closed.
_TAG: Final = re.compile(
    r"""<(/?)(?:\w{1,20}:)?math\b(?:[^<>"']|"[^"]{0,9999}"|'[^']{0,9999}')*>""", re.IGNORECASE
)
# Word shows a picture of a formula to programs that do not know its own markup.
_OF_WORD: Final = re.compile(
    r"<!--\[if gte msEquation [0-9]+\]>((?:(?!<!--).){0,50000}?)<!\[endif\]-->"
    r"(?:\s*<!\[if !msEquation\]>(?:(?!<!\[).){0,9999}<!\[endif\]>)?",
    re.DOTALL,
)
_ENTITY: Final = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z][A-Za-z0-9]{0,30};", re.I)
_TEX_SCRIPT: Final = re.compile(r"math/(?:la)?tex\b")
_MATHJAX: Final = re.compile(r"MathJax")
_TEX_ATTRIBUTES: Final = ("data-math", "data-latex", "data-tex")
_WRAPPER: Final = re.compile(r"span|nobr|div|mjx-[\w-]+")


def with_lines(page: str, left_out: LeftOut) -> str:
    """Return a page whose formulas are lines, each in an element `math`."""
    if "math" not in page and "msEquation" not in page and "MATH" not in page:
        return page
    page = _OF_WORD.sub(r"<math>\1</math>", page)
    pieces: list[str] = []
    done = 0
    start: re.Match[str] | None = None
    for tag in _TAG.finditer(page):
        if not tag[1]:
            start = start or tag
        elif start is not None:
            line = _line(page[start.start() : tag.end()], left_out)
            pieces += (page[done : start.start()], _element(line))
            done, start = tag.end(), None
    return "".join([*pieces, page[done:]])


def _line(source: str, left_out: LeftOut) -> str:
    source = _ENTITY.sub(lambda entity: html.unescape(entity[0]), source)
    parser = etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True)
    tree = etree.fromstring(source, parser)
    return "" if tree is None else formulas.line(tree, left_out)


def _element(line: str) -> str:
    display = "block" if line.startswith("$$") else "inline"
    return f'<math display="{display}">{html.escape(line, quote=False)}</math>'


def unwrap(soup: BeautifulSoup, page: str) -> None:
    """Put each formula of a page in the place of the elements that show it."""
    if "<math" not in page and not any(name in page for name in ("math/", *_TEX_ATTRIBUTES)):
        return
    for script in soup.find_all("script", type=_TEX_SCRIPT):
        for shown in script.find_previous_siblings(class_=_MATHJAX, limit=2):
            shown.decompose()
        _show_tex(soup, script, str(script.string or ""), "display" in str(script.get("type")))
    has_attributes = any(name in page for name in _TEX_ATTRIBUTES)
    for element in soup.find_all(_has_tex) if has_attributes else ():
        if not element.decomposed and not element.find("math"):
            source = next(filter(None, map(element.get, _TEX_ATTRIBUTES)))
            container = element.find_parent("mjx-container") or element
            _show_tex(soup, container, str(source), container.name == "div")
    for formula in soup.find_all("math"):
        shown = _shown_by(formula)
        if shown is not formula:
            shown.replace_with(formula.extract())


def _has_tex(element: Tag) -> bool:
    return any(name in element.attrs for name in _TEX_ATTRIBUTES)


def _show_tex(soup: BeautifulSoup, element: Tag, source: str, is_display: bool) -> None:
    formula = soup.new_tag("math", attrs={"display": "block" if is_display else "inline"})
    formula.string = formulas.tex(source, is_display=is_display)
    element.replace_with(formula)
    element.decompose()


def _shown_by(formula: Tag) -> Tag:
    """Return the outermost element that has only this formula, and what no screen reader reads."""
    shown = found = formula
    while (around := shown.parent) is not None and _WRAPPER.fullmatch(around.name):
        others = [each for each in around.children if each is not shown and not _is_empty(each)]
        if not all(map(_is_silent, others)):
            break
        shown = around
        if others:  # only what has a twin for eyes: else what is hidden would come
            found = around
    return found


def _is_empty(element: PageElement) -> bool:
    if isinstance(element, Tag):
        return (
            not _is_silent(element) and element.name != "img" and not element.get_text(strip=True)
        )
    return isinstance(element, Comment) or not str(element).strip()


def _is_silent(element: PageElement) -> bool:
    return isinstance(element, Tag) and (
        element.name == "svg" or element.get("aria-hidden") == "true"
    )
