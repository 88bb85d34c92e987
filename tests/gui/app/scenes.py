"""Scenes: every window, dialog, card and menu of the program, one after the other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtPrintSupport import QPrintDialog
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDateTimeEdit,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QWidget,
)

from desktop_app.app.application import report_failed_start
from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.help.help_places import START
from desktop_app.app.help.help_window import HelpWindow, help_of
from desktop_app.app.navigator import Navigator
from desktop_app.app.palette import Palette
from desktop_app.app.startup.closed_store import StoreDialog
from desktop_app.app.window.activity_page import ActivityPage
from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.app.window.overlays import DropOverlay
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.backend.answer_settings import with_override, without_override
from desktop_app.backup.ui.backup_controller import BackupController
from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.chat.ui.compaction_controller import show_sent_text
from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.composer.attachment_chips import ChipWidget
from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.composer.completion import PromptDialog
from desktop_app.composer.dropped_content import drop_hint
from desktop_app.composer.spelling import Spelling
from desktop_app.desktop.ui.desktop_controllers import DesktopControllers
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.documents.ui.attachment_preview import AttachmentPreview, ImageView
from desktop_app.documents.ui.document_viewer import ViewerTarget
from desktop_app.documents.ui.password_dialog import PasswordDialog
from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.answering.stream_events import SourcesFound
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import Source, part_id
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import ProviderFaultError, StorageError, ToolServerError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.origin import Secret
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.spending_report import Call
from desktop_app.exchange.ui.page_dialog import PageDialog
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.i18n.translation import tr
from desktop_app.library.list_filter import ListFilter
from desktop_app.library.ui.archive_and_trash import TrashPage
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.message_search import DaysDialog
from desktop_app.library.ui.projects_page import ProjectsController, ProjectsPage
from desktop_app.library.ui.trash import Trash
from desktop_app.local_model.catalog import CatalogModel, Purpose
from desktop_app.local_model.gguf import Header
from desktop_app.local_model.services import model_store
from desktop_app.local_model.store import LocalFile, Origin
from desktop_app.local_model.ui.local_models_page import LocalModelsPage, ModelLine
from desktop_app.memory.services import notes
from desktop_app.memory.ui.notes_controller import NotesController
from desktop_app.memory.ui.notes_section import NotesDialog
from desktop_app.prompts.services import prompts
from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.keys.vault import KeyPlace
from desktop_app.providers.ui.models.model_editor import ModelEditor
from desktop_app.providers.ui.models.models_dialog import ModelsPage
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.quick.desktop_binding import BindingDesktop
from desktop_app.quick.ui import hotkey_controller, paste_back
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.repeat.ui.repeat_dialog import RepeatDialog
from desktop_app.settings.schema import SPELLING_LANGUAGES
from desktop_app.shortcuts.command_search import PaletteEntry
from desktop_app.spending.ui.spending_controller import SpendingController
from desktop_app.spending.ui.spending_view import SpendingView
from desktop_app.sync.ui.sync_section import CodeDialog, JoinDialog
from desktop_app.tables.stored_cells import CellId, StoredAnswer
from desktop_app.tables.table import CellState, CellValue, Citation, Filter, Run, RunMode, RunStatus
from desktop_app.tables.ui.question_sheet import QuestionSheet
from desktop_app.tables.ui.tables_page import TablesPage
from desktop_app.texts.passage_reply import Change
from desktop_app.texts.text_files import INSERTED, Piece
from desktop_app.texts.ui.difference_dialogs import SaveDialog, VersionsDialog
from desktop_app.texts.ui.text_list import TextList
from desktop_app.texts.ui.texts_controller import TextsController
from desktop_app.tools.calls.consent import ServerQuestion
from desktop_app.tools.servers.tool_server import server_of
from desktop_app.tools.services import tool_servers
from desktop_app.tools.ui.answer_form_dialog import AnswerFormDialog
from desktop_app.tools.ui.consent_card import ConsentCard
from desktop_app.tools.ui.question_card import QuestionCard
from desktop_app.tools.ui.servers_controller import ServersController
from desktop_app.tools.ui.servers_tab import ServerForm, ServerLog, ServerSection
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.transcript.action_row import LinkTargetLabel
from desktop_app.transcript.copying import menu_for
from desktop_app.transcript.message_items import TOGGLE_SOURCES
from desktop_app.voice.ui.dictation import choose_transcriber
from desktop_app.voice.ui.dictation_anywhere import DictationWindow
from desktop_app.voice.ui.microphones import Microphones
from desktop_app.voice.ui.voice_settings import NameDialog
from desktop_app.widgets.forms.contents_dialog import ContentsDialog
from desktop_app.widgets.forms.form_widgets import CollapsibleSection
from desktop_app.widgets.forms.schema_form import EditRequest
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.sheet import open_dialogs
from desktop_app.widgets.status_line import ProgressCard
from tests.gui.app.app_harness import DATA, DISK_FULL, OWN_SERVER, AppHarness, dialog_of, until
from tests.gui.app.test_viewer import opened, stored_document
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from tests.gui.app.scripted_providers import Turn

ANSWER: Final = """⟦Retry only what can succeed **without** being repeated.⟧

```python
1
```

| ⟦Attempt⟧ | ⟦Wait⟧ |
|:--------|-----:|
| 1 | 2 |
"""

SCHEMA: Final = FormSource(
    FormKind.SCHEMA, '{"type": "object", "required": ["⟦rows⟧"]}', "rows"
).to_setting()
ROWS: Final = '{"⟦rows⟧": [{"⟦name⟧": "⟦Ann⟧", "⟦age⟧": 3}, {"⟦name⟧": "⟦Bea⟧", "⟦age⟧": 4}]}'

FIELDS: Final = "{{recipient}} {{tone=warm|cool}}"

Look = Callable[[str], Awaitable[None]]
"""Looks at everything that is visible; the argument is the scene's name."""
Scene = Callable[["AppHarness", Look], Awaitable[None]]

