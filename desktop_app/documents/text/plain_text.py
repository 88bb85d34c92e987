"""Decodes bytes to text in any encoding, without losing a character silently.

An encoding that shows itself (byte order mark, valid UTF-8, plausible UTF-16, a declaration) is
trusted. Otherwise chardet guesses it, and the user is told. Only a few damaged bytes in UTF-8 may
become replacement characters.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.i18n.translation import N_

# The encodings that are guessed, with their names. The first is preferred if several fit equally.
_NAMES: Final = {
    **{f"cp125{number}": f"Windows-125{number}" for number in (2, 0, 1, 3, 4, 5, 6, 7)},
    "iso8859-2": "ISO 8859-2",
    "iso8859-15": "ISO 8859-15",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "Korean (CP949)",
    "cp874": "Thai (CP874)",
    **{f"cp{number}": f"code page {number}" for number in (866, 850, 852, 437)},
    "mac-roman": "Mac Roman",
    "cp500": "EBCDIC (CP500)",
}
# Texts are written in these larger encodings, whichever of the two they declare. Browsers do the
# same (WHATWG Encoding Standard).
_SUPERSETS: Final = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_jis_2004": "euc_jp",
    "shift_jis_2004": "cp932",
}
# UTF-32 first: its little-endian mark begins with UTF-16's.
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes: enough to recognize an encoding, and decoded in a few milliseconds.
_SAMPLE_BYTES: Final = 1 << 16
_MAX_NULS_IN_LOG: Final = 0.25  # of the bytes
# Control characters and noncharacters that text does not contain; it may contain tab, line feed,
# form feed, carriage return, backspace (terminals) and escape (terminal colors).
_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
# Signs of a wrong encoding: a symbol within a word, a capital after a small letter, and symbols
# that nobody writes.
_ODDITY: Final = re.compile(
    r"[^\W\d_][^\w\s’'·.,:;/()@&\u3000-\u303f\uff00-\uffef-][^\W\d_]|[a-zà-ÿ][¹²³]"
    r"|[à-ÿа-яё][A-ZÀ-ÞА-ЯЁ]|[\u2500-\u259f\x80-\x9f¤¼½¾¨¸‡†ˆ¬]"
)
_RARE: Final = re.compile("[ðþý]")  # in other encodings letters of Turkish and Lithuanian
# chardet needs about this many letters beyond a to z. A text with fewer fits many encodings, and
# Windows-1252 is by far the most frequent.
_FEWEST_LETTERS: Final = 10
# The declarations of XML, of a style sheet, and of source code in a comment of its first two lines.
_DECLARED: Final = re.compile(
    rb"""<\?xml[^>]{0,80}?\sencoding\s*=\s*["']([A-Za-z][\w.-]{1,30})["']"""
    rb"""|@charset "([A-Za-z][\w.-]{1,30})";"""
    rb"""|(?:[^\n]*\n)?[ \t\f]*(?:\#|;|//|")[^\n]{0,80}?coding[:=][ \t]*([A-Za-z][\w.-]{1,30})"""
)
# The first bytes of a UTF-8 character whose last bytes are missing at the end of the data.
_CUT_CHARACTER: Final = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
# A byte that is not UTF-8, as Python's error handler "surrogateescape" decodes it.
_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")
# Damaged UTF-8 has at least this many valid characters beyond ASCII for each stray byte. In texts
# of other encodings, far fewer bytes happen to be UTF-8.
_MIN_CHARACTERS_PER_STRAY_BYTE: Final = 4


@dataclass(frozen=True)
class DecodedText:
    """Decoded text, with a note if its encoding was guessed."""

    text: str
    note: DocumentNote | None = None


def decode(data: bytes) -> DecodedText | None:
    """Return text with LF line ends; None unless the data are text in a known encoding."""
    for decoder in (_decode_stated, _decode_wide, _decode_damaged_utf_8, _decode_guessed):
        decoded = decoder(data)
        if decoded and not _has_many_controls(decoded.text):
            return DecodedText(decoded.text.replace("\r\n", "\n").replace("\r", "\n"), decoded.note)
    # Logs have NULs where a program or the computer stopped while it wrote.
    if b"\n" in data and 0 < data.count(0) <= _MAX_NULS_IN_LOG * len(data):
        decoded = decode(data.replace(b"\0", b""))
        return decoded if decoded and decoded.note is None else None
    return None


def _has_many_controls(text: str) -> bool:
    """Return True if over a thousandth of the characters are control characters."""
    allowed_count = len(text) // 1000
    # A list of all matches in 100 MB of NULs would not fit into memory.
    return next(islice(_NOT_IN_TEXT.finditer(text), allowed_count, None), None) is not None


