"""Mails: attached messages and files, nested parts, headers and encodings."""

from __future__ import annotations

import base64
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain.documents.extracted_document import ExtractedDocument

DATA = Path(__file__).parents[2] / "data"


def mail(subject: str, words: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = "ines@example.org", subject
    message.set_content(words)
    return message


def read(message: EmailMessage, limits: Limits | None = None) -> ExtractedDocument:
    return extract_bytes("m.eml", bytes(message), limits or Limits(), lambda _: None)


def test_a_forwarded_message_follows_the_outer_message() -> None:
    inner = mail("Keys", "The keys are with the warden.")
    inner.add_attachment(b"\0\1", maintype="application", subtype="x", filename="plan.bin")
    outer = mail("Fwd: Keys", "See below.")
    outer.add_attachment(inner)
    outer.add_attachment(b"a;b", maintype="text", subtype="csv", filename="rows.csv")
    document = read(outer)
    assert document.text == (
        "From: ines@example.org\nSubject: Fwd: Keys\nAttachments: rows.csv\n\nSee below.\n\n"
        "Attached message:\n\nFrom: ines@example.org\nSubject: Keys\n"
        "Attachments (not included): plan.bin (no document)\n\nThe keys are with the warden.\n\n"
        "# rows.csv\n\na;b"
    )
    assert str(document.note) == "Files read: 1. Skipped: plan.bin (not a document)."


def test_attached_documents_follow_their_names() -> None:
    message = mail("Reports", "Both are attached.")
    for name in ("report.pdf", "figures.xlsx", "scanned.pdf"):
        message.add_attachment(
            (DATA / name).read_bytes(), maintype="application", subtype="x", filename=name
        )
    document = read(message)
    assert "Attachments: report.pdf, figures.xlsx, scanned.pdf\n" in document.text
    assert "\n\n# report.pdf\n\n[page 1]\nAlder & Finch" in document.text
    assert "\n\n# figures.xlsx\n\n## " in document.text
    assert "scanned.pdf (image pages)" in str(document.note)


def multipart(kind: str, *parts: Message) -> Message:
    message = MIMEMultipart(kind)
    for part in parts:
        message.attach(part)
    return message


def test_texts_beside_the_message_follow_it() -> None:
    message = multipart("mixed", MIMEText("Mind the geese."), MIMEText("Sent to the list."))
    text = extract_bytes("m.eml", bytes(message), Limits(), lambda _: None).text
    assert text == "Mind the geese.\n\nSent to the list."


def test_an_attached_message_in_base64_is_read() -> None:
    inner = base64.encodebytes(bytes(mail("Inner", "Its words."))).decode()
    text = (
        "From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        "Outer.\n"
        f"--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}--b--\n"
    )
    found = extract_bytes("m.eml", text.encode(), Limits(), lambda _: None).text
    assert found.endswith(
        "Attached message:\n\nFrom: ines@example.org\nSubject: Inner\n\nIts words."
    )


@pytest.mark.parametrize("ending", ["mht", "mhtml"])
def test_a_saved_web_page_is_read_as_markdown(ending: str) -> None:
    page = (
        "From: <Saved by Blink>\nSubject: Geese\nContent-Type: multipart/related; boundary=b\n\n"
        "--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<html><body><h1>Geese</h1><p>They fly.</p></body></html>\n--b\nContent-Type: text/css\n"
        "Content-Location: cid:style\n\np {}\n--b--\n"
    )
    text = extract_bytes(f"page.{ending}", page.encode(), Limits(), lambda _: None).text
    assert "# Geese\n\nThey fly." in text


def test_nested_messages_have_a_depth_limit() -> None:
    message = mail("5", "Too deep.")
    for number in range(4, -1, -1):
        outer = mail(str(number), f"Words {number}.")
        outer.add_attachment(message)
        message = outer
    text = read(message).text
    assert text.count("Attached message:") == 4
    assert "\n\nWords 4." in text
    assert "Too deep." not in text
    assert "Attachments (not included): without a name (without text)" in text


def test_a_mail_that_is_a_file_is_read() -> None:
    head = "Subject: Scan\nContent-Type: text/csv\nContent-Disposition: attachment; filename=a.csv"
    text = extract_bytes("m.eml", f"{head}\n\n1;2\n".encode(), Limits(), lambda _: None).text
    assert text == "Subject: Scan\nAttachments: a.csv\n\n# a.csv\n\n1;2"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (
            "From: =?utf-8?q?J=C3=B6r?=\r\n =?utf-8?q?g_Wei=C3=9F?= <j@w.example>",
            "Jörg Weiß <j@w.example>",
        ),
        ("To: =?utf-8?B?5pel5pys?= =?utf-8?B?6Kqe?= <n@j.example>", "日本語 <n@j.example>"),
        ("Subject: =?utf-8?q?J=C3?= =?UTF-8?Q?=B6rg?= =?cp1252?b?9g==?= 5", "Jörgö 5"),
        ("Subject: =?utf-8?b?w7w?= =?utf-8?q?sp ace?=", "üsp ace"),
        ("Subject: =?utf-8?b?a?= b", "a b"),
        ("To: =?utf-8?q?Wei=C3=9F=2C_J=C3=B6rg?= <j@w.example>", '"Weiß, Jörg" <j@w.example>'),
        ("To: undisclosed-recipients:; (see below)", "undisclosed-recipients:; (see below)"),
        ("To: Team: a@x.example; b@x.example", "Team: a@x.example; b@x.example"),
        ("Cc: ana@", "ana@"),
        ("To: Ana (Sales) <a@x.example> and others", "Ana (Sales) <a@x.example> and others"),
        ("Cc: Ana <a@[1.2.3", "Ana <a@[1.2.3"),
        ("Date: the day before", "the day before"),
    ],
)
def test_fields_of_the_header_stand_as_they_are_written(header: str, shown: str) -> None:
    text = extract_bytes("m.eml", f"{header}\n\nWords".encode(), Limits(), lambda _: None).text
    assert text == f"{header.split(':')[0]}: {shown}\n\nWords"


