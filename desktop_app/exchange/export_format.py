"""The export formats of conversations, shared by the command line and the window."""

from __future__ import annotations

from typing import Final, NamedTuple

from desktop_app.i18n.translation import N_


class ExportFormat(NamedTuple):
    """An export format.

    Attributes:
        id: the argument of the command line.
        label: shown to the user, marked for translation.
        suffix: of its files.
        holds_many: True if a file can have several conversations, else each has a file.
        is_common: True for the formats that menus show first.
    """

    id: str
    label: str
    suffix: str
    holds_many: bool = False
    is_common: bool = False


PAGE: Final = "page"
"""The argument for a page to give away, which the window writes of one conversation."""

EXPORT_FORMATS: Final = (
    ExportFormat("docx", N_("Word"), ".docx", is_common=True),
    ExportFormat("pdf", N_("PDF"), ".pdf", is_common=True),
    ExportFormat("markdown", N_("Markdown"), ".md", is_common=True),
    ExportFormat("html", N_("Web page"), ".html", is_common=True),
    ExportFormat("odt", N_("OpenDocument text"), ".odt"),
    ExportFormat("pptx", N_("Slides of the responses"), ".pptx"),
    ExportFormat("xlsx", N_("Workbook with the tables"), ".xlsx"),
    ExportFormat("csv", N_("Tables as CSV"), ".csv"),
    ExportFormat("srt", N_("Subtitles of the recording (SRT)"), ".srt"),
    ExportFormat("vtt", N_("Subtitles of the recording (WebVTT)"), ".vtt"),
    ExportFormat("json", N_("JSON (for import)"), ".json", holds_many=True),
)

SUBTITLE_FORMATS: Final = ("srt", "vtt")
"""The ids of those that a recording gives."""
