"""Images that the provider makes: chosen before, partial while they come, changed afterwards."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.documents.ui.document_viewer import DocumentViewer
from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.answering.stream_events import FileArrived, HostedCall, ImagePreview
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    TextPart,
    ToolCallPart,
)
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.transcript.media.message_images import MessageImages
from desktop_app.transcript.message_items import LineKind
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.pictures import drawing, packed, photo, unpacked
from tests.helpers.transcript_views import shown_text

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QMenu

OPENAI = {"OPENAI_API_KEY": "sk-test"}
WIDE = packed(photo(96, 64), "PNG")
CALL = ToolCallPart("ig", "image_generation", "{}", is_hosted=True)


def entries(menu: QMenu) -> dict[str, bool]:
    """Return the entries of a menu, and whether each is checked."""
    actions = (action for action in menu.actions() if not action.isSeparator())
    return {entry_text(action): action.isChecked() for action in actions}


def choose(menu: QMenu, beginning: str) -> None:
    next(a for a in menu.actions() if entry_text(a).startswith(beginning)).trigger()


def drawn(app: AppHarness) -> list[QImage]:
    """Return the images that the transcript has."""
    (images,) = app.window.transcript.findChildren(MessageImages)
    return list(images._images.values())


async def test_images_and_files_are_made_shown_and_changed(tmp_path: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        # Shape and quality are chosen with their prices.
        row = app.window.prompt.row
        assert row.image_button.isHidden()
        app.session.actions["prompt.image"].trigger()
        assert row.image_button.text() == "Image, $0.059"
        menu = app.session.of(ToolsController).offer_images()
        assert menu is not None
        prices = ("$0.006", "$0.059", "$0.217", "at most $0.217")
        names = ("Low quality", "Medium quality", "High quality", "Automatic quality")
        expected = {f"{name}, {price}": False for name, price in zip(names, prices, strict=True)}
        assert entries(menu) == {
            "Square": True,
            "Landscape": False,
            "Portrait": False,
            **(expected | {"Medium quality, $0.059": True}),
            "Make no images": False,
        }
        choose(menu, "Landscape")
        choose(menu, "High quality")
        assert row.image_button.text() == "Image, $0.171"
        assert "Landscape, High quality" in row.image_button.toolTip()
        turn = await app.ask("A cat.")
        parameters = turn.request.parameters
        assert (parameters.image_shape, parameters.image_quality) == ("wide", "high")
        assert [tool.name for tool in turn.request.tools] == ["image_generation"]
        assert not turn.request.edits_image
        turn.give(HostedCall(CALL, WIDE))
        turn.end("Here.")
        await app.settled()
        assert app.state.current.path[-1].cost == Decimal("0.171") + (
            app.backend.catalog.info("gpt-5.2").price.cost(app.state.current.path[-1].usage)  # type: ignore[union-attr,arg-type]
        )
        menu = app.session.of(ToolsController).offer_images()
        assert menu is not None
        choose(menu, "Make no images")
        assert row.image_button.isHidden()

        # Partial images are replaced in place and the image can be changed.
        await app.start_over()
        app.session.of(ToolsController).make_images(is_on=True)
        turn = await app.ask("A cat.")
        previews = [packed(drawing(48, 32), "PNG"), packed(photo(48, 32), "PNG")]
        sizes: list[list[str]] = []
        for preview in previews:
            turn.give(ImagePreview(preview))
            before = drawn(app)
            await until(lambda before=before: drawn(app) and drawn(app) != before)  # type: ignore[misc]
            assert len(drawn(app)) == 1
            app.window.transcript.viewport().grab()
            shown = app.window.transcript.messages.newest_answer()
            assert shown is not None
            lines = [item.runs for item in shown.items if item.kind is LineKind.IMAGES]
            sizes.append([run.link.partition("#")[2] for (run,) in lines])
        assert sizes == [["48x32"], ["48x32"]], "one image at the same place"
        turn.give(HostedCall(CALL, WIDE))
        turn.end("Here.")
        await app.settled()
        answer = app.state.current.path[-1]
        (picture,) = (part for part in answer.parts if isinstance(part, ImagePart))
        assert picture.dimensions == (96, 64)
        assert "Change…" in app.transcript
        app.session.of(ToolsController).make_images(is_on=False)
        app.act(f"change-image/{picture.sha256}")
        app.act(f"change-image/{picture.sha256}")
        assert app.chips[0].startswith("image.png")
        assert len(app.chips) == 1
        turn = await app.ask("Brighter.")
        assert turn.request.edits_image
        assert [tool.name for tool in turn.request.tools] == ["image_generation"]
        image, words = turn.request.messages[-1].parts
        assert isinstance(image, ImageData)
        assert unpacked(image.data).size == (96, 64)
        assert words == TextPart("Brighter.")
        turn.end("Done.")
        await app.settled()

        # A file of an answer is shown opened and saved.
        await app.start_over()
        turn = await app.ask("Sum it up.")
        turn.say("See [the table](sandbox:/mnt/data/fees.csv).")
        turn.give(FileArrived("fees.csv", b"rent,900\n"))
        turn.end()
        await app.settled()
        (file,) = app.state.current.path[-1].attachments
        assert "fees.csv\u20039 bytes" in app.transcript
        app.act(f"document/{file.sha256}")
        await until(lambda: "rent" in shown_text(app.session.of(DocumentViewer).text))

        # A document is given to code only when the user says so.
        await app.start_over()
        table = tmp_path / "fees.csv"
        table.write_bytes(b"rent,900\n")
        app.window.prompt.attach_requested.emit([table])
        await until(lambda: not app.is_reading)
        (part,) = app.state.current.draft.value.attachments
        assert isinstance(part, DocumentPart)
        app.session.main.of(PreviewController).run_action(part.sha256, "give-to-code")
        assert app.chips == ["fees.csv, for code at OpenAI (environment)"]
        assert "deleted there after the response" in app.chip_widgets[0].toolTip()
        assert "Run code" in app.window.prompt.row.tools_button.toolTip()
        turn = await app.ask("Sum it up.")
        (file,) = turn.request.code_files
        assert (file.name, file.data) == ("fees.csv", b"rent,900\n")
        assert "rent" not in turn.asked
        assert "fees.csv" in turn.asked
        turn.end("900.")
        await app.settled()
        turn = await app.ask("And now?")
        assert turn.request.code_files == (file,)
        turn.end("901.")
        await app.settled()
        app.state.of(SettingsController).override(app.open_id, "answer.tools", "")
        turn = await app.ask("Without?")
        assert turn.request.code_files == ()
        assert "rent" not in str(turn.request.messages)
        turn.end("No.")
        await app.settled()
        app.state.current.draft.set_attachments([replace(part, for_code=True)])
        app.type("Sum it up again.")
        app.enter()
        await until(lambda: "isn’t chosen" in app.said)
        assert len(app.providers.turns) == 3
