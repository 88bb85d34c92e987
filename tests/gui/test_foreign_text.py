"""Hostile text in every place that shows foreign text stays plain, bounded and inert."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QHelpEvent, QImage, QTextDocument, QTextDocumentFragment
from PySide6.QtGui import Qt as QtOfGui
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextBrowser,
    QToolTip,
    QWidget,
)

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchItemSummary,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    ModelChoice,
    SearchHit,
    now,
)
from desktop_app.domain.conversations.list_filter import ListFilter, ListFilterKind
from desktop_app.domain.conversations.message_parts import DocumentPart, PassagesPart, ToolCallPart
from desktop_app.domain.documents.collections import Collection, CollectionFile, Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.places import LinkSegment, Place
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.domain.spending.spending_report import SpendingSum
from desktop_app.settings.values import with_defaults
from desktop_app.ui.composer.choice.choice_view import ChoiceView, ModelEntry
from desktop_app.ui.look import theme as themes
from desktop_app.ui.widgets.text.foreign_text import message_box
from desktop_app.ui.widgets.text.linked_label import PLACE_SCHEME, LinkedLabel
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer, question
from tests.helpers.pipe_trap import PipeTrap
from tests.helpers.transcript_views import is_writing
from tests.helpers.translated_texts import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

NOW: Final = datetime(2026, 3, 18, tzinfo=UTC)
CHOICE: Final = ModelChoice("openai", "gpt-5.2")
LONGEST: Final = 4_000
MEGABYTE: Final = "m" * 1_000_000
BIDI_CONTROLS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")

# Each text, and how it must be shown; reading the pipe {pipe} blocks.
HOSTILE: Final = {
    "device": ("<img src=/dev/zero>", "<img src=/dev/zero>"),
    "pipe": ("<img src={pipe}><b>x</b>", "<img src={pipe}><b>x</b>"),
    "style": ("<link rel=stylesheet href={pipe}>x", "<link rel=stylesheet href={pipe}>x"),
    "entity": ("a &amp; b &lt; R&D", "a &amp; b &lt; R&D"),
    "mark": ("a[*]b [*][*]", "a[*]b [*][*]"),
    "bidi": ("invoice\u202efdp.exe\u2066", "invoice⟨U+202E⟩fdp.exe⟨U+2066⟩"),
    "lines": ("one\ntwo\r\nthree\x07\u2028four\tfive", "one two three\ufffd four five"),
    "megabyte": (MEGABYTE, "mmm…mmm"),
}


@dataclass
class WidgetHost:
    """The theme and the window in which a place is shown."""

    theme: themes.Theme
    window: QWidget
    qtbot: QtBot

    def show(self, widget: QWidget) -> QWidget:
        """Show a widget that has no window of its own."""
        self.qtbot.addWidget(widget)
        widget.resize(700, 600)
        widget.show()
        return widget


Make = Callable[[WidgetHost, str], QWidget]
PLACES: dict[str, Make] = {}


def place(make: Make) -> Make:
    """Register a function that shows a text in one place of the program."""
    PLACES[make.__name__] = make
    return make


def conversation(title: str, **more: object) -> Conversation:
    return replace(Conversation("c", title, NOW, NOW, CHOICE), **more)  # type: ignore[arg-type]


def models(text: str) -> ChoiceView:
    """Return a choice in which this text is every name from a server."""
    entries = (ModelEntry("p", text, text, text, None, text), ModelEntry("q", "Q", "q", "Q", None))
    return ChoiceView(
        None,
        text,
        Effort.HIGH,
        offers_variants=False,
        effort_refusals={Effort.LOW: text},
        offers_effort=True,
        models=entries,
        notice=text,
        background=True,
        provider_name=text,
        provider_id="p",
        model=text,
    )


# ---------------------------------------------------------------- the list and the header


@place
def models_to_compare(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.comparison.compare_dialog import ComparedChoice, CompareDialog

    made = CompareDialog(text, text, host.theme, host.window)
    made.set_choices(2 * [ComparedChoice(models(text), "Free")], "Total: Free")
    return host.show(made)


@place
def answers_side_by_side(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.comparison.answer_column import AnswerColumn
    from desktop_app.ui.comparison.comparison_window import ComparisonWindow
    from desktop_app.ui.transcript.view import TranscriptView

    view = TranscriptView(host.theme, is_brief=True)
    column = AnswerColumn(view, lambda _model: text)
    column.show_answer(answer("It is."))
    made = ComparisonWindow(text, [column], host.theme, host.window)
    made.set_problem(text)
    return host.show(made)


@place
def titles_in_the_list(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    made = ConversationList(host.theme)
    made.set_folders([Folder("f", text, NOW)])
    made.set_conversations([conversation(text)])
    return host.show(made)


@place
def a_folder_that_is_open(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    made = ConversationList(host.theme)
    made.set_folders([Folder("f", text, NOW)])
    made.set_conversations([], list_filter=ListFilter(ListFilterKind.FOLDER, "f"))
    return host.show(made)


@place
def hits_of_a_search(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    made = ConversationList(host.theme)
    made.search.show_hits([SearchHit("c", text, "m", f"\x02{text}\x03 {text}", NOW, document=text)])
    return host.show(made)


@place
def folders_to_move_to(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    made = ConversationList(host.theme)
    host.qtbot.addWidget(made)
    made.set_folders([Folder("f", text, NOW)])
    return made.menus.conversations_menu([conversation("x")])


@place
def folders_to_search_in(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.search.search_filters import SearchFilters

    made = SearchFilters(host.theme)
    made.set_folders([Folder("f", text, NOW)])
    host.show(made)
    made.folder_button.menu().aboutToShow.emit()
    return made.folder_button.menu()


@place
def the_footer_of_the_sidebar(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.sidebar.sidebar_footer import SidebarFooter

    made = SidebarFooter(host.theme)
    made.show_provider(text, "cloud", "$1", is_near_cap=False)
    return host.show(made)


@place
def the_header(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.header import Header

    made = Header(host.theme)
    made.set_title(text)
    made.set_cost("$1", text)
    made.set_preset(text, is_offered=True, is_changed=False)
    return host.show(made)


@place
def the_title_of_the_window(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.window.main_window import MainWindow

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    watcher = themes.ThemeWatcher(app, themes.LookSettings("light"))
    made = MainWindow(watcher, PromptEditor(host.theme), SettingsPanel(host.theme))
    made.pane.set_title(text)
    return host.show(made)


@place
def the_about_page(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.cli.doctor.doctor import Finding, findings_text
    from desktop_app.ui.settings.tabs.about_tab import AboutTab

    made = AboutTab(host.theme)
    report = findings_text([Finding(text, None, ""), Finding("store", True, text)])
    made.set_about(report, "A licence", [9])
    made.show_page("program")
    return host.show(made)


# ---------------------------------------------------------------- attachments and documents


@place
def chips(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.attachment_chips import AttachmentChips, Chip

    made = AttachmentChips(host.theme)
    made.set_chips([Chip("a", text, text, "failed", None, "file-text", tooltip=text)])
    return host.show(made)


@place
def the_menu_of_a_chip(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.attachment_chips import Chip, ChipAction, ChipWidget, DetailLevel

    chip = Chip("a", text, text, "ready", None, "image", actions=(ChipAction("k", text),))
    made = ChipWidget(replace(chip, detail_levels=(DetailLevel("low", text),)), host.theme)
    host.show(made)
    return made.menu()


@place
def the_preview_of_an_attachment(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.viewer.attachment_preview import AttachmentPreview

    made = AttachmentPreview(host.theme, host.window)
    made.set_attachments([("a", text), ("b", text)], "a")
    made.show_facts(text, text)
    made.show_pages_field("page", "", text)
    made.show_pages_error(text)
    made.show_images([text], has_text=False)
    made.show_image(0, QImage(4, 4, QImage.Format.Format_RGB32), text)
    return host.show(made)


@place
def one_attachment_in_the_preview(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.viewer.attachment_preview import AttachmentPreview

    made = AttachmentPreview(host.theme, host.window)
    made.set_attachments([("a", text)], "a")
    return host.show(made)


@place
def the_viewer_of_documents(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.viewer.document_viewer import DocumentViewer

    made = DocumentViewer(host.theme)
    made.begin_document(text, text)
    made.set_note(text)
    made.show_message(text)
    made.describe_mark(text)
    return host.show(made)


@place
def the_question_for_a_password(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.viewer.password_dialog import PasswordDialog

    words = f"“{text}” is password-protected."
    return host.show(PasswordDialog(host.theme, words, host.window, was_wrong=True))


# ---------------------------------------------------------------- what the program says


@place
def an_error_card(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.cards.notifications import Notifications

    made = Notifications(host.theme)
    error = UserFacingError(text, remedy=text, details=text)
    made.notify(error, actions=[("Open", lambda: None)])
    return host.show(made)


@place
def a_note_card(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.cards.notifications import Notifications

    made = Notifications(host.theme)
    made.notify(f"Exported to {text}.", stays=True)
    made.announce(text)
    return host.show(made)


@place
def the_dialog_of_a_closed_store(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.store_dialog import StoreDialog

    made = StoreDialog(host.theme, host.window)
    made.offer(text, text, [("a", "Restore", text), ("b", "Close", "")])
    return host.show(made)


@place
def a_message_box(host: WidgetHost, text: str) -> QWidget:
    box = message_box(f"Restore {text}?", text, details=text, parent=host.window)
    host.qtbot.addWidget(box)
    box.show()
    return box


@place
def cards_above_the_prompt(host: WidgetHost, text: str) -> QWidget:
    from PySide6.QtWidgets import QVBoxLayout

    from desktop_app.ui.batch.batch_bar import BatchBar
    from desktop_app.ui.window.cards.compaction_card import CompactionCard
    from desktop_app.ui.window.cards.progress_card import ProgressCard
    from desktop_app.ui.window.empty_state import EmptyState

    holder = QWidget()
    column = QVBoxLayout(holder)
    work, jobs = ProgressCard(host.theme), BatchBar(host.theme)
    compaction, start = CompactionCard(host.theme), EmptyState(host.theme)
    column.addWidget(start)
    for widget in (work, jobs, compaction, start.key_line):
        column.addWidget(widget)
    work.begin(text)
    jobs.show_state(text, is_dismissable=True)
    compaction.offer(text, text)
    start.set_key_line(True, text)
    return host.show(holder)


@place
def the_question_before_a_tool_runs(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.tools.consent_card import ConsentCard

    card = ConsentCard(host.theme)
    # The card shows longer arguments than other places, because they must be complete.
    card.ask(text, text, json.dumps({"path": text[:2000]}, ensure_ascii=False), waiting=1)
    return host.show(card)


@place
def the_list_of_tools(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.places import LinkSegment
    from desktop_app.domain.tools.tool import Permission
    from desktop_app.ui.tools.tool_picker import ToolChoice, ToolPicker

    picker = ToolPicker(host.theme, host.window)
    picker.setWindowFlag(Qt.WindowType.Popup, False)
    picker.set_form(text)
    reason = (LinkSegment(text),)
    tools = [ToolChoice(text, text, reason, False, Permission.NEVER), ToolChoice("b", text)]
    picker.set_tools(tools, is_for_conversation=True)
    return host.show(picker)


@place
def the_dialog_of_response_formats(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.answering.answer_form import FormKind, FormSource
    from desktop_app.ui.tools.answer_form_dialog import AnswerFormDialog

    dialog = AnswerFormDialog(host.theme, host.window)
    dialog.show_form(FormSource(FormKind.SCHEMA, text, text).to_setting(), {FormKind.SCHEMA: text})
    dialog.show_problem(text)
    return host.show(dialog)


@place
def the_hint_for_a_drop(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.overlays import DropOverlay

    made = DropOverlay(host.window, host.theme)
    made.show_text(f"Drop to attach to “{text}”", QRect(0, 0, 600, 400))
    return made


@place
def the_prompt(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.prompt_editor import PromptEditor

    made = PromptEditor(host.theme)
    made.send_action.set_refusal(text)
    made.hint.set_hint(text)
    made.set_choice(models(text))
    made.row.set_estimate("$1", "$1", text)
    return host.show(made)


# ---------------------------------------------------------------- models and providers


@place
def the_menu_of_models(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.choice.choice_menus import fill_models

    menu = QMenu(host.window)
    fill_models(menu, models(text), lambda _: None)
    return menu


@place
def a_menu_of_many_models(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.choice.choice_menus import fill_models

    names = [text, *(f"{text[:40]}{number}" for number in range(60))]
    many = tuple(ModelEntry("p", text, name, name, None) for name in names)
    one = ModelEntry("q", "Q", "q", "Q", None)
    menu = QMenu(host.window)
    fill_models(menu, replace(models(text), models=(*many, one)), lambda _: None)
    return menu


@place
def the_menus_of_effort_and_background(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.choice.choice_menus import fill_background, fill_efforts

    menu = QMenu(host.window)
    fill_efforts(menu, models(text), lambda _: None)
    fill_background(menu, models(text), lambda _: None)
    return menu


@place
def the_page_of_tool_servers(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.settings.tabs.servers_tab import ServerRow, ServersTab

    page = ServersTab(host.theme)
    page.set_servers([ServerRow(text, text, text), ServerRow("b", text, text, "error")])
    return page


@place
def the_resources_of_tool_servers(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.tools.resource_dialog import ResourceChoice, ResourceDialog

    dialog = ResourceDialog(host.theme, host.window)
    dialog.set_resources([ResourceChoice(text, text, text)], [text])
    return dialog


@place
def the_quick_prompt(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.quick.quick_prompt import QuickPrompt
    from desktop_app.ui.transcript.view import TranscriptView

    made = QuickPrompt(host.theme, TranscriptView(host.theme, is_brief=True))
    made.model_button.set_choice(models(text))
    made.status.show_problem(text, "Add key")
    return host.show(made)


@place
def the_menu_of_the_quick_prompt(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.quick.quick_model_button import QuickModelButton

    menu = QMenu(host.window)
    button = QuickModelButton(host.theme, host.window)
    button.set_choice(replace(models(text), offers_effort=False))
    button.fill_menu(menu)
    return menu


@place
def the_settings_of_a_provider(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.settings.sections.key_state import KeyState
    from desktop_app.ui.settings.settings_panel import SettingsPanel

    made = SettingsPanel(host.theme)
    profile = ProviderProfile("p", text, ProviderKind.COMPATIBLE, "https://a.example/v1")
    made.pages.provider.page.set_profiles([replace(profile, ca_file=f"/x/{text[:200]}")], "p")
    made.pages.provider.page.set_key_state("p", KeyState("session", text))
    made.pages.provider.page.test.set_result("p", False, text)
    made.pages.provider.page.network.set_ca_file_result("p", False, text)
    return host.show(made)


@place
def the_settings_of_the_library(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.settings.tabs.data_tab import FOLDER_KEY, DataTab

    made = DataTab(host.theme)
    made.set_values(with_defaults({}) | {FOLDER_KEY: text})
    made.set_backup_state(text, "error")
    return host.show(made)


@place
def the_settings_of_a_folder(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.settings.tabs.responses_tab import FOLDER, ResponsesTab

    made = ResponsesTab(host.theme)
    made.set_values(with_defaults({}))
    made.set_folder("f", text, {})
    made.show_scope(FOLDER)
    return host.show(made)


@place
def the_model_file(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.settings.sections.local_model_section import LocalModelSection

    made = LocalModelSection(host.theme)
    made.show_file(text)
    return host.show(made)


@place
def spending(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.spending.spending_table import FIGURES, SpendingTable
    from desktop_app.ui.spending.spending_view import SpendingView

    made = SpendingView(host.theme)
    rows = (((text, text, text), SpendingSum(1, cost=Decimal(1))),)
    made.set_tables({"month": SpendingTable(("Provider", "Model", "For", *FIGURES), rows)})
    return host.show(made)


@place
def evaluations(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.evaluation.evaluation_case import CheckKind
    from desktop_app.domain.evaluation.evaluation_result import (
        CaseResult,
        Evaluation,
        EvaluationRun,
    )
    from desktop_app.domain.evaluation.failed_check import FailedCheck
    from desktop_app.ui.evaluation.evaluations_dialog import EvaluationsDialog

    made = EvaluationsDialog(host.theme, host.window)
    failed = (FailedCheck(CheckKind.RUBRIC, text, explanation=text),)
    runs = [EvaluationRun("p", None, None, text, [CaseResult(text, text, failed)])]
    evaluation = Evaluation("e", now(), text, runs, {text: text})
    made.set_evaluations([evaluation])
    made.show_evaluation(evaluation)
    return host.show(made)


@place
def the_table_of_models(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.models.model_row import ModelRow
    from desktop_app.ui.models.models_dialog import ModelsDialog

    made = ModelsDialog(host.theme, host.window)
    made.set_rows([ModelRow("p", text, text, text)])
    made.select("p", text)
    return host.show(made)


@place
def the_form_of_a_model(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.models.model_row import ModelRow
    from desktop_app.ui.models.model_editor import ModelEditor

    return host.show(ModelEditor(ModelRow("p", text, text, text), host.theme, host.window))


# ---------------------------------------------------------------- prompts and presets


@place
def the_menu_of_prompts(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.completion.prompt_menu import PromptMenu

    made = PromptMenu(host.theme)
    made.set_prompts([Prompt("a", text, text, text)])
    made.show_matches("")
    return host.show(made)


@place
def the_fields_of_a_prompt(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.composer.completion.prompt_fields import PromptFields

    choices = re.sub(r"[{}|]", "", text)
    prompt = Prompt("a", text, f"{{{{tone={choices}|other}}}} {{{{{'n' * 2_000}}}}}", text)
    return host.show(PromptFields(prompt, {}, host.theme))


@place
def the_dialog_of_prompts(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.library.prompts_dialog import PromptsDialog

    made = PromptsDialog(host.theme, host.window)
    made.prompts.set_entries([(Prompt("a", text, text, text), "own")])
    host.show(made)
    made.status.show_message(text)
    return made


@place
def the_dialog_of_presets(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.library.prompts_dialog import PromptsDialog

    made = PromptsDialog(host.theme, host.window)
    made.presets.set_models([ModelEntry("p", text, text, text, None)])
    made.presets.set_values(with_defaults({}), lambda _: {})
    made.presets.set_presets([Preset("p", text, provider_id=text, model=f"{text}!")], "p")
    made.show_page("presets")
    return host.show(made)


@place
def a_palette_of_names(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.window.command_palette import CommandPalette

    made = CommandPalette(host.window, host.theme, "palette", "Find", "Nothing found")
    made.open_with([PaletteEntry("folder", text, text, "Ctrl+N")])
    return made


# ---------------------------------------------------------------- collections and batch jobs


@place
def collections(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.library.collections_dialog import CollectionsDialog, CollectionState

    made = CollectionsDialog(host.theme, host.window)
    made.set_collections([CollectionState(Collection("c", text, NOW, text), 1, 0, 0)])
    file = CollectionFile("c", f"/x/{text}", text, status="failed", problem=ErrorNote(text))
    made.set_files([file])
    made.set_semantic_note(text)
    host.show(made)
    made.show_work(text, 1, 2)
    made.status.show_message(text)
    return made


@place
def batch_jobs(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.batch.batch_dialog import BatchDialog

    made = BatchDialog(host.theme, host.window)
    made.set_jobs([BatchJob("j", ModelChoice("p", text), text, text, NOW, error=ErrorNote(text))])
    return host.show(made)


@place
def the_files_of_a_batch_job(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.batch.batch_job_page import BatchJobPage

    made = BatchJobPage(host.theme)
    job = BatchJob(
        "j", ModelChoice("p", text), text, text, NOW, BatchStatus.FAILED, error=ErrorNote(text)
    )
    made.show_job(job)
    made.set_items([BatchItemSummary(1, text, ItemStatus.FAILED, 3, None, ErrorNote(text))])
    made.show_item(BatchItem("j", 1, text, answer="x", error=ErrorNote("y")))
    return host.show(made)


@place
def a_new_batch_job(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.batch.batch_new_page import (
        BatchModelOption,
        BatchNewPage,
        BatchPromptOption,
        BatchProviderOption,
    )

    made = BatchNewPage(host.theme)
    made.set_prompts([BatchPromptOption("a", text, "x")], "a")
    model = BatchModelOption(text, text, refusal=(LinkSegment(text),))
    made.set_providers([BatchProviderOption("p", text, models=(model,))], "p", text, None)
    made.files.add_paths([Path(f"/x/{text}")])
    return host.show(made)


# ---------------------------------------------------------------- the transcript


@place
def facts_around_messages(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.transcript.view import TranscriptView

    made = TranscriptView(host.theme)
    made.set_model_names(lambda _: text)
    document = DocumentPart("a" * 64, text, "application/pdf", 3)
    passage = Passage(1, "c", "b" * 64, text, None, text, 0, 3, text)
    asked = question("Q", document, PassagesPart("c", text, (passage,)))
    error = ErrorNote(text, text, text)
    said = answer("A", error=error, notices=(text,))
    said = replace(said, parts=(ToolCallPart("t", text, "{}"), *said.parts))
    made.set_messages([asked, said])
    host.show(made)
    host.qtbot.waitUntil(lambda: not is_writing(made))
    return made


@place
def the_hint_at_a_citation(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.ui.transcript.citation_sources import citation_tooltip
    from desktop_app.ui.widgets.text.foreign_text import set_tooltip

    made = QLabel()
    set_tooltip(made, citation_tooltip(Passage(1, "c", "b" * 64, text, None, text, 0, 3, text)))
    return host.show(made)


# ---------------------------------------------------------------- reading what is shown


def as_text(tip: str) -> str:
    """Return the text that Qt shows for a tooltip."""
    if QtOfGui.mightBeRichText(tip):
        return QTextDocumentFragment.fromHtml(tip).toPlainText()
    return tip


def in_model(view: QAbstractItemView) -> Iterator[str]:
    model = view.model()
    for row in range(min(model.rowCount(), 50)):
        for column in range(columns_of(model)):
            index = model.index(row, column)
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                yield str(index.data(role) or "")
            yield as_text(str(index.data(Qt.ItemDataRole.ToolTipRole) or ""))


def in_menu(menu: QMenu) -> Iterator[str]:
    for action in menu.actions():
        yield entry_text(action)
        yield as_text(action.toolTip())
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from in_menu(inner)


_TAG = re.compile(r"<[^>]*>")
_TAGS_OF_LINKS = {"</a>", *(f'<a href="{PLACE_SCHEME}{place}">' for place in Place)}


def in_widget(widget: QWidget) -> Iterator[str]:
    """Yield the texts that a widget shows or announces, except editable text."""
    yield as_text(widget.toolTip())
    yield widget.accessibleName()
    yield widget.accessibleDescription()
    yield widget.windowTitle().replace("[*][*]", "[*]")
    match widget:
        case QLabel():
            is_plain = widget.textFormat() is Qt.TextFormat.PlainText
            shown = QLabel.text(widget)
            if isinstance(widget, LinkedLabel) and not is_plain:
                # Its links lead to places of the program; everything else is escaped.
                assert set(_TAG.findall(shown)) <= _TAGS_OF_LINKS, shown
                yield QTextDocumentFragment.fromHtml(shown).toPlainText()
                return
            assert is_plain or not QtOfGui.mightBeRichText(shown)
            yield shown
        case QAbstractButton():
            yield QAbstractButton.text(widget).replace("&&", "&")
        case QLineEdit():
            yield widget.placeholderText()
            if widget.isReadOnly():
                yield widget.text()
        case QPlainTextEdit() if widget.isReadOnly():
            yield from widget.toPlainText().split("\n")
        case QTextBrowser():
            yield from widget.toPlainText().replace("\u2063", "").split("\n")
        case QComboBox():
            yield from (widget.itemText(at) for at in range(widget.count()))
        case QAbstractItemView():
            yield from in_model(widget)
        case QMenu():
            yield from in_menu(widget)


def everything(widget: QWidget) -> list[QWidget]:
    return [widget, *widget.findChildren(QWidget)]


def shown_in(widget: QWidget) -> list[str]:
    return [text for one in everything(widget) for text in in_widget(one) if text]


def point_at(widget: QWidget) -> Iterator[str]:
    """Yield the tooltip of a widget, or of a row of a list, as it is on the screen."""
    spots = [(widget, QPoint(2, 2))]
    if isinstance(widget, QAbstractItemView):
        index = widget.model().index(min(1, widget.model().rowCount() - 1), 0)
        spots = [(widget.viewport(), widget.visualRect(index).center())]
    for target, at in spots:
        event = QHelpEvent(QEvent.Type.ToolTip, at, target.mapToGlobal(at))
        QApplication.sendEvent(target, event)
        for top in QApplication.topLevelWidgets():
            if top.objectName() == "qtooltip_label" and isinstance(top, QLabel):
                top.grab()
                yield as_text(top.text())
        QToolTip.hideText()


def is_shown(expected: str, shown: list[str]) -> bool:
    if expected == HOSTILE["megabyte"][1]:
        return any("mmm…mmm" in text for text in shown)
    return any(expected in text.replace("\u200b", "").replace("\n", " ") for text in shown)


# ---------------------------------------------------------------- the tests


@pytest.fixture(scope="module")
def trap() -> Iterator[PipeTrap]:
    with PipeTrap() as made:
        yield made


@pytest.fixture
def host(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[WidgetHost]:
    window = QWidget()
    window.resize(900, 700)
    qtbot.addWidget(window)
    window.show()
    yield WidgetHost(light_theme, window, qtbot)
    QToolTip.hideText()


@pytest.mark.attack("plain-text")
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", PLACES)
def test_foreign_text_is_shown_as_plain_text(
    host: WidgetHost, trap: PipeTrap, name: str, kind: str
) -> None:
    given, expected = (text.replace("{pipe}", str(trap.path)) for text in HOSTILE[kind])
    widget = PLACES[name](host, given)
    shown = shown_in(widget)
    assert is_shown(expected, shown), shown
    assert not [text[:80] for text in shown if BIDI_CONTROLS.search(text)]
    assert not [text[:80] for text in shown if len(text) > LONGEST]
    if not isinstance(widget, QMenu):
        assert widget.minimumSizeHint().width() <= 900, "it makes the window wider"
    widget.grab()
    for one in everything(widget):
        for tip in point_at(one):
            assert len(tip) <= LONGEST
            assert not BIDI_CONTROLS.search(tip)
    assert not trap.was_opened()


@pytest.mark.attack("plain-text")
def test_a_name_with_an_ampersand_is_no_shortcut(host: WidgetHost) -> None:
    from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainToolButton

    for kind in (PlainButton, PlainToolButton):
        button = kind()
        host.qtbot.addWidget(button)
        button.setText("R&D")
        assert button.text() == "R&D"
        assert button.shortcut().isEmpty()


@pytest.mark.attack("plain-text")
def test_a_message_box_keeps_its_details_plain(host: WidgetHost, trap: PipeTrap) -> None:
    box = message_box("a", "b", details=f"<img src={trap.path}>", parent=host.window)
    host.qtbot.addWidget(box)
    [details] = [w for w in everything(box) if hasattr(w, "toPlainText")]
    assert details.toPlainText() == f"<img src={trap.path}>"
    assert not trap.was_opened()


@pytest.mark.attack("plain-text")
def test_a_placeholder_in_a_window_title_is_shown_literally(host: WidgetHost) -> None:
    from desktop_app.ui.widgets.text.foreign_text import window_title

    host.window.setWindowTitle(window_title("a [*] b"))
    assert host.window.windowHandle().title().startswith("a [*] b")


@pytest.mark.attack("plain-text")
def test_edited_text_is_not_changed(host: WidgetHost) -> None:
    """A field contains the text itself, because it may be stored again."""
    from desktop_app.ui.library.collections_dialog import CollectionsDialog, CollectionState

    name = HOSTILE["bidi"][0]
    made = CollectionsDialog(host.theme, host.window)
    made.set_collections([CollectionState(Collection("c", name, NOW), 1, 0, 0)])
    assert made.name.text() == name


@pytest.mark.attack("plain-text")
def test_a_choice_of_a_prompt_is_inserted_unchanged(host: WidgetHost) -> None:
    from desktop_app.ui.composer.completion.prompt_fields import PromptFields

    made = PromptFields(Prompt("a", "t", "{{tone=<b>x\u202ey|other}}", ""), {}, host.theme)
    host.qtbot.addWidget(made)
    assert made.values() == {"tone": "<b>x\u202ey"}


@pytest.mark.attack("plain-text")
def test_opening_the_editor_of_a_long_title_does_not_cut_it(host: WidgetHost) -> None:
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    made = ConversationList(host.theme)
    made.set_conversations([conversation("x" * 1_000)])
    host.show(made)
    renamed: list[str] = []
    made.model.renamed.connect(lambda _id, title: renamed.append(title))
    made.name_editing.rename("c")
    [editor] = made.view.findChildren(QLineEdit, "rename")
    host.qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert renamed == []


@pytest.mark.attack("plain-text")
@pytest.mark.parametrize("tag", ["<img src={}>", "<link rel=stylesheet href={}>", "![x]({})"])
def test_no_document_opens_the_files_that_it_names(
    host: WidgetHost, trap: PipeTrap, tag: str
) -> None:
    from desktop_app.ui.widgets.text.sealed_document import SealedBrowser, SealedDocument

    html = f"<html><head>{tag.format(trap.path)}</head><body>{tag.format(trap.path)}</body></html>"
    browser, document = SealedBrowser(), SealedDocument()
    host.show(browser)
    browser.setHtml(html)
    browser.grab()
    document.setHtml(html)
    document.size()
    for kind in QTextDocument.ResourceType:
        for one in (document, browser.document()):
            one.resource(kind.value, QUrl.fromLocalFile(str(trap.path)))
    assert not trap.was_opened()