MODEL_TO_GET = CatalogModel(
    url="https://example.com/model.gguf",
    size=10**9,
    id="model",
    label="⟦Model 4B⟧",
    publisher="⟦Publisher⟧",
    license="⟦MIT⟧",
    purpose=Purpose.EVERYDAY,
    window=8192,
    memory=2 * 10**9,
)
LOCAL_FILE = LocalFile("/⟦model⟧.gguf", "⟦Model⟧", Origin.REPARTEE, 10**9, Header("llama"))


async def empty_state(app: AppHarness, look: Look) -> None:
    """Show the window of a new user, and every page of the settings without providers."""
    await look("empty-state")
    app.type("/")
    await look("prompt-menu-first")
    app.text.clear()
    app.window.activateWindow()  # without a window manager, the list stays the active window
    await _settings(app, look, "first-settings")


async def _tools_and_forms(app: AppHarness, look: Look) -> None:
    """Show the list of tools, the window of forms, and an answer as a table and as text."""
    tools = app.controllers.of(ToolsController)
    app.state.setup.override(
        app.open_id, lambda own: with_override(own, "answer.tools", "calculator\n⟦gone⟧")
    )
    picker = tools.choose()
    await until(lambda: picker.findChildren(QCheckBox))
    await look("tool-picker")
    _close_popups()
    tools.choose_form()
    dialog = find(app.window, AnswerFormDialog, "answer-form")
    dialog.form_field.setPlainText('{"type": 3}')
    await until(lambda: bool(dialog.problem.text()))
    await look("answer-form")
    dialog.reject()
    await look("discard-answer-form")
    find(dialog, QPushButton, "discard-changes").click()
    app.session.actions["prompt.research"].trigger()
    turn = await _ask(app, "⟦Rain?⟧")
    found = (
        Source(1, "https://a.example/x", "⟦Rain⟧", is_cited=True),
        Source(0, "https://b.example/", "⟦Snow⟧"),
    )
    turn.give(SourcesFound(found))
    turn.end("⟦It rains⟧ [1].")
    await app.settled()
    app.window.transcript.commands.run(app.state.current.path[-1].id, TOGGLE_SOURCES)
    await look("sources")
    app.session.actions["prompt.research"].trigger()
    app.state.setup.override(
        app.open_id,
        lambda own: with_override(without_override(own, "answer.tools"), "answer.form", SCHEMA),
    )
    for number, text in enumerate((ROWS, "{}")):
        turn = await _ask(app, "⟦Who?⟧")
        turn.end(text)
        await app.settled()
        await look(f"structured-answer-{number}")
    app.state.setup.override(app.open_id, lambda own: without_override(own, "answer.form"))


async def conversation(app: AppHarness, look: Look) -> None:
    """Show an answer while it streams and when it is complete, with its controls."""
    turn = await _ask(app, "⟦When should an upload be retried?⟧")
    turn.say(ANSWER)
    await until(lambda: "Attempt" in app.transcript)
    await look("streaming")
    app.window.prompt.set_text("⟦And then?⟧")
    app.enter()
    bubble = find(app.window, QWidget, "queued-question")
    await look("queued")
    find(bubble, QToolButton, "unqueue").click()
    app.text.clear()
    turn.end("⟦Done.⟧", used=200_000)
    await app.settled()
    await look("conversation")
    view = app.window.transcript
    menu = menu_for(view.commands, view.place_near(QPoint(20, 20)), "", view.follow_link)
    menu.popup(app.window.mapToGlobal(QPoint(40, 40)))
    await look("menu-transcript")
    menu.close()
    app.act("retry-with")
    await look("menu-retry-with")
    _close_popups()
    view.find_in_transcript.open()
    await look("find")
    view.find_in_transcript.close()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    await look("transcript-focus")
    view.focus_navigator.focus_next(forward=True)
    await look("transcript-target")
    link_target = find(view, LinkTargetLabel, "link-target")
    link_target.show_target("https://a.example")
    view.latest_button.show()
    await look("transcript-link")
    link_target.hide()
    app.window.prompt.focus_text()
    app.act("edit", at=0)
    await look("editing")
    app.press(Qt.Key.Key_Escape)
    app.text.clear()
    turn = await _ask(app, "⟦And then?⟧")
    turn.fail(
        ProviderFaultError(
            "{provider} is having problems ({http}).",
            hint="Try again later, or choose another provider.",
            provider="⟦OpenAI⟧",
            http=500,
        )
    )
    await app.settled()
    await look("error")
    app.window.notifications.dismiss()
    await _tools_and_forms(app, look)
    consent = ConsentCard()
    app.window.pane.add_above_prompt(consent)
    consent.ask("⟦search⟧", "⟦Reads files.⟧", '{"⟦name⟧": 1}', waiting=2)
    await look("consent")
    consent.hide()
    fields = {"a": {"title": "⟦size⟧", "enum": ["⟦s⟧"]}, "b": {"title": "⟦x⟧", "type": "boolean"}}
    server_question = QuestionCard(
        ServerQuestion("", "⟦shop⟧", "⟦Which one?⟧", {"properties": fields})
    )
    app.window.pane.add_above_prompt(server_question)
    await look("server-question")
    app.window.pane.remove_above_prompt(server_question)
    app.controllers.of(TransferController).choose_open_export("html")
    await dialog_of(PageDialog)
    await look("page")
    _close_dialogs(app)
    app.session.actions["report.save"].trigger()
    await dialog_of(ContentsDialog)
    await look("report")
    _close_dialogs(app)
    show_sent_text("⟦Note⟧", "⟦Text⟧\n" * 30, app.window)
    await look("sent-text")
    _close_dialogs(app)


