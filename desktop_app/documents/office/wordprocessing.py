"""Converts Word's documents (.docx) to Markdown, with mammoth.

mammoth reads body, notes, comments and text boxes. Page headers and footers, charts, diagrams and
documents that Word has only embedded are added after the body, formulas are written on one line.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import mammoth
from mammoth import html as mammoth_html

from desktop_app.documents import refusals
from desktop_app.documents.left_out import LeftOut
from desktop_app.documents.office import drawing
from desktop_app.documents.office.package import Package
from desktop_app.documents.office.word_markup import LISTS, WordMarkup, with_labels
from desktop_app.documents.office.word_styles import WORD
from desktop_app.documents.text import web_page
from desktop_app.documents.worker.protocol import Limits

_MAIN_PART: Final = "word/document.xml"
_NOTES: Final = re.compile(r"word/\w*(?:notes|comments)\.xml")
_BACK_LINK: Final = re.compile(r'\s*<a href="#[^"]*">↑</a>')
_STYLES: Final = """
comment-reference => sup
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
"""
_STYLES_PART: Final = "word/styles.xml"
_PARSER_ERRORS: Final = (ValueError, LookupError, AttributeError, TypeError, OSError)


def read(
    name: str,
    data: bytes,
    limits: Limits,
    read_embedded: Callable[[str, bytes], str],
    left_out: LeftOut,
) -> str:
    """Return a document as Markdown; `read_embedded` returns the text of a document in it."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    related = dict(package.related(main))
    styles = package.xml_if_readable(related.get("styles", _STYLES_PART))
    for style in styles.iter(f"{WORD}style"):  # mammoth fails without
        style.set(f"{WORD}type", style.get(f"{WORD}type", "paragraph"))
        style.set(f"{WORD}styleId", style.get(f"{WORD}styleId", ""))
    markup = WordMarkup(styles, left_out)
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(_rewritten(package, main, markup, styles)),
            style_map=_STYLES,
            convert_image=lambda image: (
                [mammoth_html.text(image.alt_text)] if image.alt_text else []
            ),
        ).value
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    left_out.unread += package.unread_objects(main)
    embedded = (
        read_embedded(target, package.content(target))
        for kind, target in package.related(main)
        if kind == "aFChunk" and target in package
    )
    texts = [
        web_page.to_markdown(with_labels(_BACK_LINK.sub("", page))),
        *embedded,
        *drawing.related_blocks(package, main),
        "\n".join(_repeated_lines(package, main, markup)),
    ]
    return "\n\n".join(filter(None, texts))


def _rewritten(package: Package, main: str, markup: WordMarkup, styles: Element) -> bytes:
    """Return the document with the parts that mammoth reads as it needs them."""
    related = dict(package.related(main))
    numbering = related.get("numbering", "word/numbering.xml")
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:
        for part in package.names:
            if part == numbering:
                archive.writestr(part, LISTS)
            elif part == related.get("styles", _STYLES_PART):
                archive.writestr(part, ElementTree.tostring(styles))
            elif part == main or _NOTES.fullmatch(part):
                tree = package.xml(part)
                markup.rewrite(tree)
                markup.number(tree, package.xml_if_readable(numbering))
                archive.writestr(part, ElementTree.tostring(tree))
            else:
                archive.writestr(part, package.content(part))
    return copy.getvalue()


def _repeated_lines(package: Package, main: str, markup: WordMarkup) -> Iterator[str]:
    """Yield each header and footer once; page numbers alone are left out."""
    lines: dict[str, None] = {}
    for kind, target in package.related(main):
        if kind in ("header", "footer"):
            tree = package.xml_if_readable(target)
            markup.rewrite(tree)
            text = " ".join(drawing.paragraphs(tree).split())
            if any(map(str.isalpha, text)):
                lines[f"Page {kind}: {text}"] = None
    return iter(lines)