PAGE = (
    "<table><tr><td>Total</td><td>1,234.50 EUR</td></tr><tr><td>Due</td><td>4 May</td></tr></table>"
)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("Your mail program does not show HTML.", "| Total | 1,234.50 EUR |"),
        ("Total 1,234.50 EUR\n\nDue on 4 May", "Total 1,234.50 EUR\n\nDue on 4 May"),
        ("", "| Total | 1,234.50 EUR |"),
        ("Dear Ana,\n" + "we write about another matter. " * 9, "| Total | 1,234.50 EUR |"),
    ],
)
@pytest.mark.parametrize("place", ["message", "attached", "mailbox"])
def test_the_alternative_with_the_words_is_read(plain: str, shown: str, place: str) -> None:
    message = mail("Invoice", plain)
    message.add_alternative(PAGE, subtype="html")
    if place == "mailbox":
        text = read_mailbox("a.mbox", mailbox(message, mail("c", "d"))).text
    else:
        outer = mail("Fwd", "See below.")
        outer.add_attachment(message)
        text = read(message if place == "message" else outer).text
    assert f"Subject: Invoice\n\n{shown}" in text
    assert text.count("1,234.50") == 1
    assert "mail program" not in text
    assert ("another matter" in plain) == ("another matter" in text)


FLOWED = (
    "The Donau \ndampf \nschiff leaves. \n\n  A stuffed line\n> An older \n> question\n"
    ">> the first\n> Yes. \n-- \nAna\n"
)


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        (
            "format=flowed; delsp=yes",
            "The Donaudampfschiff leaves.\n\n A stuffed line\n> An olderquestion\n>> the first\n"
            "> Yes.\n-- \nAna",
        ),
        (
            "Format=Flowed",
            "The Donau dampf schiff leaves.\n\n A stuffed line\n> An older question\n>> the first\n"
            "> Yes.\n-- \nAna",
        ),
        ("format=fixed", FLOWED.strip()),
    ],
)
def test_lines_of_flowed_text_are_joined(parameters: str, shown: str) -> None:
    source = f"Subject: x\nContent-Type: text/plain; {parameters}\n\n{FLOWED}"
    document = extract_bytes("m.eml", source.encode(), Limits(), lambda _: None)
    assert document.text == f"Subject: x\n\n{shown}"


def mailbox(*messages: EmailMessage) -> bytes:
    """Return a mailbox; lines that look like the beginning of a message are quoted."""
    lines = (bytes(message).replace(b"\nFrom ", b"\n>From ") for message in messages)
    return b"\n".join(b"From ines@example.org Mon Jun 01 10:00:00 2009\n" + m for m in lines)


def read_mailbox(name: str, data: bytes) -> ExtractedDocument:
    return extract_bytes(name, data, Limits(), lambda _: None)


@pytest.mark.parametrize("name", ["a.mbox", "Inbox", "a.eml"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_the_messages_of_a_mailbox_are_read(name: str, line_end: bytes) -> None:
    first = mail("Keys", "Schlüssel.\n\nFrom 10:00 on.\n\nFrom Monday.")
    first.add_attachment(b"a;b", maintype="text", subtype="csv", filename="rows.csv")
    data = mailbox(first, mail("Doors", "Türen.")).replace(b"\n", line_end)
    assert read_mailbox(name, data).text == (
        "Mailbox with 2 messages\n\n"
        "Message 1:\n\nFrom: ines@example.org\nSubject: Keys\nAttachments: rows.csv\n\n"
        "Schlüssel.\n\nFrom 10:00 on.\n\nFrom Monday.\n\n# rows.csv\n\na;b\n\n"
        "Message 2:\n\nFrom: ines@example.org\nSubject: Doors\n\nTüren."
    )
    steps: list[Progress] = []
    extract_bytes(name, data, Limits(), steps.append)
    assert {Progress(0, 2, "message"), Progress(1, 2, "message")} <= set(steps)


def test_a_mailbox_of_one_message_is_a_mail() -> None:
    start = b"From ines@example.org Mon Jun 01 10:00:00 2009\n"
    assert read_mailbox("a.mbox", start + b"\nThey hang.\n").text == "They hang."
    data = mailbox(mail("Keys", "Schlüssel."))
    assert read_mailbox("Inbox", data).text == "From: ines@example.org\nSubject: Keys\n\nSchlüssel."


def test_damaged_texts_of_a_mailbox_are_left_out() -> None:
    broken = mail("Doors", "x")
    broken.replace_header("Content-Transfer-Encoding", "base64")
    broken.set_payload("/wAB/wAB/wAB\n")
    document = read_mailbox("a.mbox", mailbox(mail("Keys", "They hang."), broken, mail("c", "d")))
    assert document.text == (
        "Mailbox with 3 messages\n\nMessage 1:\n\nFrom: ines@example.org\nSubject: Keys\n\n"
        "They hang.\n\nMessage 2:\n\nFrom: ines@example.org\nSubject: Doors\n\n"
        "Message 3:\n\nFrom: ines@example.org\nSubject: c\n\nd"
    )
    assert str(document.note) == "Skipped: text/plain (damaged)."
