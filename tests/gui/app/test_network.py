"""Connections to providers: listings, the early connection, proxies and certificates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton, QToolButton

from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n import formatting
from desktop_app.providers.gateway.environment_profiles import COMETAPI
from desktop_app.providers.models.choice_resolution import INSTANT_RETIRED
from desktop_app.providers.ui.providers_controller import ProvidersController
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.settings_pages import certificate_note, connection_result, press_test
from tests.gui.app.test_choices import COMET, SERVER, row
from tests.helpers.certificates import Authority
from tests.helpers.menus import entry_text
from tests.helpers.proxies import HttpProxy
from tests.helpers.widgets import find
from tests.unit.providers.loopback import LoopbackServer, Received, replies

SOON = date.today() + timedelta(days=9)  # noqa: DTZ011 — the user's day
NEAR = ModelFacts("old-one", shutdown=SOON)


def offered_models(app: AppHarness, provider_id: str) -> dict[str, str]:
    """Return the menu's models of a provider with their notes."""
    entries = (e for e in row(app).models if e.provider_id == provider_id)
    return {entry.model: entry.note for entry in entries}


def open_menu(app: AppHarness) -> QMenu:
    """Open the menu of models and return it."""
    menu = app.window.prompt.row.model_button.menu()
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
    async with AppHarness(environment=COMET) as app:
        asked: list[str] = []
        app.providers.on_models = lambda profile: asked.append(profile.id)
        app.providers.models_of["env-cometapi"] = ("gpt-5.2", "claude-9", "whisper-1", NEAR)
        assert "claude-9" not in offered_models(app, "env-cometapi")
        app.type("Hello")
        await until(lambda: "claude-9" in offered_models(app, "env-cometapi"))
        assert "whisper-1" not in offered_models(app, "env-cometapi")
        assert formatting.day(SOON) in offered_models(app, "env-cometapi")["old-one"]
        app.type(" there")
        open_menu(app)
        await app.written()
        assert asked == ["env-cometapi"], "asked once"
        chosen = next(e for e in row(app).models if e.model == "old-one")
        app.window.prompt.row.model_button.model_requested.emit(chosen)
        assert "old-one" in app.hint
        assert formatting.day(SOON) in app.hint, "it retires soon"


async def test_a_listing_is_stored_and_renewed_when_the_menu_opens() -> None:
    async with AppHarness() as app:
        app.providers.models_of[COMETAPI.id] = ("gpt-5.2", "first")
        app.state.tasks.start(app.state.of(ProvidersController).enter_key(COMETAPI.id, "not-a-key"))
        await until(lambda: "first" in offered_models(app, COMETAPI.id))
        await app.written()
    async with AppHarness(environment=COMET) as app:
        # The key was for the session only; what was listed is remembered all the same.
        assert app.stored("SELECT * FROM model_listings")
        app.providers.models_of["env-cometapi"] = ("gpt-5.2", "second")
        assert "second" not in lines(open_menu(app))
        await until(lambda: "second" in offered_models(app, "env-cometapi"))
        assert "second" in lines(open_menu(app))


async def test_instant_is_used_if_listed_and_otherwise_replaced() -> None:
    async with AppHarness(environment=COMET) as app:
        app.window.prompt.row.model_button.variant_requested.emit(Variant.INSTANT)
        app.providers.models_of["env-cometapi"] = ("gpt-5.2", "gpt-5.2-pro")
        assert row(app).notice == ""
        app.type("Hi")
        await until(lambda: row(app).notice == str(INSTANT_RETIRED))
        assert app.hint == str(INSTANT_RETIRED)
        turn = await app.ask(" there")
        assert turn.request.model == "gpt-5.2"
        turn.end("Hello")
        await app.settled()
        assert str(INSTANT_RETIRED) in app.transcript


async def test_hundreds_of_models_are_grouped_by_maker() -> None:
    async with AppHarness(environment=COMET) as app:
        many = [f"{maker}-{n}" for maker in ("claude", "gemini", "gpt") for n in range(100)]
        app.providers.models_of["env-cometapi"] = ("gpt-5.2", *many, "alone")
        app.type("Hi")
        await until(lambda: "alone" in offered_models(app, "env-cometapi"))
        menu = open_menu(app)
        assert entry_text(menu.actions()[0]).startswith(
            "Instant · GPT-5.2 without reasoning responds"
        )
        others = next(a.menu() for a in menu.actions() if entry_text(a) == "Other models")
        assert isinstance(others, QMenu)
        comet = next(a.menu() for a in others.actions() if entry_text(a).startswith("CometAPI"))
        assert isinstance(comet, QMenu)
        names = [entry_text(action) for action in comet.actions()]
        assert names == ["claude", "gemini", "gpt", "Other"]
        inside = [line for line in lines(comet) if line.startswith("claude-")]
        assert len(inside) == 100
        action = next(a for a in comet.findChildren(QAction) if entry_text(a) == "claude-7")
        action.trigger()
        assert row(app).model == "claude-7"


