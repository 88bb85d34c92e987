"""Converts web pages, mails, chapters of books and the clipboard's HTML to Markdown.

Scripts, styles, hidden parts, images (except their alternative text) and the addresses of relative
links are left out. Nothing is fetched. Markdown's special characters in the text stay as they are,
because escapes cost tokens and hide words from a search.
"""

from __future__ import annotations

import codecs
import html
import re
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from bs4 import BeautifulSoup
from markdownify import ATX, MarkdownConverter

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.text import plain_text

if TYPE_CHECKING:
    from bs4.element import Tag

_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_CHARACTER_DATA: Final = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.S)
_HIDDEN: Final = re.compile(r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all", re.I)
_NOT_BOLD: Final = re.compile(r"font-weight:\s*normal", re.I)
_LANGUAGE: Final = re.compile(r"(?:language-|lang-|highlight-source-)([\w+#-]+)")
_FENCED: Final = re.compile(r"^```.*?^```", re.M | re.S)
_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*\n){2,}")
_NEVER_SHOWN: Final = (
    *("script", "style", "noscript", "template", "title", "svg", "iframe", "object", "audio"),
    *("video", "canvas", "rt", "rp"),
)


def read(data: bytes, encoding: str = "") -> plain_text.DecodedText | None:
    """Return a web page as Markdown, without its head; None if its encoding is unknown.

    Args:
        encoding: that of the mail around the page, if the page states none.
    """
    decoded = _decode(data, encoding)
    if decoded is None:
        return None
    page = decoded.text
    if page.lstrip("\ufeff \n").startswith("<?xml"):
        page = _CHARACTER_DATA.sub(lambda section: html.escape(section[1], quote=False), page)
    return plain_text.DecodedText(to_markdown(page), decoded.note)


def to_markdown(page: str) -> str:
    """Convert a web page or the body of a mail to Markdown."""
    return _convert(page, ("nav", *_NEVER_SHOWN))


def convert_selection(source: str) -> str:
    """Convert HTML from the clipboard to Markdown.

    Returns "" if all of it is code: then the plain text on the clipboard is better.
    """
    markdown = _convert(source, ("button", "select", *_NEVER_SHOWN))
    return markdown if _FENCED.sub("", markdown).strip() else ""


def _convert(page: str, left_out: tuple[str, ...]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a page that looks like an address, or like XML
        soup = BeautifulSoup(page.replace("\xad", ""), "lxml")
    for element in soup.find_all(_is_left_out(left_out)):
        element.decompose()
    # Google Docs wraps everything in a <b> that is not bold.
    for element in soup.find_all("b", style=_NOT_BOLD):
        element.unwrap()
    for table in soup.find_all("table"):
        if table.find("table") or table.get("role") == "presentation":
            # It only lays out a page or a mail.
            for part in table.find_all(("thead", "tbody", "tfoot", "tr", "td", "th")):
                if part.find_parent("table") is table:
                    part.name = "div"
            table.name = "div"
        else:
            _repeat_merged_rows(soup, table)
    markdown: str = _Converter(
        heading_style=ATX,
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        table_infer_header=True,
        code_language_callback=_language,
    ).convert_soup(soup)
    return _BLANK_LINES.sub("\n\n", markdown).strip()


def _is_left_out(names: tuple[str, ...]) -> Any:
    def matches(element: Tag) -> bool:
        style = element.get("style")
        return (
            element.name in names
            or element.has_attr("hidden")
            or (isinstance(style, str) and _HIDDEN.search(style) is not None)
        )

    return matches


def _repeat_merged_rows(soup: BeautifulSoup, table: Tag) -> None:
    """Put empty cells below cells that span several rows."""
    open_spans: dict[int, int] = {}  # the rows left, by column
    for row in table.find_all("tr"):
        column = 0
        for cell in row.find_all(("td", "th"), recursive=False):
            while open_spans.get(column, 0):
                open_spans[column] -= 1
                cell.insert_before(soup.new_tag("td"))
                column += 1
            rows = md.small_number(cell.get("rowspan"))
            for _ in range(md.small_number(cell.get("colspan"))):
                open_spans[column] = rows - 1
                column += 1
        while open_spans.get(column, 0):
            open_spans[column] -= 1
            row.append(soup.new_tag("td"))
            column += 1


def _language(element: Tag) -> str:
    """Return the programming language in the classes of a code block; "" if there is none."""
    for tag in (element, *element.find_all("code", limit=1)):
        if match := _LANGUAGE.search(" ".join(map(str, tag.get("class") or ()))):
            return match[1]
    return ""


class _Converter(MarkdownConverter):
    """markdownify with short links and images, and with raised digits."""

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(el.get("alt") or "")

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if "_noformat" in parent_tags else md.link(text, str(el.get("href") or ""))

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        cell = " ".join(text.split()).replace("|", "\\|")
        return f" {cell}{' |' * md.small_number(el.get('colspan'))}"

    def convert_th(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return self.convert_td(el, text, parent_tags)

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return md.superscript(text)

    def convert_sub(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return md.subscript(text)


def _decode(data: bytes, stated: str) -> plain_text.DecodedText | None:
    """Decode a page by the encoding that it or the mail around it states, else by the likeliest.

    UTF-8 that is not ASCII is read as UTF-8, even if the page states another encoding.
    """
    charset = _CHARSET.search(data[:2048])
    codec = plain_text.text_codec(charset[1].decode()) if charset else stated
    if not codec or data.startswith(codecs.BOM_UTF8):
        return plain_text.decode(data)
    encodings = (codec,) if data.isascii() else ("utf-8", codec)
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return plain_text.DecodedText(data.decode(encoding))
    return plain_text.decode(data)
