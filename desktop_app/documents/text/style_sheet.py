"""Finds what the style sheets in a page hide.

Rules apply as CSS orders them (CSS Cascading and Inheritance Level 4, section 6). Those for paper,
for other sizes of the window, and in layers or other conditions are not read: their parts are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.S)
_CONFUSING_STRING: Final = re.compile(r"""(["'])[^"'\n{};]*[{};][^"'\n]*\1""")
_PIECE: Final = re.compile(r"([^{};]*)([{};])")
_ON_SCREENS: Final = re.compile(r"(?:@media\s+)?(?:only\s+)?(?:screen|all)", re.I)
_DECLARATION: Final = re.compile(
    r"\s*(display|visibility|mso-hide)\s*:\s*([a-z-]+)\s*(!\s*important)?\s*", re.I
)
_HIDES: Final = {"display": "none", "visibility": "hidden", "mso-hide": "all"}
_COMMA: Final = re.compile(r",(?![^(\[]*[)\]])")
_COMBINATOR: Final = re.compile(r"[\s>+~]+")
_NAME: Final = re.compile(r"[.#][\w-]+")
_ELEMENT: Final = re.compile(r"[a-z][\w-]*", re.I)
_UNNAMED: Final = re.compile(r"[(\[\\]")
# The parts of a selector that count, as in section 17 of Selectors Level 4.
_SPECIFICITY: Final = (r"#[\w-]", r"\.[\w-]|\[|(?<!:):(?!:)", r"(?:^|[\s>+~(])[a-z]|::")

_Weight = tuple[bool, tuple[int, ...], int]


class _Rule(NamedTuple):
    selector: str
    hides: bool
    weight: _Weight  # the heaviest rule of an element applies


def hidden_elements(soup: BeautifulSoup) -> list[Tag]:
    """Return the elements that style sheets hide.

    A page is never hidden as a whole: its script shows it, once it has found no frame around it
    (OWASP's “best-for-now legacy browser frame breaking script”) or everything is loaded.
    """
    rules: dict[str, list[_Rule]] = {}
    for sheet in soup.find_all("style"):
        if not sheet.find_parent("noscript") and _is_for_screens(str(sheet.get("media") or "all")):
            _add_rules(str(sheet.string or ""), rules)
    if not any(rule.hides for each in rules.values() for rule in each):
        return []
    elements: dict[str, list[Tag]] = {}
    for element in soup.find_all(True):
        classes = (f".{name}" for name in element.get("class") or ())
        for key in ("*", element.name, *classes, f"#{element.get('id')}"):
            elements.setdefault(key, []).append(element)
    found: dict[int, Tag] = {}
    for name, property_rules in rules.items():
        for element in _hidden_by(name, property_rules, elements):
            if element.name not in ("html", "body"):
                found[id(element)] = element
    return list(found.values())


def _add_rules(sheet: str, rules: dict[str, list[_Rule]]) -> None:
    """Add a sheet's rules that hide or show, by property."""
    for selectors, declarations in _blocks(sheet):
        for declaration in declarations:
            if match := _DECLARATION.fullmatch(declaration):
                name = match[1].lower()
                hides = match[2].lower() == _HIDES[name]
                for selector in _COMMA.split(selectors):
                    specificity = tuple(
                        len(re.findall(part, selector.strip(), re.I)) for part in _SPECIFICITY
                    )
                    weight = (bool(match[3]), specificity, sum(map(len, rules.values())))
                    rules.setdefault(name, []).append(_Rule(selector.strip(), hides, weight))


def _blocks(sheet: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the selectors and the declarations of the rules that apply on screens."""
    sheet = _CONFUSING_STRING.sub('""', _COMMENT.sub("", sheet))
    open_blocks: list[tuple[str, list[str]]] = []
    for piece in _PIECE.finditer(sheet):
        if piece[2] == "{":
            open_blocks.append((piece[1].strip(), []))
        elif open_blocks:
            open_blocks[-1][1].append(piece[1])
            if piece[2] == "}":
                block = open_blocks.pop()
                is_rule = not block[0].startswith("@")
                if is_rule and all(_is_for_screens(around) for around, _ in open_blocks):
                    yield block


def _is_for_screens(media: str) -> bool:
    return any(_ON_SCREENS.fullmatch(each.strip()) for each in media.split(","))


def _hidden_by(name: str, rules: list[_Rule], elements: Mapping[str, list[Tag]]) -> Iterator[Tag]:
    """Yield the elements whose heaviest rule for a property hides them."""
    heaviest: dict[int, tuple[_Rule, Tag]] = {}
    # Those that hide come first: what shows matters only for the elements that they hide.
    for rule in sorted(rules, key=lambda each: not each.hides):
        for element in elements.get(_key(rule.selector), ()):
            known = heaviest.get(id(element))
            is_lighter = known[0].weight < rule.weight if known else rule.hides
            if is_lighter and _matches(rule.selector, element):
                heaviest[id(element)] = rule, element
    for rule, element in heaviest.values():
        if rule.hides and not _shows_itself(element, name, rule):
            yield element


def _key(selector: str) -> str:
    """Return a class, an id or a name that each element has which the selector matches, or "*".

    Sheets of a site have thousands of rules, most of them for other pages.
    """
    if _UNNAMED.search(selector):
        return "*"
    last = _COMBINATOR.split(selector)[-1]
    if named := _NAME.search(last):
        return named[0]
    element = _ELEMENT.match(last)
    return element[0].lower() if element else "*"


def _matches(selector: str, element: Tag) -> bool:
    try:
        return bool(element.css.match(selector))
    except (element.css.api.SelectorSyntaxError, NotImplementedError):
        return False


def _shows_itself(element: Tag, name: str, rule: _Rule) -> bool:
    """Return True if the element's own style outweighs a rule that hides it."""
    for declaration in str(element.get("style") or "").split(";"):
        match = _DECLARATION.fullmatch(declaration)
        if match and match[1].lower() == name and (match[3] or not rule.weight[0]):
            return match[2].lower() != _HIDES[name]
    return False