async def sidebar(app: AppHarness, look: Look) -> None:
    """Show the list with folders, its menus, its places, the search."""
    shown = app.window.conversations
    app.window.outer_panes.show_list()
    await look("list")
    shown.drop_row.show()
    await look("list-drop")
    shown.drop_row.hide()
    chosen = [c for c in shown.model.conversations if c.id]
    folder = next(iter(app.state.folders.by_id.values()))
    menus = {
        "menu-list": shown.menus.list_menu(),
        "menu-folder": shown.menus.folder_menu(folder),
        "menu-conversation": shown.menus.conversations_menu(chosen[:1]),
        "menu-conversations": shown.menus.conversations_menu(chosen[:3]),
    }
    for name, menu in menus.items():
        await _popup(app, look, name, menu)
    for place in ("archive", "trash"):
        app.session.actions[f"list.{place}"].trigger()
        await app.written()
        await look(place)
    await _popup(app, look, "menu-program", shown.footer.menu())
    app.window.pane.close_page()
    shown.show_filter(ListFilter.for_folder(folder.id))
    await app.written()
    app.window.outer_panes.show_list()
    await look("list-folder")
    app.session.actions["list.all"].trigger()
    await app.written()
    app.window.outer_panes.show_list()
    await look("list-all")
    app.window.conversations.view.setFocus()
    app.window.rename()
    await look("rename")
    app.press(Qt.Key.Key_Escape)
    palette = await app.search("retried")
    await look("search")
    for button in app.session.of(Palette).filters.buttons:
        if button.menu() is not None:
            await _popup(app, look, f"menu-{button.objectName()}", button.menu())
    palette.field.setText("retriedxyz")
    await until(lambda: not palette.model.rowCount())
    await look("search-nothing")
    palette.dismiss()
    today = now().date()
    DaysDialog((today, today), app.window).open()
    await look("days")
    _close_dialogs(app)


async def composer(app: AppHarness, look: Look) -> None:
    """Show what belongs to the prompt: menus, chips, fields, cards, hints."""
    app.controllers.of(Navigator).open_new()
    app.type("one two three four")
    await app.written()
    await look("estimate")
    app.text.clear()
    for variant in (Variant.INSTANT, Variant.PRO, Variant.THINKING):
        app.controllers.of(ChoiceController).choose_variant(variant)
        await look(f"variant-{variant.value}")
    app.type("/")
    await look("prompt-menu")
    app.text.clear()
    app.controllers.of(PromptsController).ask("fields")
    await until(lambda: app.window.findChild(PromptDialog) is not None)
    await look("prompt-fields")
    app.press(Qt.Key.Key_Escape)
    app.controllers.of(Navigator).open_new()
    report = DATA / "report.pdf"
    app.window.files_dropped.emit([report, DATA / "damaged.pdf"])
    await until(lambda: not app.is_reading)
    await look("attachments")
    app.window.notifications.dismiss()
    await _chip_menus(app, look)
    app.controllers.main.of(PreviewController).show_focused()
    preview = await dialog_of(AttachmentPreview)
    # The images are known together with the text, which is empty before.
    await until(lambda: bool(preview.content))
    await look("preview")
    find(preview, QAbstractButton, "images").click()
    await until(find(preview, ImageView, "preview-image").isVisible)
    await look("preview-images")
    preview.close()
    password = PasswordDialog("⟦name.pdf⟧", app.window, was_wrong=True)
    password.open()
    await look("password")
    _close_dialogs(app)
    app.window.prompt.chips.action_requested.emit(
        part_id(app.state.current.draft.value.attachments[0]), "remove"
    )
    await look("attachment-removed")
    app.window.notifications.dismiss()
    overlay = find(app.window, DropOverlay, "drop-overlay")
    files = QMimeData()
    files.setUrls([QUrl("file:///a"), QUrl("file:///b")])
    overlay.show_text(drop_hint(files, "", ""), app.window.rect())
    await look("drop")
    overlay.hide()
    await app.written()


async def presets(app: AppHarness, look: Look) -> None:
    """Show the prompt of a conversation and the page of prompts."""
    app.controllers.of(AppliedPrompt).use("reviewer")
    app.state.setup.override(app.open_id, lambda own: own)
    await look("preset")
    app.controllers.of(PromptsController).manage()
    await app.written()
    dialog = await dialog_of(PromptLibraryPage)
    for name, prompt_id in (("prompts", "fields"), ("presets", "reviewer")):
        dialog.select(prompt_id)
        await look(name)
    find(dialog, QPushButton, "add-example").click()
    await look("preset-example")
    _close_dialogs(app)


async def projects_page(app: AppHarness, name: str = "") -> ProjectsPage:
    """Show the page of projects, with a new one of this name."""
    project_id = ""
    if name:
        project = Folder(new_id(), name, now(), file_names=("⟦a.pdf⟧",))
        await app.state.folders.save(project)
        project_id = project.id
    app.session.of(ProjectsController).show(project_id)
    page = await dialog_of(ProjectsPage)
    await until(lambda: page.isVisible() and page.current_id == project_id)
    return page


async def projects(app: AppHarness, look: Look) -> None:
    """Show projects: none, one with instructions, notes and files, a deleted one, sent notes."""
    controller = app.controllers.of(CollectionsController)
    app.state.folders.replace_all([])
    await projects_page(app)
    await look("projects-first")
    page = await projects_page(app, "⟦Lease⟧")
    await look("project-without-files")
    note = await app.backend.of(notes).add("⟦The flat is in Oslo.⟧", page.current_id, app.open_id)
    await app.session.of(NotesController).load()
    app.session.of(FolderSettingsController).set_instructions(page.current_id, "⟦Be brief.⟧")
    controller.add_to_project(page.current_id, [DATA / "report.pdf", DATA / "damaged.pdf"])
    await until(lambda: any(state.ready for state in controller.states.values()))
    await until(lambda: not controller.is_busy)
    await look("project")
    area = page.findChild(QScrollArea)
    assert area is not None
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    await look("project-end")
    app.session.of(FolderSettingsController).show(page.current_id)
    await look("project-settings")
    app.window.outer_panes.show_settings(False)
    notifications = app.window.notifications
    former_undo = notifications.last_undo
    find(page, QPushButton, "delete-project").click()
    await until(lambda: notifications.last_undo not in (None, former_undo))
    await look("project-deleted")
    notifications.undo_last()
    await until(lambda: bool(page.current_id))
    _close_dialogs(app)
    NotesDialog(app.session, [note.id, "gone"]).open()
    await look("sent-notes")
    (await dialog_of(NotesDialog)).close()


