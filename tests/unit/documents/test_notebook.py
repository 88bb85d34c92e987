"""Jupyter notebooks: cells and outputs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.documents.text import notebook
from desktop_app.domain.errors import DocumentDamagedError


def cell(kind: str, source: object, **more: object) -> dict[str, object]:
    return {"cell_type": kind, "source": source, **more}


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    return cell("code", source, outputs=outputs)


def displayed(kind: str, words: str) -> dict[str, object]:
    stand_in = f"<IPython.core.display.{kind} object>"
    versions = {"text/plain": stand_in, f"text/{kind.lower()}": [words]}
    return {"output_type": "display_data", "data": versions}


def text_of(*cells: object, **more: Any) -> str:
    return notebook.read("n.ipynb", json.dumps({"cells": cells, **more}))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([cell("markdown", "# a"), cell("raw", ["b\n", "c"]), cell("markdown", "")], "# a\n\nb\nc"),
        ([code("a = 1"), code(" ")], "```\na = 1\n```"),
        ([code("a = '```'")], "````\na = '```'\n````"),
        (
            [code("a", {"output_type": "stream", "text": ["1\n", "2\n"]})],
            "```\na\n```\n\n```output\n1\n2\n```",
        ),
        ([code("", {"output_type": "error", "ename": "E", "evalue": "x"})], "```output\nE: x\n```"),
        (
            [
                code(
                    "",
                    {"output_type": "execute_result", "data": {"text/plain": ["4", "2"]}},
                    {"output_type": "display_data", "data": {"image/png": "AAAA"}},
                    {"output_type": "display_data"},
                )
            ],
            "```output\n42\n```",
        ),
        (
            [
                code(
                    "",
                    displayed("Markdown", "**a**"),
                    displayed("HTML", "<b>b</b>"),
                    displayed("Latex", "$c$"),
                    displayed("Image", ""),
                    {"output_type": "display_data", "data": {"text/plain": "d", "text/html": "e"}},
                )
            ],
            "```output\n**a**\n**b**\n$c$\n<IPython.core.display.Image object>\nd\n```",
        ),
        (
            [
                code(
                    "",
                    {"output_type": "stream", "text": "\x1b[1;31ma\x1b[0m\n1 %\r99 %\rdone\r\nb\r"},
                )
            ],
            "```output\na\ndone\r\nb\n```",
        ),
        (
            [
                code(
                    "",
                    {
                        "output_type": "display_data",
                        "data": {
                            "text/plain": "\x1b[1;9ma\x1b[0m \x1b]8;id=1;u:v\x1b\\b\x1b]8;;\x07"
                        },
                    },
                    {"output_type": "error", "ename": "\x1b[31mE", "evalue": "\x1b[?25hx"},
                )
            ],
            "```output\na b\nE: x\n```",
        ),
    ],
)
def test_cells_become_markdown(cells: list[object], expected: str) -> None:
    assert text_of(*cells) == expected


def test_code_has_the_language_of_the_kernel() -> None:
    told = {"language_info": {"name": "python"}}
    assert text_of(code("a"), metadata=told) == "```python\na\n```"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cells": [1]}', '{"cells": [{}]}', "[" * 100_000]
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(DocumentDamagedError):
        notebook.read("n.ipynb", text)
