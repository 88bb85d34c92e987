"""Workbooks and web pages, by kreuzberg, as Markdown.

Habits of kreuzberg 4.10 are made good here. It drops XML entities, so that "R&D" would arrive as
"RD" (xberg issue 1242, repaired in its successor alone), and loses some backslashes: before it reads,
those characters are exchanged for private ones, and back afterwards. It escapes Markdown's signs in
running text ("1\\."), which costs tokens and hides words from a search: the escapes are taken out
again outside code. Sheets that are empty, formulas that no program has calculated, days and times are
put as Excel shows them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

import kreuzberg

from desktop_app.documents import drawing, media_type, plain_text, refusals
from desktop_app.documents import markdown_text as md
from desktop_app.documents.package import Package
from desktop_app.documents.protocol import Limits

# The last plane's private characters: no font and no bullet of Word's uses them.
_STAND_INS: Final = {"&": "\U0010fff0", "<": "\U0010fff1", ">": "\U0010fff2", '"': "\U0010fff3"} | {
    "'": "\U0010fff4",
    "\\": "\U0010fff5",
    "\t": "\U0010fff6",
}
_BACK: Final = str.maketrans({stand_in: sign for sign, stand_in in _STAND_INS.items()})
_NAMED: Final = {b"amp": "&", b"lt": "<", b"gt": ">", b"quot": '"', b"apos": "'"}
_SHIELDED: Final = re.compile(rb"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));|\\")
_XML_TEXT: Final = re.compile(r"(?:xl|xl/worksheets)/[^/]+\.xml")
_NOT_CALCULATED: Final = re.compile(
    rb"<c\b([^<>]*)>\s*<f\b[^<>]*>([^<>]+)</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_CELL_KIND: Final = re.compile(rb"""\st\s*=\s*(?:"[^"]*"|'[^']*')""")
_SHEETS: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_USUAL_PERCENTAGES: Final = frozenset(("9", "10"))
_QUOTED: Final = re.compile(r'"[^"]*"|\\.')
_CELL_STYLE: Final = re.compile(rb"""\ss\s*=\s*["'](\d+)["']""")
_NUMBER_CELL: Final = re.compile(
    rb"<c\b([^<>]*)>\s*(<f\b[^<>]*>[^<>]*</f>|<f\b[^<>]*/>)?\s*"
    rb"<v>(-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?)</v>"
)
_TIME_ALONE: Final = re.compile(r"(?<=\| )1899-12-3[01] (\d\d:\d\d:\d\d)(?= \|)")
_DAY_ALONE: Final = re.compile(r"(?<=\| )(\d{4}-\d\d-\d\d) 00:00:00(?= \|)")
_ERROR: Final = re.compile(r"(?<=\| )#ERR: (\w+)(?= \|)")
_ERRORS: Final = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}
_SHEET: Final = re.compile(r"(?m)^(?=## )")

_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{}~])")
_HEAD: Final = re.compile(r"<head\b.*?</head\s*>", re.I | re.S)
_FENCED: Final = re.compile(r"(?m)(^```.*?^```[ \t]*$)", re.S)
_PACKED_PICTURE: Final = re.compile(
    r"""\ssrc\s*=\s*(?:"\s*data:[^"]*"|'\s*data:[^']*'|data:[^\s>]*)""", re.I
)
_SCRIPT_LINK: Final = re.compile(
    r"""\shref\s*=\s*(?:"\s*javascript:[^"]*"|'\s*javascript:[^']*'|javascript:[^\s>]*)""", re.I
)
_RAISED: Final = re.compile(r"<sup>\s{0,9}([0-9+\-\u2212]{1,9})\s{0,9}</sup>", re.I)
_LOWERED: Final = re.compile(r"<sub>\s{0,9}([0-9+\-\u2212]{1,9})\s{0,9}</sub>", re.I)
_PICTURE: Final = re.compile(r"!\[([^\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_TABLE_ROW: Final = re.compile(r"(?m)^\|.*\|$")
_RULED: Final = re.compile(r"-{4,}(?= \|)")
_ALIGNED: Final = re.compile(r" {2,}")
_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)

_WORKBOOK: Final = "xl/workbook.xml"
_OFFICE_ENCRYPTION: Final = "EncryptedPackage".encode("utf-16-le")


