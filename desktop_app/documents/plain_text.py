"""Bytes to text, in any encoding, without losing a character silently.

What says its encoding (a byte order mark, valid UTF-8, the NULs of UTF-16) is taken at its word.
The rest is a guess, and the person is told: charset-normalizer says which encodings make sense,
and where several do (Windows-1250 and -1252 differ in a handful of letters) we choose the most
common one that puts no sign inside a word. Nothing is ever decoded with replacement characters.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

# In this order where nothing else decides: Western first. Hebrew before Cyrillic and Greek: they
# can show Hebrew letters as theirs, while few of their own words are possible in Hebrew's.
_LEGACY: Final = (
    "cp1252",
    "cp1255",
    "cp1250",
    "iso8859_2",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp1256",
    "cp1257",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
)
_NAMES: Final = {
    "cp932": "Shift-JIS",
    "cp949": "Korean (CP949)",
    "iso8859_2": "ISO 8859-2",
    "koi8_r": "KOI8-R",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
}
# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Enough to tell an encoding by, and read in a few milliseconds.
_SAMPLE: Final = 1 << 16
# What no text holds: control characters other than tab, line feed, form feed, carriage return,
# backspace (terminals) and escape (their colours).
_CONTROL: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
# A sign between two letters, or a capital after a small letter: what wrong encodings look like.
_ODD: Final = re.compile(
    r"(?<=[^\W\d_])(?:[¹²³]|(?![^\W\d_])[^\x00-\x7f\s’])(?=[^\W\d_])|[à-ÿа-яё][A-ZÀ-ÞА-ЯЁ]"
)


@dataclass(frozen=True)
class DecodedText:
    """Text, and whether its encoding had to be guessed (`note`, a sentence, else "")."""

    text: str
    note: str = ""


def decode(data: bytes) -> DecodedText | None:
    """The text of `data` with LF line ends, or None where it is not text in a known encoding."""
    decoded = _stated(data) or _guessed(data)
    if decoded is None or len(_CONTROL.findall(decoded.text)) > len(decoded.text) // 1000:
        return None
    return DecodedText(decoded.text.replace("\r\n", "\n").replace("\r", "\n"), decoded.note)


def _stated(data: bytes) -> DecodedText | None:
    """By byte order mark, as UTF-8, or as UTF-16 without a mark."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _strictly(data, encoding)
            if text is not None:
                return DecodedText(text)
    text = _strictly(data, _encoding_by_nuls(data))
    return None if text is None else DecodedText(text)


def _encoding_by_nuls(data: bytes) -> str:
    """UTF-16 where every second byte is mostly NUL, as in text in Latin letters; else UTF-8."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half and len(data) % 2 == 0:
        if sample[1::2].count(0) > 0.4 * half and sample[0::2].count(0) < 0.1 * half:
            return "utf-16-le"
        if sample[0::2].count(0) > 0.4 * half and sample[1::2].count(0) < 0.1 * half:
            return "utf-16-be"
    return "utf-8"


def _guessed(data: bytes) -> DecodedText | None:
    if data.count(0):
        return None
    for encoding in _plausible(data):
        text = _strictly(data, encoding)
        if text is not None:
            name = _NAMES.get(encoding, encoding.replace("cp", "Windows-"))
            return DecodedText(text, f"The file does not say its encoding; it was read as {name}.")
    return None


def _plausible(data: bytes) -> list[str]:
    """The legacy encodings in which the data make sense, the likeliest first."""
    import charset_normalizer

    # Only what is around the first bytes that are not ASCII tells encodings apart.
    first = next(re.finditer(rb"[\x80-\xff]", data)).start()
    begin = max(0, data.rfind(b"\n", 0, first) + 1)
    sample = data[begin : begin + _SAMPLE]
    matches = charset_normalizer.from_bytes(
        sample[: sample.rfind(b"\n") + 1] or sample,
        cp_isolation=list(_LEGACY),
        enable_fallback=False,
    )
    ranked = []
    for match in matches:
        oddities = len(_ODD.findall(str(match)))
        measures = (oddities, round(match.chaos, 2), -round(match.coherence, 2))
        encodings = (match.encoding, *(same.encoding for same in match.submatch))
        ranked += [(*measures, _LEGACY.index(encoding), encoding) for encoding in encodings]
    return [encoding for *_, encoding in sorted(ranked)]


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
