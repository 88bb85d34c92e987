"""The page of the models on this computer, with a host of models on this computer."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop_app.app.window.activity_page import ActivityPage
from desktop_app.composer.available_models import AvailableModels
from desktop_app.local_model.catalog import CatalogModel, Purpose
from desktop_app.local_model.local_models import WEIGHTS_SETTING
from desktop_app.local_model.services import model_store
from desktop_app.local_model.ui.local_models_page import LocalModelsPage
from tests.gui.app.app_harness import AppHarness, dialog_of, until
from tests.helpers.gguf_files import gguf_bytes
from tests.helpers.model_host import says, serves
from tests.helpers.widgets import find
from tests.unit.providers.loopback import LoopbackServer

CONTENT = gguf_bytes(weights=100_000)


def catalog_of(server: LoopbackServer) -> tuple[CatalogModel, ...]:
    return (
        CatalogModel(
            url=f"{server.base_url}/small.gguf",
            size=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            id="small",
            label="Small 1B",
            publisher="Somebody",
            license="MIT",
            purpose=Purpose.EVERYDAY,
            window=4096,
            memory=10**9,
        ),
    )


@asynccontextmanager
async def page_of(app: AppHarness, server: LoopbackServer) -> AsyncIterator[LocalModelsPage]:
    app.backend.of(model_store).catalog = catalog_of(server)
    app.session.actions["models.local"].trigger()
    page = await dialog_of(LocalModelsPage)
    await until(lambda: page.lines)
    yield page


def press(page: QWidget, name: str) -> None:
    button = find(page, QPushButton, name)
    assert button.isVisible()
    button.click()


async def test_a_model_is_downloaded_used_and_removed() -> None:
    server = LoopbackServer(serves(CONTENT))
    async with server, AppHarness(has_real_providers=True) as app, page_of(app, server) as page:
        (line,) = page.lines
        assert line.title == "Small 1B"
        assert line.facts.endswith("MIT · Somebody")
        assert find(page, QPushButton, "download-model").isVisible()
        assert not server.requests, "nothing is fetched before a click"
        press(page, "download-model")
        await until(lambda: page.lines[0].file is not None)
        assert app.setting(WEIGHTS_SETTING).endswith("small.gguf")
        assert "for new conversations" in page.lines[0].facts
        await until(lambda: app.session.of(AvailableModels).view.model_name == "Small 1B")
        assert [entry.name for entry in app.session.of(AvailableModels).models] == ["Small 1B"]
        press(page, "use-local-model")
        assert not page.isVisible()
        assert app.state.setup.choice.model.endswith("small.gguf")
        app.session.actions["models.local"].trigger()
        press(page, "remove-model")
        await until(lambda: page.lines[0].file is None)
        assert not list(app.backend.of(model_store).folder.iterdir())
        await until(lambda: app.session.of(AvailableModels).view.model_name == "SmolLM2 135M")


async def test_the_first_screen_downloads_the_model_that_suits_this_computer() -> None:
    server = LoopbackServer(serves(CONTENT))
    async with server:
        catalog = catalog_of(server)
        harness = AppHarness(has_real_providers=True, catalog=catalog)
        async with harness as app:
            line = app.window.empty_state.key_line
            await until(lambda: line.words.text().startswith("Small 1B · "))
            assert line.download_button.property("role") == "primary"
            assert line.button.isVisible()
            assert not server.requests, "nothing is fetched before a click"
            line.download_button.click()
            await until(lambda: "Downloading Small 1B" in line.words.text())
            assert line.download_button.isHidden()
            app.type("What is rain?")  # it is asked when the model is here
            app.enter()
            assert "Small 1B" in find(app.window.prompt, QLabel, "hint").text()
            assert app.messages() == []
            await until(lambda: app.session.of(AvailableModels).view.model_name == "Small 1B")
            await until(lambda: not line.isVisible())
            await until(lambda: app.messages()[:1] == [("user", "complete", "What is rain?")])
            await app.settled()


async def test_a_download_is_paused_continued_and_its_failure_shown() -> None:
    server = LoopbackServer(serves(CONTENT, stalls_after=48 * 1024), says(404), serves(CONTENT))
    async with server, AppHarness(has_real_providers=True) as app, page_of(app, server) as page:
        press(page, "download-model")
        await server.arrived.wait()
        await until(lambda: page.lines[0].progress is not None)
        app.session.run("activity.show")
        activity = app.session.of(ActivityPage)
        await until(lambda: [row.kind for row in activity.rows] == ["Download"])
        press(activity, "activity-action-0")  # it says Pause
        await until(lambda: page.lines[0].partial is not None)
        await until(lambda: [row.actions[0][0] for row in activity.rows] == ["Continue"])
        press(activity, "activity-open")
        await until(page.isVisible)
        assert page.lines[0].facts == "Nothing downloaded yet"
        press(page, "download-model")  # it says Continue
        await until(lambda: "404" in page.status.findChildren(type(page._room))[0].text())
        assert app.window.conversations.footer.accessibleName().endswith("1 has ended")
        await until(lambda: find(page, QPushButton, "remove-model").isVisible())
        press(page, "remove-model")
        await until(lambda: page.lines[0].partial is None)
        QTest.keyClicks(page.url, f"{server.base_url}/other.gguf")
        QTest.keyClick(page.url, Qt.Key.Key_Return)
        await until(lambda: page.lines[0].file is not None)
        assert "not checked against a known hash" in page.lines[0].facts


async def test_the_built_in_model_is_said_to_know_english_only() -> None:
    async with AppHarness() as app:
        for question, is_warned in (
            ("How long does an egg boil?", False),
            ("Wie lange kocht man ein Ei?", True),
        ):
            await app.start_over()
            turn = await app.ask(question)
            assert ("English only" in app.said) is is_warned
            turn.end("No.")
            await app.settled()
            assert "often wrong" in app.transcript
