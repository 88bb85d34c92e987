"""Formulas on one line: their TeX, else a linear form such as "(a+b)/2".

Reads MathML 3 (web pages, books, OpenDocument) and Office Math (ISO/IEC 29500-1, 22.1), also as
Word writes it into HTML. Trees come from lxml or from the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.reader_result import LeftOut
from desktop_app.domain.documents.document_notes import SkipReason

Element = Any  # of either library; lxml has no types

_MAX_DEPTH: Final = 120  # of elements; Python's limit is some 1,000 calls
_TEX: Final = re.compile(r"(?:^|[^a-z])(?:la)?tex\b", re.IGNORECASE)
_STYLED: Final = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)
_TEX_COMMENT: Final = re.compile(r"(?<!\\)%[^\n]*\n")
_SENTENCE: Final = re.compile(r"[^\W\d_]{3,} [^\W\d_]")
_INVISIBLE: Final = re.compile("\u2061(?=[({\\[])|[\u2062-\u2064\u200b\u2060]")
_ATTACHED: Final = re.compile("[′″‴⁗'’°†*]+")
_ACCENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys("¯‾ˉ\u0305\u0304", "\u0304"),
    **dict.fromkeys("^ˆ\u0302", "\u0302"),
    **dict.fromkeys("~˜\u0303", "\u0303"),
    **dict.fromkeys("→⃗", "\u20d7"),
    **dict.fromkeys(".˙\u0307", "\u0307"),
    **dict.fromkeys("¨\u0308", "\u0308"),
}
_TOKENS: Final = ("mi", "mn", "mo", "mtext", "ms", "r")
_NOTHING: Final = ("mphantom", "none", "mprescripts", "maligngroup", "malignmark", "annotation")
_BOTH: Final = ("msubsup", "munderover", "sSubSup", "sPre")
_UPPER: Final = ("msup", "mover", "sSup", "limUpp")
_LOWER: Final = ("msub", "munder", "sSub", "limLow")

_NAMES: Final = frozenset("sin cos tan cot arcsin arccos arctan log ln exp lim max min det".split())


class _Term(NamedTuple):
    """A part of a formula; `first` and `last` tell what it begins and ends with.

    They are "n" for a number, "w" for a word, "f" for a fraction, "s" for a script, "r" for a root
    with a degree, else "".
    """

    text: str
    first: str = ""
    last: str = ""


def tex(source: str, *, is_display: bool = False) -> str:
    """Return TeX as Markdown writes it."""
    text = " ".join(_TEX_COMMENT.sub("", source).split())
    while styled := _STYLED.fullmatch(text):
        text = styled[1].strip()
    mark = "$$" if is_display else "$"
    return f"{mark}{text}{mark}" if text else ""


def line(element: Element, left_out: LeftOut) -> str:
    """Return a formula: the TeX that it states, else its linear form.

    One that is nested too deeply is named in `left_out`.
    """
    if source := _stated_tex(element):
        return tex(source, is_display=element.get("display") == "block")
    try:
        text = _term(element, local_name(element), 0).text
    except RecursionError:
        left_out.unread.append(("formula", SkipReason.TOO_DEEP))
        return f"[formula: {SkipReason.TOO_DEEP.value}]"
    text = " ".join(_INVISIBLE.sub("", text).replace("\u2061", " ").split())
    return text or " ".join((element.get("alttext") or "").split())


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace or prefix; "" for a comment."""
    return _local_name_of(element.tag)


@lru_cache(1_000)
def _local_name_of(tag: object) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _stated_tex(element: Element) -> str:
    for child in element.iter():
        if _local_name_of(child.tag) == "annotation" and _TEX.search(child.get("encoding") or ""):
            return "".join(child.itertext()).strip()
    stated = (element.get("alttext") or element.get("data-latex") or "").strip()
    # The alternative text of a book's formula may be how it is read aloud.
    return "" if "\\" not in stated and _SENTENCE.search(stated) else stated


