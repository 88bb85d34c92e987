"""The export formats of conversations, shared by the command line and the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ExportFormat:
    """An export format.

    Attributes:
        id: the argument of the command line.
        label: shown to the user; says what the format is good for.
        suffix: of its files.
        holds_many: one file can hold several conversations; otherwise each gets its own.
    """

    id: str
    label: str
    suffix: str
    holds_many: bool = False


EXPORT_FORMATS: Final = (
    ExportFormat("json", "JSON, complete and importable", ".json", holds_many=True),
    ExportFormat("markdown", "Markdown, to read", ".md"),
    ExportFormat("html", "Web page, to show", ".html"),
    ExportFormat("pdf", "PDF, to print and to send", ".pdf"),
)
