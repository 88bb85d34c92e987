"""Images in the whole program: pasted, dropped and chosen, with their chips and requests."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage, QImageReader
from PySide6.QtWidgets import QToolButton

from desktop_app.composer.attachment_chips import ChipWidget
from desktop_app.composer.dropped_content import DroppedData, read_dropped
from desktop_app.composer.prompt_text import PromptText
from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.answering.stream_events import ImageArrived
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.markdown.parsing.inline_images import image_size_of
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.transcript.media.message_images import MessageImages
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.pictures import animation, drawing, exif, packed, photo, unpacked
from tests.helpers.widgets import find
from tests.unit.markdown.test_inline_images import address

OPENAI = {"OPENAI_API_KEY": "sk-test"}


def chip(app: AppHarness, at: int = 0) -> ChipWidget:
    return app.chip_widgets[at]


def shows_thumbnail(shown: ChipWidget, color: tuple[int, ...]) -> bool:
    """Return True if a chip paints a thumbnail of about this color in place of the file icon."""
    drawn = shown.grab().toImage().pixelColor(10, shown.height() // 2)
    parts = (drawn.red(), drawn.green(), drawn.blue())
    return all(abs(one - other) < 8 for one, other in zip(parts, color, strict=True))


def has_image(app: AppHarness, sha256: str) -> bool:
    """Return True if the transcript shows an image."""
    (images,) = app.window.transcript.findChildren(MessageImages)
    return sha256 in images._images


async def test_a_photo_is_scaled_for_the_model_and_stored_unchanged(
    tmp_path: Path, opened_files: list[QUrl]
) -> None:
    path = tmp_path / "IMG 1.jpg"
    taken = photo(1, 1).resize((4000, 3000))
    path.write_bytes(packed(taken, "JPEG", exif=exif(6)))

    async with AppHarness(environment=OPENAI) as app:
        app.window.prompt.attach_requested.emit([path])
        await until(lambda: not app.is_reading)
        assert app.chips == ["IMG 1.jpg, 3000 × 4000"]
        assert "≈ 1,743 tokens, ≈ $0.003 as input" in app.chip_widgets[0].toolTip()
        assert "Sent at 1056 × 1408, without metadata" in chip(app).toolTip()
        await until(lambda: shows_thumbnail(chip(app), tuple(taken.tobytes()[:3])))
        turn = await app.ask("What is it?")
        image = turn.request.messages[-1].parts[0]
        assert isinstance(image, ImageData)
        assert image.detail == "auto"
        assert unpacked(image.data).size == (1056, 1408)
        turn.end("Grey.")
        await app.settled()
        part = app.state.current.path[0].attachments[0]
        assert isinstance(part, ImagePart)
        assert await app.backend.attachments.bytes(part.sha256) == path.read_bytes()
        assert "IMG 1.jpg\u20033000 × 4000" in app.transcript
        app.window.transcript.viewport().grab()
        await until(lambda: has_image(app, part.sha256))
        app.act(f"picture/{part.sha256}", 0)
        await until(lambda: opened_files)
        (copy,) = (Path(url.toLocalFile()) for url in opened_files)
        assert copy.read_bytes() == path.read_bytes()
        assert copy.suffix == ".jpg"
        assert stat.S_IMODE(copy.stat().st_mode) == 0o400
    assert not copy.parent.exists()


async def test_a_pasted_image_is_stored_at_once_with_its_detail() -> None:
    picture = QImage(600, 400, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))

    async with AppHarness(environment=OPENAI) as app:
        pasted = QMimeData()
        pasted.setImageData(picture)
        app.text.insertFromMimeData(pasted)
        await until(lambda: not app.is_reading)
        assert app.chips == ["Pasted image.png, 600 × 400"]
        low = next(a for a in chip(app).menu().actions() if entry_text(a).startswith("Low"))
        assert low.text() == "Low detail · ≈ 212 tokens"
        low.trigger()
        assert app.chips == ["Pasted image.png, 600 × 400"]
        await app.written()
        await until(lambda: "Input: ≈ 2" in app.estimate_tooltip)
    async with AppHarness(environment=OPENAI) as app:
        await until(lambda: app.chips)
        assert app.chips == ["Pasted image.png, 600 × 400"]
        turn = await app.ask("What?")
        image = turn.request.messages[-1].parts[0]
        assert isinstance(image, ImageData)
        assert (image.detail, image.media_type) == ("low", "image/png")
        assert unpacked(image.data).size == (512, 341)
        turn.end("Red.")
        await app.settled()
        (parts,) = app.stored("SELECT parts FROM messages WHERE role = 'user'")[0]
        assert json.loads(parts)[0]["detail"] == "low"
        assert app.stored("SELECT text FROM attachments") == [("",)]
        hits = await app.backend.search.find("Pasted image")
        assert len(hits) >= 1


@pytest.mark.attack("sandbox")
async def test_images_are_dropped_shown_and_asked(
    monkeypatch: pytest.MonkeyPatch, opened_files: list[QUrl]
) -> None:
    async with AppHarness(environment=OPENAI) as app:
        # Images dropped on the window are attached.
        app.window.data_dropped.emit(DroppedData("cat.png", packed(drawing(), "PNG")))
        app.window.data_dropped.emit(DroppedData("dance.gif", animation(3)))
        app.window.data_dropped.emit(DroppedData("broken.png", b"\x89PNG\r\n\x1a\nno"))
        await until(lambda: not app.is_reading)
        assert [c.split(",")[0] for c in app.chips] == ["cat.png", "dance.gif"]
        assert "Animation: only the first frame is sent" in chip(app, 1).toolTip()
        assert "“broken.png” is damaged" in app.said

        # An image in the text of an answer is decoded by the reader.
        await app.start_over()

        def refuse(*_: object) -> None:
            raise AssertionError("a foreign image was decoded in the process of the window")

        monkeypatch.setattr(QImage, "fromData", refuse)
        monkeypatch.setattr(QImageReader, "read", refuse)
        sound, broken = address("WEBP"), address("WEBP", noise=True)
        start = broken.index(",") + 1
        broken = broken[: start + (len(broken) - start) // 8 * 4]
        assert image_size_of(broken) == (30, 20)
        turn = await app.ask("Draw a cat.")
        turn.end(f"See ![a cat]({broken}) and ![a cat]({sound}).")
        await app.settled()
        app.window.transcript.viewport().grab()
        await until(lambda: has_image(app, sound))
        assert not has_image(app, broken)

        # Images in answers are kept shown and opened.
        await app.start_over()
        data = packed(drawing(), "PNG")
        turn = await app.ask("Draw a cat.")
        turn.say("Here it is:")
        turn.give(ImageArrived(data))
        await until(lambda: "image.png" in app.transcript)
        turn.end("A cat.")
        await app.settled()
        (part,) = app.state.current.path[-1].attachments
        assert isinstance(part, ImagePart)
        assert await app.backend.attachments.bytes(part.sha256) == data
        app.window.transcript.viewport().grab()
        await until(lambda: has_image(app, part.sha256))
        app.act(f"picture/{part.sha256}")
        await until(lambda: opened_files)
        assert Path(opened_files[0].toLocalFile()).read_bytes() == data

        # The quick prompt takes images.
        await app.start_over()
        quick = app.session.of(QuickPromptController).window
        app.session.of(QuickPromptController).open_with("")
        image = QMimeData()
        image.setData("image/png", packed(drawing(), "PNG"))
        find(quick, PromptText, "prompt").insert_dropped(read_dropped(image))
        attached = app.session.of(QuickPromptController)
        assert attached.reading_name == "Pasted image.png"
        quick.prompt.submit_requested.emit("What is it?")
        await until(lambda: quick.notifications.status.text() == "Reading Pasted image.png…")
        await until(lambda: not attached.reading_name)
        quick.prompt.chips.action_requested.emit(attached.parts[0].sha256, "detail-high")
        quick.prompt.submit_requested.emit("What is it?")
        await until(lambda: app.providers.turns)
        (sent,) = (
            p for p in app.providers.turns[0].request.messages[0].parts if hasattr(p, "data")
        )
        assert isinstance(sent, ImageData)
        assert sent.detail == "high"
        assert attached.parts == ()
        app.providers.turns[0].end("Red.")
        await app.settled()
        find(quick, PromptText, "prompt").insert_dropped(read_dropped(image))
        await until(lambda: attached.parts)
        quick.run("quick.go-on")
        await until(lambda: app.chips)
        assert [c.split(",")[0] for c in app.chips] == ["Pasted image.png"]
        assert attached.parts == ()


async def test_a_model_without_vision_gets_no_image() -> None:
    async with AppHarness() as app:
        app.window.data_dropped.emit(DroppedData("cat.png", packed(drawing(), "PNG")))
        await until(lambda: not app.is_reading)
        assert app.chips == ["cat.png, 64 × 48 · SmolLM2 135M doesn’t support images"]
        app.type("What?")
        app.enter()
        assert app.hint.startswith("SmolLM2 135M doesn’t support images. Choose another model")
        assert app.providers.turns == []
        chip(app).findChildren(QToolButton)[0].click()
        await until(lambda: not app.chips)
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("ok")
        await app.settled()
