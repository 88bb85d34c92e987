"""Images of a question: reserved space, requests, names and opening."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QTextCursor

from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.transcript.media import message_images
from tests.helpers.messages import answer, question
from tests.helpers.transcript_views import is_on_target
from tests.unit.markdown.test_inline_images import address

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

PHOTO = ImagePart("a" * 64, "IMG 1.jpg", "image/jpeg", 9, 4000, 3000)
TALL = ImagePart("b" * 64, "tall.png", "image/png", 9, 500, 2000)
SMALL = ImagePart("c" * 64, "icon.png", "image/png", 9, 32, 16)
PDF = DocumentPart("d" * 64, "report.pdf", "application/pdf", 9, 3, 70)


def red() -> QImage:
    made = QImage(640, 480, QImage.Format.Format_RGB32)
    made.fill(QColor("red"))
    return made


def box_of(view: TranscriptView, picture: int) -> tuple[QPoint, int, int]:
    """Return the image's upper left corner, width and height in the viewport."""
    cursor = view.document().find("\ufffc")
    for _ in range(picture):
        cursor = view.document().find("\ufffc", cursor)
    made = cursor.charFormat().toImageFormat()
    cursor.setPosition(cursor.selectionStart())
    corner = view.cursorRect(cursor)
    bottom = cursor.block().layout().lineForTextPosition(cursor.positionInBlock())
    top = view.cursorRect(cursor).bottom() - round(made.height())
    assert bottom.isValid()
    return QPoint(corner.left(), top), round(made.width()), round(made.height())


def test_images_reserve_space_and_visible_images_are_requested(
    qtbot: QtBot, view: TranscriptView
) -> None:
    with qtbot.waitSignal(view.image_requested) as wanted:
        view.set_messages([question("What?", PHOTO), answer("A cat.")])
    assert wanted.args == [PHOTO.sha256]
    corner, width, height = box_of(view, 0)
    assert (width, height) == (320, 240)
    before = view.document().size()
    view.images.show(PHOTO.sha256, red())
    assert view.document().size() == before
    shown = view.viewport().grab().toImage()
    assert shown.pixelColor(corner + QPoint(160, 120)) == QColor("red")
    assert shown.pixelColor(corner + QPoint(0, 0)) != QColor("red"), "corners are round"


def test_images_are_side_by_side_and_never_enlarged(view: TranscriptView) -> None:
    view.set_messages([question("What?", TALL, SMALL)])
    first, second = box_of(view, 0), box_of(view, 1)
    assert first[1:] == (60, 240)
    assert second[1:] == (32, 16)
    assert second[0].x() > first[0].x() + 60


def test_an_image_off_screen_is_not_requested(qtbot: QtBot, view: TranscriptView) -> None:
    asked: list[str] = []
    view.image_requested.connect(asked.append)
    view.set_messages(
        [question("What?", PHOTO), answer("Long.\n\n" * 80), question("And?", SMALL), answer("x")]
    )
    qtbot.waitUntil(lambda: asked == [SMALL.sha256])
    view.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: asked == [SMALL.sha256, PHOTO.sha256])
    view.viewport().repaint()
    assert len(asked) == 2, "once"


def test_images_have_names_for_screen_readers_and_copies(view: TranscriptView) -> None:
    asked = question("What?", PHOTO, PDF)
    view.set_messages([asked, answer("A cat.")])
    assert "IMG 1.jpg\u20034000 × 3000" in view.toPlainText()
    view.selection.select_all()
    data = view.createMimeDataFromSelection()
    assert "[IMG 1.jpg]" in data.html()
    assert "[IMG 1.jpg]" in data.text()
    assert "\ufffc" not in data.text()
    view.commands.run(asked.id, "copy")
    assert "[IMG 1.jpg]" in QGuiApplication.clipboard().text()