async def spending(app: AppHarness, look: Look) -> None:
    """Show the costs of this month by model, and of all time by day."""
    app.controllers.of(SpendingController).show()
    view = await dialog_of(SpendingView)
    await look("spending-month")
    view.period_choice.setCurrentIndex(view.period_choice.count() - 1)
    view.grouping_choice.setCurrentIndex(view.grouping_choice.findData("day"))
    app.state.tasks.start(view.fill())
    await until(lambda: view.rows[0].key != "gpt-5.2")
    await look("spending-days")
    _close_dialogs(app)


async def models(app: AppHarness, look: Look) -> None:
    """Show the table of models, filtered, and the form for one of them."""
    app.controllers.of(ModelsPage).open()
    table = await dialog_of(ModelsPage)
    await until(lambda: bool(table.rows))
    await look("models")
    await _popup(app, look, "menu-models", table.sort_menu())
    table.filter.setCurrentIndex(1)
    await look("models-filtered")
    table.filter.setCurrentIndex(0)
    row = next(row for row in table.rows if row.user_entries is not None)
    app.controllers.of(ModelsPage).edit(row.provider_id, row.model)
    editor = await dialog_of(ModelEditor)
    await look("model-editor")
    editor.effort_choice.setCurrentIndex(2)
    editor.fields["input_price"].setText("1")
    editor.save_button.click()
    await look("model-editor-problem")
    editor.reject()
    await look("discard-changes")
    find(editor, QPushButton, "discard-changes").click()
    _close_dialogs(app)
    app.backend.of(model_store).catalog = (MODEL_TO_GET,)
    app.controllers.of(LocalModelsPage).open()
    local = await dialog_of(LocalModelsPage)
    await until(lambda: local.lines)
    await look("local-models")
    local.set_lines([*local.lines, ModelLine(file=LOCAL_FILE, is_default=True)])
    local.select(1)
    local.status.show_message("⟦The disk is full.⟧", is_error=True)
    await look("local-models-file")
    _close_dialogs(app)


async def tables(app: AppHarness, look: Look) -> None:
    """Show tables: none, a new one, its question, its cells, one of them, two side by side."""
    page = app.session.of(TablesPage)
    page.show_tables()
    await until(page.isVisible)
    await look("tables-none")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "⟦Leases⟧")
        folder.mkdir()
        for name in ("notes.md", "report.pdf"):
            shutil.copy(DATA / name, folder)
        await _tables(app, look, page, folder)


async def _tables(app: AppHarness, look: Look, page: TablesPage, folder: Path) -> None:
    page.begin_with([folder])
    sheet = await dialog_of(QuestionSheet)
    sheet.prompt.setPlainText("⟦Who pays, {{gone}}?⟧")
    sheet.names.setPlainText("⟦payer⟧, ⟦sum⟧")
    await look("table-question-unknown")
    sheet.more_button.click()
    await until(sheet.choices.isVisible)
    await look("table-question-fields")
    sheet.names.setPlainText("")
    sheet.check_kind.setCurrentIndex(1)
    sheet.check_kind.setCurrentIndex(sheet.check_kind.findData("schema"))
    sheet.check_schema.setPlainText('{"type"')
    await until(sheet.check_error.isVisible)
    await look("table-question-schema")
    sheet.check_kind.setCurrentIndex(1)
    sheet.check_value.setText("⟦tenant⟧")
    sheet.prompt.setPlainText("⟦Who pays?⟧")
    await look("table-question")
    sheet.save_button.click()
    view = page.view
    await until(lambda: page.opened.table is not None and len(page.opened.table.questions) == 1)
    await until(lambda: view.run_bar.try_button.isEnabled() and view.run_bar.run_button.isEnabled())
    await look("table-unasked")
    assert page.opened.table is not None
    column = page.opened.table.questions[0]
    other = replace(column, id=new_id(), name="⟦Pro⟧")
    await view.columns._save_column(page.opened.id, other)
    ids = list(view.model.ids)
    store = page.runs.service.store
    sha256 = "0" * 64
    answers = [
        StoredAnswer(
            CellId(row_id, each.id),
            CellState.DONE,
            text,
            {"": CellValue(text, (Citation(sha256, page=3, quote="⟦rent⟧"),))},
            usage=Usage(1000, 0, 20),
            cost=Decimal("0.01"),
            seconds=2.5,
            has_passed=each is column,
            failures=() if each is column else ("⟦contains tenant: no⟧",),
        )
        for row_id, text in zip(ids, ("⟦The tenant pays.⟧", "⟦The owner.⟧"), strict=True)
        for each in (column, other)
    ]
    cells = [each.cell for each in answers]
    run = Run(new_id(), page.opened.id, RunMode.NOW, RunStatus.RUNNING, now(), len(cells))
    await store.begin_run(run, cells)
    await page.opened.load()
    await look("table-asked")
    await store.save_answers(answers)
    await store.end_run(run.id, RunStatus.DONE, None)
    await page.opened.load()
    await until(lambda: view.run_bar.try_button.isVisible() and view.foot.isVisible())
    await until(lambda: view.model.cell_at(view.model.index(0, 1)) is not None)
    await app.written()
    await look("table-answered")
    page.opened.add_filter(Filter(column.id, text="⟦The tenant pays.⟧"))
    await app.written()
    await until(lambda: view.filters.isVisible() and view.model.rowCount() == 1)
    await look("table-filtered")
    find(view.filters, QPushButton, "table-filter-0").click()
    await until(lambda: view.filters.isHidden() and view.model.rowCount() == 2)
    view.cell.open(view.model.index(0, 2))
    await until(view.cell.panel.isVisible)
    await look("table-cell")
    view.cell._compare(column.id)
    await until(view.cell.panel.side_by_side.isVisible)
    await app.written()
    await look("table-compared")
    view.cell.close()
    for show in (
        view.columns.add_data_column,
        partial(view.columns._ask_range, view.model.columns[1]),
    ):
        show()
        shown = view.columns.sheet
        assert shown is not None
        await look(shown.objectName())
        view.columns.close_sheet()
    for name in ("table-rows", "table-column", "table-export"):
        await _popup(app, look, f"menu-{name}", find(view, QPushButton, name).menu())
    page.show_list()
    await until(lambda: page.list.isVisible() and page.tables.rowCount() == 1)
    await look("tables")
    page.begin_rename(page.tables.rows[0].id)
    await until(lambda: bool(page.shown_id) and view.name.hasSelectedText())
    page.show_list()
    page.delete_button.click()
    await until(lambda: page.tables.rowCount() == 0)
    await _trashed(app, look, "tables")
    _close_dialogs(app)


