"""Hostile text in every place that shows foreign text stays plain, bounded and inert."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import Qt as QtOfGui
from PySide6.QtGui import QTextDocument, QTextDocumentFragment
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextBrowser,
    QWidget,
)

from desktop_app.composer.choice import ChoiceView
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    ModelChoice,
    SearchHit,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    PassagesPart,
    Source,
    SourcesPart,
    ToolCallPart,
)
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.places import Place
from desktop_app.transcript.message_items import TOGGLE_SOURCES
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme_watcher import LookSettings, ThemeWatcher
from desktop_app.widgets.text.foreign_text import message_box
from desktop_app.widgets.text.linked_label import PLACE_SCHEME, LinkedLabel
from tests.helpers.messages import answer, question
from tests.helpers.pipe_trap import PipeTrap
from tests.helpers.transcript_views import is_writing, shown_text
from tests.helpers.translated_texts import texts_of_widgets, widgets_of

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
    "pipe": ("<img src={pipe}><b>x</b>", "<img src={pipe}><b>x</b>"),
    "mark": ("a &amp; b[*]c R&D", "a &amp; b[*]c R&D"),
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


@place
def titles_in_the_list(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.library.ui.conversation_list import ConversationList

    made = ConversationList()
    made.set_folders([Folder("f", text, NOW)])
    made.model.set_conversations([conversation(text)])
    return host.show(made)


@place
def hits_of_a_search(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.library.ui.message_search import ConversationHits, SearchDelegate

    made = QWidget()
    hit = SearchHit("c", text, "m", f"\x02{text}\x03 {text}", NOW, document=text)
    host.show(made)

    class Search(CommandPalette):
        def find_rows(self, typed: str) -> list[ConversationHits]:
            return [ConversationHits(hit, 2)]

    Search(made, "palette", "Find", "Nothing found", SearchDelegate(made)).open_with([])
    return made


@place
def the_header(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.app.window.header import Header

    made = Header()
    made.set_title(text)
    made.set_cost("$1", text)
    made.set_preset(text, is_changed=False)
    return host.show(made)


@place
def the_title_of_the_window(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.app.window.main_window import MainWindow
    from desktop_app.composer.prompt_editor import PromptEditor

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    watcher = ThemeWatcher(app, LookSettings("light"))
    made = MainWindow(watcher, PromptEditor())
    made.pane.set_title(text)
    return host.show(made)


@place
def chips(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.composer.attachment_chips import AttachmentChips, Chip

    made = AttachmentChips()
    made.set_chips([Chip("a", text, text, "failed", None, "file-text", tooltip=text)])
    return host.show(made)


@place
def an_error_card(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.widgets.cards.notifications import Notifications

    made = Notifications()
    error = UserFacingError(text, remedy=text, details=text)
    made.notify(error, actions=[("Open", lambda: None)])
    return host.show(made)


@place
def a_message_box(host: WidgetHost, text: str) -> QWidget:
    box = message_box(f"Restore {text}?", text, details=text, parent=host.window)
    host.qtbot.addWidget(box)
    box.show()
    return box


@place
def the_question_before_a_tool_runs(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.tools.ui.consent_card import ConsentCard

    card = ConsentCard()
    # The card shows longer arguments than other places, because they must be complete.
    card.ask(text, text, json.dumps({"path": text[:2000]}, ensure_ascii=False), waiting=1)
    return host.show(card)


@place
def the_prompt(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.composer.prompt_editor import PromptEditor

    made = PromptEditor()
    made.set_refusal(text)
    made.set_hint(text)
    made.set_choice(models(text))
    made.row.set_estimate("$1", text)
    return host.show(made)


@place
def the_menu_of_models(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.composer.model_button import fill_models

    menu = QMenu(host.window)
    fill_models(menu, models(text).models, models(text), lambda _: None)
    return menu


@place
def the_settings_of_a_provider(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.app.provider_list import KeyState
    from desktop_app.app.window.settings_panel import SettingsPanel
    from tests.gui.recorded_session import record_session

    made = SettingsPanel()
    record_session(made)
    profile = ProviderProfile("p", text, ProviderKind.COMPATIBLE, "https://a.example/v1")
    made.pages.by_name["provider"].page.set_profiles(
        [replace(profile, ca_file=f"/x/{text[:200]}")], "p"
    )
    page = made.pages.by_name["provider"].page
    page.show_secrets("p", KeyState("session", text), KeyState("elsewhere", text), {})
    page.show_test_result("p", text, has_passed=False)
    page.network.show_ca_file_note("p", text, is_valid=False)
    return host.show(made)


@place
def the_table_of_models(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.domain.models.model_entry import ModelRow
    from desktop_app.providers.ui.models.models_dialog import ModelsPage
    from tests.gui.recorded_session import session_in

    made = ModelsPage(session_in(host.window))
    made.set_rows([ModelRow("p", text, text, text)])
    made.select("p", text)
    return host.show(made)


@place
def the_models_on_this_computer(host: WidgetHost, text: str) -> QWidget:
    from desktop_app.local_model.gguf import Header
    from desktop_app.local_model.store import LocalFile, Origin
    from desktop_app.local_model.ui.local_models_page import LocalModelsPage, ModelLine
    from tests.gui.recorded_session import session_in

    made = LocalModelsPage(session_in(host.window))
    made.set_lines([ModelLine(LocalFile(text, text, Origin.OLLAMA, 1, Header("llama")))])
    made.status.show_message(text, is_error=True)
    return host.show(made)


@place
def facts_around_messages(host: WidgetHost, text: str) -> QWidget:
    made = TranscriptView(host.theme)
    made.set_model_names(lambda _: text)
    document = DocumentPart("a" * 64, text, "application/pdf", 3)
    passage = Passage(1, "c", "b" * 64, text, None, text, 0, 3, text)
    asked = question("Q", document, PassagesPart("c", text, (passage,)))
    error = ErrorNote(text, text, text)
    said = answer("A", error=error, notices=(text,))
    sources = SourcesPart(
        (Source(1, "https://a.example/", text, is_cited=True), Source(2, "", text))
    )
    said = replace(said, parts=(ToolCallPart("t", text, "{}"), sources, *said.parts))
    made.set_messages([asked, said])
    host.show(made)
    host.qtbot.waitUntil(lambda: not is_writing(made))
    made.commands.run(said.id, TOGGLE_SOURCES)
    return made


def as_text(tip: str) -> str:
    """Return the text that Qt shows for a tooltip."""
    if QtOfGui.mightBeRichText(tip):
        return QTextDocumentFragment.fromHtml(tip).toPlainText()
    return tip


_TAG = re.compile(r"<[^>]*>")
_TAGS_OF_LINKS = {"</a>", *(f'<a href="{PLACE_SCHEME}{place}">' for place in Place)}


def texts_in(widget: QWidget) -> Iterator[str]:
    """Yield the texts that a widget shows or announces, except editable text."""
    texts = list(texts_of_widgets([widget]))
    if isinstance(widget, QLabel):
        texts.remove(widget.text())
        is_plain = widget.textFormat() is Qt.TextFormat.PlainText
        shown = QLabel.text(widget)
        if isinstance(widget, LinkedLabel) and not is_plain:
            # Its links lead to places of the program; everything else is escaped.
            assert set(_TAG.findall(shown)) <= _TAGS_OF_LINKS, shown
            shown = QTextDocumentFragment.fromHtml(shown).toPlainText()
        else:
            assert is_plain or not QtOfGui.mightBeRichText(shown)
        yield shown
    elif isinstance(widget, QLineEdit) and not widget.isReadOnly():
        texts.remove(widget.text())
    elif isinstance(widget, QTextBrowser) or (
        isinstance(widget, QPlainTextEdit) and widget.isReadOnly()
    ):
        texts += widget.toPlainText().replace("\u2063", "").split("\n")
    elif isinstance(widget, TranscriptView):
        texts += shown_text(widget).replace("\u2063", "").split("\n")
    for text in texts:
        if text == widget.windowTitle():
            yield text.replace("[*][*]", "[*]")
        else:
            yield as_text(text) if text == widget.toolTip() else text


def shown_in(widget: QWidget) -> list[str]:
    return [text for one in widgets_of(widget) for text in texts_in(one) if text]


def is_shown(expected: str, shown: list[str]) -> bool:
    if expected == HOSTILE["megabyte"][1]:
        return any("mmm…mmm" in text for text in shown)
    return any(expected in text.replace("\u200b", "").replace("\n", " ") for text in shown)


@pytest.fixture(scope="module")
def trap() -> Iterator[PipeTrap]:
    with PipeTrap() as made:
        yield made


@pytest.fixture
def host(qtbot: QtBot, light_theme: themes.Theme) -> WidgetHost:
    window = QWidget()
    window.resize(900, 700)
    qtbot.addWidget(window)
    window.show()
    return WidgetHost(light_theme, window, qtbot)


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
    assert not trap.was_opened()


@pytest.mark.attack("plain-text")
def test_a_name_with_an_ampersand_is_no_shortcut(host: WidgetHost) -> None:
    from desktop_app.widgets.text.foreign_text import PlainButton, PlainToolButton

    for kind in (PlainButton, PlainToolButton):
        button = kind()
        host.qtbot.addWidget(button)
        button.setText("R&D")
        assert button.text() == "R&D"
        assert button.shortcut().isEmpty()


@pytest.mark.attack("plain-text")
def test_edited_text_is_not_changed(host: WidgetHost) -> None:
    """A field contains the text itself, because it may be stored again."""
    from desktop_app.widgets.text.name_field import NameField

    name = HOSTILE["bidi"][0]
    made = NameField("Project name", "project-name")
    made.setParent(host.window)
    made.set_name(name)
    assert made.text() == name
    assert not made.is_edited


@pytest.mark.attack("plain-text")
def test_opening_the_editor_of_a_long_title_does_not_cut_it(host: WidgetHost) -> None:
    from desktop_app.library.ui.conversation_list import ConversationList

    made = ConversationList()
    made.model.set_conversations([conversation("x" * 1_000)])
    host.show(made)
    renamed: list[str] = []
    made.model.renamed.connect(lambda _id, title: renamed.append(title))
    made.view.rename("c")
    [editor] = made.view.findChildren(QLineEdit, "rename")
    host.qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert renamed == []


@pytest.mark.attack("plain-text")
@pytest.mark.parametrize("tag", ["<img src={}>", "<link rel=stylesheet href={}>", "![x]({})"])
def test_no_document_opens_the_files_that_it_names(
    host: WidgetHost, trap: PipeTrap, tag: str
) -> None:
    from desktop_app.widgets.text.sealed_document import SealedBrowser, SealedDocument

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
