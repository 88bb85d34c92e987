"""Mails: attached messages and files, nested parts, headers and encodings."""

from __future__ import annotations

import base64
import io
import zipfile
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
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


def test_text_after_an_attachment_continues_the_message() -> None:
    message = mail("Two parts", "Before the plan.")
    message.add_attachment(b"x,y", maintype="text", subtype="csv", filename="plan.csv")
    message.add_attachment("After the plan.", disposition="inline")
    assert "\n\nBefore the plan.\n\nAfter the plan.\n\n# plan.csv\n\nx,y" in read(message).text


def multipart(kind: str, *parts: Message) -> Message:
    message = MIMEMultipart(kind)
    for part in parts:
        message.attach(part)
    return message


def attached_rows() -> Message:
    rows = MIMEText("a,b", "csv")
    rows.add_header("Content-Disposition", "attachment", filename="rows.csv")
    return rows


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (multipart("signed", multipart("mixed", MIMEText("Words."), attached_rows())), "Words."),
        (
            multipart(
                "mixed",
                multipart("mixed", MIMEText("Words."), attached_rows()),
                MIMEText("Footer of the list."),
            ),
            "Words.\n\nFooter of the list.",
        ),
        (
            multipart(
                "mixed",
                MIMEText("Words."),
                multipart("mixed", MIMEText("More."), MIMEText("Most."), attached_rows()),
            ),
            "Words.\n\nMore.\n\nMost.",
        ),
        (
            multipart(
                "alternative",
                MIMEText("Words."),
                multipart(
                    "mixed", MIMEText("<p>Words", "html"), attached_rows(), MIMEText("<p>.", "html")
                ),
            ),
            "Words.",
        ),
        (
            multipart(
                "mixed",
                multipart("alternative", MIMEText("Words."), MIMEText("<p>Words.", "html")),
                attached_rows(),
                multipart("alternative", MIMEText("More."), MIMEText("<p>More.", "html")),
            ),
            "Words.\n\nMore.",
        ),
    ],
    ids=["signed", "mailing list", "nested texts", "Apple Mail", "two texts with versions"],
)
def test_attachments_in_nested_parts_are_read(message: Message, words: str) -> None:
    message["From"] = "a@b.example"
    found = extract_bytes("m.eml", bytes(message), Limits(), lambda _: None)
    assert found.text == (
        f"From: a@b.example\nAttachments: rows.csv\n\n{words}\n\n# rows.csv\n\na,b"
    )


def test_an_encoded_line_break_in_a_header_adds_no_line() -> None:
    data = b"From: a@b.example\nSubject: =?utf-8?q?x=0D=0AAttachments:_y?=\n\nWords.\rMore."
    found = extract_bytes("m.eml", data, Limits(), lambda _: None)
    assert found.text == "From: a@b.example\nSubject: x Attachments: y\n\nWords.\nMore."


def test_the_status_in_a_report_on_delivery_is_read() -> None:
    status = "Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@a.example\nStatus: 5.1.1"
    data = (
        "From: a@b.example\nContent-Type: multipart/report; boundary=b\n\n--b\n\nNot delivered.\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n--b--\n"
    )
    found = extract_bytes("m.eml", data.encode(), Limits(), lambda _: None)
    assert found.text == f"From: a@b.example\n\nNot delivered.\n\n{status}"


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


def test_nested_archives_and_mails_have_a_depth_limit() -> None:
    message = mail("Innermost", "Deep words.")
    for depth in range(6):
        outer = mail(f"Level {depth}", "Around.")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("m.eml", bytes(message))
        outer.add_attachment(
            packed.getvalue(), maintype="application", subtype="zip", filename="a.zip"
        )
        message = outer
    text = read(message).text
    assert "Level 5" in text
    assert "Level 4" in text
    assert "Deep words." not in text
    assert "too many files" in text


def test_an_attached_zip_bomb_is_left_out() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.txt", bytes(3 << 20))
    message = mail("Bomb", "Words.")
    message.add_attachment(
        packed.getvalue(), maintype="application", subtype="zip", filename="bomb.zip"
    )
    document = read(message, Limits(unpacked_bytes=4 << 20))
    assert "Attachments (not included): bomb.zip (too large)" in document.text


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