def _decode_stated(data: bytes) -> DecodedText | None:
    """Decode by byte order mark, by Japanese or Korean escapes, as UTF-8, or as declared."""
    encodings = [encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)]
    if b"\x1b$" in data[:_SAMPLE_BYTES]:
        encodings.append("iso2022_kr" if b"\x1b$)C" in data[:_SAMPLE_BYTES] else "iso2022_jp_2")
    # Valid UTF-8 is UTF-8, whatever it declares.
    encodings.append("utf-8")
    if match := _DECLARED.match(data):  # by XML, a style sheet or source code
        name = next(filter(None, match.groups()))  # each alternative of the pattern has a group
        encodings.append(text_codec(name.decode()))
    for encoding in encodings:
        text = _decode_strictly(data, encoding) if encoding else None
        if text is not None:
            return DecodedText(text)
    return None


def text_codec(encoding: str) -> str:
    """Return Python's name of a declared encoding; "" unless it is known and extends ASCII.

    A declaration of UTF-16 that can be read as ASCII is wrong: the text is not UTF-16.
    """
    try:
        codec = codecs.lookup(encoding.lower().removeprefix("x-")).name
        extends_ascii = b"<a>".decode(codec) == "<a>"
    except (LookupError, ValueError):
        return ""
    return _SUPERSETS.get(codec, codec) if extends_ascii else ""


def _decode_wide(data: bytes) -> DecodedText | None:
    """Decode UTF-16 and UTF-32 without a mark, which have NULs beside Latin letters and spaces."""
    sample = data[:_SAMPLE_BYTES]
    if b"\0" not in sample:
        return None
    import chardet

    encoding = chardet.detect(sample, compat_names=False)["encoding"] or ""
    if not encoding.startswith(("utf-16", "utf-32")):
        return None
    text = _decode_strictly(data, encoding)
    return None if text is None else DecodedText(text)


def _decode_damaged_utf_8(data: bytes) -> DecodedText | None:
    """Decode UTF-8 with a few stray bytes, as in a log that several programs write.

    Stray bytes are decoded as Windows-1252. A character that is cut at the end counts as one stray
    byte, and is left out.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    non_ascii_count = len(data.translate(None, bytes(range(0x80))).decode("utf-8", "ignore"))
    cut_character = _CUT_CHARACTER.search(data[-3:])
    if cut_character:
        data = data[: -len(cut_character[0])]
    text = data.decode("utf-8", "surrogateescape")
    stray_count = len(_STRAY_BYTE.findall(text)) + bool(cut_character)
    if not stray_count or stray_count * _MIN_CHARACTERS_PER_STRAY_BYTE > non_ascii_count:
        return None
    text = _STRAY_BYTE.sub(
        lambda stray: bytes((ord(stray[0]) & 0xFF,)).decode("cp1252", "replace"), text
    )
    return _noted(text, "UTF-8")


def _decode_guessed(data: bytes) -> DecodedText | None:
    """Decode the data in the likeliest legacy encoding, with a note that names the encoding."""
    if data.count(0) or data.isascii():  # ASCII was tried as UTF-8; no legacy text has NULs
        return None
    for encoding in _likely_encodings(data):
        text = _decode_strictly(data, encoding)
        if text is not None:
            return _noted(text, _NAMES[encoding])
    return None


def _noted(text: str, encoding: str) -> DecodedText:
    message = N_("The file doesn’t state its encoding. It was read as {encoding}.")
    return DecodedText(text, DocumentNote(message, {"encoding": encoding}))


def _likely_encodings(data: bytes) -> list[str]:
    """Return the legacy encodings in which the data make sense, the likeliest first."""
    import chardet

    # Only the text around the first non-ASCII bytes distinguishes encodings.
    first_offset = next(re.finditer(rb"[\x80-\xff]", data)).start()
    line_start = data.rfind(b"\n", 0, first_offset) + 1
    # From the beginning of the line, but at most half a sample before the byte.
    sample_start = max(line_start, first_offset - _SAMPLE_BYTES // 2)
    sample = data[sample_start : sample_start + _SAMPLE_BYTES]
    sample = sample[: sample.rfind(b"\n") + 1] or sample  # whole lines, unless it has no line end
    foreign_count = len(re.findall(rb"[\x80-\xff]", sample))
    scores: dict[str, float] = {}
    names = [name.replace("_", "-") for name in _NAMES]
    for found in chardet.detect_all(
        sample, include_encodings=names, ignore_threshold=True, compat_names=False
    ):
        encoding = codecs.lookup(found["encoding"] or "utf-8").name
        encoding = _SUPERSETS.get(encoding, encoding)
        if encoding not in _NAMES:  # chardet adds encodings of escape sequences
            continue
        try:
            # The last character of the sample may be cut.
            text = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        oddities = len(_ODDITY.findall(text))
        scores[encoding] = round(found["confidence"] / (1 + oddities), 3)
        is_short = foreign_count < _FEWEST_LETTERS and sum(map(str.isalpha, text)) > foreign_count
        if encoding == "cp1252" and "ý" in text:
            scores[encoding] *= 0.95
        elif encoding == "cp1252" and is_short and not oddities and not _RARE.search(text):
            scores[encoding] = 1
    order = list(_NAMES)
    return sorted(scores, key=lambda each: (-scores[each], order.index(each)))


def _decode_strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