async def _trashed(app: AppHarness, look: Look, kind: str) -> None:
    """Show what a feature has in the trash."""
    app.session.run("list.trash")
    page = await dialog_of(TrashPage)
    await until(page.places.button(kind).isEnabled)
    page.places.button(kind).click()
    await look(f"trash-{kind}")


async def servers(app: AppHarness, look: Look) -> None:
    """Show tool servers, one of which does not start, the form for it, and its log."""
    book = app.backend.of(tool_servers)
    command = ("/bin/notes-server", "--all")
    environment = {"TOKEN": "${env:MY_TOKEN}"}
    await book.add(*server_of("my-notes", command=command, environment=environment))
    await book.add(*server_of("my-mail", url="https://127.0.0.1/mcp"))
    app.window.outer_panes.show_settings(True)
    panel = app.window.settings
    panel.show_page("servers")
    await until(lambda: len(panel.findChildren(ServerSection)) == 2)
    await look("servers")
    await app.controllers.of(ServersController).test("my-notes")
    await look("servers-failed")
    run = await book.run("my-mail")
    run.failure = ToolServerError(
        "The tool server “{server}” needs you to sign in.",
        hint="Sign in to it in {servers_page}.",
        server="my-mail",
    )
    await app.controllers.of(ServersController).show_servers()
    await look("servers-sign-in")
    run.failure = None
    held = Secret("{}", run.server.secret_origin)
    app.backend.vault.use_for_session(run.server.sign_in_name, held, KeyPlace.SESSION)
    await app.controllers.of(ServersController).show_servers()
    await look("servers-signed-in")
    app.state.of(ServersController).run("remove", "my-mail")
    await app.written()
    await look("confirm-server-removal")
    _close_dialogs(app)
    await app.backend.vault.remove(run.server.sign_in_name)
    app.state.of(ServersController).run("edit", "my-notes")
    form = await dialog_of(ServerForm)
    await look("server-form")
    form.show_problem(tr("A quotation mark in the command isn’t closed."))
    await look("server-form-problem")
    _close_dialogs(app)
    (await book.run("my-notes")).on_log("", "https://127.0.0.1/listening")
    app.state.of(ServersController).run("log", "my-notes")
    await dialog_of(ServerLog)
    await look("server-log")
    _close_dialogs(app)
    app.window.outer_panes.show_settings(False)
    await app.controllers.of(ServersController).show_resources()
    resources = find(app.window, CommandPalette, "resource-palette")
    await look("server-resources")
    resources.open_with([PaletteEntry("0", "my-notes")])
    await look("server-resources-listed")
    resources.dismiss()


async def activity(app: AppHarness, look: Look) -> None:
    """Show what runs without the user, and a repeated prompt."""
    app.session.run("activity.show")
    page = await dialog_of(ActivityPage)
    app.session.run("repeat.new")
    repeated = await dialog_of(RepeatDialog)
    find(repeated, QPlainTextEdit, "repeat-prompt").setPlainText("⟦What is new?⟧")
    find(repeated, QDateTimeEdit, "repeat-start").setDisplayFormat("yyyy-MM-dd HH:mm")
    await look("repeat")
    find(repeated, QPushButton, "repeat-add").click()
    await until(lambda: any(row.title == "⟦What is new?⟧" for row in page.rows))
    page.select(next(row.id for row in page.rows if row.title == "⟦What is new?⟧"))
    app.session.events.activity_changed.emit("⟦1⟧")
    await look("activity")


