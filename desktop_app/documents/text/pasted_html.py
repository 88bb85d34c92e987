"""Text that another program put on the clipboard as HTML, as Markdown."""

from __future__ import annotations

from desktop_app.documents.text import html_markdown


def to_markdown(source: str) -> str:
    """Return the Markdown of a piece of HTML.

    It is "" if all of it is code: the plain text beside it on the clipboard says that best.
    """
    converted = html_markdown.convert(source, html_markdown.LEFT_OUT_OF_SELECTIONS)
    return converted.text if converted.has_prose else ""
