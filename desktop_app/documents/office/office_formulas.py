"""Writes Office formulas on one line, as they are typed: a/b, x^2, √(a+b), ∑_(i=1)^n.

The structure of Office Math is that of ISO/IEC 29500-1, 22.1. OpenDocument stores formulas as
MathML, which also states how the formula was typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

_SPACE: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_VALUE: Final = f"{_SPACE}val"
_INTEGRAL: Final = "∫"
_HAT: Final = "\u0302"
# An operand in brackets of its own needs no others.
_CLOSED: Final = {"(": ")", "[": "]", "{": "}", "|": "|"}


def linear(formula: Element) -> str:
    """Return a formula of Office Math on one line (m:oMath or an element in it)."""
    said = last = ""
    for child in formula:
        part = _part(child)
        # "x^k a": without the space the exponent would continue.
        is_apart = _local(child) == "func" or "^" in last or "_" in last
        if is_apart and said[-1:].isalnum() and part[:1].isalnum():
            said += " "
        said += part
        last = part or last
    return said


def lines(paragraph: Element) -> str:
    """Return the formulas of a paragraph (m:oMathPara), each on a line."""
    return "\n".join(linear(e) for e in paragraph if _local(e) == "oMath")


def typed(formula: Element) -> str:
    """Return a MathML formula as typed, else its symbols in order; "" for other elements."""
    if _local(formula) != "math":
        return ""
    for element in formula.iter():
        if _local(element) == "annotation" and element.text:
            return " ".join(element.text.split())
    return " ".join(" ".join(formula.itertext()).split())


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _part(element: Element) -> str:
    inner = {_local(child): linear(child) for child in element}
    base = inner.get("e", "")
    match _local(element):
        case "r":
            return "".join(_texts(element))
        case "f" if _property(element, "type", "") == "noBar":
            return f"{inner.get('num', '')} choose {inner.get('den', '')}"
        case "f":
            return f"{_side(inner.get('num', ''))}/{_side(inner.get('den', ''))}"
        case "sSup" | "sSub" | "sSubSup" | "sPre":
            return f"{_side(base)}{_scripts(inner)}"
        case "rad":
            degree = inner.get("deg", "")
            return f"{f'^{_side(degree)}' if degree else ''}√{_side(base)}"
        case "nary":
            sign = _property(element, "chr", _INTEGRAL)
            return f"{sign}{_scripts(inner)} {base}"
        case "func":
            name = inner.get("fName", "").strip()
            return f"{name}{base}" if _is_closed(base) else f"{name} {base}"
        case "limLow" | "limUpp":
            sign = "_" if _local(element) == "limLow" else "^"
            return f"{base}{sign}{_side(inner.get('lim', ''))}"
        case "acc":
            return base + _property(element, "chr", _HAT)
        case "d":
            parts = [linear(child) for child in element if _local(child) == "e"]
            between = _property(element, "sepChr", "|")
            begin, end = _property(element, "begChr", "("), _property(element, "endChr", ")")
            return f"{begin}{between.join(parts)}{end}"
        case "m":
            rows = (row for row in element if _local(row) == "mr")
            cells = (", ".join(linear(e) for e in row if _local(e) == "e") for row in rows)
            return f"[{'; '.join(cells)}]"
        case "oMathPara":
            return lines(element)
        case "eqArr":
            return "; ".join(linear(e) for e in element if _local(e) == "e")
        case name if name.endswith("Pr"):
            return ""
    return linear(element)


def _texts(run: Element) -> Iterator[str]:
    for child in run:
        if _local(child) == "t":
            yield child.text or ""


def _scripts(inner: dict[str, str]) -> str:
    below, above = inner.get("sub", ""), inner.get("sup", "")
    return f"{f'_{_side(below)}' if below else ''}{f'^{_side(above)}' if above else ''}"


def _side(text: str) -> str:
    """Return an operand, in brackets if it is more than a word."""
    text = text.strip()
    is_one = text.replace(".", "").replace("'", "").isalnum() or len(text) == 1
    return text if is_one or _is_closed(text) else f"({text})"


def _is_closed(text: str) -> bool:
    """Return True if the first bracket closes at the end of the text."""
    if not text or _CLOSED.get(text[0]) != text[-1] or len(text) < 2:
        return False
    depth = 0
    for sign in text[1:-1]:
        depth += (sign == text[0]) - (sign == text[-1])
        if depth < 0:
            return False
    return True


def _property(element: Element, name: str, usual: str) -> str:
    for child in element:
        if _local(child).endswith("Pr"):
            found = child.find(f"{_SPACE}{name}")
            if found is not None:
                return found.get(_VALUE, "")
    return usual