def test_a_click_or_enter_opens_an_image(qtbot: QtBot, view: TranscriptView) -> None:
    asked = question("What?", PHOTO)
    view.set_messages([asked])
    corner, width, height = box_of(view, 0)
    middle = corner + QPoint(width // 2, height // 2)
    with qtbot.waitSignal(view.action_requested) as clicked:
        qtbot.mouseMove(view.viewport(), middle)
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert clicked.args == [asked.id, f"picture/{PHOTO.sha256}"]
    view.moveCursor(QTextCursor.MoveOperation.Start)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    assert is_on_target(view)
    with qtbot.waitSignal(view.action_requested) as pressed:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert pressed.args == [asked.id, f"picture/{PHOTO.sha256}"]


def test_a_picture_of_an_answer_is_never_drawn(view: TranscriptView) -> None:
    asked: list[str] = []
    view.image_requested.connect(asked.append)
    view.set_messages([answer(f"![x](picture:{'a' * 64}/9x9) \ufffc ![y](file:///etc/passwd)")])
    view.viewport().grab()
    assert not asked
    assert view.document().find("\ufffc").isNull()


def test_an_image_is_requested_again_after_another_conversation(
    qtbot: QtBot, view: TranscriptView
) -> None:
    """Check that an image is requested again if the user left before it arrived."""
    asked: list[str] = []
    view.image_requested.connect(asked.append)
    messages = [question("What?", PHOTO)]
    view.set_messages(messages)
    qtbot.waitUntil(lambda: len(asked) == 1)
    view.set_messages([question("Other?")])
    view.images.show(PHOTO.sha256, red())
    view.set_messages(messages)
    qtbot.waitUntil(lambda: len(asked) == 2)
    view.images.show(PHOTO.sha256, red())
    corner, _, _ = box_of(view, 0)
    assert view.viewport().grab().toImage().pixelColor(corner + QPoint(160, 120)) == QColor("red")


def is_red(view: TranscriptView, at: QPoint) -> bool:
    """Return True if the pixel is red on the screen, which `grab` would repaint."""
    screen = view.screen().grabWindow(view.winId()).toImage()
    shown = screen.pixelColor(view.viewport().mapTo(view, at))
    return shown.red() > 200 and shown.green() < 60


@pytest.mark.parametrize(
    "target",
    [
        *map(address, ("PNG", "JPEG", "GIF", "WEBP")),
        address("PNG").replace("data:image/png", "DATA:IMAGE/PNG"),
    ],
)
def test_a_small_picture_in_an_answer_is_requested_and_drawn(
    qtbot: QtBot, view: TranscriptView, target: str
) -> None:
    with qtbot.waitSignal(view.image_requested) as wanted:
        view.set_messages([question("Q"), answer(f"See ![a red thing]({target}) here.")])
    assert wanted.args is not None
    (key,) = wanted.args
    assert key.lower() == target.lower()
    corner = view.cursorRect(view.document().find("\ufffc")).topLeft() - QPoint(15, -12)
    assert not is_red(view, corner)
    view.images.show(key, red())
    qtbot.waitUntil(partial(is_red, view, corner))
    assert "a red thing here." in view.toPlainText()


def test_images_in_memory_are_bounded_and_forgotten_ones_are_requested_again(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.set_messages([question("What?", PHOTO, SMALL), answer("A cat.")])
    name = view.document().find("\ufffc").charFormat().toImageFormat().name()
    view.viewport().grab()
    monkeypatch.setattr(message_images, "_MAX_BYTES", red().sizeInBytes())
    view.images.show(PHOTO.sha256, red())
    view.images.show(SMALL.sha256, red())
    with qtbot.waitSignal(view.image_requested) as wanted:
        view.images.resource(name)
    assert wanted.args == [PHOTO.sha256]
    view.images.show(PHOTO.sha256, red())
    drawn = view.images.resource(name)
    assert drawn is not None
    assert drawn.pixelColor(drawn.rect().center()) == QColor("red")
