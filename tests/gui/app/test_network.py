"""Connections to providers: listings, the early connection, proxies and certificates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QPushButton, QToolButton

from desktop_app.backend.environment_profiles import COMETAPI, OPENAI
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_catalog import Variant
from desktop_app.domain.models.model_listing import ListedModel
from desktop_app.i18n import formatting
from desktop_app.services.chat.choice_resolution import INSTANT_RETIRED
from desktop_app.storage.settings.model_listing_store import ListingStore
from tests.gui.app.desk import Desk, until
from tests.gui.app.settings_pages import certificate_note, connection_result, press_test
from tests.gui.app.test_choices import COMET, KEYED, SERVER, row
from tests.helpers.certificates import Authority
from tests.helpers.menus import entry_text
from tests.helpers.proxies import HttpProxy
from tests.helpers.widgets import find
from tests.unit.providers.loopback import LoopbackServer, Received, replies

NEAR = ListedModel("old-one", date.today().replace(day=28))  # noqa: DTZ011 — the user's day


def offered(desk: Desk, provider_id: str) -> dict[str, str]:
    """Return the menu's models of a provider with their notes."""
    entries = (e for e in row(desk).models if e.provider_id == provider_id)
    return {entry.model: entry.note for entry in entries}


def open_menu(desk: Desk) -> QMenu:
    """Open the menu of models and return it."""
    menu = desk.window.prompt.row.models.menu_button.menu()
    menu.aboutToShow.emit()
    return menu


def lines(menu: QMenu) -> list[str]:
    """Return all lines of a menu and its submenus."""
    found: list[str] = []
    for action in menu.actions():
        inner = action.menu()
        found += lines(inner) if isinstance(inner, QMenu) else [entry_text(action)]
    return found


# ---------------------------------------------------------------- listings


async def test_the_listed_models_are_in_the_menu_after_typing_begins() -> None:
    async with Desk(environment=COMET) as desk:
        asked: list[str] = []
        desk.stage.on_models = lambda profile: asked.append(profile.id)
        desk.stage.models_of["env-cometapi"] = ("gpt-5.2", "claude-9", "whisper-1", NEAR)
        assert "claude-9" not in offered(desk, "env-cometapi")
        desk.type("Hello")
        await until(lambda: "claude-9" in offered(desk, "env-cometapi"))
        assert "whisper-1" not in offered(desk, "env-cometapi")
        assert "28" in offered(desk, "env-cometapi")["old-one"]
        desk.type(" there")
        open_menu(desk)
        await desk.written()
        assert asked == ["env-cometapi"], "asked once"


async def test_a_listing_is_stored_and_renewed_when_the_menu_opens() -> None:
    async with Desk() as desk:
        desk.stage.models_of[COMETAPI.id] = ("gpt-5.2", "first")
        desk.window.settings.key_entered.emit(COMETAPI.id, "not-a-key")
        await until(lambda: "first" in offered(desk, COMETAPI.id))
        await desk.written()
    async with Desk(environment=COMET) as desk:
        # The key was for the session only; what was listed is remembered all the same.
        assert await ListingStore(desk.backend.database).all()
        desk.stage.models_of["env-cometapi"] = ("gpt-5.2", "second")
        assert "second" not in lines(open_menu(desk))
        await until(lambda: "second" in offered(desk, "env-cometapi"))
        assert "second" in lines(open_menu(desk))


async def test_instant_is_used_if_listed_and_otherwise_replaced() -> None:
    async with Desk(environment=COMET) as desk:
        desk.window.prompt.row.variant_requested.emit(Variant.INSTANT)
        desk.stage.models_of["env-cometapi"] = ("gpt-5.2", "gpt-5.2-pro")
        assert row(desk).notice == ""
        desk.type("Hi")
        await until(lambda: row(desk).notice == str(INSTANT_RETIRED))
        assert desk.hint == str(INSTANT_RETIRED)
        turn = await desk.ask(" there")
        assert turn.request.model == "gpt-5.2"
        turn.end("Hello")
        await desk.settled()
        assert str(INSTANT_RETIRED) in desk.transcript