def read_workbook(name: str, data: bytes, limits: Limits) -> str:
    """The sheets of a workbook (.xlsx) as tables, each under its name.

    Raises:
        DocumentDamagedError, DocumentEncryptedError, DocumentTooLargeError
    """
    package = Package(name, data, limits)
    text = _unescaped(_extract(name, media_type.XLSX, _shielded(package))).translate(_BACK)
    return _with_all_of_sheets(_as_shown(text), package)


def read_html(name: str, data: bytes) -> plain_text.DecodedText | None:
    """A web page as Markdown, without its head; None where its encoding is unknown."""
    decoded = _decoded_html(data)
    if decoded is None:
        return None
    return plain_text.DecodedText(html_to_markdown(name, decoded.text), decoded.note)


def html_to_markdown(name: str, html: str) -> str:
    """A web page or a mail's body as Markdown, without its head. Fetches nothing.

    Raises:
        DocumentDamagedError
    """
    body = _without_drawings(_HEAD.sub("", html, count=1))
    body = _SCRIPT_LINK.sub("", _PACKED_PICTURE.sub("", body))
    body = _RAISED.sub(lambda found: md.raised(found[1].strip()), body)
    body = _LOWERED.sub(lambda found: md.lowered(found[1].strip()), body)
    if not body.strip():
        return ""
    text = _unescaped(_extract(name, media_type.HTML, body.encode(errors="replace")))
    return _outside_code(text, _plain).strip()


def _plain(markdown: str) -> str:
    """Pictures as the words that stand for them, and tables without the spaces that align them."""
    markdown = _PICTURE.sub(lambda found: found[1].strip(), markdown)
    return _TABLE_ROW.sub(lambda row: _ALIGNED.sub(" ", _RULED.sub("---", row[0])), markdown)


def _without_drawings(html: str) -> str:
    """A page without what is drawn in it (SVG)."""
    folded, kept, at = html.lower(), [], 0
    while (begin := folded.find("<svg", at)) >= 0 and (end := folded.find("</svg>", begin)) >= 0:
        kept.append(html[at:begin])
        at = end + len("</svg>")
    return "".join([*kept, html[at:]]) if len(folded) == len(html) else html


def check_legacy(name: str, data: bytes) -> None:
    """Refuse a file of the container format that Word 97 used, and Word uses for passwords.

    Raises:
        DocumentEncryptedError, DocumentUnsupportedError
    """
    if _OFFICE_ENCRYPTION in data:
        raise refusals.encrypted(name)
    raise refusals.unsupported(name, "is in an old Office format; save it as .docx or .xlsx")


def _extract(name: str, kind: str, data: bytes) -> str:
    config = kreuzberg.ExtractionConfig(
        use_cache=False, enable_quality_processing=False, output_format="markdown"
    )
    try:
        return kreuzberg.extract_bytes_sync(data, kind, config).content.strip()
    except kreuzberg.KreuzbergError as error:
        if "Security limit exceeded" in str(error):
            raise refusals.too_large(name, "unpacks to more than can be read") from error
        raise refusals.damaged(name, f"{type(error).__name__}: {error}"[:500]) from error


def _shielded(package: Package) -> bytes:
    """The workbook with stand-ins for the characters that kreuzberg would lose, without pictures."""
    target = io.BytesIO()
    percentages = _percentages(package)
    with zipfile.ZipFile(target, "w") as copy:
        for part in package.names:
            if "/media/" not in part:
                content = package.bytes(part)
                if _XML_TEXT.fullmatch(part):
                    content = _NOT_CALCULATED.sub(_with_formula, content)
                    content = _as_percentages(content, percentages) if percentages else content
                    content = _SHIELDED.sub(_stand_in, content)
                copy.writestr(part, content)
    return target.getvalue()


def _percentages(package: Package) -> frozenset[str]:
    """The numbers of the styles that show percentages."""
    tree = package.xml_if_sound("xl/styles.xml")
    own = {
        row.get("numFmtId", "")
        for row in tree.iter(f"{_SHEETS}numFmt")
        if "%" in _QUOTED.sub("", row.get("formatCode", ""))
    }
    styles = tree.find(f"{_SHEETS}cellXfs")
    rows = enumerate(() if styles is None else styles)
    return frozenset(str(n) for n, row in rows if row.get("numFmtId") in own | _USUAL_PERCENTAGES)


