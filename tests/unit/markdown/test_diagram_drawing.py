"""Mermaid diagrams: drawn in the colors of a theme, refused if they are hostile."""

from __future__ import annotations

import functools
import html
import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from desktop_app.child_processes import child_command
from desktop_app.markdown.color_tokens import DARK, LIGHT, NAMES
from desktop_app.markdown.processes.diagram_drawing import (
    MAX_SOURCE_LENGTH,
    Diagram,
    UndrawnDiagram,
    can_draw,
    drawing_request,
    parse_drawing,
)
from desktop_app.markdown.processes.formula_client import FormulaClient
from tests.helpers.diagrams import FLOWCHART, HOSTILE, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not can_draw(), reason="merman has no wheel for this system")
THEMES = {
    "light": dict(zip(NAMES, LIGHT, strict=True)),
    "dark": dict(zip(NAMES, DARK, strict=True)),
}


@pytest.fixture(scope="module")
def client() -> Iterator[FormulaClient]:
    made = FormulaClient(child_command("diagrams"))
    yield made
    made.close()


def draw(client: FormulaClient, source: str, theme: str = "light") -> Diagram | UndrawnDiagram:
    return parse_drawing(client.ask(drawing_request(source, THEMES[theme])))


def drawn(client: FormulaClient, source: str, theme: str = "light") -> Diagram:
    diagram = draw(client, source, theme)
    assert isinstance(diagram, Diagram)
    return diagram


def channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def count_like(image: Image.Image, color: str, tolerance: int = 40) -> int:
    """Return the number of pixels of nearly this color."""
    difference = ImageChops.difference(image, Image.new("RGB", image.size, color))
    like = [each.point(lambda by: 255 * (by <= tolerance)) for each in difference.split()]
    return functools.reduce(ImageChops.darker, like).histogram()[255]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SOURCES)
def test_a_kind_is_drawn_in_the_colors_of_the_theme(
    client: FormulaClient, name: str, theme: str
) -> None:
    diagram = drawn(client, SOURCES[name], theme)
    image = Image.open(io.BytesIO(diagram.png)).convert("RGB")
    colors = THEMES[theme]
    assert image.size == (pytest.approx(diagram.width * 2, abs=3), image.height)
    assert image.getpixel((1, 1)) == channels(colors["code_ground"])
    assert count_like(image, colors["text"], 60) > 150, "there are no letters"
    assert image.getcolors(20) is None, "there are few colors"
    other = "#FFFFFF" if theme == "dark" else "#000000"
    area = image.width * image.height
    assert count_like(image, other, 8) < area / 4, "an area has a color of another theme"


@pytest.mark.parametrize("theme", THEMES)
def test_the_labels_of_boxes_are_written_whole(client: FormulaClient, theme: str) -> None:
    """The box of a label is drawn twice: with letters and without; the difference is ink."""
    colors = THEMES[theme]
    words = drawn(client, "flowchart TD\n  A[Wide MMMMMM words]", theme)
    empty = drawn(client, "flowchart TD\n  A[Wide ...... ..rds]", theme)
    ink = [
        count_like(Image.open(io.BytesIO(each.png)).convert("RGB"), colors["text"], 60)
        for each in (words, empty)
    ]
    assert ink[0] > ink[1] + 300


def test_the_picture_is_as_wide_as_its_words_and_has_a_name(client: FormulaClient) -> None:
    diagram = drawn(client, FLOWCHART)
    assert diagram.kind == "flowchart"
    assert "flowchart" in diagram.name
    assert diagram.svg.startswith("<svg")
    assert "Start here" in diagram.svg


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("flowchart TD\nA[Hello --> B\nC-->D", 2),
        ("sequenceDiagram\nA->>B: hi\nfoo bar baz\nA->>B: x", 3),
        ("no diagram at all", 1),
    ],
)
def test_a_broken_source_names_its_line(client: FormulaClient, source: str, line: int) -> None:
    found = draw(client, source)
    assert isinstance(found, UndrawnDiagram)
    assert found.line == line
    assert str(line) in found.note
    assert found.words in found.note


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("flowchart TD\n A[Start (init)] --> B[(db)]", ["Start (init)", "db"]),
        ("graph TD\n A[/api/v1] --> B[/in/]", ["/api/v1", "in"]),
        ("graph LR\n A -->|f(x)| B{is g(y) > 0?}", ["f(x)", "is g(y) > 0?"]),
        ('graph TD\n A[{json}] --> B(a (b)) --> C[x = "1"]', ["{json}", "a (b)", 'x = "1"']),
        ("graph TD\n subgraph S [a (b)]\n A --> end\n end\n B --> A", ["a (b)", "end"]),
        ("graph TD\n end[The end] --> B[array[0]]:::c", ["The end", "array[0]"]),
        ("sequenceDiagram\n A->>B: x; y #35; (z)\n Note over A: a; b", ["x; y # (z)", "a; b"]),
        ("erDiagram\n A ||--o{ B : has (many)", ["has (many)"]),
    ],
)
def test_labels_that_need_quotes_get_them(
    client: FormulaClient, source: str, labels: list[str]
) -> None:
    svg = drawn(client, source).svg
    shown = [html.unescape(text) for text in re.findall(">([^<>]+)</t", svg)]
    assert set(labels) <= set(shown), shown


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_source_is_refused(client: FormulaClient, name: str) -> None:
    assert len(HOSTILE[name]) <= MAX_SOURCE_LENGTH
    assert draw(client, HOSTILE[name]) == UndrawnDiagram()
    drawn(client, FLOWCHART)  # the next one is drawn


def test_a_long_source_is_not_even_sent(client: FormulaClient) -> None:
    assert client.draw("mermaid", "flowchart TD\n" + "A-->B\n" * 160_000) is None


@pytest.mark.attack("diagrams")
@pytest.mark.parametrize(
    "source",
    [
        'flowchart TD\n A --> B\n click A href "https://evil.example"\n click B "javascript:x()"',
        "flowchart TD\n A[\"<script>alert(1)</script><img src='https://evil.example/z.png'>hi\"]",
        "flowchart TD\n A --> B\n style A fill:url(https://evil.example)",
        '%%{init: {"themeCSS": "b{fill:url(https://evil.example/z)} @import \'//evil.example\';",'
        ' "securityLevel": "loose", "htmlLabels": true}}%%\nflowchart TD\n A --> B',
        'flowchart TD\n A@{ img: "https://evil.example/x.png", label: "hi", h: 60 }',
    ],
)
def test_nothing_in_a_drawing_is_fetched_followed_or_run(
    client: FormulaClient, source: str
) -> None:
    found = draw(client, source)
    if isinstance(found, Diagram):
        for word in ("evil.example", "script", "<image", "<a ", "<foreignObject", "javascript:"):
            assert word not in found.svg.replace("aria-roledescription", "")