@pytest.mark.parametrize("charset", ["x-unknown", "undefined", "ascii", "utf-8"])
def test_text_with_a_wrong_charset_is_decoded(charset: str) -> None:
    words = "Die Straße ist schön.".encode("cp1252")
    head = f"Subject: a\nContent-Type: text/plain; charset={charset}\n\n"
    text = extract_bytes("m.eml", head.encode() + words, Limits(), lambda _: None).text
    assert text == "Subject: a\n\nDie Straße ist schön."


def test_an_empty_plain_version_gives_way_to_the_page() -> None:
    message = multipart("alternative", MIMEText(" \n"), MIMEText("<p>The words.</p>", "html"))
    assert extract_bytes(
        "m.eml", b"Subject: a\n" + bytes(message), Limits(), lambda _: None
    ).text == ("Subject: a\n\nThe words.")


def test_a_mail_that_is_a_file_is_read() -> None:
    head = "Subject: Scan\nContent-Type: text/csv\nContent-Disposition: attachment; filename=a.csv"
    text = extract_bytes("m.eml", f"{head}\n\n1;2\n".encode(), Limits(), lambda _: None).text
    assert text == "Subject: Scan\nAttachments: a.csv\n\n# a.csv\n\n1;2"


@pytest.mark.parametrize(
    ("charset", "encoding", "words"),
    [
        ("iso-8859-1", "cp1252", "“5 €” – Größe"),
        ("gb2312", "gb18030", "朱镕基"),
        ("euc-kr", "cp949", "똠방각하"),
        ("shift_jis", "cp932", "①の㈱"),
    ],
)
def test_a_charset_is_read_as_the_larger_one_that_programs_write(
    charset: str, encoding: str, words: str
) -> None:
    packed = base64.b64encode(words.encode(encoding)).decode()
    head = f"Subject: =?{charset}?B?{packed}?=\nContent-Type: text/plain; charset={charset}\n\n"
    mail_bytes = head.encode() + words.encode(encoding)
    text = extract_bytes("m.eml", mail_bytes, Limits(), lambda _: None).text
    assert text == f"Subject: {words}\n\n{words}"


def test_characters_that_windows_adds_to_japanese_mails_are_read() -> None:
    words = b"\x1b$B-!\x1b(B 1 \x1b$B-jF|K\\\x1b(B"
    head = b"Subject: a\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
    text = extract_bytes("m.eml", head + words, Limits(), lambda _: None).text
    assert text == "Subject: a\n\n① 1 ㈱日本"


@pytest.mark.parametrize(
    "word", [b"B?GyRCLSEbKEIgMSAbJEItakZ8S1wbKEI?=", b"q?=1B$B-!=1B(B_1_=1B$B-jF|K=5C=1B(B?="]
)
def test_characters_that_windows_adds_are_read_in_a_japanese_subject(word: bytes) -> None:
    subject = b"Subject: Re: =?ISO-2022-JP?" + word
    text = extract_bytes("m.eml", subject + b"\n\nWords", Limits(), lambda _: None).text
    assert text == "Subject: Re: ① 1 ㈱日本\n\nWords"


@pytest.mark.parametrize("name", ["p.mht", "p.doc"])
@pytest.mark.parametrize(
    ("head", "shown"), [("", ""), ("Subject:\n =?utf-8?q?A=C3=A4?=\n", "Subject: Aä\n\n")]
)
def test_a_document_saved_for_word_as_a_mail_is_read(name: str, head: str, shown: str) -> None:
    text = f"{head}MIME-Version: 1.0\nContent-Type: text/html\n\n<p>Words</p>"
    assert extract_bytes(name, text.encode(), Limits(), lambda _: None).text == f"{shown}Words"


