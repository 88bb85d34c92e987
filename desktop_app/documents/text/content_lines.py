"""Reads vCards and calendars: lines of names, parameters and values (RFC 6350 and 5545, vCard 2.1).

A line is continued by one that begins with a space, possibly within a character; in vCard 2.1, a
line of quoted-printable by one after "=". Pictures and files in Base64 are named instead. The rules
of time zones are left out: the zones have names.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from desktop_app.documents.embedded_data import data_note
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.text import plain_text
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason

_BEGINNING: Final = re.compile(r"[\ufeff\s]*BEGIN:V(CARD|CALENDAR)\s*\n", re.I)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_SOFT_BREAK: Final = re.compile(
    rb"^([^\r\n:]*;(?:ENCODING=)?QUOTED-PRINTABLE[^\r\n:]*:(?:[^\r\n]*=\r?\n)+)", re.I | re.M
)
# A name, possibly after its group; parameters, whose values may be quoted; and a value.
_LINE: Final = re.compile(r'(?:[\w-]+\.)?([\w-]+)((?:;(?:"[^"\n]*"|[^":;\n])*)*):(.*)')
_PARAMETER: Final = re.compile(r';((?:"[^"\n]*"|[^";\n])*)')
_ESCAPE: Final = re.compile(r"\\([nN,;\\])")
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_COMPONENTS: Final = {
    "VCARD": "Contact",
    "VEVENT": "Event",
    "VTODO": "Task",
    "VJOURNAL": "Note",
    "VFREEBUSY": "Busy times",
    "VALARM": "Reminder",
    "VCALENDAR": "Calendar",
}
_LEFT_OUT_COMPONENTS: Final = "VTIMEZONE"
_LEFT_OUT_NAMES: Final = ("VERSION", "PRODID", "CALSCALE", "REV")
_BASE64: Final = ("B", "BASE64")
_CODINGS: Final = (*_BASE64, "QUOTED-PRINTABLE", "8BIT", "7BIT")
_ABOUT_CODING: Final = ("ENCODING", "CHARSET", "VALUE", "FMTTYPE")
_OF_FIELDS: Final = ("N", "ADR", "ORG")
_FIELD_END: Final = re.compile(r"(?<!\\);")
_MEDIA: Final = {"PHOTO": "image", "LOGO": "image", "SOUND": "audio"}


class _Line(NamedTuple):
    name: str
    parameters: list[tuple[str, str]]
    value: str

    def parameter(self, *names: str) -> str:
        return next((value for name, value in self.parameters if name in names), "")


def kind_of(text: str) -> str:
    """Return the media type of a vCard or a calendar; "" for any other text."""
    match = _BEGINNING.match(text)
    if match is None:
        return ""
    return document_types.VCARD if match[1].upper() == "CARD" else document_types.CALENDAR


def read(data: bytes, left_out: LeftOut) -> str:
    """Return the names and values; `left_out` gets the pictures and files."""
    data = _SOFT_BREAK.sub(lambda match: re.sub(rb"=\r?\n", b"", match[1]), data)
    decoded = plain_text.decode(_FOLD.sub(b"", data))
    return "\n".join(_rows(decoded.text if decoded else "", left_out)).strip()


def _rows(text: str, left_out: LeftOut) -> Iterator[str]:
    skipped = ""  # the component that is left out
    for row in text.split("\n"):
        match = _LINE.match(row)
        if match is None:
            if row.strip() and not skipped:
                yield row
            continue
        line = _Line(match[1].upper(), list(_parameters(match[2])), match[3])
        component = line.value.strip().upper()
        if line.name in ("BEGIN", "END"):
            is_begin = line.name == "BEGIN"
            if component == _LEFT_OUT_COMPONENTS:
                skipped = component if is_begin else ""
            elif is_begin and not skipped:
                yield f"\n## {_COMPONENTS.get(component, component.title())}\n"
        elif not skipped and line.name not in _LEFT_OUT_NAMES and line.value.strip():
            yield _shown(line, left_out)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for match in _PARAMETER.finditer(text):
        name, is_named, value = match[1].partition("=")
        name, value = name.strip().upper(), value.strip().strip('"')
        if not is_named:  # vCard 2.1 writes only the value
            name, value = ("ENCODING" if name in _CODINGS else "TYPE"), name
        yield name, value


def _shown(line: _Line, left_out: LeftOut) -> str:
    coding = line.parameter("ENCODING").upper()
    value = line.value
    shown_parameters = [
        value if name in ("TYPE", "TZID", "CN") else f"{name.lower()} {value}"
        for name, value in line.parameters
        if name not in _ABOUT_CODING and not (name == "TYPE" and coding in _BASE64)
    ]
    if coding in _BASE64:
        kind = line.parameter("FMTTYPE", "MEDIATYPE") or line.parameter("TYPE").lower()
        if kind and "/" not in kind:
            kind = f"{_MEDIA.get(line.name, 'application')}/{kind}"
        file_name = line.parameter("FILENAME", "X-FILENAME", "X-APPLE-FILENAME")
        size = len("".join(value.split()).rstrip("=")) * 3 // 4
        value = data_note(kind.lower(), size, file_name)
        left_out.unread.append((value.strip("[]"), SkipReason.EMBEDDED))
        shown_parameters = []
    elif coding == "QUOTED-PRINTABLE":
        value = _from_quoted(value, line.parameter("CHARSET"))
    if line.name in _OF_FIELDS:
        value = "; ".join(filter(None, _FIELD_END.split(value)))
    value = _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
    if time := _TIME.fullmatch(value):
        year, month, day, hour, minute, second, is_utc = time.groups()
        value = f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "")
        value += f":{second}" if second and second != "00" else ""
        value += " UTC" if is_utc else ""
    about = f" ({', '.join(shown_parameters)})" if shown_parameters else ""
    return f"{line.name}{about}: " + value.replace("\n", "\n  ")


def _from_quoted(value: str, charset: str) -> str:
    try:
        data = quopri.decodestring(value.encode("utf-8", "surrogatepass"))
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeError, binascii.Error):
        decoded = plain_text.decode(data) if charset else None
        return decoded.text if decoded else value