# ---------------------------------------------------------------- real connections


@pytest.mark.slow
async def test_the_connection_opens_early_through_the_proxy_and_with_the_certificate(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    async with (
        LoopbackServer(answers, tls=authority.server("far.example")) as server,
        HttpProxy(user="me", password="hush", upstream=server.base_url) as proxy,
        AppHarness(has_real_providers=True) as app,
    ):
        settings = app.window.settings
        profile = replace(SERVER, base_url="https://far.example/v1", models=("gpt-5.2",))
        app.state.tasks.start(app.state.of(ProvidersController).save(profile))
        await app.written()
        app.window.outer_panes.show_settings(True)
        find(settings, QToolButton, "network").click()
        app.state.tasks.start(
            app.state.of(ProvidersController).choose_ca_file(profile.id, authority.pem)
        )
        await app.written()
        holds = "Contains the CA certificate Example Company Root, valid until "
        await until(lambda: certificate_note(app, profile.id)[1].startswith(holds))
        assert certificate_note(app, profile.id)[0]
        app.state.tasks.start(
            app.state.of(ProvidersController).save(
                replace(profile, ca_file=str(authority.pem), proxy=proxy.url_for("me"))
            )
        )
        app.state.tasks.start(
            app.state.of(ProvidersController).save_password(profile.proxy_password_id, "wrong")
        )
        await app.written()
        await check_connection(app, profile.id, False, "rejected the user name or password")
        app.state.tasks.start(
            app.state.of(ProvidersController).save_password(profile.proxy_password_id, "hush")
        )
        await app.written()
        await check_connection(app, profile.id, True, "1 model")
        stored = (await app.backend.settings.profiles())[0]
        app.state.tasks.start(
            app.state.of(ProvidersController).save(replace(stored, name="Far"))
        )  # another client
        await app.written()
        await app.state.new_conversation.set_default("default.provider", profile.id)
        before = len(proxy.wanted)
        app.type("Why is the sky blue?")
        await until(lambda: len(proxy.wanted) > before)
        await app.written()
        app.enter()
        await until(lambda: "Rayleigh" in app.transcript)
        await app.settled()
        assert proxy.wanted[before:] == ["far.example:443"], "one connection for both"
        assert not any("hush" in str(line) for line in app.stored("SELECT body FROM profiles"))


async def answers(received: Received, writer: asyncio.StreamWriter) -> None:
    """Reply with a list of a single model, or with a short answer."""
    part = {"type": "output_text", "text": "Rayleigh.", "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    whole = {"id": "r", "object": "response", "status": "completed", "output": [message]}
    listed = {"data": [{"id": "gpt-5.2"}]}
    await replies(200, listed if received.method == "GET" else whole)(received, writer)


async def check_connection(app: AppHarness, profile_id: str, ok: bool, says: str) -> None:
    """Press Test, and check the result."""
    await press_test(app, profile_id)
    is_ok, words = connection_result(app, profile_id)
    assert is_ok is ok, words
    assert says in words


async def test_a_private_address_is_allowed_in_the_panel() -> None:
    async with (
        LoopbackServer(answers) as server,
        HttpProxy(upstream=server.base_url) as proxy,
        AppHarness(has_real_providers=True) as app,
    ):
        profile = replace(SERVER, base_url="http://nas.lan:11434/v1", proxy=proxy.url)
        app.state.tasks.start(app.state.of(ProvidersController).save(profile))
        await app.written()
        await check_connection(app, profile.id, False, "Allow nas.lan in Settings › Accounts")
        assert not proxy.wanted
        app.window.outer_panes.show_settings(True)
        button = find(app.window.settings, QPushButton, "allow-unencrypted")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await app.written()
        await check_connection(app, profile.id, True, "model")
        assert proxy.wanted == ["nas.lan:11434"]


# ---------------------------------------------------------------- windows