async def test_a_retired_model_of_openai_is_used_if_still_listed() -> None:
    async with Desk(environment=KEYED) as desk:
        desk.window.prompt.row.variant_requested.emit(Variant.INSTANT)
        desk.stage.models_of["env-openai"] = ("gpt-5.2", "gpt-5.2-chat-latest")
        assert row(desk).notice == str(INSTANT_RETIRED), "the day has come at OpenAI"
        desk.type("Hi")
        await until(lambda: row(desk).notice != str(INSTANT_RETIRED))
        assert "still lists it" in row(desk).notice
        turn = await desk.ask("!")
        assert turn.request.model == "gpt-5.2-chat-latest"
        turn.end("Hello")
        await desk.settled()
        assert "still lists it" not in desk.transcript


async def test_a_warning_is_shown_for_a_chosen_model_that_retires_soon() -> None:
    async with Desk(environment=COMET) as desk:
        desk.stage.models_of["env-cometapi"] = ("gpt-5.2", NEAR)
        desk.type("Hi")
        await until(lambda: "old-one" in offered(desk, "env-cometapi"))
        chosen = next(e for e in row(desk).models if e.model == "old-one")
        desk.window.prompt.row.model_requested.emit(chosen)
        assert "old-one" in desk.hint
        assert NEAR.shutdown is not None
        assert formatting.day(NEAR.shutdown) in desk.hint


async def test_hundreds_of_models_are_grouped_by_maker() -> None:
    async with Desk(environment=COMET) as desk:
        many = [f"{maker}-{n}" for maker in ("claude", "gemini", "gpt") for n in range(100)]
        desk.stage.models_of["env-cometapi"] = ("gpt-5.2", *many, "alone")
        desk.type("Hi")
        await until(lambda: "alone" in offered(desk, "env-cometapi"))
        menu = open_menu(desk)
        comet = next(a.menu() for a in menu.actions() if entry_text(a).startswith("CometAPI"))
        assert isinstance(comet, QMenu)
        names = [entry_text(action) for action in comet.actions()]
        assert names[0].split("\t")[0] == "GPT-5.2 Instant · GPT-5.2 without reasoning responds"
        assert names[3:] == ["claude", "gemini", "gpt", "Other"]
        inside = [line for line in lines(comet) if line.startswith("claude-")]
        assert len(inside) == 100
        action = next(a for a in comet.findChildren(QAction) if entry_text(a) == "claude-7")
        action.trigger()
        assert row(desk).model == "claude-7"


# ---------------------------------------------------------------- the way, for real