def test_style_sheets_and_images_of_a_saved_web_page_are_left_out() -> None:
    text = (
        "Subject: Page\nContent-Type: multipart/related; boundary=b\n\n--b\n"
        "Content-Type: text/html\nContent-Location: https://p.example/\n\n<p>Words</p>\n"
        "--b\nContent-Type: text/css\nContent-Location: cid:css-1@mhtml.blink\n\np { }\n"
        "--b\nContent-Type: image/png\nContent-Location: https://p.example/i.png\n\nPNG\n--b--\n"
    )
    document = extract_bytes("p.mhtml", text.encode(), Limits(), lambda _: None)
    assert (document.text, document.note) == ("Subject: Page\n\nWords", None)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_header_of_an_attached_message_may_be_in_any_encoding(encoding: str) -> None:
    text = (
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nOuter.\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: Jörg Weiß\n <j@w.example>\n"
        "Subject: =?x-sjis?b?k/qWew==?= Grüße\n\nWords\n--b--\n"
    )
    found = extract_bytes("m.eml", text.encode(encoding), Limits(), lambda _: None).text
    assert found.endswith("From: Jörg Weiß <j@w.example>\nSubject: 日本 Grüße\n\nWords")


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
    ],
)
def test_encoded_words_are_joined(header: str, shown: str) -> None:
    text = extract_bytes("m.eml", f"{header}\n\nWords".encode(), Limits(), lambda _: None).text
    assert text == f"{header.split(':')[0]}: {shown}\n\nWords"


def test_half_width_katakana_are_read() -> None:
    words = base64.b64encode(b"\x1b$BF|K\\\x1b(I6@6E\x1b(B a").decode()
    subject = f"Subject: =?ISO-2022-JP?B?{words}?=\n\nWords"
    text = extract_bytes("m.eml", subject.encode(), Limits(), lambda _: None).text
    assert text == "Subject: 日本ｶﾀｶﾅ a\n\nWords"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_name_of_an_attachment_may_be_in_any_encoding(encoding: str) -> None:
    text = (
        "Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nWords\n"
        '--b\nContent-Type: text/plain; name="Größe für Jörg.txt"\n'
        'Content-Disposition: attachment;\n filename="Größe für Jörg.txt"\n\nInside\n--b--\n'
    )
    found = extract_bytes("m.eml", text.encode(encoding), Limits(), lambda _: None).text
    assert found == (
        "Subject: a\nAttachments: Größe für Jörg.txt\n\nWords\n\n# Größe für Jörg.txt\n\nInside"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_header_may_be_in_any_encoding_after_empty_lines(encoding: str) -> None:
    words = "\r\nFrom: Jörg Weiß <j@w.example>\r\nSubject: Grüße\r\n\r\nSchöne Straße"
    text = extract_bytes("m.eml", words.encode(encoding), Limits(), lambda _: None).text
    assert text == "From: Jörg Weiß <j@w.example>\nSubject: Grüße\n\nSchöne Straße"


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


def test_a_mailbox_of_one_message_is_a_mail() -> None:
    start = b"From ines@example.org Mon Jun 01 10:00:00 2009\n"
    assert read_mailbox("a.mbox", start + b"\nThey hang.\n").text == "They hang."
    data = mailbox(mail("Keys", "Schlüssel."))
    assert read_mailbox("Inbox", data).text == "From: ines@example.org\nSubject: Keys\n\nSchlüssel."


def test_damaged_messages_of_a_mailbox_are_left_out() -> None:
    broken = mail("Doors", "x")
    broken.replace_header("Content-Transfer-Encoding", "base64")
    broken.set_payload("/wAB/wAB/wAB\n")
    document = read_mailbox("a.mbox", mailbox(mail("Keys", "They hang."), broken, mail("c", "d")))
    assert document.text == (
        "Mailbox with 3 messages\n\nMessage 1:\n\nFrom: ines@example.org\nSubject: Keys\n\n"
        "They hang.\n\nMessage 3:\n\nFrom: ines@example.org\nSubject: c\n\nd"
    )
    assert str(document.note) == "Files read: 2. Skipped: message 2 (damaged)."


def test_a_text_about_a_time_is_no_mailbox() -> None:
    text = b"From 10:00 to 11:00\n\nFrom 12:00 to 13:00\n"
    assert read_mailbox("plan", text).media_type == "text/plain"
