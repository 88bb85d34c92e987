"""Content offered by other programs, in the formats that they really use."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from desktop_app.composer.dropped_content import (
    NO_IMAGE,
    NOTHING_READABLE,
    DroppedContent,
    DroppedData,
    drop_hint,
    has_attachable_content,
    is_acceptable,
    read_dropped,
)
from desktop_app.composer.written_field import RichTextPaste, is_richer

PNG = bytes.fromhex("89504e470d0a1a0a") + b"not looked at here"
MAIL = b"From: a@b.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an/alle\r\n\r\nHello\r\n"
PAGE = "https://e.example/x"


def offered(formats: dict[str, bytes | str]) -> QMimeData:
    data = QMimeData()
    for name, content in formats.items():
        data.setData(name, content.encode() if isinstance(content, str) else content)
    return data


def moz(address: str, title: str) -> bytes:
    return f"{address}\n{title}".encode("utf-16-le")


@pytest.mark.parametrize(
    ("formats", "given"),
    [
        pytest.param(
            {"text/uri-list": "file:///a%20b/%C3%9C.pdf\r\nfile:///c\r\n", "text/plain": "/c"},
            DroppedContent((Path("/a b/Ü.pdf"), Path("/c"))),
            id="a file manager",
        ),
        pytest.param(
            {"text/uri-list": "sftp://host/a.pdf"},
            DroppedContent(note="“a.pdf” isn’t on this computer. Copy it here first."),
            id="a file elsewhere",
        ),
        pytest.param(
            {
                "text/x-moz-url": moz(PAGE, "A page"),
                "text/uri-list": PAGE,
                "text/html": f"<a href='{PAGE}'>A page</a>",
                "text/plain": PAGE,
            },
            DroppedContent(text=f"[A page]({PAGE})"),
            id="Firefox: a link",
        ),
        pytest.param(
            {
                "text/x-moz-url": moz("https://e.example/cat.png", "cat.png"),
                "text/html": "<img src='https://e.example/cat.png'>",
                "text/uri-list": "https://e.example/cat.png",
                "image/png": PNG,
            },
            DroppedContent(data=DroppedData("cat.png", PNG)),
            id="a picture with its bytes",
        ),
        pytest.param(
            {
                "text/uri-list": "https://e.example/cat.png",
                "text/html": "<meta charset='utf-8'><img src='https://e.example/cat.png'>",
            },
            DroppedContent(text="https://e.example/cat.png", note=NO_IMAGE),
            id="Chrome: a picture by its address alone",
        ),
        pytest.param(
            {"text/html": "<meta charset='utf-8'><img src='data:image/png;base64,aGk='/>"},
            DroppedContent(data=DroppedData("Pasted image.png", b"hi")),
            id="a picture within HTML",
        ),
        pytest.param(
            {"text/html": "<p>some <b>words</b></p>", "text/plain": "some words"},
            DroppedContent(text="some words", html="<p>some <b>words</b></p>"),
            id="selected text",
        ),
        pytest.param(
            {"text/markdown": "**a**", "text/html": "<b>a</b>", "text/plain": "a"},
            DroppedContent(text="**a**"),
            id="Markdown, as we copy it",
        ),
        pytest.param(
            {"message/rfc822": MAIL, "text/plain": "x"},
            DroppedContent(data=DroppedData("Grüße an alle.eml", MAIL)),
            id="a mail",
        ),
        pytest.param(
            {"text/x-moz-message": "mailbox-message://x", "text/uri-list": "file:///t/A.eml"},
            DroppedContent((Path("/t/A.eml"),)),
            id="Thunderbird: a mail as a file",
        ),
        pytest.param(
            {"application/x-odd": "1"}, DroppedContent(note=NOTHING_READABLE), id="unheard of"
        ),
        pytest.param({}, DroppedContent(), id="nothing"),
    ],
)
def test_each_kind_of_dropped_data_is_read(
    formats: dict[str, bytes | str], given: DroppedContent
) -> None:
    data = offered(formats)
    assert read_dropped(data) == given
    assert is_acceptable(data) is (bool(formats) and given.note != NOTHING_READABLE)


def test_invalid_characters_are_removed_with_a_note() -> None:
    data = QMimeData()
    data.setText("a\0b\0c😀")
    given = read_dropped(data)
    assert given.text == "abc😀"
    assert given.note == "2 invalid characters were removed."


@pytest.mark.attack("sandbox")
@pytest.mark.parametrize("kind", ["image/svg", "image/x-icon"])
def test_an_image_of_another_format_is_not_decoded(kind: str) -> None:
    data = offered({kind: "<svg><image href='/dev/zero'/></svg>"})
    assert read_dropped(data) == DroppedContent(note=NOTHING_READABLE)
    data.setImageData(QImage(4, 3, QImage.Format.Format_RGB32))  # Qt would decode the SVG image
    assert not has_attachable_content(data)
    assert read_dropped(data) == DroppedContent(note=NOTHING_READABLE)


def test_the_hint_says_what_a_drop_will_do() -> None:
    files = offered({"text/uri-list": "file:///a\r\nfile:///b"})
    assert drop_hint(files) == "Drop to attach 2 files"
    assert drop_hint(files, "Plans") == "Drop to attach 2 files to “Plans”"
    text = offered({"text/plain": "words"})
    assert not has_attachable_content(text)
    assert drop_hint(text, "Plans") == "Drop to insert text in “Plans”"


# ---------------------------------------------------------------- rich text


@pytest.fixture
def field() -> QPlainTextEdit:
    field = QPlainTextEdit()
    field.setPlainText("before after")
    cursor = field.textCursor()
    cursor.setPosition(7)
    field.setTextCursor(cursor)
    return field


RICH = ("bold words", "<b>bold</b> words")


def test_rich_text_becomes_markdown_in_one_step(field: QPlainTextEdit) -> None:
    paste = RichTextPaste(field.textCursor(), *RICH)
    assert field.toPlainText() == "before bold wordsafter"
    paste.replace_with("**bold** words")
    assert field.toPlainText() == "before **bold** wordsafter"
    field.undo()
    assert field.toPlainText() == "before after"
    field.redo()
    assert field.toPlainText() == "before **bold** wordsafter"


def test_text_typed_during_the_conversion_stays(field: QPlainTextEdit) -> None:
    paste = RichTextPaste(field.textCursor(), *RICH)
    field.textCursor().insertText("!")
    paste.replace_with("**bold** words")
    assert field.toPlainText() == "before **bold** words!after"
    field.undo()
    assert field.toPlainText() == "before bold words!after"


def test_a_text_changed_during_the_conversion_is_not_replaced(field: QPlainTextEdit) -> None:
    paste = RichTextPaste(field.textCursor(), *RICH)
    cursor = QTextCursor(field.document())
    cursor.setPosition(9)
    cursor.insertText("X")
    changed = field.toPlainText()
    paste.replace_with("**bold** words")
    assert field.toPlainText() == changed
    field.setPlainText("another draft")
    paste.replace_with("**bold** words")
    assert field.toPlainText() == "another draft"


@pytest.mark.parametrize("markdown", ["", "bold  words", "**bold**"])
def test_markdown_that_adds_nothing_is_not_richer(markdown: str) -> None:
    assert not is_richer(markdown, *RICH)