def _term(element: Element, name: str, depth: int) -> _Term:
    if name in _TOKENS:
        return _token(element, name)
    if depth > _MAX_DEPTH:
        raise RecursionError
    if name in _NOTHING or (name.endswith("Pr") and name != "Pr"):
        return _Term("")
    if name == "t":
        return _Term(element.text or "")
    names = []
    terms = []
    for child in element:
        if each := _local_name_of(child.tag):
            names.append(each)
            terms.append(_term(child, each, depth + 1))
    if write := _WRITERS.get(name):
        return write(element, terms, dict(zip(names, terms, strict=True)))
    if len(terms) == 1:
        return terms[0]
    return _row(terms) if terms else _Term((element.text or "").strip())


def _token(element: Element, name: str) -> _Term:
    texts = None
    text = element.text or ""
    if len(element):
        texts = [child.text or "" for child in element.iter() if local_name(child) == "t"]
        text = "".join(texts or element.itertext())
    if name != "r" or not texts:
        text = " ".join(text.split()) or (" " if name == "mtext" and text else "")
    is_word = len(text) > 1 and (text in _NAMES or (name == "mi" and text.isalpha()))
    kind = "n" if name == "mn" else "w" if is_word else ""
    return _Term(text, kind, kind)


def _row(terms: Iterable[_Term]) -> _Term:
    """Join terms; a space keeps apart what would be another number: 2 3/8, x^2 y, sin x."""
    text = first = last = ""
    for term in terms:
        if not term.text:
            continue
        before, after = text[-1:], term.text[0]
        if before.isalnum() and after.isalnum():
            are_digits = before.isdigit() and after.isdigit()
            is_apart = term.first in ("f", "w") or last in ("f", "s", "w")
            if is_apart or (are_digits and "n" in (term.first, last)):
                text += " "
        elif text and term.first == "r":
            text += " "
        first = first if text else term.first
        text += term.text
        last = term.last
    return _Term(text, first, last)


def _operand(term: _Term) -> str:
    return term.text if term.first == term.last == "w" else md.operand(term.text)


def _fraction(element: Element, terms: list[_Term], _by_name: Mapping[str, _Term]) -> _Term:
    upper, lower = _pair([term for term in terms if term.text])
    has_no_bar = (element.get("linethickness") or "1")[:1] == "0" or _setting(
        element, "type"
    ) == "noBar"
    if has_no_bar:
        return _Term(f"({upper.text} choose {lower.text})")
    return _Term(f"{_operand(upper)}/{_operand(lower)}", "f", "f")


def _pair(terms: list[_Term]) -> tuple[_Term, _Term]:
    first, second, *_ = [*terms, _Term(""), _Term("")]
    return first, second


