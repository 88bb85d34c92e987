"""Writes Office formulas on one line, as they are typed: a/b, x^2, √(a+b), ∑_(i=1)^n.

ISO/IEC 29500-1, 22.1, describes Office Math. OpenDocument and web pages store formulas as MathML,
mostly with an annotation: the formula as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office.package import local_name

_MATH: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_VALUE: Final = f"{_MATH}val"
_INTEGRAL: Final = "∫"
_HAT: Final = "\u0302"
_FACTOR_STARTS: Final = ("(", "[", "√")
# An operand that has brackets needs no others.
_BRACKET_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "|": "|"}


def office_math_line(formula: Element) -> str:
    """Return a formula of Office Math, or an element of one, on one line."""
    line = ""
    previous = ""  # the text of the child before; `was_fraction` is about the same child
    was_fraction = False
    for child in formula:
        part = _element_text(child)
        # "x^k a", "1/2 √x": without the space the exponent or the denominator would continue.
        is_apart = local_name(child) == "func" or "^" in previous or "_" in previous
        is_factor = part[:1].isalnum() or part[:1] in _FACTOR_STARTS
        if (is_apart and line[-1:].isalnum() and part[:1].isalnum()) or (
            was_fraction and is_factor
        ):
            line += " "
        line += part
        if part:
            previous = part
            was_fraction = local_name(child) == "f"
    return line


def office_math_lines(paragraph: Element) -> str:
    """Return the formulas of a paragraph (m:oMathPara), each on a line."""
    return "\n".join(office_math_line(e) for e in paragraph if local_name(e) == "oMath")


def mathml_text(formula: Element) -> str:
    """Return a MathML formula as typed, else on one line; "" for other elements."""
    if local_name(formula) != "math":
        return ""
    for element in formula.iter():
        if local_name(element) == "annotation" and element.text:
            return " ".join(element.text.split())
    return mathml_line(formula)


def mathml_line(formula: Element) -> str:
    """Return a MathML formula on one line, with spaces between its symbols."""
    lines: dict[Element, str] = {}
    # Children come before their parents, so formulas nested to any depth need no recursion.
    for element in reversed(list(formula.iter())):
        lines[element] = _mathml_element(element, [lines.pop(child) for child in element])
    return " ".join(lines[formula].split())


def _mathml_element(element: Element, parts: list[str]) -> str:
    """Return an element on one line; `parts` are its children."""
    name = local_name(element)
    if name in ("annotation", "annotation-xml"):
        return ""
    match name, parts:
        case "mfrac", [numerator, denominator]:
            return f"{_operand(numerator)}/{_operand(denominator)}"
        case "msup" | "mover", [base, superscript]:
            return f"{_operand(base)}^{_operand(superscript)}"
        case "msub" | "munder", [base, subscript]:
            return f"{_operand(base)}_{_operand(subscript)}"
        case "msubsup" | "munderover", [base, subscript, superscript]:
            return f"{_operand(base)}_{_operand(subscript)}^{_operand(superscript)}"
        case "mroot", [base, degree]:
            return f"^{_operand(degree)}√{_operand(base)}"
    words = [element.text or ""]
    for part, child in zip(parts, element, strict=True):
        words += part, child.tail or ""
    line = " ".join(filter(None, map(str.strip, words)))
    return f"√{_operand(line)}" if name == "msqrt" else line


def _element_text(element: Element) -> str:
    match local_name(element):
        case "r":
            return "".join(_texts(element))
        case "f" if _property_of(element, "type", "") == "noBar":
            return f"{_part(element, 'num')} choose {_part(element, 'den')}"
        case "f":
            return f"{_operand(_part(element, 'num'))}/{_operand(_part(element, 'den'))}"
        case "sSup" | "sSub" | "sSubSup" | "sPre":
            return f"{_operand(_part(element))}{_scripts(element)}"
        case "rad":
            degree = _part(element, "deg")
            raised_degree = f"^{_operand(degree)}" if degree else ""
            return f"{raised_degree}√{_operand(_part(element))}"
        case "nary":
            symbol = _property_of(element, "chr", _INTEGRAL)
            return f"{symbol}{_scripts(element)} {_part(element)}"
        case "func":
            name = _part(element, "fName").strip()
            argument = _part(element)
            return f"{name}{argument}" if _is_closed(argument) else f"{name} {argument}"
        case "limLow" | "limUpp":
            symbol = "_" if local_name(element) == "limLow" else "^"
            return f"{_part(element)}{symbol}{_operand(_part(element, 'lim'))}"
        case "acc":
            return _part(element) + _property_of(element, "chr", _HAT)
        case "d":
            parts = [office_math_line(child) for child in element if local_name(child) == "e"]
            between = _property_of(element, "sepChr", "|")
            opening = _property_of(element, "begChr", "(")
            closing = _property_of(element, "endChr", ")")
            return f"{opening}{between.join(parts)}{closing}"
        case "m":
            rows = (row for row in element if local_name(row) == "mr")
            cells = (
                ", ".join(office_math_line(e) for e in row if local_name(e) == "e") for row in rows
            )
            return f"[{'; '.join(cells)}]"
        case "oMathPara":
            return office_math_lines(element)
        case "eqArr":
            return "; ".join(office_math_line(e) for e in element if local_name(e) == "e")
        case name if name.endswith("Pr"):
            return ""
    return office_math_line(element)


def _texts(run: Element) -> Iterator[str]:
    for child in run:
        if local_name(child) == "t":
            yield child.text or ""


def _part(element: Element, name: str = "e") -> str:
    """Return a part of an element, by default its base; "" if it is missing."""
    return next((office_math_line(part) for part in element if local_name(part) == name), "")


def _scripts(element: Element) -> str:
    subscript = _part(element, "sub")
    superscript = _part(element, "sup")
    lowered = f"_{_operand(subscript)}" if subscript else ""
    raised = f"^{_operand(superscript)}" if superscript else ""
    return lowered + raised


def _operand(text: str) -> str:
    """Bracket an operand, unless it is one word, number or sign, or has brackets already."""
    text = text.strip()
    is_one = text.replace(".", "").replace("'", "").isalnum() or len(text) == 1
    return text if is_one or _is_closed(text) else f"({text})"


def _is_closed(text: str) -> bool:
    """Return True if the first bracket closes at the end of the text."""
    if not text or _BRACKET_PAIRS.get(text[0]) != text[-1]:
        return False
    if text[0] == text[-1]:  # |a|+|b| is not closed
        return text[0] not in text[1:-1]
    depth = 0
    for char in text[1:-1]:
        depth += (char == text[0]) - (char == text[-1])
        if depth < 0:
            return False
    return True


def _property_of(element: Element, name: str, default: str) -> str:
    for child in element:
        if local_name(child).endswith("Pr"):
            property_element = child.find(f"{_MATH}{name}")
            if property_element is not None:
                return property_element.get(_VALUE, "")
    return default
