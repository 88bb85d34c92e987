"""Bytes to text, in any encoding, without losing a character silently.

What says its encoding (a byte order mark, valid UTF-8, the NULs of UTF-16) is taken at its word.
The rest is a guess, and the person is told. A likely encoding puts no sign inside a word, and makes
letters that one language has. Nothing is ever decoded with replacement characters.
"""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import islice
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
    "koi8_u",
    "cp1253",
    "cp1254",
    "cp1256",
    "cp1257",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
    "iso8859_15",
    "cp874",
    "cp866",
    "cp850",
    "mac_roman",
)
_NAMES: Final = {
    "cp932": "Shift-JIS",
    "cp949": "Korean (CP949)",
    "iso8859_2": "ISO 8859-2",
    "koi8_r": "KOI8-R",
    "koi8_u": "KOI8-U",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "iso8859_15": "ISO 8859-15",
    "cp850": "code page 850",
    "cp866": "code page 866",
    "cp874": "Thai (CP874)",
    "mac_roman": "Mac Roman",
}
# What a declaration may name: of Python's codecs some are no encodings of texts.
_TEXTUAL: Final = frozenset(
    {codecs.lookup(name).name for name in _LEGACY}
    | {f"iso8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)}
    | {"utf-8", "koi8-u", "gbk", "gb2312", "big5hkscs", "euc_kr", "shift_jis", "iso2022_jp"}
    | {"cp437", "cp852", "cp1258", "mac-cyrillic", "tis-620"}
)
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
# A sign between two letters, a capital after a small letter, signs that nobody writes: what wrong
# encodings look like.
_ODD: Final = re.compile(
    r"(?<=[^\W\d_])(?:[¹²³]|(?![^\W\d_])[^\x00-\x7f\s’·\u3000-\u303f\uff00-\uff65])(?=[^\W\d_])|[à-ÿа-яё][A-ZÀ-ÞА-ЯЁ]"
    r"|[¼½¾¨¸‡†ˆ¬ªº](?=[^\W\d_])|[¤\u2500-\u259f\x80-\x9f]"
)
# Icelandic has these letters, but not in these places: read as Western, Turkish and Baltic have.
_NOT_ICELANDIC: Final = re.compile(
    r"[þÞ](?![aeiouyáéíóúýöæjrvA-ZÁÉÍÓÚÝÖÆ])|\b[ðÐ]|[ýð](?=\w*ý)|ý(?=\w*[ðþ])"
)
_NO_ASCII: Final = re.compile(rb"[\x00-\x07\x0e-\x1a]")
# The letters beside a to z of each language that an encoding is for.
_WESTERN: Final = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíñóúüªº",  # Spanish
    "àáâãçéêíóôõúüªº",  # Portuguese
    "àéèìíîòóùú",  # Italian
    "àçéèíïóòúü",  # Catalan
    "áéëèêïíóöü",  # Dutch
    "äöåéü",  # Swedish
    "æøåé",  # Danish, Norwegian
    "äöåšž",  # Finnish
    "áéíóúýþðæö",  # Icelandic
    "âêîôûïö",  # Welsh
)
_CENTRAL: Final = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovene
    "ăâîşţ",  # Romanian
    "ëç",  # Albanian
)
_TURKISH: Final = ("çğıöşüâîû",)
_BALTIC: Final = (
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņōŗšūž",  # Latvian
    "äõöüšž",  # Estonian
)
_ALPHABETS: Final = {
    **dict.fromkeys(("cp1252", "iso8859_15", "cp850", "mac_roman"), _WESTERN),
    **dict.fromkeys(("cp1250", "iso8859_2"), _CENTRAL),
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_CAPITAL, _SMALL = re.compile("[А-Я]"), re.compile("[а-я]")
_DECLARED: Final = re.compile(
    rb"""<\?xml[^>]{0,80}?\sencoding\s*=\s*["']([A-Za-z][\w.-]{1,30})["']"""
    rb"""|@charset "([A-Za-z][\w.-]{1,30})";"""
    rb"""|(?:[^\n]*\n)?[ \t\f]*(?:\#|;|//|")[^\n]{0,80}?coding[:=][ \t]*([A-Za-z][\w.-]{1,30})"""
)
# How Japanese mail switches between alphabets.
_ESCAPES: Final = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b$(D")


@dataclass(frozen=True)
class DecodedText:
    """Text, and whether its encoding had to be guessed (`note`, a sentence, else "")."""

    text: str
    note: str = ""


def decode(data: bytes) -> DecodedText | None:
    """The text of `data` with LF line ends, or None where it is not text in a known encoding."""
    for way in (_stated, _wide, _guessed):
        found = way(data)
        if found and not _has_controls(found.text):
            return DecodedText(found.text.replace("\r\n", "\n").replace("\r", "\n"), found.note)
    return None


def _has_controls(text: str) -> bool:
    """Whether one character in a thousand or more is one that no text holds."""
    allowed = len(text) // 1000
    # No further than that: of a hundred megabytes of NULs a list would not fit.
    return next(islice(_CONTROL.finditer(text), allowed, None), None) is not None


def _stated(data: bytes) -> DecodedText | None:
    """By byte order mark, as UTF-8, as UTF-16 without a mark, or as its first lines declare."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _strictly(data, encoding)
            if text is not None:
                return DecodedText(text)
    is_japanese = any(escape in data[:_SAMPLE] for escape in _ESCAPES)
    encodings = ["iso2022_jp_2"] if is_japanese else []
    for encoding in [*encodings, _encoding_by_nuls(data), *_declared(data)]:
        text = _strictly(data, encoding)
        if text is not None:
            return DecodedText(text)
    return None


def _declared(data: bytes) -> list[str]:
    """The encoding that XML, a style sheet or source code names in its first lines."""
    found = _DECLARED.match(data)
    if not found:
        return []
    name = next(group for group in found.groups() if group).decode().lower()
    try:
        is_text = codecs.lookup(name).name in _TEXTUAL
    except LookupError:
        return []
    # As browsers do: what is called ISO 8859-1 is Windows-1252.
    return ["cp1252" if codecs.lookup(name).name == "iso8859-1" else name] if is_text else []


def _wide(data: bytes) -> DecodedText | None:
    """UTF-16 without a mark, of letters that have few NULs: where every one is known."""
    if len(data) % 2 or not _NO_ASCII.search(data[:_SAMPLE]) or len(data) < 8:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _strictly(data, encoding)
        if text is not None and _is_sound(text[: _SAMPLE // 2]):
            return DecodedText(text)
    return None


def _is_sound(text: str) -> bool:
    """Whether it is of few alphabets, without characters that nobody has given out."""
    if any(
        unicodedata.category(sign) in ("Cn", "Co", "Cc") for sign in text if sign not in "\r\n\t"
    ):
        return False
    letters = [sign for sign in text if sign.isalpha()]
    alphabets = {unicodedata.name(sign, "").split(" ")[0] for sign in letters}
    return bool(letters) and len(alphabets) <= 5 and any(sign in " \n\u3000。، " for sign in text)


def _encoding_by_nuls(data: bytes) -> str:
    """UTF-16 where every second byte is mostly NUL, as in text in Latin letters; UTF-32 where half of
    all are; else UTF-8."""
    sample = data[:_SAMPLE]
    if len(data) % 4 == 0 and len(data) >= 8:
        quarter = len(sample) // 4
        if sample[3::4].count(0) == quarter and sample[2::4].count(0) > 0.9 * quarter:
            return "utf-32-le"
        if sample[0::4].count(0) == quarter and sample[1::4].count(0) > 0.9 * quarter:
            return "utf-32-be"
    half = len(sample) // 2
    if half and len(data) % 2 == 0:
        if sample[1::2].count(0) > 0.4 * half and sample[0::2].count(0) < 0.1 * half:
            return "utf-16-le"
        if sample[0::2].count(0) > 0.4 * half and sample[1::2].count(0) < 0.1 * half:
            return "utf-16-be"
    return "utf-8"


def _guessed(data: bytes) -> DecodedText | None:
    if data.count(0) or data.isascii():
        return None
    for encoding in _plausible(data):
        text = _strictly(data, encoding)
        if text is not None:
            name = _NAMES.get(encoding, encoding.replace("cp", "Windows-"))
            return DecodedText(text, f"The file does not say its encoding; it was read as {name}.")
    return None


def _plausible(data: bytes) -> list[str]:
    """Return the legacy encodings in which the data make sense, the likeliest first.

    The letters decide first, then the order of `_LEGACY` for Western text: charset-normalizer takes
    most Italian for Czech, and much Finnish for Hebrew. What it measures tells the others apart.
    """
    import charset_normalizer

    # Only what is around the first bytes that are not ASCII tells encodings apart.
    first = next(re.finditer(rb"[\x80-\xff]", data)).start()
    begin = max(0, data.rfind(b"\n", 0, first) + 1)
    sample = data[begin : begin + _SAMPLE]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    measures: dict[str, tuple[float, float]] = {}
    # A short text of rare letters seems chaotic in every encoding.
    for chaos in (0.2, 0.4):
        matches = charset_normalizer.from_bytes(
            sample, cp_isolation=list(_LEGACY), enable_fallback=False, threshold=chaos
        )
        for match in matches:
            for same in (match, *match.submatch):
                measures[same.encoding] = (round(match.chaos, 2), -round(match.coherence, 2))
        if measures:
            break
    ranked = []
    for order, encoding in enumerate(_LEGACY):
        if encoding not in measures and encoding not in _ALPHABETS:
            continue
        try:
            # The last character of the sample may be cut.
            text = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        odd = _oddities(text, encoding)
        # charset-normalizer leaves out the right one of a few short words.
        if encoding in measures or not odd:
            measure = measures.get(encoding, (1.0, 0.0))
            ranked.append((odd, order > 0, *measure, order, encoding))
    return [encoding for *_, encoding in sorted(ranked)]


def _oddities(text: str, encoding: str) -> int:
    """Count what nobody writes: odd signs, mixed scripts in a word, letters of no one language."""
    count = len(_ODD.findall(text))
    if encoding.startswith("koi8") and len(_CAPITAL.findall(text)) > 2 * len(_SMALL.findall(text)):
        count += len(_CAPITAL.findall(text))  # Hebrew looks so in it
    if _ALPHABETS.get(encoding) is _WESTERN:
        count += len(_NOT_ICELANDIC.findall(text))
    letters: Counter[str] = Counter()
    for word, times in Counter(_WORD.findall(text)).items():
        if word.isascii():
            continue
        special = [letter for letter in word if not letter.isascii()]
        latin = [letter for letter in special if _is_latin(letter)]
        for letter in latin:
            letters[letter.lower()[0]] += times
        is_mixed = len(latin) < len(special) and len(special) - len(latin) < len(word)
        # Only what was written in another script has three letters in a row beside a to z.
        is_all_special = len(latin) == len(word) > 2
        count += times * (is_mixed or is_all_special)
    alphabets = _ALPHABETS.get(encoding, ("",))
    return count + min(
        sum(times for letter, times in letters.items() if letter not in f"i{alphabet}")
        for alphabet in alphabets
    )


@functools.cache
def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE"))


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
