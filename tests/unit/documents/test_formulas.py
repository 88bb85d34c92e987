"""Formulas of Office Math on one line."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from desktop_app.documents import formulas
from desktop_app.documents.reader_result import LeftOut


def run(text: str) -> str:
    return f"<r><t>{text}</t></r>"


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (run("a"), run("b"), "a/b"),
        (run("a+b"), run("2"), "(a+b)/2"),
        (run("ab"), run("10"), "(ab)/10"),
        (f"<d><e>{run('a+b')}</e></d>", run("+"), "(a+b)/+"),
        (run("-1"), run("x"), "(-1)/x"),
    ],
)
def test_operands_are_in_parentheses_where_they_need_them(
    numerator: str, denominator: str, expected: str
) -> None:
    source = f"<f><num>{numerator}</num><den>{denominator}</den></f>"
    assert formulas.line(ElementTree.fromstring(source), LeftOut()) == expected