async def text(app: AppHarness, look: Look) -> None:
    """Show a text beside the conversation, with a proposed change and the menu."""
    app.window.notifications.dismiss()
    texts = app.session.of(TextsController)
    await texts.open_text("⟦Tides⟧", "⟦# Tides⟧\n\n⟦The sea rises twice a day.⟧")
    assert texts.shown is not None
    await texts.shown.propose([Change("twice", "⟦often⟧")])
    await look("text-changes")
    texts.pane.editor.selectAll()
    texts.pane.begin_question()
    await look("text-question")
    menu = find(texts.pane, ProgramMenu, "text-menu-entries")
    await _popup(app, look, "menu-text", menu)
    app.session.run("text.replace")
    await look("text-find")
    texts.shown.keeps_version = True

    def size() -> str:  # its chip is hidden in a low window
        return " ".join(
            each.accessibleName() for each in app.window.prompt.findChildren(ChipWidget)
        )

    former_size = size()
    texts.shown.document.replace_all("⟦# Tides⟧")
    await until(lambda: app.stored("SELECT count(*) FROM text_versions") == [(1,)])
    await until(lambda: size() != former_size)  # the tokens are counted after a pause
    menu.popup(app.window.pos())
    next(
        a for a in menu.actions() if a.text().replace("&", "") == tr("Earlier versions…")
    ).trigger()
    _close_popups()
    await dialog_of(VersionsDialog)
    await look("text-versions")
    _close_dialogs(app)
    app.session.run("text.list")
    await dialog_of(TextList)
    await look("text-list")
    app.window.pane.close_page()
    pieces = [Piece("⟦The sea⟧ "), Piece("⟦rises⟧", INSERTED)]
    title = tr("Save to {file}?", file="⟦tides⟧.md")
    SaveDialog(title, (), pieces, app.window).open()
    await look("text-save")
    _close_dialogs(app)
    texts.toggle()
    app.session.run("text.list")
    texts_page = await dialog_of(TextList)
    rows = texts_page.view.model()
    await until(rows.rowCount)
    texts_page.view.delete_pressed.emit(rows.index(0, 0))
    await _trashed(app, look, "texts")
    app.window.pane.close_page()
    app.window.notifications.dismiss()


async def voice(app: AppHarness, look: Look) -> None:
    """Show what is dictated into another program, a voice's name, and the choice of a writer."""
    window = DictationWindow()
    window.show_on_screen()
    await look("dictation-anywhere")
    window.close()
    window.deleteLater()
    anchor = app.window.prompt
    NameDialog(EditRequest("", "", lambda _: None, anchor), tr("Another voice…"), "").open()
    await look("voice-name")
    _close_dialogs(app)
    field = app.session.of(Microphones).main
    choice = asyncio.create_task(choose_transcriber(app.session, field))
    await until(lambda: QApplication.activePopupWidget() is not None)
    await look("menu-transcriber")
    _close_popups()
    await choice


async def temporary(app: AppHarness, look: Look) -> None:
    """Show a temporary conversation, and the question when it is closed."""
    app.controllers.of(TemporaryController).open()
    await look("temporary")
    turn = await _ask(app, "⟦A secret?⟧")
    turn.end("⟦Yes.⟧")
    await app.settled()
    app.controllers.of(TemporaryController).request_close()
    await look("temporary-closing")
    app.controllers.of(Navigator).open_new()
    app.window.outer_panes.show_list()
    await look("temporary-row")


async def desktop(app: AppHarness, look: Look) -> None:
    """Show the offers to users whose desktop grants no global shortcut."""
    report = HotkeyReport("Meta+Alt+Space", HotkeyStatus.UNAVAILABLE, desktop="⟦GNOME⟧")
    app.window.outer_panes.show_settings(True)
    app.window.settings.show_page("keys")
    app.session.events.hotkey_reported.emit(report)
    await look("settings-hotkey")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hotkey_controller, "binding_desktop", lambda _: BindingDesktop.GNOME)
        hotkey_controller.offer_binding(app.controllers, "Meta+Alt+Space")
    await look("confirm-binding")
    _close_dialogs(app)
    app.window.outer_panes.show_settings(False)


async def closing(app: AppHarness, look: Look) -> None:
    """Show the questions when the window is closed, and the menu of the tray."""
    question = app.session.of(ClosingController)
    question.set_tray(True)
    app.window.close()
    await look("closing-stay")
    _close_dialogs(app)
    menu = app.session.of(DesktopControllers).tray.make_menu()
    await app.session.of(DesktopControllers).tray.refresh()
    await _popup(app, look, "menu-tray", menu)
    question.set_tray(False)
    turn = await _ask(app, "⟦When should an upload be retried?⟧")
    app.window.close()
    await look("closing-running")
    _close_dialogs(app)
    turn.end("⟦Done.⟧")
    await app.settled()
    app.disk.is_full = True
    app.window.prompt.set_text("⟦Unsaved⟧")
    app.controllers.drafts.save_prompts()
    await until(lambda: tr(DISK_FULL) in app.said)
    app.window.close()
    await dialog_of(QMessageBox)
    await look("closing-unsaved")
    _close_dialogs(app)
    app.disk.is_full = False
    app.window.prompt.set_text("")
    app.window.notifications.dismiss_topic(STORE_TOPIC)


async def cards(app: AppHarness, look: Look) -> None:
    """Show notifications, progress and the questions above the prompt."""
    app.window.notifications.notify("⟦One⟧", topic="one")
    app.window.notifications.notify(
        "⟦Two⟧", topic="two", actions=[("⟦Undo⟧", lambda: None), ("⟦Help⟧", lambda: None)]
    )
    await look("notifications")
    app.window.notifications.dismiss()
    app.controllers.of(Trash).confirm_and_empty()
    await dialog_of(QMessageBox)
    await look("message-box")
    _close_dialogs(app)
    with TemporaryDirectory() as folder:
        backup = Path(folder, "⟦backup⟧.zip")
        backup.touch()
        app.controllers.of(BackupController).choose_restore()
        choose_paths(backup)
    await look("confirm-restore")
    _close_dialogs(app)
    progress = ProgressCard()
    app.window.pane.add_above_prompt(progress)
    progress.begin("⟦Importing…⟧")
    progress.set_progress(1, 3)
    await look("progress")
    progress.hide()
    app.controllers.of(Navigator).open_new()
    store = StoreDialog(app.window)
    store.show_work("⟦Recovering data…⟧")
    store.open()
    await look("store-work")
    store.offer("⟦Damaged⟧", "⟦Words⟧", (("a", "⟦Repair⟧", "⟦Note⟧"), ("b", "⟦Quit⟧", "")))
    await look("store")
    store.hide()  # it cannot be closed


