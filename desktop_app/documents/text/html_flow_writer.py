"""Writes the words and blocks of HTML into the innermost of the open containers."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.text.html_blocks import BlockFlow
from desktop_app.documents.text.html_elements import OpenElements

_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


class HtmlFlowWriter:
    """A writer into nested flows: the document, quotes, list items, cells.

    Attributes:
        heading: the level of the open heading; 0 outside headings.
        has_prose: words outside code blocks have been written.
    """

    def __init__(self, elements: OpenElements) -> None:
        self.heading = 0
        self.has_prose = False
        self._elements = elements
        self._flows = [BlockFlow()]
        self._cell_texts: list[list[str]] = []  # the paragraphs of each open cell
        self._is_after_space = True

    @property
    def flow(self) -> BlockFlow:
        """Return the innermost flow."""
        return self._flows[-1]

    @property
    def depth(self) -> int:
        """Return the number of open flows."""
        return len(self._flows)

    def open_flow(self) -> BlockFlow:
        """Begin a flow in the innermost one, and return it."""
        self._flows.append(BlockFlow())
        return self._flows[-1]

    def close_flow(self) -> BlockFlow:
        """Finish the innermost flow, and return it."""
        self.end_paragraph()
        return self._flows.pop()

    def open_cell(self) -> None:
        """Begin the flow of a table cell."""
        self.open_flow()
        self._cell_texts.append([])

    def close_cell(self) -> tuple[str, BlockFlow]:
        """Finish the innermost cell. Return its paragraphs joined by spaces, and its flow."""
        flow = self.close_flow()
        return " ".join(self._cell_texts.pop()), flow

    def write(self, text: str) -> None:
        """Write words; spaces in a row become one."""
        lines = [text]
        if self._elements.keeps_lines:
            lines = _EMPTY_LINES.sub("\n\n", text).split("\n")
        for number, line in enumerate(lines):
            if number:
                self.break_line()
            line = _SPACE.sub(" ", line)
            if self._is_after_space:
                line = line.lstrip(" ")
            if line:
                self._is_after_space = line.endswith(" ")
                self.has_prose = self.has_prose or line != " "
                self.flow.line.append(line)

    def break_line(self) -> None:
        """End the line, or the paragraph if the line is empty. In a heading, write a space."""
        line = self.flow.line
        if self.heading:
            self.write(" ")
        elif line[-1:] == ["\n"]:
            self.end_paragraph()
        elif line:
            line[-1] = line[-1].rstrip(" ")
            line.append("\n")
            self._is_after_space = True

    def end_paragraph(self) -> None:
        """Finish the current paragraph, if there is any. Within a heading, it is a heading."""
        text = self.flow.end_line()
        self._is_after_space = True
        if text:
            self.flow.blocks.append(
                md.heading(text, self.heading) if self.heading else MarkdownBlock(text)
            )
            if self._cell_texts:
                self._cell_texts[-1].append(text)

    def start_heading(self, level: int) -> None:
        """Begin a heading; the next words belong to it."""
        self.heading = level

    def end_heading(self) -> None:
        """Finish the current paragraph, and the open heading if there is any."""
        self.end_paragraph()
        self.heading = 0

    def end_quote(self) -> None:
        """Finish the innermost flow as a quote in the flow around it."""
        text = self.close_flow().text()
        if text:
            lines = (f"> {line}".rstrip() for line in text.split("\n"))
            self.flow.blocks.append(MarkdownBlock("\n".join(lines)))
