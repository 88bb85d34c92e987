"""Pictures in texts are named, and vCards, calendars and notes are read as what they say."""

from __future__ import annotations

import base64
import random
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentError

PAYLOAD = base64.b64encode(random.Random(7).randbytes(48 * 1024)).decode()
LINES = "\n ".join(PAYLOAD[at : at + 74] for at in range(0, len(PAYLOAD), 74))
CARD = f"""BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCr=
gen
item1.TEL;CELL:+351 900
NOTE:One\\nTwo\\, three
PHOTO;ENCODING=BASE64;JPEG:{LINES}

END:VCARD
"""
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Lisbon\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Lisbon:20260301T100000\r\nDTEND:20260301T110030Z\r\n"
    'SUMMARY:Caf\xc3\r\n \xa9\r\nATTENDEE;CN="Sá; Ana":mailto:a@b.example\r\n'
    f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=application/pdf:{PAYLOAD}\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)
NOTES = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export4.dtd">
<en-export><note><title>Tea</title><content><![CDATA[<!DOCTYPE en-note SYSTEM "x"><en-note>
<div>Three <b>minutes</b></div><en-todo checked="true"/>Leaves<br/><en-todo/>Water</en-note>]]>
</content><tag>kitchen</tag><resource><data encoding="base64">{PAYLOAD}</data>
<mime>image/png</mime><resource-attributes><file-name>leaf.png</file-name></resource-attributes>
</resource></note></en-export>"""
PICTURE = "[image/png, 48 KB]"


def extracted(name: str, data: bytes) -> ExtractedDocument:
    return extract_bytes(name, data, Limits(), lambda _: None)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "report.md",
            f"# Report\n\n![][i]\n\n[i]: <data:image/png;base64,{PAYLOAD}>",
            f"# Report\n\n![][i]\n\n[i]: <{PICTURE}>",
        ),
        (
            "a.svg",
            f'<svg><image href="data:image/png;base64,{LINES}"/>Hello</svg>',
            f'<svg><image href="{PICTURE}"/>Hello</svg>',
        ),
        ("a.json", f'{{"url":"data:image/png;base64,{PAYLOAD}"}}', f'{{"url":"{PICTURE}"}}'),
        (
            "a.excalidraw.md",
            f"Text\n```\n{PAYLOAD}\n```\nEnd",
            "Text\n```\n[data, 48 KB]\n```\nEnd",
        ),
        (
            "a.vcf",
            CARD,
            "## Contact\n\nN: Müller; Jürgen\nTEL (CELL): +351 900\nNOTE: One\n  Two, three\n"
            "PHOTO: [image/jpeg, 48 KB]",
        ),
        (
            "a.ics",
            CALENDAR,
            "## Calendar\n\n\n## Event\n\nDTSTART (Europe/Lisbon): 2026-03-01 10:00\n"
            "DTEND: 2026-03-01 11:00:30 UTC\nSUMMARY: Café\n"
            "ATTENDEE (Sá; Ana): mailto:a@b.example\nATTACH: [application/pdf, 48 KB]",
        ),
        (
            "a.enex",
            NOTES,
            "# Tea\n\nTags: kitchen\n\nThree **minutes**\n\n☒ Leaves\n☐ Water\n\n"
            "[image/png, 48 KB: leaf.png]",
        ),
    ],
)
def test_a_payload_is_named_instead_of_sent(name: str, text: str, expected: str) -> None:
    data = text.encode("latin-1").replace(b"S\xe1", "Sá".encode()) if name == "a.ics" else None
    document = extracted(name, data or text.encode())
    assert "\n".join(line.rstrip() for line in document.text.strip().split("\n")) == expected
    assert "48 KB" in str(document.note)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\n" + "\n".join([PAYLOAD[:64]] * 30) + "\n-----END",
        "ACGT" * 5000,
        "deadbeef0123" * 1000,
        ("word_and/path-1+" * 3 + "\n") * 500,
    ],
)
def test_text_that_only_looks_like_data_is_kept(text: str) -> None:
    assert extracted("a.txt", text.encode()).text == text


def test_payloads_in_an_archive_are_named_with_their_file() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("cards/a.vcf", CARD)
    document = extracted("a.zip", stream.getvalue())
    assert "PHOTO: [image/jpeg, 48 KB]" in document.text
    assert "cards/a.vcf: image/jpeg, 48 KB" in str(document.note)


@given(
    st.sampled_from(["BEGIN:VCARD\n", "BEGIN:VCALENDAR\n", "<en-export><note>"]),
    st.lists(
        st.sampled_from(
            ["N;X=", 'A;B="', ":", ";", "=\n", "\n ", "END:", "ENCODING=", "QUOTED-PRINTABLE",
             "CHARSET=x", "BASE64", "=E4", "\\", "<content>", "<![CDATA[", "]]>", "</note>", "a"]
        )
        | st.text(max_size=3)
    ),
)  # fmt: skip
def test_any_such_file_is_read_or_refused(beginning: str, pieces: list[str]) -> None:
    data = (beginning + "".join(pieces)).encode("utf-8", "replace")
    with suppress(DocumentError):
        extracted("a.txt", data)
