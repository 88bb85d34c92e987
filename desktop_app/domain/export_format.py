"""The formats that conversations are exported in, for the command line and the window alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        id: what the command line takes.
        label: for the person, with what the format is good for.
        suffix: of its files.
        holds_many: several conversations are one file; else each is a file of its own.
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
