"""Decodes bytes to text in any encoding, without losing a character silently.

An encoding that shows itself (byte order mark, valid UTF-8, plausible UTF-16, a declaration) is
trusted. Otherwise it is guessed, and the user is told. In a likely encoding, no symbols are inside
words. Only a few damaged bytes in UTF-8 may become
replacement characters.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.i18n.translation import N_

# The first is preferred if several give the same text.
_LEGACY_ENCODINGS: Final = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("iso8859-2", "iso8859-15", "koi8-r", "koi8-u", "cp932", "euc-jp", "gb18030", "big5"),
    *("cp949", "cp874", "cp866", "cp850", "cp852", "cp437", "mac-roman", "cp500"),
)
_CODECS: Final = [codecs.lookup(name).name for name in _LEGACY_ENCODINGS]
_ENCODING_NAMES: Final = {
    "cp932": "Shift-JIS",
    "cp949": "Korean (CP949)",
    "iso8859-2": "ISO 8859-2",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "iso8859-15": "ISO 8859-15",
    "cp437": "code page 437",
    "cp500": "EBCDIC (CP500)",
    "cp850": "code page 850",
    "cp852": "code page 852",
    "cp866": "code page 866",
    "cp874": "Thai (CP874)",
    "mac-roman": "Mac Roman",
}
# The encodings that a declaration may name; some of Python's codecs are not text encodings.
_DECLARABLE_ENCODINGS: Final = frozenset(
    set(_CODECS)
    | {f"iso8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)}
    | {"utf-8", "koi8-u", "gbk", "gb2312", "big5hkscs", "euc_kr", "shift_jis", "iso2022_jp"}
    | {"cp1258", "mac-cyrillic", "tis-620"}
)
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
_MIN_WIDE_BYTES: Final = 8  # four characters
# Control characters and noncharacters that text does not contain; it may contain tab, line feed,
# form feed, carriage return, backspace (terminals) and escape (terminal colors).
_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
# Signs of a wrong encoding: a symbol between two letters, a capital after a small letter, half a
# Korean syllable between whole ones, a final Hebrew letter within a word, a Hebrew vowel without a
# letter, symbols that nobody writes, Latin letters beside those of another alphabet.
_BEYOND_LATIN: Final = r"[^\W\d_a-zA-Z\u00aa-\u024f\u1e00-\u1eff\u3040-\uffff]"
_ODDITY: Final = re.compile(
    r"(?<=[^\W\d_])(?:[¹²³]|(?![^\W\d_])[^\x00-\x7f\s’·\u3000-\u303f\uff00-\uff65])(?=[^\W\d_])"
    r"|[à-ÿа-яё][A-ZÀ-ÞА-ЯЁ]|[ά-ώ][Ά-Ϋ]|[가-힣一-鿿][ㄱ-ㆎ](?=[가-힣一-鿿])"
    r"|[ךםןףץ](?=[א-ת])|(?<![א-ת\u05b0-\u05c2\u05f0-\u05f2])[\u05b0-\u05bc\u05bf\u05c1\u05c2]"
    r"|[¼½¾¨¸‡†ˆ¬ªº\u05c0](?=[^\W\d_])|[¤\u2500-\u259f\x80-\x9f]"
    rf"|[a-zA-Z]{_BEYOND_LATIN}|{_BEYOND_LATIN}[a-zA-Z]"
)
# A short text of few letters beyond a to z fits many encodings. Windows-1252 is by far the most
# frequent, so it is preferred, unless the language is one for which it is confused with others.
_WESTERN_FACTOR: Final = 1.5
_LEAST_WESTERN: Final = 0.04
_CONFUSED_FACTOR: Final = 0.95
_CONFUSED_LANGUAGES: Final = ("is", "tr")
_ODDITY_WEIGHT: Final = 3
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
_ASCII: Final = bytes(range(0x80))
# Damaged UTF-8 has at least this many valid characters beyond ASCII for each stray byte. In texts
# of other encodings, far fewer bytes happen to be UTF-8.
_MIN_CHARACTERS_PER_STRAY_BYTE: Final = 4
# Escape sequences that switch between character sets in Japanese mail.
_JAPANESE_ESCAPES: Final = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I", b"\x1b$(D")
_ESCAPED_PAIRS: Final = re.compile(rb"\x1b\$[@B]((?:[\x21-\x7e]{2})*)(?:\x1b\([BJ])?")
_ESCAPED_KATAKANA: Final = re.compile(rb"\x1b\(I([\x21-\x5f]*)(?:\x1b\([BJ])?")


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
    """Decode by byte order mark, by Japanese escapes, as UTF-8, or as declared."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = _decode_strictly(data, encoding)
            if text is not None:
                return DecodedText(text)
    if any(escape in data[:_SAMPLE_BYTES] for escape in _JAPANESE_ESCAPES):
        text = _decode_strictly(data, "iso2022_jp_2") or _decode_japanese_mail(data)
        if text is not None:
            return DecodedText(text)
    # Valid UTF-8 is UTF-8, whatever it declares.
    for encoding in ("utf-8", _declared_encoding(data)):
        text = _decode_strictly(data, encoding) if encoding else None
        if text is not None:
            return DecodedText(text)
    return None


