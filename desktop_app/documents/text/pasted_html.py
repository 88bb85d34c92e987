"""Converts HTML from the clipboard to Markdown."""

from __future__ import annotations

from desktop_app.documents.text import html_markdown


def to_markdown(source: str) -> str:
    """Convert a piece of HTML to Markdown.

    Returns "" if all of it is code: then the plain text on the clipboard is better.
    """
    converted = html_markdown.convert(source, html_markdown.LEFT_OUT_OF_SELECTIONS)
    return converted.text if converted.has_prose else ""
