"""The prompt: keys, input methods, pasting, growth, narrow windows and messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QDropEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QInputMethodEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from desktop_app.composer.attachment_chips import Chip, ChipWidget
from desktop_app.composer.choice import ChoiceView
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.composer.model_button import EffortRow
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.composer.suggestions import Suggestion, SuggestionButton
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look import theme as themes
from tests.helpers.menus import entry_text, give_commands
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

MODELS = (
    ModelEntry("o", "OpenAI", "gpt-5.2-chat-latest", "GPT-5.2 Instant", Variant.INSTANT),
    ModelEntry("o", "OpenAI", "gpt-5.2", "GPT-5.2 Thinking", Variant.THINKING),
    ModelEntry("o", "OpenAI", "gpt-5.2-pro", "GPT-5.2 Pro", Variant.PRO),
    ModelEntry("here", "On this computer", "smollm2", "SmolLM2 135M", None),
)
NO_LOW = "GPT-5.2 Pro doesn’t support the effort low."
PRO = ChoiceView(
    Variant.PRO,
    "GPT-5.2 Pro",
    Effort.MEDIUM,
    offers_variants=True,
    effort_refusals={Effort.LOW: NO_LOW},
    offers_effort=True,
    efforts=(Effort.MEDIUM, Effort.HIGH, Effort.XHIGH),
    models=MODELS,
    provider_id="o",
    model="gpt-5.2-pro",
)
PDF = Chip("1", "report.pdf", "48 pages · 31,480 tokens", "ready", None, "file-text")
SUMMARIZE = Suggestion("summarize", "Summarize", "list")
FACTS = Suggestion("facts", "Facts as a table", "table-2")


@pytest.fixture
def editor(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[PromptEditor]:
    """Yield a focused prompt at the bottom of a window of 800 × 600."""
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addStretch(1)
    made = PromptEditor()
    layout.addWidget(made)
    made.set_choice(PRO)
    window.resize(800, 600)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made.focus_text()
    yield made
    window.close()


def text_of(editor: PromptEditor) -> QPlainTextEdit:
    return find(editor, QPlainTextEdit, "prompt")


def hint_of(editor: PromptEditor) -> str:
    label = find(editor, QLabel, "hint")
    return label.text()


def button(editor: PromptEditor, name: str) -> QToolButton:
    return find(editor, QToolButton, name)


def press(qtbot: QtBot, editor: PromptEditor, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    qtbot.keyClick(text_of(editor), key, held)


def compose(editor: PromptEditor, preedit: str, commit: str = "") -> None:
    """Send input-method text: first the preedit text, then the committed text."""
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QGuiApplication.sendEvent(text_of(editor), event)


# ------------------------------------------------------------------ Enter, Shift+Enter, composing


def test_enter_sends_the_text_and_keeps_it(qtbot: QtBot, editor: PromptEditor) -> None:
    qtbot.keyClicks(text_of(editor), "hello")
    with qtbot.waitSignal(editor.submit_requested) as sent:
        press(qtbot, editor, Qt.Key.Key_Return)
    assert sent.args == ["hello"]
    assert editor.text() == "hello"  # the caller clears the prompt after storing the question


def test_shift_enter_breaks_the_line(qtbot: QtBot, editor: PromptEditor) -> None:
    with qtbot.assertNotEmitted(editor.submit_requested):
        qtbot.keyClicks(text_of(editor), "one")
        press(qtbot, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        qtbot.keyClicks(text_of(editor), "two")
    assert editor.text() == "one\ntwo"
    assert text_of(editor).blockCount() == 2


def test_keys_neither_send_nor_stop_while_an_input_method_composes(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    editor.set_streaming(True)
    compose(editor, "にほん")
    with (
        qtbot.assertNotEmitted(editor.submit_requested),
        qtbot.assertNotEmitted(editor.field.stop_pressed),
    ):
        press(qtbot, editor, Qt.Key.Key_Return)
        press(qtbot, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        press(qtbot, editor, Qt.Key.Key_Escape)
    editor.set_streaming(False)
    compose(editor, "", commit="日本")
    assert editor.text() == "日本"
    with qtbot.waitSignal(editor.submit_requested) as sent:
        press(qtbot, editor, Qt.Key.Key_Return)
    assert sent.args == ["日本"]


def test_a_changed_send_key_sends_and_enter_breaks_the_line(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    editor.set_keymap(Keymap({"prompt.send": "Ctrl+Return"}))
    assert hint_of(editor) == "Ctrl+Enter to send · Enter for a new line"
    qtbot.keyClicks(text_of(editor), "one")
    with qtbot.assertNotEmitted(editor.submit_requested):
        press(qtbot, editor, Qt.Key.Key_Return)
    qtbot.keyClicks(text_of(editor), "two")
    with qtbot.waitSignal(editor.submit_requested) as sent:
        press(qtbot, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent.args == ["one\ntwo"]
    assert button(editor, "send").toolTip() == "Send (Ctrl+Enter)"


# ------------------------------------------------------------------ while an answer streams


def test_enter_queues_the_text_while_an_answer_streams(qtbot: QtBot, editor: PromptEditor) -> None:
    editor.set_streaming(True)
    editor.row.stop_button.detail = lambda: "38 tok/s"
    assert hint_of(editor) == "Enter to queue · Esc to stop"
    assert button(editor, "stop").isVisible()
    stop = button(editor, "stop")
    middle = stop.rect().center()
    help_event = QHelpEvent(QEvent.Type.ToolTip, middle, stop.mapToGlobal(middle))
    QApplication.sendEvent(stop, help_event)
    assert QToolTip.text() == "Stop\n38 tok/s"
    QToolTip.hideText()
    assert not button(editor, "send").isVisible()
    qtbot.keyClicks(text_of(editor), "next")
    with qtbot.waitSignal(editor.submit_requested) as sent:
        press(qtbot, editor, Qt.Key.Key_Return)
    assert sent.args == ["next"]
    assert editor.text() == "next"
    editor.set_streaming(False)
    assert hint_of(editor) == "Enter to send · Shift+Enter for a new line"
    assert button(editor, "send").isVisible()


def test_escape_and_the_button_stop(qtbot: QtBot, editor: PromptEditor) -> None:
    with qtbot.assertNotEmitted(editor.field.stop_pressed):
        press(qtbot, editor, Qt.Key.Key_Escape)
    editor.set_streaming(True)
    with qtbot.waitSignal(editor.field.stop_pressed):
        press(qtbot, editor, Qt.Key.Key_Escape)
    with qtbot.waitSignal(editor.stop_requested):
        qtbot.mouseClick(button(editor, "stop"), Qt.MouseButton.LeftButton)


# ------------------------------------------------------------------ suggestions, refusals


def test_enter_in_an_empty_prompt_chooses_the_first_suggestion(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    editor.chips.set_chips([PDF])
    editor.suggestions.set_suggestions([SUMMARIZE, FACTS])
    with (
        qtbot.assertNotEmitted(editor.submit_requested),
        qtbot.waitSignal(editor.suggestions.chosen) as taken,
    ):
        press(qtbot, editor, Qt.Key.Key_Return)
    assert taken.args == ["summarize"]
    qtbot.keyClicks(text_of(editor), "Who wrote it?")
    with (
        qtbot.assertNotEmitted(editor.suggestions.chosen),
        qtbot.waitSignal(editor.submit_requested),
    ):
        press(qtbot, editor, Qt.Key.Key_Return)


def test_a_suggestion_has_the_key_only_while_the_key_chooses_it(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    editor.chips.set_chips([PDF])
    editor.suggestions.set_suggestions([SUMMARIZE])
    (suggestion,) = editor.suggestions.findChildren(SuggestionButton)
    text_of(editor).setFocus()
    assert suggestion.key.text()
    button(editor, "attach").setFocus()
    assert not suggestion.key.text()
    text_of(editor).setFocus()
    assert suggestion.key.isVisible()
    qtbot.keyClicks(text_of(editor), "Who?")
    assert not suggestion.key.text()


def test_a_refused_send_shows_the_reason(qtbot: QtBot, editor: PromptEditor) -> None:
    editor.suggestions.set_suggestions([SUMMARIZE])
    editor.set_refusal("Report.pdf is still being read.")
    assert not button(editor, "send").isEnabled()
    with (
        qtbot.assertNotEmitted(editor.submit_requested),
        qtbot.assertNotEmitted(editor.suggestions.chosen),
    ):
        press(qtbot, editor, Qt.Key.Key_Return)
    assert hint_of(editor) == "Report.pdf is still being read."
    editor.set_keys_visible(False)
    assert find(editor, QLabel, "hint").isVisible()
    editor.set_refusal("Notes.md is still being read.")
    assert hint_of(editor) == "Notes.md is still being read."
    editor.set_refusal("")
    assert hint_of(editor) == "Enter to send · Shift+Enter for a new line"
    assert button(editor, "send").isEnabled()


# ------------------------------------------------------------------ pasted and dropped


def mime_of_files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_pasted_files_are_attached_instead_of_inserted(
    qtbot: QtBot, editor: PromptEditor, tmp_path: Path
) -> None:
    QGuiApplication.clipboard().setMimeData(mime_of_files(tmp_path / "a.pdf", tmp_path / "b.txt"))
    with qtbot.waitSignal(editor.attach_requested) as chosen:
        text_of(editor).paste()
    assert chosen.args == [[tmp_path / "a.pdf", tmp_path / "b.txt"]]
    assert editor.text() == ""


def test_files_dropped_anywhere_on_the_prompt_are_attached(
    qtbot: QtBot, editor: PromptEditor, tmp_path: Path
) -> None:
    data = mime_of_files(tmp_path / "a.pdf")
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(editor.attach_requested) as chosen:
        editor.dropEvent(drop)
    assert chosen.args == [[tmp_path / "a.pdf"]]
    assert text_of(editor).canInsertFromMimeData(data)


def test_a_pasted_picture_is_attached(qtbot: QtBot, editor: PromptEditor) -> None:
    picture = QImage(4, 3, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(picture)
    with qtbot.waitSignal(editor.field.data_pasted) as pasted:
        text_of(editor).paste()
    assert pasted.args is not None
    assert pasted.args[0].name == "Pasted image.png"
    content = pasted.args[0].content
    image = content if isinstance(content, QImage) else QImage.fromData(content)
    assert image.size() == picture.size()


PNG = bytes.fromhex("89504e470d0a1a0a") + b"not looked at in this process"


@pytest.mark.parametrize(
    ("formats", "given"),
    [
        ({"image/png": PNG}, DroppedData("Pasted image.png", PNG)),
        (  # a picture dragged out of a page, or "Copy image"
            {
                "text/html": b"<img src='https://a.example/cat.webp'>",
                "text/plain": b"https://a.example/cat.webp",
                "text/uri-list": b"https://a.example/cat.webp",
                "image/jpeg": b"jpeg",
            },
            DroppedData("cat.jpg", b"jpeg"),
        ),
        ({"text/plain": b"data:image/png;base64,aGk="}, DroppedData("Pasted image.png", b"hi")),
        ({"text/plain": b"https://a.example/cat.webp"}, None),
        ({"text/plain": b"data:image/svg+xml;base64,aGk="}, None),
        ({"text/plain": b"data:text/html;base64,aGk="}, None),
        ({"image/png": PNG, "text/plain": b"12,5"}, None),
    ],
)
def test_images_copied_in_a_browser_are_attached_and_addresses_inserted(
    editor: PromptEditor, formats: dict[str, bytes], given: DroppedData | None
) -> None:
    data = QMimeData()
    for name, content in formats.items():
        data.setData(name, content)
    pictures: list[DroppedData] = []
    editor.field.data_pasted.connect(pictures.append)
    text_of(editor).insertFromMimeData(data)
    assert pictures == ([] if given is None else [given])
    assert bool(editor.text()) is (given is None)


@pytest.mark.parametrize(("length", "is_large"), [(20_000, False), (20_001, True)])
def test_a_large_paste_becomes_an_attachment(
    editor: PromptEditor, length: int, is_large: bool
) -> None:
    large: list[str] = []
    editor.field.large_text_pasted.connect(large.append)
    QGuiApplication.clipboard().setText("x" * length)
    text_of(editor).paste()
    assert (len(large) == 1) is is_large
    assert len(editor.text()) == (0 if is_large else length)


# ------------------------------------------------------------------ drafts, growing


def test_only_typing_emits_text_changed(qtbot: QtBot, editor: PromptEditor) -> None:
    with qtbot.assertNotEmitted(editor.text_changed):
        editor.set_text("a draft from another conversation")
    with qtbot.waitSignal(editor.text_changed):
        qtbot.keyClicks(text_of(editor), "!")
    assert editor.text().endswith("!")


def test_the_prompt_grows_up_to_two_fifths_of_the_window(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    one_line = editor.height()
    editor.set_text("\n".join("line" for _ in range(4)))
    qtbot.waitUntil(lambda: editor.height() > one_line)
    editor.set_text("\n".join("line" for _ in range(200)))
    qtbot.waitUntil(lambda: editor.height() > 200)
    qtbot.waitUntil(lambda: abs(editor.height() - 240) <= 2)
    editor.set_text("")
    qtbot.waitUntil(lambda: editor.height() == one_line)


# ------------------------------------------------------------------ attachments


def test_chips_are_updated_in_place_and_removed(qtbot: QtBot, editor: PromptEditor) -> None:
    editor.chips.set_chips([replace(PDF, state="reading", progress=0.2, summary="page 9 of 48")])
    (chip,) = editor.findChildren(ChipWidget)
    editor.chips.set_chips([PDF])
    assert editor.findChildren(ChipWidget) == [chip]
    assert chip.accessibleName() == "report.pdf, 48 pages · 31,480 tokens"
    cross = chip.findChild(QToolButton)
    with qtbot.waitSignal(editor.chips.action_requested) as removed:
        qtbot.mouseClick(cross, Qt.MouseButton.LeftButton)
    assert removed.args == ["1", "remove"]
    with qtbot.waitSignal(editor.chips.action_requested):
        qtbot.keyClick(cross, Qt.Key.Key_Delete)
    editor.chips.set_chips([])
    attachments = find(editor, QWidget, "attachments")
    assert not attachments.isVisible()


# ------------------------------------------------------------------ choices


def actions(editor: PromptEditor, name: str) -> dict[str, tuple[bool, bool]]:
    """Return for each menu entry, by its name, whether it is enabled and checked."""
    picker = find(editor, QPushButton, name)
    menu = picker.menu()
    menu.aboutToShow.emit()
    return {name_in(entry_text(a)): (a.isEnabled(), a.isChecked()) for a in menu.actions()}


def name_in(text: str) -> str:
    """Return the name at the beginning of a menu entry, without its use and its cost."""
    return text.split(" · ")[0]


def trigger(editor: PromptEditor, name: str, line: str) -> None:
    picker = find(editor, QPushButton, name)
    picker.menu().aboutToShow.emit()
    next(a for a in picker.menu().actions() if name_in(entry_text(a)) == line).trigger()


def test_refused_efforts_are_disabled_and_say_why(qtbot: QtBot, editor: PromptEditor) -> None:
    assert NO_LOW in actions(editor, "model")
    menu = find(editor, QPushButton, "model").menu()
    segments = find(menu, EffortRow, "efforts").buttons
    assert Effort.MINIMAL not in segments
    assert not segments[Effort.LOW].isEnabled()
    assert segments[Effort.MEDIUM].isChecked()
    with qtbot.waitSignal(editor.row.model_button.effort_requested) as chosen:
        qtbot.mouseClick(segments[Effort.HIGH], Qt.MouseButton.LeftButton)
    assert chosen.args == [Effort.HIGH]
    # An arrow marks the next that is possible, and Enter chooses it.
    with qtbot.waitSignal(editor.row.model_button.effort_requested) as chosen:
        qtbot.keyClick(segments[Effort.MEDIUM], Qt.Key.Key_Left)
        qtbot.keyClick(segments[Effort.NONE], Qt.Key.Key_Return)
    assert chosen.args == [Effort.NONE]


def test_the_menu_has_the_variants_and_the_models_of_other_providers(
    qtbot: QtBot, editor: PromptEditor
) -> None:
    lines = actions(editor, "model")
    assert list(lines)[:3] == ["Instant", "Thinking", "Pro"]
    assert list(lines)[-1] == "Other models"
    assert lines["Pro"] == (True, True)
    with qtbot.waitSignal(editor.row.model_button.variant_requested) as chosen:
        trigger(editor, "model", "Thinking")
    assert chosen.args == [Variant.THINKING]
    entries = find(editor, QPushButton, "model").menu().actions()
    others = next(a.menu() for a in entries if entry_text(a) == "Other models")
    assert isinstance(others, QMenu)
    others.aboutToShow.emit()
    labels = [entry_text(a) for a in others.actions()]
    assert labels == [*("On this computer", "SmolLM2 135M", "", "All models…")]
    with qtbot.waitSignal(editor.row.model_button.model_requested) as chosen:
        others.actions()[1].trigger()
    assert chosen.args == [MODELS[3]]


def test_the_web_is_a_switch_where_it_is_offered(qtbot: QtBot, editor: PromptEditor) -> None:
    web = editor.row.web_button
    editor.row.set_tools("", searches_web=False)
    assert not web.isVisible()
    editor.row.set_tools("", searches_web=True, web_note="$0.01 per use")
    assert "$0.01 per use" in web.toolTip()
    with qtbot.waitSignal(editor.row.web_requested) as asked:
        qtbot.mouseClick(web, Qt.MouseButton.LeftButton)
    assert asked.args == [False]
    editor.row.set_tools("Tools: Calculator", searches_web=None)
    assert not web.isVisible()
    assert editor.row.tools_button.isVisible()


# At 360 the row is as wide as in the smallest main window.
@pytest.mark.parametrize("width", [1000, 360])
def test_the_row_fits_any_window(qtbot: QtBot, editor: PromptEditor, width: int) -> None:
    editor.row.set_estimate("≈ $0.02", "at most $0.23")
    window = editor.window()
    window.resize(width, 600)
    qtbot.waitUntil(lambda: window.width() == width)

    def shown() -> list[QWidget]:
        return [w for w in editor.row.children() if isinstance(w, QWidget) and w.isVisible()]

    def nothing_is_cut() -> bool:
        pickers = [w for w in shown() if isinstance(w, QFrame | QPushButton)]
        return all(w.geometry().right() < editor.row.width() for w in shown()) and all(
            w.width() >= w.sizeHint().width() for w in pickers
        )

    qtbot.waitUntil(nothing_is_cut)
    assert {"attach", "send"} <= {w.objectName() for w in shown()}
    estimate = find(editor, QLabel, "estimate")
    assert estimate.isVisible()
    assert estimate.text() == "≈ $0.02"


# ------------------------------------------------------------------ assistive technology


def test_another_program_can_type_and_send(qtbot: QtBot, editor: PromptEditor) -> None:
    prompt = QAccessible.queryAccessibleInterface(text_of(editor))
    assert prompt.role() == QAccessible.Role.EditableText
    assert prompt.editableTextInterface() is not None
    with qtbot.waitSignal(editor.text_changed):
        prompt.editableTextInterface().replaceText(0, 0, "from outside")
    send = QAccessible.queryAccessibleInterface(button(editor, "send"))
    assert send.text(QAccessible.Text.Name) == "Send"
    with qtbot.waitSignal(editor.submit_requested) as sent:
        send.actionInterface().doAction(send.actionInterface().pressAction())
    assert sent.args == ["from outside"]


def test_every_control_is_reached_by_tab(qtbot: QtBot, editor: PromptEditor) -> None:
    editor.chips.set_chips([PDF])
    editor.suggestions.set_suggestions([SUMMARIZE])
    editor.setFocus()
    reached: set[QWidget] = set()
    while (focused := QGuiApplication.focusObject()) not in reached:
        assert isinstance(focused, QWidget)
        reached.add(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    names = {widget.objectName() for widget in reached}
    assert {"prompt", "attach", "model", "send", "suggest-summarize"} <= names
    assert any(isinstance(widget.parent(), ChipWidget) for widget in reached)


def opened_menu(qtbot: QtBot) -> QMenu:
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
def test_plus_opens_the_menu_of_what_can_be_added(qtbot: QtBot, editor: PromptEditor) -> None:
    commands = give_commands(editor)
    more = button(editor, "attach")
    more.setFocus()
    qtbot.keyClick(more, Qt.Key.Key_Space)
    menu = opened_menu(qtbot)
    files = next(a for a in menu.actions() if entry_text(a) == "Attach files…")
    assert files is commands["prompt.attach"]
    inner = next(a.menu() for a in menu.actions() if entry_text(a) == "More")
    assert isinstance(inner, QMenu)
    assert commands["prompt.attach-folder"] in inner.actions()
    menu.close()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
@pytest.mark.parametrize("offered", ["<b>as it is</b>", ""])
def test_the_menu_of_the_text_pastes_plain_text(
    qtbot: QtBot, editor: PromptEditor, offered: str
) -> None:
    data = QMimeData()
    if offered:
        data.setHtml("<h1>Title</h1>")
        data.setText(offered)
    QGuiApplication.clipboard().setMimeData(data)
    reason, at = QContextMenuEvent.Reason.Keyboard, QPoint(5, 5)
    QApplication.sendEvent(
        text_of(editor).viewport(), QContextMenuEvent(reason, at, text_of(editor).mapToGlobal(at))
    )
    menu = opened_menu(qtbot)
    labels = [entry_text(action).partition("\t")[0] for action in menu.actions()]
    plain = menu.actions()[labels.index("Paste as plain text")]
    assert labels.index("Paste as plain text") == labels.index("Paste") + 1
    assert plain.isEnabled() is bool(offered)
    plain.trigger()
    assert editor.text() == offered
    menu.close()
