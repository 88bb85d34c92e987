"""The settings panel: settings, shortcuts and their files, overridden settings, About."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from desktop_app.app.session import Controller, Session
from desktop_app.backend.answer_settings import (
    KEY_BY_NAME,
    overridden_values,
    with_override,
    with_restored,
    without_override,
)
from desktop_app.backend.catalog_files import FACTS_FILE
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.parameter_support import (
    ParameterNote,
    ParameterRefusal,
    first_api,
    parameter_notes,
    parameter_refusals,
)
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.paths import resource_path
from desktop_app.settings.schema import KEYS_PREFIX, label_of
from desktop_app.shortcuts.keymap import Keymap, read_shortcuts, shortcuts_to_json
from desktop_app.widgets.file_dialogs import choose_file, choose_target, save_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.look.theme_watcher import LookSettings, ThemeWatcher
from desktop_app.widgets.text.foreign_text import all_lines, one_line

if TYPE_CHECKING:
    from desktop_app.settings.ui.updates import FactsOffer


def refusal_text(refusal: ParameterRefusal, model: ModelInfo) -> str:
    """Return why a model does not support a setting, in a sentence."""
    match refusal:
        case ParameterRefusal.NOT_SUPPORTED:
            return tr("{model} doesn’t support this setting.", model=model.name)
        case ParameterRefusal.NEEDS_EFFORT:
            efforts = [tr(effort.label) for effort in model.sampling_efforts or ()]
            return tr(
                "{model} supports this setting only with effort set to {efforts}.",
                model=model.name,
                efforts=formatting.joined(efforts),
            )
        case ParameterRefusal.NOT_IN_RESPONSES:
            return tr("Not available in the Responses API, which {model} uses.", model=model.name)
        case ParameterRefusal.NOT_IN_CHAT_COMPLETIONS:
            return tr("Not available in Chat Completions, which {model} uses.", model=model.name)
        case ParameterRefusal.NO_REASONING:
            return tr("{model} doesn’t reason before it responds.", model=model.name)
        case ParameterRefusal.LOCAL_MODEL:
            return tr("Local models have a single service tier.")


def note_text(note: ParameterNote, profile: ProviderProfile) -> str:
    """Return a sentence on a setting that only one of the APIs supports."""
    match note:
        case ParameterNote.CHAT_COMPLETIONS_ONLY:
            return tr("Sent only if {provider} uses Chat Completions.", provider=profile.name)
        case ParameterNote.RESPONSES_ONLY:
            return tr("Sent only if {provider} uses the Responses API.", provider=profile.name)


class SettingsController(Controller):
    """Connection of the panel with the settings and the open conversation's own settings.

    Signals:
        setting_stored(str): the user changed the setting with this key, and it was stored.
    """

    setting_stored = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._theme = session.of(ThemeWatcher)
        self._pages = session.window.settings.pages
        self._backend = session.backend
        self._pages.changed.connect(self._tasks.slot(self.set))
        self._pages.shortcut_changed.connect(self._tasks.slot(self.set_shortcut))
        session.window.settings.page_shown.connect(self._on_page_shown)
        conversation_opened = self._current.opened
        choice_changed = self._setup.choice_changed
        self._values.changed.connect(self.show_values)
        for signal in (conversation_opened, choice_changed):
            signal.connect(self._show_overrides)
        for signal in (
            conversation_opened,
            choice_changed,
            self._current.path_changed,
            self._values.changed,
        ):
            signal.connect(lambda: self._tasks.start(self._show_refusals()))

    def override(self, conversation_id: str, key: str, value: Any) -> None:
        self._setup.override(
            conversation_id, lambda overrides: with_override(overrides, key, value)
        )

    def choose_export(self) -> None:
        """Ask for a file, and write the changed shortcuts to it."""
        choose_target(
            self._window,
            tr("Export shortcuts"),
            self._tasks.slot(self._export_shortcuts),
            start=Path.home() / f"{tr('Shortcuts')}.json",
            filters=tr("JSON files ({pattern})", pattern="*.json"),
        )

    def choose_import(self) -> None:
        """Ask for a file, and use its shortcuts."""
        choose_file(
            self._window,
            tr("Import shortcuts"),
            self._tasks.slot(self._import_shortcuts),
            start=Path.home(),
            filters=tr("JSON files ({pattern})", pattern="*.json"),
        )

    # -------------------------------------------------------------- settings

    def _on_page_shown(self, page: str) -> None:
        if page == "about":
            self._tasks.start(self.show_about())

    async def set(self, key: str, value: object) -> None:
        if key.startswith("default."):
            await self._session.new_conversation.set_default(key, value)
        else:
            await self._values.set(key, value)
        self.setting_stored.emit(key)

    async def set_shortcut(self, command_id: str, keys: str) -> None:
        """Change a shortcut. If it is reset, offer Undo, because the former keys are gone."""
        key = f"{KEYS_PREFIX}{command_id}"
        former_keys = Keymap.from_settings(self._values.all).shortcut_of(command_id)
        await self.set(key, keys)
        if keys != former_keys and keys == Keymap().shortcut_of(command_id):
            self._notifications.notify_undo(
                tr("Shortcut reset"), lambda: self._tasks.start(self.set(key, former_keys))
            )

    async def _export_shortcuts(self, path: Path) -> None:
        keymap = Keymap.from_settings(self._values.all)
        error = await asyncio.to_thread(save_text, path, shortcuts_to_json(keymap))
        message = tr_plural(
            "{count} changed shortcut was exported.",
            "{count} changed shortcuts were exported.",
            len(keymap.overrides),
        )
        self._notifications.notify(error or message)

    async def _import_shortcuts(self, path: Path) -> None:
        """Store the shortcuts of a file that differ from the current ones; offer Undo."""
        usable, unusable = await asyncio.to_thread(read_shortcuts, path)
        former = Keymap.from_settings(self._values.all)
        former_keys = {
            command_id: former.shortcut_of(command_id)
            for command_id, keys in usable.items()
            if keys != former.shortcut_of(command_id)
        }
        await self._set_shortcuts({command_id: usable[command_id] for command_id in former_keys})
        report = tr_plural(
            "{count} shortcut was imported.", "{count} shortcuts were imported.", len(usable)
        )
        if unusable:
            items = one_line(formatting.joined(unusable))
            report = paragraph(report, tr("These entries can’t be used: {items}", items=items))
        if former_keys:
            self._notifications.notify_undo(
                report, lambda: self._tasks.start(self._set_shortcuts(former_keys))
            )
        else:
            self._notifications.notify(report)

    async def _set_shortcuts(self, shortcuts: Mapping[str, str]) -> None:
        for command_id, keys in shortcuts.items():
            await self.set(f"{KEYS_PREFIX}{command_id}", keys)

    def remove_override(self, conversation_id: str, key: str) -> None:
        """Reset a setting to its default; offer Undo, because the user may have typed a text."""
        removed_value = overridden_values(self._current.conversation.overrides).get(key)
        self._setup.override(conversation_id, lambda overrides: without_override(overrides, key))
        self._notifications.notify_undo(
            tr("“{name}” reset to default", name=tr(label_of(key))),
            lambda: self._setup.override(
                conversation_id, lambda overrides: with_restored(overrides, key, removed_value)
            ),
        )

    def apply_look(self, key: str) -> None:
        """Apply a changed setting if it belongs to the look."""
        if key == "look.code_wrap":
            self._transcript.wrap_code(bool(self._values[key]))
        elif key.startswith("look."):
            self._theme.set_look(LookSettings.from_values(self._values.all))

    def resize_text(self, step: int) -> None:
        """Change the text size by percentage points within 80 to 200 %; 0 restores 100 %."""
        # Taken from the theme, because the setting may not be stored yet.
        look = self._theme.look
        size = 100 if step == 0 else look.text_size + step
        if 80 <= size <= 200:
            self._theme.set_look(look._replace(text_size=size))
            self._tasks.start(self._values.set("look.text_size", size))

    def show_values(self, _key: str = "") -> None:
        self._pages.set_values(self._values.all)

    def _show_overrides(self) -> None:
        conversation = self._current.conversation
        overrides = overridden_values(conversation.overrides)
        self._pages.by_name["answer"].set_content(
            "overrides", lambda page: page.set_overrides(conversation.id, overrides)
        )

    async def _show_refusals(self) -> None:
        """Show which settings the conversation's model refuses and why, and notes on others."""
        resolved = self._setup.resolved
        profile, model = resolved.profile, resolved.model
        learned = await self._backend.gateway.learned_support(profile, model.id)
        if resolved != self._setup.resolved:
            return  # another model has been chosen; a later call shows its settings
        api = first_api(profile, model, learned.api)
        reasons = parameter_refusals(profile, model, resolved.effort, api)
        notes = {name: note_text(note, profile) for name, note in parameter_notes(api).items()}
        refusals = {
            KEY_BY_NAME[name]: refusal_text(reason, model)
            for name, reason in reasons.items()
            if name in KEY_BY_NAME
        }
        notes = {KEY_BY_NAME[name]: text for name, text in notes.items() if name in KEY_BY_NAME}
        for name in ("answer", "advanced"):
            self._pages.by_name[name].set_content(
                "refusals", lambda page: page.set_refusals(refusals, notes)
            )

    async def choose_weights(self, path: Path | None) -> None:
        """Use another GGUF file on this computer, or return to the built-in model."""
        await self._values.set("local_model.weights", str(path or ""))
        self._backend.local_models.use(self._values.all)
        await self._providers.reload()

    # -------------------------------------------------------------- about

    async def show_about(self) -> None:
        """Show what the program checks about itself, and the licenses."""
        from desktop_app.cli.doctor import findings_text, run_checks

        about = self._pages.by_name["about"].page
        about.set_about(tr("Loading…"), "")
        path = resource_path("licences.txt")
        licenses_text = await asyncio.to_thread(path.read_text, "utf-8") if path.is_file() else ""
        findings = findings_text(await run_checks(self._backend))
        about.set_about(findings, licenses_text)

    def save_report(self) -> None:
        """Show a report of a problem, and ask for the file to write it to."""
        self._tasks.start(self._show_report())

    async def _show_report(self) -> None:
        # Imported here, because the start does not need it and few users report.
        from desktop_app.cli.doctor import run_checks
        from desktop_app.cli.report import report_text
        from desktop_app.widgets.forms.contents_dialog import ContentsDialog

        text = await report_text(self._backend, await run_checks(self._backend))
        dialog = ContentsDialog(
            self._window,
            "report",
            tr("Save a report"),
            tr(
                "This is all that the file will hold: no API keys, no names or words of "
                "conversations, no paths of your files. Nothing is sent."
            ),
            label=tr("Report"),
            save=tr("Save report…"),
            size=(760, 560),
        )
        dialog.contents.setFont(current_theme().code())
        dialog.contents.setPlainText(all_lines(text))
        dialog.accepted.connect(partial(self._choose_report_file, text))
        dialog.open()

    def _choose_report_file(self, text: str) -> None:
        async def write(path: Path) -> None:
            error = await asyncio.to_thread(save_text, path, text)
            self._notifications.notify(error or tr("The report is in {file}.", file=path.name))

        choose_target(
            self._window,
            tr("Save a report"),
            self._tasks.slot(write),
            start=Path.home() / "repartee-report.txt",
            filters=tr("Text files ({pattern})", pattern="*.txt"),
            suffix="txt",
        )

    async def check_for_updates(self) -> None:
        """Show on the About page whether there is a newer version, or newer model facts."""
        from desktop_app.settings.ui.updates import update_report

        report = await update_report(self._backend.catalog.day)
        self._pages.by_name["about"].page.show_update(report.text, report.facts)

    async def renew_model_facts(self, offer: FactsOffer) -> None:
        """Fetch newer model facts, for the next start."""
        from desktop_app.settings.ui.updates import fetch_facts

        about = self._pages.by_name["about"].page
        try:
            await fetch_facts(offer, self._backend.folders.config / FACTS_FILE)
        except UserFacingError as error:
            about.show_update(error.sentences, offer)
            return
        day = formatting.day(offer.day)
        about.show_update(tr("From the next start, the facts of models are of {day}.", day=day))