async def system_dialogs(app: AppHarness, look: Look) -> None:
    """Open each dialog for files, the one for printing, and the box of a failed start."""
    app.controllers.of(Navigator).open_new()
    turn = await _ask(app, "⟦Why?⟧")
    turn.end("⟦Yes.⟧")
    await app.settled()
    controllers, prompt = app.controllers, app.window.prompt
    app.window.outer_panes.show_settings(True)
    for page, _ in PAGES:
        app.window.settings.show_page(page)
    openers = {
        "attach-files": prompt.choose_files,
        "attach-folder": prompt.choose_folder,
        "import": controllers.of(TransferController).choose_import,
        "export-all": lambda: controllers.of(TransferController).choose_export(None, "html"),
        "export-one": lambda: controllers.of(TransferController).choose_export(
            [app.open_id], "docx"
        ),
        "export-open": lambda: controllers.of(TransferController).choose_open_export("docx"),
        "restore": controllers.of(BackupController).choose_restore,
        "backup-folder": find(app.window, QPushButton, "choose-backup-folder").click,
        "model-file": find(app.window, QPushButton, "choose-weights").click,
        "certificates": find(app.window, QPushButton, "choose-ca-file").click,
    }
    for name, opener in openers.items():
        opener()
        dialog = await dialog_of(QFileDialog)
        await look(f"file-dialog-{name}")
        dialog.reject()
        await until(lambda: not dialog.isVisible())  # noqa: B023
    app.window.outer_panes.show_settings(False)
    controllers.of(TransferController).print_()
    printing = await dialog_of(QPrintDialog)
    await look("print-dialog")
    printing.reject()
    QTimer.singleShot(
        0,
        lambda: report_failed_start(
            StorageError("Your library isn’t open.", hint="Restart Repartee.")
        ),
    )
    box = await dialog_of(QMessageBox)
    await look("cannot-start")
    box.reject()


async def synchronization(app: AppHarness, look: Look) -> None:
    """Show the dialog that joins a library of several computers, and that library's section."""
    app.window.outer_panes.show_settings(True)
    app.window.settings.show_page("library")
    find(app.window, QPushButton, "sync-join").click()
    dialog = await dialog_of(JoinDialog)
    find(dialog, QLineEdit, "sync-address").setText("s3://bucket/library")
    await look("sync-join")
    with TemporaryDirectory() as folder:
        find(dialog, QLineEdit, "sync-address").setText(folder)
        find(dialog, QLineEdit, "sync-passphrase").setText("correct horse battery")
        find(dialog, QPushButton, "sync-start").click()
        again = find(dialog, QLineEdit, "sync-passphrase-again")
        await until(again.isVisible)
        await look("sync-begin")
        again.setText("correct horse battery")
        find(dialog, QPushButton, "sync-start").click()
        leave = find(app.window, QPushButton, "sync-leave")
        await until(leave.isVisible)
        state = find(app.window, QLabel, "sync-state")
        end = tr("Last synchronized: {when}", when="\0").partition("\0")[0]
        await until(lambda: end in state.text())
        await look("sync-section")
        find(app.window, QPushButton, "sync-code").click()
        shown = await dialog_of(CodeDialog)
        await look("sync-code")
        shown.accept()
        leave.click()
        question = await dialog_of(QMessageBox)
        await look("sync-leave")
        next(b for b in question.buttons() if b.text() == tr("Stop")).click()
        await until(find(app.window, QPushButton, "sync-join").isVisible)
    app.window.outer_panes.show_settings(False)


async def palette(app: AppHarness, look: Look) -> None:
    """Show all commands, a folder picker and the presets."""
    app.session.actions["palette.open"].trigger()
    await look("palette")
    _close_palettes()
    app.controllers.of(FoldersController).choose_target_folder()
    await look("folder-picker")
    _close_palettes()


async def help_window(app: AppHarness, look: Look) -> None:
    """Show the help with its contents, and a search in it."""
    help_of(app.controllers).open_at(START)
    await dialog_of(HelpWindow)
    await look("help")
    help_of(app.controllers).close()


async def quick_prompt(app: AppHarness, look: Look) -> None:
    """Show the quick prompt: empty, with an answer, with its menus."""
    quick = app.session.of(QuickPromptController)
    quick.open_with("")
    window = quick.window
    await until(window.isVisible)
    await look("quick")
    window.field.set_text("⟦Why?⟧")
    before = len(app.providers.turns)
    QTest.keyClick(find(window, QPlainTextEdit, "prompt"), Qt.Key.Key_Return)
    await until(lambda: len(app.providers.turns) > before)
    app.providers.turns[-1].end(ANSWER)
    await app.settled()
    await look("quick-answer")
    window.notifications.notify("⟦It failed.⟧", [("⟦Retry⟧", print)], topic="not sent")
    await look("quick-problem")
    window.notifications.dismiss_topic("not sent")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paste_back, "can_type", lambda: True)
        window.run("quick.paste")
    box = find(window, QMessageBox, "confirm-paste")
    await until(box.isVisible)
    await look("quick-paste")
    box.reject()
    window.close()


async def viewer(app: AppHarness, look: Look) -> None:
    """Show a document in its window: pages, text, and the search."""
    for name in ("report.pdf", "report.docx"):
        part = await stored_document(app, DATA / name)
        start = (await app.backend.attachments.text(part.sha256)).index("compressor")
        place = (start, start + len("compressor"))
        target = ViewerTarget(part.sha256, part.name, None, "⟦page 2⟧", place, "compressor")
        shown = await opened(app, target)
        await until(lambda: shown.message != tr("Opening…"))  # noqa: B023
        await look(f"viewer-{name}")
        shown.find_bar.open()
        await look(f"viewer-find-{name}")
        shown.close()