def _as_percentages(sheet: bytes, styles: frozenset[str]) -> bytes:
    """The cells of these styles as the words that Excel shows: "97.8%" for 0.978."""

    def shown(cell: re.Match[bytes]) -> bytes:
        style = _CELL_STYLE.search(cell[1])
        if style is None or style[1].decode() not in styles or _CELL_KIND.search(cell[1]):
            return cell[0]
        return b'<c%s t="str">%s<v>%s%%</v>' % (
            cell[1],
            cell[2] or b"",
            f"{round(float(cell[3]) * 100, 9):.12g}".encode(),
        )

    return _NUMBER_CELL.sub(shown, sheet)


def _with_formula(match: re.Match[bytes]) -> bytes:
    """A cell whose formula nobody has calculated shows the formula."""
    attributes = _CELL_KIND.sub(b"", match[1])
    return b'<c%s t="str"><v>=%s</v></c>' % (attributes, match[2])


def _as_shown(text: str) -> str:
    """Days without a time, times without a day, and errors as Excel writes them."""
    text = _TIME_ALONE.sub(r"\1", text)
    text = _DAY_ALONE.sub(r"\1", text)
    return _ERROR.sub(lambda found: _ERRORS.get(found[1], found[0]), text)


def _sheets(package: Package) -> Iterator[tuple[str, str, bool]]:
    """The names of the sheets, their parts and whether they are hidden, in the workbook's order."""
    workbook = package.main_part(_WORKBOOK)
    targets = package.relations(workbook)
    for row in package.xml_if_there(workbook).iter():
        if str(row.tag).endswith("}sheet"):
            part = targets.get(drawing.related(row), "")
            yield row.get("name", "").strip(), part, row.get("state", "visible") != "visible"


def _with_all_of_sheets(text: str, package: Package) -> str:
    """The sheets with what is drawn over their cells, and those between them that are empty: they
    count, too. Those that nobody sees are read, and said to be hidden."""
    given = [section.strip() for section in _SHEET.split(text) if section.strip()]
    sheets, has_words = [], bool(text)
    for name, part, is_hidden in _sheets(package):
        head, _, cells = given[0].partition("\n") if given else ("", "", "")
        if head.strip() == f"## {name}":
            given.pop(0)
        else:
            cells = ""
        drawn = md.joined(drawing.of_sheet(package, part)) if part in package else ""
        has_words = has_words or bool(drawn)
        shown = f"## {name}{' (hidden)' if is_hidden else ''}"
        sheets.append("\n\n".join(filter(None, (shown, cells.strip("\n"), drawn))))
    return "\n\n".join(sheets) if has_words and not given else text


def _stand_in(match: re.Match[bytes]) -> bytes:
    named, decimal, hexadecimal = match.groups()
    if named:
        sign = _NAMED[named]
    elif decimal or hexadecimal:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000 or number < 9:
            return match[0]
        sign = chr(number)
    else:
        sign = "\\"
    return _STAND_INS.get(sign, sign).encode()


def _unescaped(markdown: str) -> str:
    """Markdown without backslash escapes outside fenced code; a table's "\\|" stays."""
    return _outside_code(markdown, lambda part: _ESCAPED.sub(r"\1", part).replace("&#9;", "\t"))


def _outside_code(markdown: str, change: Callable[[str], str]) -> str:
    parts = _FENCED.split(markdown)
    parts[::2] = [change(part) for part in parts[::2]]
    return "".join(parts)


def _decoded_html(data: bytes) -> plain_text.DecodedText | None:
    stated = _CHARSET.search(data[:2048])
    if stated:
        # Browsers read ISO 8859-1 as Windows-1252, and so pages are written.
        encoding = stated[1].decode("ascii", "replace").lower()
        try:
            text = data.decode("cp1252" if encoding in ("iso-8859-1", "latin1") else encoding)
        except (LookupError, UnicodeDecodeError):
            return plain_text.decode(data)
        return plain_text.DecodedText(text)
    return plain_text.decode(data)