def _script(element: Element, terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    name = local_name(element)
    nothing = _Term("")
    if name.startswith("m"):
        base, second, third, *_ = [*terms, nothing, nothing, nothing]
        lower, upper = (second, third) if name in _BOTH else (second, nothing)
        if name in _UPPER:
            lower, upper = nothing, second
    else:
        base = by_name.get("e", nothing)
        limit = by_name.get("lim", nothing)
        lower = limit if name == "limLow" else by_name.get("sub", nothing)
        upper = limit if name == "limUpp" else by_name.get("sup", nothing)
    return _scripted(base, lower, upper, is_over=name in ("mover", "limUpp"))


def _scripted(base: _Term, lower: _Term, upper: _Term, *, is_over: bool = False) -> _Term:
    if not lower.text and not upper.text:
        return base
    if is_over and (accent := _ACCENTS.get(upper.text)):
        return _Term(normalize("NFC", f"{_operand(base)}{accent}"), base.first, "s")
    text = _operand(base) if base.text else ""
    text += f"_{_operand(lower)}" if lower.text else ""
    if _ATTACHED.fullmatch(upper.text):
        text += upper.text
    elif upper.text:
        text += f"^{_operand(upper)}"
    is_index = lower.text.isdigit() and not upper.text
    return _Term(text, "n" if text[:1].isdigit() else base.first, "n" if is_index else "s")


def _multiscripts(element: Element, terms: list[_Term], _by_name: Mapping[str, _Term]) -> _Term:
    names = [local_name(child) for child in element if local_name(child)]
    middle = names.index("mprescripts") if "mprescripts" in names else len(names)
    after, before = terms[1:middle], terms[middle + 1 :]
    pieces = [_scripted(_Term(""), *_pair(before[n : n + 2])) for n in range(0, len(before), 2)]
    pieces += terms[:1]
    pieces += [_scripted(_Term(""), *_pair(after[n : n + 2])) for n in range(0, len(after), 2)]
    return _Term("".join(piece.text for piece in pieces), "", "s")


def _root(element: Element, terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    if local_name(element) == "mroot":
        base, degree = _pair(terms)
    else:
        base = by_name.get("e") or _row(terms)
        degree = by_name.get("deg", _Term(""))
    raised = f"^{_operand(degree)}" if degree.text else ""
    return _Term(f"{raised}√{_operand(base)}", "r" if raised else "", "s")


def _sum(element: Element, _terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    nothing = _Term("")
    sign = _Term(_setting(element, "chr") or "∫")
    scripts = by_name.get("sub", nothing), by_name.get("sup", nothing)
    text = _scripted(sign, *scripts).text
    return _Term(f"{text} {by_name.get('e', nothing).text}".strip(), "", "s")


def _brackets(element: Element, terms: list[_Term], _by_name: Mapping[str, _Term]) -> _Term:
    if local_name(element) == "mfenced":
        opening, closing = (
            default if (mark := element.get(key)) is None else mark
            for key, default in (("open", "("), ("close", ")"))
        )
        separator = (element.get("separators") or ",")[:1]
    else:
        opening = _setting(element, "begChr", "(")
        closing = _setting(element, "endChr", ")")
        separator = _setting(element, "sepChr", ",")
    inner = f"{separator} ".join(term.text for term in terms if term.text)
    return _Term(f"{opening}{inner}{closing}")


def _function(_element: Element, _terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    nothing = _Term("")
    name, argument = by_name.get("fName", nothing), by_name.get("e", nothing)
    space = " " if argument.text[:1].isalnum() or argument.text[:1] in "√∑∫" else ""
    return _Term(f"{name.text}{space}{argument.text}", "w", "w")


def _accent(element: Element, _terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    base = by_name.get("e", _Term(""))
    is_line = local_name(element) == "bar"
    sign = (
        _setting(element, "pos").replace("top", "¯") if is_line else _setting(element, "chr", "^")
    )
    accent = _ACCENTS.get(sign, "")
    text = normalize("NFC", f"{_operand(base)}{accent}") if accent else base.text
    return _Term(text, base.first, "s")


def _enclosed(element: Element, terms: list[_Term], by_name: Mapping[str, _Term]) -> _Term:
    notation = element.get("notation") or ""
    if "radical" in notation:
        return _root(element, terms, by_name)
    row = _row(terms)
    return row._replace(text=md.strike(row.text)) if "strike" in notation else row


def _apart(separator: str) -> Callable[[Element, list[_Term], Mapping[str, _Term]], _Term]:
    return lambda _element, terms, _by_name: _Term(
        separator.join(term.text for term in terms if term.text.strip("\u200b"))
    )


def _first(_element: Element, terms: list[_Term], _by_name: Mapping[str, _Term]) -> _Term:
    return terms[0] if terms else _Term("")


def _setting(element: Element, name: str, default: str = "") -> str:
    """Return a setting of Office Math, which is in the element's properties."""
    for child in _properties(element):
        if local_name(child) == name:
            return str(next(iter(child.attrib.values()), ""))
    return default


def _properties(element: Element) -> Iterator[Element]:
    for child in element:
        if local_name(child).endswith("Pr"):
            yield from child.iter()


_WRITERS: Final[Mapping[str, Callable[[Element, list[_Term], Mapping[str, _Term]], _Term]]] = {
    **dict.fromkeys(("mfrac", "f"), _fraction),
    **dict.fromkeys((*_BOTH, *_UPPER, *_LOWER), _script),
    "mmultiscripts": _multiscripts,
    **dict.fromkeys(("msqrt", "mroot", "rad"), _root),
    "nary": _sum,
    **dict.fromkeys(("mfenced", "d"), _brackets),
    "func": _function,
    **dict.fromkeys(("acc", "bar"), _accent),
    "menclose": _enclosed,
    **dict.fromkeys(("mtable", "m", "eqArr"), _apart("; ")),
    **dict.fromkeys(("mtr", "mlabeledtr", "mr"), _apart(", ")),
    **dict.fromkeys(("semantics", "maction"), _first),
    "mspace": lambda *_: _Term(" "),
}
