"""Formulas in line form, and superscript and subscript digits."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from desktop_app.documents.office import office_formulas

_MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def of(**parts: str) -> str:
    return "".join(f"<m:{name}>{content}</m:{name}>" for name, content in parts.items())


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (f"<m:f>{of(num=run('a+b'), den=run('2'))}</m:f>", "(a+b)/2"),
        (f"<m:f>{of(num=run('1'), den=run('2'))}</m:f>{run('mv')}", "1/2 mv"),
        (f"<m:f>{of(num=run('1'), den=run('2'))}</m:f><m:rad>{of(e=run('x'))}</m:rad>", "1/2 √x"),
        (f"<m:f>{of(num=run('1'), den=run('2'))}</m:f><m:d>{of(e=run('x+1'))}</m:d>", "1/2 (x+1)"),
        (f"<m:f>{of(num=run('1'), den=run('2'))}</m:f>{run('+x')}", "1/2+x"),
        (f"{run('km/')}{run('h')}", "km/h"),
        (f"<m:sSup>{of(e=run('x'), sup=run('n-1'))}</m:sSup>{run('y')}", "x^(n-1)y"),
        (f"<m:sSup>{of(e=run('x'), sup=run('k'))}</m:sSup>{run('a')}", "x^k a"),
        (f"<m:sSup>{of(e=run('x'), sup=run('|a|'))}</m:sSup>", "x^|a|"),
        (f"<m:sSup>{of(e=run('x'), sup=run('|a|+|b|'))}</m:sSup>", "x^(|a|+|b|)"),
        (f"<m:rad>{of(deg='', e=run('x+1'))}</m:rad>", "√(x+1)"),
        (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr>"
            f"{of(sub=run('i=1'), sup=run('n'), e=run('i'))}</m:nary>",
            "∑_(i=1)^n i",
        ),
        (
            f"<m:func>{of(fName=run('log'), e='<m:d>' + of(e=run('x')) + '</m:d>')}</m:func>",
            "log(x)",
        ),
        (
            f"<m:m><m:mr>{of(e=run('1'))}{of(e=run('0'))}</m:mr>"
            f"<m:mr>{of(e=run('0'))}{of(e=run('1'))}</m:mr></m:m>",
            "[1, 0; 0, 1]",
        ),
        (f"<m:sSub>{of(e=run('a'), sub=run('0'))}</m:sSub>", "a_0"),
        (
            f"<m:f><m:fPr><m:type m:val='noBar'/></m:fPr>{of(num=run('n'), den=run('k'))}</m:f>",
            "n choose k",
        ),
        (f"<m:rad>{of(deg=run('n+1'), e=run('x'))}</m:rad>", "^(n+1)√x"),
        (f"<m:limLow>{of(e=run('lim'), lim=run('n→∞'))}</m:limLow>", "lim_(n→∞)"),
        (f"<m:limUpp>{of(e=run('A'), lim=run('k'))}</m:limUpp>", "A^k"),
        (f"<m:acc>{of(e=run('x'))}</m:acc>", "x\u0302"),
        (f"<m:eqArr>{of(e=run('x=1'))}{of(e=run('y=2'))}</m:eqArr>", "x=1; y=2"),
        (
            f"<m:d><m:dPr><m:begChr m:val='{{'/><m:sepChr m:val=','/><m:endChr m:val=''/></m:dPr>"
            f"{of(e=run('1'))}{of(e=run('2'))}</m:d>",
            "{1,2",
        ),
        (f"<m:func>{of(fName=run('sin'), e=run('x'))}</m:func>", "sin x"),
        (
            f"<m:f>{of(num=run('(a)(b)'), den='<m:d>' + of(e=run('c') * 2) + '</m:d>')}</m:f>",
            "((a)(b))/(cc)",
        ),
        (f"<m:f>{of(num=run('((a)b)'), den=run('1.5'))}</m:f>", "((a)b)/1.5"),
        (f"<m:f>{of(num=run('((a)(b))'), den=run('()'))}</m:f>", "((a)(b))/()"),
        (f"<m:f>{of(num=run('('), den=run(''))}</m:f>", "(/()"),
        (
            f"<m:oMathPara><m:oMath>{run('a')}</m:oMath><m:oMath>{run('b')}</m:oMath></m:oMathPara>",
            "a\nb",
        ),
    ],
)
def test_a_formula_is_written_as_it_is_typed(formula: str, expected: str) -> None:
    assert (
        office_formulas.office_math_line(
            ElementTree.fromstring(f"<m:oMath {_MATH}>{formula}</m:oMath>")
        )
        == expected
    )


def test_mathml_becomes_the_formula_as_typed() -> None:
    tree = ElementTree.fromstring(
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>E</mi>'
        '<annotation encoding="StarMath 5.0">E = m c^2</annotation></semantics></math>'
    )
    assert office_formulas.mathml_text(tree) == "E = m c^2"
    assert office_formulas.mathml_text(tree[0]) == ""
    tree[0].remove(tree[0][1])
    assert office_formulas.mathml_text(tree) == "E"