async def settings(app: AppHarness, look: Look) -> None:
    """Show every page of the settings with providers, and with the values of a conversation."""
    await _settings(app, look, "settings")
    app.window.outer_panes.show_settings(True)
    app.controllers.of(ProvidersController).open_at_key()
    for profile in app.state.providers.all:
        panel = app.window.settings
        panel.pages.by_name["provider"].page.set_profiles(app.state.providers.all, profile.id)
        _expand(panel)
        await look(f"settings-provider-{profile.id}")
        panel.show_page("advanced")  # it has the network settings of the same provider
        _expand(panel)
        await look(f"settings-advanced-{profile.id}")
        panel.show_page("provider")
    app.window.outer_panes.show_settings(False)


async def menus(app: AppHarness, look: Look) -> None:
    """Open the menu of every button of the window, and those of spelling."""
    app.window.outer_panes.show_settings(False)
    suggestions = ProgramMenu(app.window)
    session = app.session
    page = app.window.settings.pages.by_name["answer"]
    spelling = Spelling(app.window, session.tasks, session.values, page)
    await spelling.add_suggestions(suggestions, "⟦wrld⟧", print)
    await _popup(app, look, "menu-spelling", suggestions)
    await app.session.check_spelling()
    request = EditRequest(SPELLING_LANGUAGES, "⟦xx⟧", print, app.window)
    chosen = app.session.of(Spelling).choose_languages(request)  # type: ignore[union-attr]
    for action in chosen.actions()[1:]:
        action.setVisible("⟦xx⟧" in action.text())  # names of languages are not translated
    await _popup(app, look, "menu-languages", chosen)
    for button in (*app.window.findChildren(QPushButton), *app.window.findChildren(QToolButton)):
        is_used = button.isVisible() or button.objectName() == "preset"
        if is_used and isinstance(button.menu(), QMenu):
            await _popup(app, look, f"menu-{button.objectName()}", button.menu())
    find(app.window, QToolButton, "attach").click()
    await look("menu-attach")
    _close_popups()


SCENES: Final = (
    conversation,
    sidebar,
    composer,
    presets,
    projects,
    quick_prompt,
    viewer,
    text,
    voice,
    temporary,
    spending,
    models,
    servers,
    activity,
    tables,
    cards,
    system_dialogs,
    synchronization,
    palette,
    help_window,
    settings,
    menus,
    closing,
    desktop,
)


# ---------------------------------------------------------------- parts of scenes


async def _ask(app: AppHarness, text: str) -> Turn:
    """Ask a question with characters that no key types."""
    before = len(app.providers.turns)
    app.window.prompt.set_text(text)
    app.enter()
    await until(lambda: len(app.providers.turns) > before)
    return app.providers.turns[-1]


async def _settings(app: AppHarness, look: Look, name: str) -> None:
    app.window.outer_panes.show_settings(True)
    panel = app.window.settings
    for page, _ in PAGES:
        panel.show_page(page)
        _expand(panel)
        await app.written()
        await look(f"{name}-{page}")
    app.window.outer_panes.show_settings(False)


async def _popup(app: AppHarness, look: Look, name: str, menu: QMenu) -> None:
    menu.popup(app.window.mapToGlobal(QPoint(20, 20)))
    await look(name)
    for at, action in enumerate(menu.actions()):
        inner = action.menu()
        if isinstance(inner, QMenu):
            inner.popup(app.window.mapToGlobal(QPoint(60, 20)))
            await look(f"{name}-{at}")
            inner.close()
    menu.close()


async def _chip_menus(app: AppHarness, look: Look) -> None:
    for chip in app.window.prompt.findChildren(ChipWidget):
        chip.open_menu()
        await look(f"menu-chip-{chip.objectName()}")
        _close_popups()


def _close_popups() -> None:
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()


def _close_dialogs(app: AppHarness) -> None:
    app.window.pane.close_page()
    for dialog in list(open_dialogs()):
        dialog.close()
    for window in QApplication.topLevelWidgets():
        if window.isVisible() and window is not app.window:
            window.close()


def _expand(panel: QWidget) -> None:
    for section in panel.findChildren(CollapsibleSection):
        if section.isVisible() and not section.is_open:
            section.head.click()


def _close_palettes() -> None:
    for widget in QApplication.allWidgets():
        if isinstance(widget, CommandPalette) and widget.isVisible():
            QTest.keyClick(widget.field, Qt.Key.Key_Escape)


# ---------------------------------------------------------------- what the store holds


async def fill(backend: Backend) -> None:
    """Store conversations, folders, prompts, presets and spending."""
    moment = now()
    await backend.settings.save_profile(replace(OPENAI, monthly_cap=Decimal(20)))
    await backend.settings.save_profile(OWN_SERVER)
    folder = Folder(new_id(), "⟦Oslo office⟧", moment)
    await backend.conversation_folders.save(folder)
    choice = ModelChoice(OPENAI.id, "", Variant.THINKING, Effort.HIGH)
    for number in range(9):
        at = moment - timedelta(days=2 * number)
        made = Conversation(new_id(), f"⟦Lease {number}⟧", at, at, choice, pinned=number == 0)
        archived = replace(made, id=new_id(), archived=True)
        trashed = replace(made, id=new_id(), trashed_at=at)
        for each in (made, archived, trashed):
            await backend.conversations.create(each)
    await backend.of(prompts).save(
        [
            Prompt("fields", "⟦fields⟧", f"{FIELDS} {{{{selection}}}}", "⟦Mail⟧"),
            Prompt("reviewer", "⟦Code reviewer⟧", variant=Variant.PRO, overrides=Overrides("⟦Be⟧")),
            Prompt(
                "poet",
                "⟦Poet⟧",
                overrides=Overrides().with_parameter("temperature", 1.0),
                position=1,
            ),
        ]
    )
    usage = Usage(1_000_000, 0, 170_000)
    await backend.ledger.add(
        Call(
            provider_id=OPENAI.id,
            model="gpt-5.2",
            usage=usage,
            cost=Decimal("4.12"),
            purpose="answer",
            at=moment,
        )
    )
