"""Writes the answers of a conversation as slides: one for each heading, with its points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

from pptx import Presentation
from pptx.enum.text import MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn

from desktop_app.domain.graphemes import shorten
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.writers.office.office_content import (
    MAX_PROPERTY_CHARS,
    OfficeMessage,
    cell_text,
    is_from_right,
    to_office_text,
)

# The indexes of layouts in the default template of python-pptx.
_TITLE_SLIDE: Final = 0
_TITLE_AND_CONTENT: Final = 1
_MAX_SLIDE_LINES: Final = 8
"""Lines of a slide; more would run over its bottom edge, so they continue on the next slide."""
_LINE_CHARS: Final = 36
"""Characters that are assumed to fit on a line of a slide."""
_MAX_POINT_CHARS: Final = 300
"""Characters; a longer point is cut."""
_MAX_LIST_DEPTH: Final = 4
"""Depth of the innermost points, counted from 0."""
_MONOSPACED: Final = "Courier New"


class SlideLine(NamedTuple):
    """A point of a slide, or a line of code; the depth counts from 0."""

    depth: int
    text: str
    is_code: bool = False


def write_pptx(file: Path, title: str, messages: Iterable[OfficeMessage]) -> None:
    """Write the presentation. Raises OSError."""
    presentation = Presentation()
    presentation.core_properties.title = to_office_text(title)[:MAX_PROPERTY_CHARS]
    first = presentation.slides.add_slide(presentation.slide_layouts[_TITLE_SLIDE])
    _write_text(first.shapes.title.text_frame.paragraphs[0], to_office_text(title))
    for message in messages:
        if not message.is_answer:
            continue
        # A slide has no room for a call's arguments and result.
        calls = [block for block in message.calls if block.kind is Kind.PARAGRAPH]
        sections = _split_sections(
            to_office_text(title), (*calls, *message.blocks), message.endings
        )
        for heading, points in sections:
            for slide_points in _split_points(points):
                _add_slide(presentation, heading, slide_points)
    with file.open("wb") as stream:
        presentation.save(stream)


def _split_points(points: list[SlideLine]) -> Iterator[list[SlideLine]]:
    """Yield the points of each slide, at least one slide."""
    slide_points: list[SlideLine] = []
    lines = 0
    for point in points:
        line_count = ceil(min(len(point.text), _MAX_POINT_CHARS) / _LINE_CHARS) or 1
        if slide_points and lines + line_count > _MAX_SLIDE_LINES:
            yield slide_points
            slide_points = []
            lines = 0
        slide_points.append(point)
        lines += line_count
    yield slide_points


def _split_sections(
    title: str, blocks: Iterable[Block], endings: Iterable[str]
) -> Iterator[tuple[str, list[SlideLine]]]:
    """Yield each heading with the points below it; `endings` are points of the last heading."""
    heading = ""
    points: list[SlideLine] = []
    for block in blocks:
        if block.kind is Kind.HEADING:
            if heading or points:
                yield heading or title, points
            heading = to_office_text(block.text)
            points = []
        elif block.kind is Kind.TABLE:
            rows = [filter(None, map(cell_text, row)) for row in block.rows]
            points += [SlideLine(0, " · ".join(row)) for row in rows]
        elif block.kind is Kind.CODE:
            points.append(SlideLine(0, to_office_text(block.text).rstrip(), is_code=True))
        elif text := to_office_text(block.text).strip():
            points.append(SlideLine(min(max(block.depth - 1, 0), _MAX_LIST_DEPTH), text))
    points += [SlideLine(0, ending) for ending in endings]
    if heading or points:
        yield heading or title, points


def _add_slide(presentation: Any, heading: str, points: list[SlideLine]) -> None:
    slide = presentation.slides.add_slide(presentation.slide_layouts[_TITLE_AND_CONTENT])
    _write_text(slide.shapes.title.text_frame.paragraphs[0], heading)
    frame = slide.placeholders[1].text_frame
    frame.auto_size = MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
    for number, (depth, text, is_code) in enumerate(points):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        shortened = shorten(text, _MAX_POINT_CHARS)
        if is_code:
            _write_code(paragraph, shortened)
            continue
        _write_text(paragraph, shortened)
        paragraph.level = depth
        if is_from_right(text):
            paragraph.alignment = PP_ALIGN.RIGHT


def _write_text(paragraph: Any, text: str) -> None:
    """Set the text of a paragraph, and its direction, for which python-pptx has no function."""
    paragraph.text = text
    if is_from_right(text):
        paragraph._p.get_or_add_pPr().set("rtl", "1")


def _write_code(paragraph: Any, text: str) -> None:
    """Set the text of a line of code: monospaced, and without the layout's bullet and indent."""
    paragraph.text = text
    for run in paragraph.runs:
        run.font.name = _MONOSPACED
    shape = paragraph._p.get_or_add_pPr()
    shape.set("marL", "0")
    shape.set("indent", "0")
    shape.insert(0, shape.makeelement(qn("a:buNone"), {}))
