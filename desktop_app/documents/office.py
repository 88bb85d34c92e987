"""Word processor, spreadsheet, slide, book and web formats, by kreuzberg, as Markdown.

Habits of kreuzberg 4.10 are made good here. It drops every XML entity of a DOCX, so that "R&D"
would arrive as "RD" (xberg issue 1242, repaired in its successor alone), drops tabs, and loses some
backslashes: before it reads, those characters are exchanged for private ones, and back afterwards.
It escapes Markdown's signs in running text ("1\\."), which costs tokens and hides words from a
search: the escapes are taken out again outside code. OpenDocument texts are not read at all, since
it keeps of a table's cell no more than what precedes the first bold word, link or line break.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

import kreuzberg

from desktop_app.documents import media_type, plain_text, refusals
from desktop_app.documents.protocol import Limits

# The last plane's private characters: no font and no bullet of Word's uses them.
_STAND_INS: Final = {"&": "\U0010fff0", "<": "\U0010fff1", ">": "\U0010fff2", '"': "\U0010fff3"} | {
    "'": "\U0010fff4",
    "\\": "\U0010fff5",
    "\t": "\U0010fff6",
}
_BACK: Final = str.maketrans({stand_in: sign for sign, stand_in in _STAND_INS.items()})
_NAMED: Final = {b"amp": "&", b"lt": "<", b"gt": ">", b"quot": '"', b"apos": "'"}
_SHIELDED: Final = re.compile(
    rb"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));|(\\)"
    rb"|(<w:tab ?/>|<w:noBreakHyphen ?/>|<text:tab ?/>)"
)
_XML_TEXT: Final = re.compile(r"(?:word|xl|xl/worksheets)/[^/]+\.xml|content\.xml")

_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{}~])")
_RTF_SPACE: Final = re.compile(rb"((?<!\\)(?:\\\\)*)\\~")
_HEAD: Final = re.compile(r"<head\b.*?</head\s*>", re.I | re.S)
_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)

_ENCRYPTED_ODF: Final = b"<manifest:encryption-data"
_OFFICE_ENCRYPTION: Final = "EncryptedPackage".encode("utf-16-le")


def read(name: str, kind: str, data: bytes, limits: Limits) -> str:
    """The document as Markdown; slides as text under marks such as "[slide 2]".

    Raises:
        DocumentDamagedError, DocumentEncryptedError, DocumentTooLargeError
    """
    if kind in (media_type.DOCX, media_type.ODS, media_type.XLSX):
        return _unescaped(_extract(name, kind, _shielded(name, data, limits))).translate(_BACK)
    if kind == media_type.RTF:
        # A space that does not break, which would come out as "~".
        return _unescaped(_extract(name, kind, _RTF_SPACE.sub(rb"\1\'a0", data)))
    _check_archive(name, data, limits)
    if kind == media_type.PPTX:
        # As Markdown, kreuzberg leaves out the speaker's notes.
        return _extract(name, kind, data, output_format="plain", marks="\n\n[slide {page_num}]\n\n")
    return _unescaped(_extract(name, kind, data))


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
    body = _HEAD.sub("", html, count=1)
    return _unescaped(_extract(name, media_type.HTML, body.encode())) if body.strip() else ""


def check_legacy(name: str, data: bytes) -> None:
    """Refuse a file of the container format that Word 97 used, and Word uses for passwords.

    Raises:
        DocumentEncryptedError, DocumentUnsupportedError
    """
    if _OFFICE_ENCRYPTION in data:
        raise refusals.encrypted(name)
    raise refusals.unsupported(name, "is in an old Office format; save it as .docx or .xlsx")


def _extract(
    name: str, kind: str, data: bytes, *, output_format: str = "markdown", marks: str | None = None
) -> str:
    pages = marks and kreuzberg.PageConfig(
        extract_pages=True, insert_page_markers=True, marker_format=marks
    )
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        output_format=output_format,
        pages=pages or None,
    )
    try:
        return kreuzberg.extract_bytes_sync(data, kind, config).content.strip()
    except kreuzberg.KreuzbergError as error:
        if "Security limit exceeded" in str(error):
            raise refusals.too_large(name, "unpacks to more than can be read") from error
        raise refusals.damaged(name, f"{type(error).__name__}: {error}"[:500]) from error


def _check_archive(name: str, data: bytes, limits: Limits) -> None:
    """Refuse archives that unpack to too much, are encrypted, or are no archives.

    Raises:
        DocumentDamagedError, DocumentEncryptedError, DocumentTooLargeError
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > limits.unpacked_bytes:
                megabytes = limits.unpacked_bytes >> 20
                raise refusals.too_large(name, f"unpacks to more than {megabytes} MB")
            if any(member.flag_bits & 1 for member in members) or _is_encrypted_odf(archive):
                raise refusals.encrypted(name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise refusals.damaged(name, str(error)) from error


def _is_encrypted_odf(archive: zipfile.ZipFile) -> bool:
    name = "META-INF/manifest.xml"
    return name in archive.namelist() and _ENCRYPTED_ODF in archive.read(name)


def _shielded(name: str, data: bytes, limits: Limits) -> bytes:
    """The archive with stand-ins for the characters that kreuzberg would lose, without pictures."""
    _check_archive(name, data, limits)
    target = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as copy:
            for member in source.infolist():
                if "/media/" in member.filename or member.filename.startswith("Pictures/"):
                    continue
                content = source.read(member)
                if _XML_TEXT.fullmatch(member.filename):
                    content = _SHIELDED.sub(_stand_in, content)
                copy.writestr(member.filename, content)
    except (zipfile.BadZipFile, zipfile.zlib.error, NotImplementedError, EOFError) as error:  # type: ignore[attr-defined]
        raise refusals.damaged(name, str(error)) from error
    return target.getvalue()


def _stand_in(match: re.Match[bytes]) -> bytes:
    named, decimal, hexadecimal, backslash, element = match.groups()
    if element:
        prefix = b"text:s" if element.startswith(b"<text") else b"w:t"
        return _element(prefix, "\u2011" if b"Hyphen" in element else _STAND_INS["\t"])
    if named or backslash:
        sign = _NAMED[named] if named else "\\"
    else:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000 or number < 9:
            return match[0]
        sign = chr(number)
    return _STAND_INS.get(sign, sign).encode()


def _element(name: bytes, text: str) -> bytes:
    if name == b"text:s":
        return text.encode()  # OpenDocument's tabs stand in running text
    return b"<w:t>" + text.encode() + b"</w:t>"


def _unescaped(markdown: str) -> str:
    """Markdown without backslash escapes outside fenced code; a table's "\\|" stays."""
    parts = re.split(r"(?m)(^```.*?^```[ \t]*$)", markdown, flags=re.S)
    parts[::2] = [_ESCAPED.sub(r"\1", part).replace("&#9;", "\t") for part in parts[::2]]
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
