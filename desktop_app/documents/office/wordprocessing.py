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

import mammoth
from mammoth import html as mammoth_html

from desktop_app.documents import refusals
from desktop_app.documents.office import drawing
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name
from desktop_app.documents.text import web_page
from desktop_app.documents.worker.protocol import Limits

_MAIN_PART: Final = "word/document.xml"
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BACK_LINK: Final = re.compile(r'\s*<a href="#[^"]*">↑</a>')
_STYLES: Final = """
comment-reference => sup
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
r[style-name='Hidden'] => !
"""
_PARSER_ERRORS: Final = (ValueError, LookupError, AttributeError, TypeError, OSError)


def read(name: str, data: bytes, limits: Limits, read_embedded: Callable[[str, bytes], str]) -> str:
    """Return a document as Markdown; `read_embedded` returns the text of a document in it."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(_with_plain_formulas(package, main)),
            style_map=_STYLES,
            convert_image=lambda image: (
                [mammoth_html.text(image.alt_text)] if image.alt_text else []
            ),
        ).value
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    related = _repeated_lines(package, main)
    embedded = (
        read_embedded(target, package.content(target))
        for kind, target in package.related(main)
        if kind == "aFChunk" and target in package
    )
    texts = [
        web_page.to_markdown(_BACK_LINK.sub("", page)),
        *embedded,
        *drawing.related_blocks(package, main),
        "\n".join(related),
    ]
    return "\n\n".join(filter(None, texts))


def _with_plain_formulas(package: Package, main: str) -> bytes:
    """Return the document with each formula as a run of text, and in the usual namespaces."""
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:
        for part in package.names:
            if part != main and not (part.startswith("word/") and part.endswith("notes.xml")):
                archive.writestr(part, package.content(part))
                continue
            tree = package.xml(part)
            for parent in list(tree.iter()):
                for index, child in enumerate(parent):
                    if local_name(child) == "oMath":
                        run = ElementTree.Element(f"{_WORD}r")
                        ElementTree.SubElement(run, f"{_WORD}t").text = drawing.formula_line(child)
                        parent[index] = run
                    elif local_name(child) in ("oMathPara", "ruby"):
                        child.tag = f"{_WORD}ins"  # mammoth reads what is in an insertion
                    elif local_name(child) == "rt":
                        child.tag = "none"  # how a word is pronounced, above it
            archive.writestr(part, ElementTree.tostring(tree))
    return copy.getvalue()


def _repeated_lines(package: Package, main: str) -> Iterator[str]:
    """Yield each header and footer once; page numbers alone are left out."""
    lines: dict[str, None] = {}
    for kind, target in package.related(main):
        if kind in ("header", "footer"):
            text = " ".join(drawing.paragraphs(package.xml_if_readable(target)).split())
            if any(map(str.isalpha, text)):
                lines[f"Page {kind}: {text}"] = None
    return iter(lines)
