"""The choice of model: variants, efforts, prices, and the keys that enable providers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPushButton

from desktop_app.app.chat.choice.available_models import view_of
from desktop_app.backend.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import AuthenticationError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import origin
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.spending.spending_report import Grouping
from desktop_app.paths import resource_path
from desktop_app.services.models.choice_resolution import ProviderModels
from desktop_app.settings.key_pages import key_page
from desktop_app.settings.server_presets import SERVER_PRESETS
from desktop_app.storage.spending.ledger import Ledger
from desktop_app.ui.composer.choice.choice_view import ChoiceView, ModelEntry
from desktop_app.ui.composer.prompt_editor import PromptEditor
from desktop_app.ui.settings.sections.key_section import KeySection
from desktop_app.ui.settings.tabs.responses_tab import CONVERSATION
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.settings_pages import answer_field, answer_note, connection_result, provider_page
from tests.helpers.secrets import key_for
from tests.helpers.widgets import find

KEYED = {"OPENAI_API_KEY": "not-a-key"}
COMET = {"COMETAPI_KEY": "not-a-key"}
ALT = Qt.KeyboardModifier.AltModifier
SERVER = ProviderProfile(
    "ollama",
    "Ollama",
    ProviderKind.COMPATIBLE,
    "http://127.0.0.1:11434/v1",
    models=("llama3", "qwen"),
    needs_key=False,
)


def row(app: AppHarness) -> ChoiceView:
    """Return the state of the choice row."""
    return app.window.prompt.row.choice


def entry(app: AppHarness, name: str) -> ModelEntry:
    """Return a line of the model menu."""
    return next(e for e in row(app).models if e.name == name)


def key_note(app: AppHarness, profile_id: str) -> str:
    """Return what the panel says about the storage of a key."""
    return provider_page(app, profile_id).findChildren(KeySection)[0].note.text()


# ---------------------------------------------------------------- variant, effort, model


async def test_each_conversation_has_its_own_choice() -> None:
    async with AppHarness(environment=COMET) as app:
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.MEDIUM)
        app.window.prompt.row.effort_requested.emit(Effort.XHIGH)
        turn = await app.ask("One")
        one = app.open_id
        assert (turn.request.model, turn.request.effort) == ("gpt-5.2", Effort.XHIGH)
        turn.end("1")
        await app.settled()
        assert "Thinking · Extra high · 1,200 tokens" in app.transcript
        app.window.conversations.new_requested.emit()
        assert row(app).effort is Effort.MEDIUM
        app.press(Qt.Key.Key_3, ALT)
        turn = await app.ask("Two")
        assert (turn.request.model, turn.request.effort) == ("gpt-5.2-pro", Effort.MEDIUM)
        turn.end("2")
        await app.settled()
        await app.open_conversation(one)
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.XHIGH)
    async with AppHarness(environment=COMET) as app:
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.XHIGH)


async def test_an_effort_that_a_variant_refuses_is_used_again_with_others() -> None:
    async with AppHarness(environment=COMET) as app:
        app.window.prompt.row.effort_requested.emit(Effort.LOW)
        app.window.prompt.row.variant_requested.emit(Variant.PRO)
        assert row(app).effort is Effort.MEDIUM
        refused = row(app).effort_refusals
        assert refused[Effort.LOW] == "GPT-5.2 Pro doesn’t support the effort Low."
        turn = await app.ask("One")
        assert turn.request.effort is Effort.MEDIUM
        turn.end("1")
        await app.settled()
        app.window.prompt.row.variant_requested.emit(Variant.INSTANT)
        assert row(app).effort_refusals[Effort.HIGH] == (
            "GPT-5.2 Instant always uses the effort Medium."
        )
        app.window.prompt.row.variant_requested.emit(Variant.THINKING)
        assert row(app).effort is Effort.LOW


def test_a_model_lists_no_effort_of_an_earlier_family() -> None:
    """GPT-5.2 Codex, chosen by itself, takes no effort minimal; GPT-5 mini does."""
    catalog = ModelCatalog.from_toml(resource_path("models.toml").read_text("utf-8"))
    for model, takes_minimal in (("gpt-5.2-codex", False), ("gpt-5-mini", True)):
        choice = ModelChoice(OPENAI.id, model, None, Effort.LOW)
        view = view_of(ProviderModels(OPENAI, catalog).resolve(choice, date(2026, 1, 1)), ())
        assert (Effort.MINIMAL in view.listed_efforts) is takes_minimal
        assert (view.effort_beside(-1) is Effort.MINIMAL) is takes_minimal
    least = replace(view, effort=Effort.MINIMAL)
    assert (least.effort_beside(+1), least.effort_beside(-1)) == (Effort.LOW, None)


async def test_effort_by_key_skips_refused_efforts() -> None:
    async with AppHarness(environment=COMET) as app:
        app.window.prompt.row.variant_requested.emit(Variant.PRO)
        app.press(Qt.Key.Key_Down, ALT)
        assert row(app).effort is Effort.MEDIUM
        for _ in range(4):
            app.press(Qt.Key.Key_Up, ALT)
        assert row(app).effort is Effort.XHIGH


async def test_instant_at_openai_is_replaced_by_a_model_that_is_named() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.press(Qt.Key.Key_1, ALT)
        notice = "Instant is no longer available. GPT-5.2 without reasoning responds instead."
        assert row(app).notice == notice
        assert row(app).effort is Effort.NONE
        assert row(app).effort_refusals[Effort.HIGH] == notice
        assert app.hint == notice
        turn = await app.ask("One")
        assert (turn.request.model, turn.request.effort) == ("gpt-5.2", Effort.NONE)
        turn.end("1")
        await app.settled()
        assert notice in app.transcript


async def test_one_conversation_can_use_another_provider() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        await until(lambda: any(e.name == "qwen" for e in row(app).models))
        names = [e.name for e in row(app).models if e.provider_name == "OpenAI"]
        assert names == []  # there is no key for it
        app.window.prompt.row.model_requested.emit(entry(app, "qwen"))
        assert row(app).model_name == "qwen"
        assert not row(app).offers_effort
        turn = await app.ask("One")
        assert (turn.request.model, turn.request.effort) == ("qwen", None)
        assert turn.profile.id == "ollama"
        turn.end("1")
        await app.settled()
        app.window.settings.pages.provider.page.profile_removal_requested.emit("ollama")
        await app.written()
        assert row(app).model_name == "Provider removed. Choose another."
        assert app.hint == "Provider removed. Choose another."
        app.press(Qt.Key.Key_3, ALT)  # chooses no provider
        assert row(app).model_name == "Provider removed. Choose another."
        app.type("Two")
        app.enter()
        assert app.hint == "Provider removed. Choose another."
        app.controllers.conversation.answer_actions.retry_last()
        await until(lambda: app.said.startswith("Provider removed. Choose another."))
        assert len(app.providers.turns) == 1
        app.window.prompt.row.model_requested.emit(entry(app, "GPT-5.2 Thinking"))
        assert not app.said.startswith("Provider removed")
        turn = await app.ask("")
        assert (turn.request.model, turn.profile.name, turn.asked) == (
            "gpt-5.2",
            "CometAPI (environment)",
            "Two",
        )
        turn.end("2")
        await app.settled()


async def test_a_conversation_of_a_removed_provider_continues_with_another_model() -> None:
    async with AppHarness(environment=COMET) as app:
        one = await app.ask_and_answer("One", "1")
    async with AppHarness() as app:  # without the variable there is no such provider
        assert app.open_id == one
        assert row(app).model_name == "Provider removed. Choose another."
        app.window.prompt.row.model_requested.emit(entry(app, "SmolLM2 135M"))
        assert row(app).model_name == "SmolLM2 135M"
        turn = await app.ask("Two")
        assert (turn.request.model, turn.request.effort) == ("smollm2-135m-instruct", None)
        turn.end("2")
        await app.settled()
        assert "SmolLM2 135M" in app.window.transcript.toPlainText()
        assert "smollm2" not in app.window.transcript.toPlainText()


# ---------------------------------------------------------------- costs


async def test_the_estimate_follows_the_typing() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.type("one two three")
        await until(lambda: app.estimate)
        assert app.estimate.startswith("7 tokens")
        app.type(" four")
        await until(lambda: app.estimate.startswith("8 tokens"))
        turn = await app.ask("")
        turn.end("done")
        await app.settled()
        await until(lambda: app.estimate == "")
        header = app.window.header
        await until(lambda: header.context.text() == "1.1k of 272k")
        await until(lambda: header.cost.text() == "$0.005")
        app.type("more")
        # What the provider counted, less its reasoning, and what is new.
        await until(lambda: app.estimate.startswith("1.2k tokens"))
        assert "Input: 1,155 tokens" in app.window.prompt.row.estimate_label.toolTip()
        app.window.conversations.new_requested.emit()
        await until(lambda: app.estimate == "")
        await until(lambda: header.cost.text() == "")
        assert not header.context.isVisible()


async def test_an_estimate_for_a_conversation_that_was_left_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    has_unknown_cost = Ledger.has_unknown_cost
    is_reading, may_read = asyncio.Event(), asyncio.Event()

    async def read_later(ledger: Ledger, conversation_id: str) -> bool:
        is_reading.set()
        await may_read.wait()
        return await has_unknown_cost(ledger, conversation_id)

    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        await until(lambda: app.window.header.cost.text() == "$0.005")
        monkeypatch.setattr(Ledger, "has_unknown_cost", read_later)
        app.type("more")
        await until(is_reading.is_set)
        answered_id = app.open_id
        app.window.conversations.new_requested.emit()
        await until(lambda: app.open_id != answered_id)
        shown_texts: list[str] = []
        monkeypatch.setattr(
            app.window.prompt.row, "set_estimate", lambda *texts: shown_texts.extend(texts)
        )
        may_read.set()
        await until(lambda: app.window.header.cost.text() == "")  # by the next estimate
        assert not any(shown_texts)


async def test_a_new_choice_shows_its_price_at_once() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.type("one two three " * 100)
        await until(lambda: "$" in app.estimate)
        former = app.estimate
        app.window.prompt.row.variant_requested.emit(Variant.PRO)
        tokens, _, cost = app.estimate.partition(" · ")
        assert former.startswith(f"{tokens} · $")
        assert cost == "$0.006 input"
        app.window.conversations.new_requested.emit()
        await until(lambda: app.estimate == "")


async def test_the_model_on_this_computer_is_free() -> None:
    async with AppHarness() as app:
        await until(lambda: app.estimate == "Free · local")
        assert "small built-in model" in app.window.empty_state.key_line.words.text()


async def test_a_start_shows_no_other_model_than_that_of_the_first_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    show = PromptEditor.set_choice

    def record(editor: PromptEditor, choice: ChoiceView) -> None:
        shown.append(choice.provider_id)
        show(editor, choice)

    monkeypatch.setattr(PromptEditor, "set_choice", record)
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("Hi", "Hello.")
        asked = row(app).provider_id
    shown.clear()
    async with AppHarness(environment=KEYED) as app:
        await until(lambda: row(app).provider_id == asked)
        assert {*shown} == {asked}


# ---------------------------------------------------------------- keys


async def test_a_new_key_switches_an_empty_conversation() -> None:
    async with AppHarness() as app:
        app.window.outer_panes.show_settings(True)
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await app.written()
        assert row(app).variant is Variant.THINKING
        assert row(app).provider_id == OPENAI.id
        use = find(provider_page(app, OPENAI.id), QAbstractButton, "use-for-new")
        assert use.isChecked()
        assert not app.window.empty_state.key_line.isVisible()
        turn = await app.ask("One")
        assert turn.profile.id == OPENAI.id
        turn.end("1")
        await app.settled()


async def test_a_new_key_is_only_offered_to_a_conversation_on_this_computer() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Private", "matter")
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await until(lambda: "New conversations will use OpenAI" in app.said)
        assert "This one still uses On this computer" in app.said
        assert row(app).model_name == "SmolLM2 135M"
        turn = await app.ask("More")
        assert turn.profile.kind is ProviderKind.ON_DEVICE
        turn.end("ok")
        await app.settled()
        app.press_action("Use OpenAI here")
        assert row(app).provider_id == OPENAI.id
        turn = await app.ask("Now")
        assert turn.profile.id == OPENAI.id
        turn.end("ok")
        await app.settled()


async def test_without_a_keyring_a_key_is_for_the_session_and_that_is_said() -> None:
    async with AppHarness() as app:
        app.window.outer_panes.show_settings(True)
        app.window.settings.pages.provider.page.profile_selected.emit(OPENAI.id)
        await app.written()
        assert key_note(app, OPENAI.id).startswith("Saved in your keyring, or kept")
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await app.written()
        assert key_note(app, OPENAI.id) == "No keyring is available, so nothing is stored."
        app.window.settings.pages.provider.page.key_removal_requested.emit(OPENAI.id)
        await app.written()
        assert key_note(app, OPENAI.id).startswith("Saved in your keyring, or kept")
        assert app.setting("default.provider") == ""
        assert row(app).model_name == "SmolLM2 135M"
        dump = app.stored("SELECT group_concat(value) FROM settings")
        assert "not-a-key" not in str(dump)


async def test_a_session_key_is_not_reported_missing_at_the_next_start() -> None:
    async with AppHarness() as app:
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await app.written()
    async with AppHarness() as app:
        assert row(app).model_name == "SmolLM2 135M"
        assert app.said == ""


async def test_testing_a_connection_shows_the_result_and_stores_the_models() -> None:
    async with AppHarness() as app:
        app.providers.models_of = {
            OPENAI.id: AuthenticationError("The key was not accepted.", remedy=Remedy.CHECK_KEY),
            COMETAPI.id: ("a",) * 38,
            SERVER.id: ("llama3", "gpt-5.2"),
        }
        app.window.settings.pages.provider.page.test_requested.emit(OPENAI.id)
        app.window.settings.pages.provider.page.test_requested.emit(COMETAPI.id)
        app.window.settings.pages.provider.page.profile_add_requested.emit(
            replace(SERVER, models=())
        )
        await app.written()
        app.window.settings.pages.provider.page.test_requested.emit(SERVER.id)
        await app.written()
        assert connection_result(app, OPENAI.id) == (
            False,
            "The key was not accepted. Check or replace the key in Settings › Provider.",
        )
        for id_, count in ((COMETAPI.id, 38), (SERVER.id, 2)):
            is_ok, words = connection_result(app, id_)
            assert is_ok
            assert re.fullmatch(rf"Connected in \d+\.\d s, {count} models found\.", words)
        stored = await app.backend.settings.profiles()
        assert stored[0].models == ("llama3", "gpt-5.2")


async def test_a_provider_chosen_during_a_test_stays_in_the_panel() -> None:
    async with AppHarness() as app:
        panel = app.window.settings
        app.providers.models_of = {SERVER.id: ("llama3",)}
        panel.pages.provider.page.profile_add_requested.emit(replace(SERVER, models=()))
        await app.written()
        panel.show_page("provider")
        combo = find(panel, QComboBox, "provider")
        assert combo.currentData() == SERVER.id
        app.providers.on_models = lambda _profile: panel.pages.provider.page.profile_selected.emit(
            OPENAI.id
        )
        panel.pages.provider.page.test_requested.emit(SERVER.id)
        await app.written()
        assert (await app.backend.settings.profiles())[0].models == ("llama3",)
        assert combo.currentData() == OPENAI.id


async def test_an_address_or_key_entered_just_before_is_the_one_tested() -> None:
    async with AppHarness() as app:
        asked: list[str] = []
        app.providers.models_of = {SERVER.id: ("llama3",)}
        app.providers.on_models = lambda profile: asked.append(profile.base_url)
        app.window.settings.pages.provider.page.profile_add_requested.emit(SERVER)
        await app.written()
        app.window.settings.pages.provider.page.profile_save_requested.emit(
            replace(SERVER, base_url="http://host/v1")
        )
        app.window.settings.pages.provider.page.test_requested.emit(SERVER.id)
        await app.written()
        assert asked == ["http://host/v1"]
        held: list[bool] = []
        app.providers.models_of[OPENAI.id] = ("gpt-5.2",)
        vault = app.backend.vault
        app.providers.on_models = lambda profile: held.append(profile.id in vault._session)
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        app.window.settings.pages.provider.page.test_requested.emit(OPENAI.id)
        await app.written()
        assert held
        assert all(held)


async def test_a_refused_key_of_the_environment_is_named_as_such() -> None:
    async with AppHarness(environment=KEYED) as app:
        turn = await app.ask("One")
        turn.fail(AuthenticationError("OpenAI rejected the API key.", remedy=Remedy.CHECK_KEY))
        await app.settled()
        assert "Check or replace the key in environment variables." in app.transcript
        assert "Add key" not in app.transcript
        here = app.open_id
        app.window.conversations.new_requested.emit()
        await app.open_conversation(here)
        assert "Check or replace the key in environment variables." in app.transcript


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("default.provider", COMETAPI.id, (COMETAPI.id, Variant.THINKING, Effort.MEDIUM)),
        ("default.variant", "pro", ("env-openai", Variant.PRO, Effort.MEDIUM)),
        ("default.effort", "low", ("env-openai", Variant.THINKING, Effort.LOW)),
    ],
)
async def test_defaults_apply_to_an_empty_conversation_at_once(
    key: str, value: str, expected: tuple[str, Variant, Effort]
) -> None:
    async with AppHarness(environment={} if key == "default.provider" else KEYED) as app:
        if key == "default.provider":
            await app.backend.vault.set(COMETAPI.id, key_for(COMETAPI.base_url, "not-a-key"))
        app.window.settings.pages.setting_changed.emit(key, value)
        await app.written()
        shown = row(app)
        assert (shown.provider_id, shown.variant, shown.effort) == expected
        await app.ask_and_answer("One", "1")
        before = row(app)
        app.window.settings.pages.setting_changed.emit("default.effort", "high")
        await app.written()
        assert row(app).effort is before.effort


async def test_the_price_of_a_provider_counts() -> None:
    async with AppHarness() as app:
        await app.backend.vault.set(COMETAPI.id, key_for(COMETAPI.base_url, "not-a-key"))
        app.window.settings.pages.provider.page.profile_save_requested.emit(
            replace(COMETAPI, price_multiplier=Decimal("0.5"))
        )
        app.window.settings.pages.setting_changed.emit("default.provider", COMETAPI.id)
        await app.written()
        await app.ask_and_answer("One", "1")
        assert app.state.current.path[-1].cost == Decimal("0.002275")


async def test_settings_reach_the_request() -> None:
    async with AppHarness(environment=COMET) as app:
        for key, value in (
            ("answer.system_prompt", "Be brief."),
            ("answer.temperature", 0.5),
            ("answer.verbosity", "low"),
        ):
            app.window.settings.pages.setting_changed.emit(key, value)
        await app.written()
        app.window.settings.pages.responses.page.show_scope(CONVERSATION)
        assert answer_note(app, "answer.temperature") == (
            "GPT-5.2 Thinking supports this setting only with effort set to None."
        )
        turn = await app.ask("One")
        assert turn.request.instructions == "Be brief."
        assert turn.request.parameters.temperature is None
        assert turn.request.parameters.verbosity == "low"
        turn.end("1")
        await app.settled()
        app.window.prompt.row.effort_requested.emit(Effort.NONE)
        await until(answer_field(app, "answer.temperature").isEnabled)
        turn = await app.ask("Two")
        assert turn.request.parameters.temperature == 0.5
        turn.end("2")
        await app.settled()


async def test_another_weights_file_is_used_on_this_computer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    weights = tmp_path_factory.mktemp("weights") / "other.gguf"

    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.window.settings.pages.provider.page.model_file_chosen.emit(weights)
        await app.written()
        assert row(app).model_name == "other"
        panel = provider_page(app, ON_DEVICE.id)
        assert find(panel, QLineEdit, "weights").text() == weights.name
        turn = await app.ask("Two")
        assert turn.request.model == str(weights)
        turn.end("2")
        await app.settled()
    async with AppHarness() as app:
        assert row(app).model_name == "other"
        app.window.settings.pages.provider.page.model_file_chosen.emit(None)
        await app.written()
        assert row(app).model_name == "SmolLM2 135M"


async def test_the_note_on_the_built_in_model_is_hidden_with_another_model_file(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    weights = tmp_path_factory.mktemp("weights") / "other.gguf"

    async with AppHarness() as app:
        await until(lambda: app.window.empty_state.key_line.isVisibleTo(app.window))
        app.window.settings.pages.provider.page.model_file_chosen.emit(weights)
        await app.written()
        assert not app.window.empty_state.key_line.isVisibleTo(app.window)
        app.window.settings.pages.provider.page.model_file_chosen.emit(None)
        await app.written()
        assert app.window.empty_state.key_line.isVisibleTo(app.window)


@pytest.mark.attack("secrets")
async def test_a_secret_header_is_stored_in_the_vault_and_removed_with_its_name() -> None:
    async with AppHarness() as app:
        vault, panel = app.backend.vault, app.window.settings
        field = CustomField("X-Key", is_secret=True)
        app.window.outer_panes.show_settings(True)
        panel.pages.provider.page.network.custom_field_entered.emit(
            OPENAI.id, field, "w0rd-0123456789"
        )
        await app.written()
        [profile] = [p for p in app.state.providers.all if p.id == OPENAI.id]
        assert profile.custom_fields == (field,)
        name, where = profile.custom_field_id(field), origin(OPENAI.base_url)
        assert (await vault.place(name, where)).is_usable
        dump = app.stored("SELECT group_concat(body) FROM profiles")
        assert "X-Key" in str(dump)
        assert "w0rd" not in str(dump)
        panel.pages.provider.page.profile_save_requested.emit(replace(profile, custom_fields=()))
        await app.written()
        assert not (await vault.place(name, where)).is_usable


async def test_a_change_made_while_a_secret_header_is_stored_is_kept() -> None:
    async with AppHarness() as app:
        panel = app.window.settings
        field = CustomField("X-Key", is_secret=True)
        changed = replace(app.state.providers.get(OPENAI.id) or OPENAI, name="Changed")
        panel.pages.provider.page.network.custom_field_entered.emit(
            OPENAI.id, field, "w0rd-0123456789"
        )
        panel.pages.provider.page.profile_save_requested.emit(changed)
        await app.written()
        saved = app.state.providers.get(OPENAI.id)
        assert saved is not None
        assert (saved.name, saved.custom_fields) == ("Changed", (field,))


async def test_the_offer_of_a_new_provider_disappears_with_the_default() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Private", "matter")
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await until(lambda: "New conversations will use OpenAI" in app.said)
        app.window.notifications.note_timer.stop()  # it would close the note, too
        app.window.settings.pages.setting_changed.emit("default.provider", "")
        await until(lambda: "New conversations" not in app.said)


async def test_the_offer_of_a_new_provider_disappears_with_its_conversation() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Private", "matter")
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await until(lambda: "New conversations will use OpenAI" in app.said)
        app.window.notifications.note_timer.stop()  # it would close the note, too
        app.window.conversations.new_requested.emit()
        await until(lambda: "New conversations" not in app.said)


async def test_the_environment_stays_first_when_a_key_is_entered() -> None:
    environment = {"COMETAPI_KEY": "not-a-key"}
    async with AppHarness(environment=environment) as app:
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        await until(lambda: "New conversations still use CometAPI (environment)" in app.said)
        assert "will use" not in app.said
        app.press_action("Use OpenAI here")
        assert row(app).provider_id == OPENAI.id


async def test_a_new_key_is_tried_with_one_request_whose_cost_was_said() -> None:
    async with AppHarness() as app:
        app.window.settings.pages.provider.page.key_entered.emit(OPENAI.id, "not-a-key")
        words = "Try it for $0.00003 at most"  # of GPT-5 nano
        notifications = app.window.notifications

        def offered() -> list[QPushButton]:
            return [b for b in notifications.findChildren(QPushButton) if b.text() == words]

        await until(lambda: bool(offered()))
        assert app.providers.turns == []  # nothing is sent by itself
        offered()[0].click()
        await until(lambda: len(app.providers.turns) == 1)
        assert app.providers.turns[0].request.model == "gpt-5-nano"
        app.providers.turns[0].end("Hello!")
        await until(lambda: "Hello!" in notifications.status.text())
        spent = await app.backend.ledger.group_spending(Grouping.PURPOSE)
        assert [row.key for row in spent] == ["test"]


def test_the_pages_that_give_keys_are_known_by_their_server() -> None:
    assert key_page(OPENAI.base_url).startswith("https://platform.openai.com/")
    for preset in SERVER_PRESETS:
        assert bool(key_page(preset.base_url)) is preset.base_url.startswith("https://")
    assert key_page("http://127.0.0.1:8080/v1") == key_page("https://[x/v1") == ""


async def test_an_earlier_check_of_keys_does_not_list_models_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        await app.written()
        is_asked, may_answer = asyncio.Event(), asyncio.Event()

        async def answer_late(_profile: ProviderProfile) -> bool:
            is_asked.set()
            await may_answer.wait()
            return True

        async def refuse(_profile: ProviderProfile) -> bool:
            return False

        choices, providers = app.controllers.composer.choices, app.state.providers
        monkeypatch.setattr(app.backend.providers, "is_usable", answer_late)
        providers.changed.emit()
        await is_asked.wait()
        monkeypatch.setattr(app.backend.providers, "is_usable", refuse)
        providers.changed.emit()
        await until(lambda: not choices.models)
        may_answer.set()
        await app.written()
        assert not choices.models