async def test_the_connection_opens_early_through_the_proxy_and_with_the_certificate(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    async with (
        LoopbackServer(answers, tls=authority.server("far.example")) as server,
        HttpProxy(user="me", password="hush", upstream=server.base_url) as proxy,
        Desk(real=True) as desk,
    ):
        settings = desk.window.settings
        profile = replace(SERVER, base_url="https://far.example/v1", models=("gpt-5.2",))
        settings.profile_add_requested.emit(profile)
        await desk.written()
        desk.window.show_settings(True)
        find(settings, QToolButton, "network").click()
        settings.ca_file_chosen.emit(profile.id, authority.pem)
        await desk.written()
        holds = "Contains the CA certificate Example Company Root, valid until "
        await until(lambda: certificate_note(desk, profile.id)[1].startswith(holds))
        assert certificate_note(desk, profile.id)[0]
        settings.profile_save_requested.emit(
            replace(profile, ca_file=str(authority.pem), proxy=proxy.url_for("me"))
        )
        settings.password_entered.emit(profile.proxy_password_id, "wrong")
        await desk.written()
        await check_connection(desk, profile.id, False, "rejected the user name or password")
        settings.password_entered.emit(profile.proxy_password_id, "hush")
        await desk.written()
        await check_connection(desk, profile.id, True, "1 model")
        stored = (await desk.backend.settings.profiles())[0]
        settings.profile_save_requested.emit(replace(stored, name="Far"))  # another client
        await desk.written()
        await desk.state.new_conversation.set_default("default.provider", profile.id)
        before = len(proxy.wanted)
        desk.type("Why is the sky blue?")
        await until(lambda: len(proxy.wanted) > before)
        await desk.written()
        desk.enter()
        await until(lambda: "Rayleigh" in desk.transcript)
        await desk.settled()
        assert proxy.wanted[before:] == ["far.example:443"], "one connection for both"
        assert not any("hush" in str(line) for line in desk.stored("SELECT body FROM profiles"))


async def answers(received: Received, writer: asyncio.StreamWriter) -> None:
    """Reply with a list of a single model, or with a short answer."""
    part = {"type": "output_text", "text": "Rayleigh.", "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    whole = {"id": "r", "object": "response", "status": "completed", "output": [message]}
    listed = {"data": [{"id": "gpt-5.2"}]}
    await replies(200, listed if received.method == "GET" else whole)(received, writer)


async def check_connection(desk: Desk, profile_id: str, ok: bool, says: str) -> None:
    """Press Test, and check the result."""
    await press_test(desk, profile_id)
    is_ok, words = connection_result(desk, profile_id)
    assert is_ok is ok, words
    assert says in words


async def test_a_private_address_is_allowed_in_the_panel() -> None:
    async with (
        LoopbackServer(answers) as server,
        HttpProxy(upstream=server.base_url) as proxy,
        Desk(real=True) as desk,
    ):
        profile = replace(SERVER, base_url="http://nas.lan:11434/v1", proxy=proxy.url)
        desk.window.settings.profile_add_requested.emit(profile)
        await desk.written()
        await check_connection(desk, profile.id, False, "Allow nas.lan in Settings › Provider")
        assert not proxy.wanted
        desk.window.show_settings(True)
        button = find(desk.window.settings, QPushButton, "allow-unencrypted")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await desk.written()
        await check_connection(desk, profile.id, True, "model")
        assert proxy.wanted == ["nas.lan:11434"]


async def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    async with Desk() as desk:
        wrong = tmp_path / "notes.pem"
        wrong.write_text("nothing")
        desk.window.show_settings(True)
        desk.window.settings.ca_file_chosen.emit(OPENAI.id, wrong)
        await desk.written()
        ok, words = certificate_note(desk, OPENAI.id)
        assert not ok
        assert "notes.pem contains no valid certificate" in words
        assert find(desk.window.settings, QLineEdit, "ca-file").text() == "System certificates"
        assert not await desk.backend.settings.profiles()


# ---------------------------------------------------------------- windows


async def test_the_window_of_a_servers_model_is_learned_when_a_document_is_dropped(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 1_000, "utf-8")

    async with Desk() as desk:
        await desk.backend.settings.save_profile(SERVER)
        await desk.state.providers.reload()
        await until(lambda: "llama3" in offered(desk, SERVER.id))
        desk.stage.models_of[SERVER.id] = (ListedModel("llama3", window=2048), "qwen")
        choice = ModelChoice(SERVER.id, "llama3")
        desk.state.setup.choose(choice)
        desk.window.files_dropped.emit([path])
        await until(lambda: bool(desk.chips) and desk.chips[0].endswith("%"))
        await until(lambda: offered(desk, SERVER.id)["llama3"] == "2k tokens")
        assert offered(desk, SERVER.id)["qwen"] == ""
        desk.enter()
        await until(lambda: "With long.txt, this needs" in desk.said)
        assert "llama3 accepts 1,536" in desk.said
        desk.press_action("Read in parts…")
        await until(lambda: "will be read in" in desk.said)
        desk.press_action("Read in parts")
        assert "part=" in (await desk.turn(0)).asked
        desk.window.prompt.stop_requested.emit()
        await desk.settled()
        await press_test(desk, SERVER.id)
        _, words = connection_result(desk, SERVER.id)
        assert words.endswith(", 2 models found. Context window: 2k tokens.")


async def test_a_certificate_of_a_removed_provider_changes_no_other() -> None:
    async with Desk() as desk:
        await desk.state.providers.save(replace(SERVER, ca_file="/ca.pem"))
        desk.state.setup.choose(ModelChoice(SERVER.id, "m"))
        desk.window.settings.ca_file_chosen.emit("removed", None)
        await desk.written()
        stored = desk.state.providers.get(SERVER.id)
        assert stored is not None
        assert stored.ca_file == "/ca.pem"