def _decode_japanese_mail(data: bytes) -> str | None:
    """Decode ISO-2022-JP with characters that mail programs add to it, such as "①" and "ｱ"."""
    if not data.isascii():
        return None
    euc_bytes = _ESCAPED_PAIRS.sub(lambda pairs: bytes(byte | 0x80 for byte in pairs[1]), data)
    euc_bytes = _ESCAPED_KATAKANA.sub(
        lambda signs: b"".join(b"\x8e%c" % (sign | 0x80) for sign in signs[1]), euc_bytes
    )
    return _decode_strictly(euc_bytes, "euc_jis_2004")


def _declared_encoding(data: bytes) -> str:
    """Return the encoding that XML, a style sheet or source code declares; "" if none."""
    match = _DECLARED.match(data)
    if match is None:
        return ""
    name = next(filter(None, match.groups()))  # each alternative of the pattern has a group
    return text_codec(name.decode())


def text_codec(encoding: str) -> str:
    """Return Python's name of a declared encoding; "" unless it is known and extends ASCII.

    A declaration of UTF-16 that can be read as ASCII is wrong: the text is not UTF-16.
    """
    try:
        codec = codecs.lookup(encoding.lower().removeprefix("x-")).name
    except LookupError:
        return ""
    return _SUPERSETS.get(codec, codec) if codec in _DECLARABLE_ENCODINGS else ""


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
    non_ascii_count = len(data.translate(None, _ASCII).decode("utf-8", "ignore"))
    cut_character = _CUT_CHARACTER.search(data[-3:])
    if cut_character:
        data = data[: -len(cut_character[0])]
    text = data.decode("utf-8", "surrogateescape")
    stray_count = len(text) - len(text.encode("utf-8", "ignore").decode()) + bool(cut_character)
    if not stray_count or stray_count * _MIN_CHARACTERS_PER_STRAY_BYTE > non_ascii_count:
        return None
    text = _STRAY_BYTE.sub(
        lambda stray: bytes((ord(stray[0]) & 0xFF,)).decode("cp1252", "replace"), text
    )
    return DecodedText(
        text,
        DocumentNote(
            N_("The file doesn’t state its encoding. It was read as {encoding}."),
            {"encoding": "UTF-8"},
        ),
    )


def _decode_guessed(data: bytes) -> DecodedText | None:
    """Decode the data in the likeliest legacy encoding, with a note that names the encoding."""
    if data.count(0) or data.isascii():  # ASCII was tried as UTF-8; no legacy text has NULs
        return None
    for encoding in _plausible_encodings(data):
        text = _decode_strictly(data, encoding)
        if text is not None:
            name = _ENCODING_NAMES.get(encoding, encoding.replace("cp", "Windows-"))
            return DecodedText(
                text,
                DocumentNote(
                    N_("The file doesn’t state its encoding. It was read as {encoding}."),
                    {"encoding": name},
                ),
            )
    return None


def _plausible_encodings(data: bytes) -> list[str]:
    """Return the legacy encodings in which the data make sense, the likeliest first."""
    import chardet

    # Only the text around the first non-ASCII bytes distinguishes encodings.
    first_offset = next(re.finditer(rb"[\x80-\xff]", data)).start()
    line_start = data.rfind(b"\n", 0, first_offset) + 1
    # From the beginning of the line, but at most half a sample before the byte.
    sample_start = max(line_start, first_offset - _SAMPLE_BYTES // 2)
    sample = data[sample_start : sample_start + _SAMPLE_BYTES]
    sample = sample[: sample.rfind(b"\n") + 1] or sample  # whole lines, unless it has no line end
    texts: dict[str, str] = {}
    scores: dict[str, float] = {}
    for found in chardet.detect_all(
        sample, include_encodings=_LEGACY_ENCODINGS, ignore_threshold=True, compat_names=False
    ):
        encoding = codecs.lookup(found["encoding"] or "utf-8").name
        encoding = _SUPERSETS.get(encoding, encoding)
        if encoding not in _CODECS:  # chardet adds encodings of escape sequences
            continue
        try:
            # The last character of the sample may be cut.
            texts[encoding] = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        oddities = len(_ODDITY.findall(texts[encoding]))
        score = found["confidence"] / (1 + _ODDITY_WEIGHT * oddities)
        if encoding == "cp1252" and found["language"] in _CONFUSED_LANGUAGES:
            score *= _CONFUSED_FACTOR
        elif encoding == "cp1252":
            score = max(score * _WESTERN_FACTOR, 0 if oddities else _LEAST_WESTERN)
        scores[encoding] = score
    ranked = sorted(scores, key=lambda each: (-scores[each], _CODECS.index(each)))
    # Of those with the same text as the likeliest, the preferred one names it.
    same = [encoding for encoding in ranked if texts[encoding] == texts[ranked[0]]]
    return [*sorted(same, key=_CODECS.index), *ranked]


def _decode_strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
