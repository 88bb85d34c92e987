"""Every command by name: the palette of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from desktop_app.app.features import ACTIONS
from desktop_app.app.window.command_palette import CommandPalette
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

CTRL = Qt.KeyboardModifier.ControlModifier


def open_palette(app: AppHarness) -> CommandPalette:
    app.press(Qt.Key.Key_K, CTRL)
    return find(app.window, CommandPalette, "command-palette")


def titles(shown: CommandPalette) -> list[str]:
    return [shown.model.index(row, 0).data() for row in range(shown.model.rowCount())]


async def test_the_palette_finds_commands_settings_and_conversations() -> None:
    async with AppHarness() as app:
        # Every action is in the palette and escape restores the focus.
        app.type("half a question")
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "no such thing")
        assert titles(shown) == ["Search messages for “no such thing”"]
        app.press(Qt.Key.Key_Return)
        assert titles(shown) == []
        app.press(Qt.Key.Key_Return)  # nothing to run, and nothing is sent
        assert shown.isVisible()
        app.press(Qt.Key.Key_Escape)
        assert not shown.isVisible()
        assert QApplication.focusWidget() is app.text
        assert app.text.toPlainText() == "half a question"
        assert app.providers.turns == []
        shown = open_palette(app)
        assert shown.isVisible()
        commands = {action.id for action in ACTIONS}
        assert titles(shown)[:2] == ["New conversation", "Attach files…"]
        keys_only = {action.id for action in ACTIONS if not action.is_in_palette}
        ids = {row.id for row in shown.model.rows}
        assert commands - keys_only < ids  # settings and models, too
        assert not keys_only & ids
        QTest.keyClicks(shown.field, "sett")
        assert titles(shown)[0] == "Settings"
        app.press(Qt.Key.Key_Return)
        assert not shown.isVisible()
        await until(lambda: app.window.settings.isVisible())

        # Commands are found by other words.
        await app.start_over()
        shown = open_palette(app)
        for words, title in (
            ("web search", "Web search: On"),
            ("ollama", "Provider"),
            ("incognito", "New temporary conversation"),
            ("font size", "Text size"),
            ("all models", "Show models"),
            ("share", "Copy link to conversation"),
            ("temp", "New temporary conversation"),
            ("pro", "Use Pro"),
            ("preferences", "Settings"),
            ("resource", "Attach from a tool server…"),
            ("schema", "Choose response format…"),
            ("mcp perm", "Choose tools…"),
            ("delete all", "Delete everything"),
            ("synchronize", "Synchronize"),
            ("batch", "Show tables"),
            ("compare", "Compare models…"),
        ):
            shown.field.setText(words)
            assert title in titles(shown)[:2], words
        for words in ("dictation", "language", "note"):  # a setting of many values is no list
            shown.field.setText(words)
            values = [title.partition(": ")[0] for title in titles(shown) if ": " in title]
            assert all(values.count(each) <= 3 for each in values), words
        for words, title in (
            ("limit", "Monthly limit (US dollars)"),
            ("monthly limit", "Monthly limit (US dollars)"),
            ("image", "Generate an image"),
            ("picture", "Generate an image"),
            ("word", "Export as Word"),
            ("docx", "Export as Word"),
            ("export to word", "Export as Word"),
            ("pdf", "Export as PDF"),
            ("project", "Project settings"),
            ("new folder", "New project"),
            ("folder settings", "Project settings"),
            ("show collections", "Show projects"),
            ("ask a collection", "Ask the files of a project…"),
            ("internet", "Web search: On"),
            ("batch jobs", "Show tables"),
            ("evaluate", "Show tables"),
        ):
            shown.field.setText(words)
            assert titles(shown)[0] == title, words

        # A conversation comes once and a command is told from it.
        await app.start_over()
        await app.ask_and_answer("Apple pie", "An apple a day.")
        app.session.actions["conversation.new"].trigger()
        palette = await app.search("apple")
        await until(lambda: len(titles(palette)) == 1)
        app.press(Qt.Key.Key_K, CTRL)  # from messages to everything
        assert palette.isVisible()
        assert palette.field.text() == "apple"
        await until(lambda: "Apple pie" in titles(palette))
        await app.written()
        shown = [row for row in palette.model.rows if row.title == "Apple pie"]
        assert len(shown) == 1
        palette.field.setText("conversation")
        rename = next(r for r in palette.model.rows if r.title == "Rename conversation")
        palette.field.setText("apple")
        (row,) = (row for row in palette.model.rows if row.title == "Apple pie")
        assert row.note != rename.note

        # The search of messages takes the words along and returns.
        await app.start_over()
        await app.ask_and_answer("Something else", "An apple a day.")
        app.session.actions["conversation.new"].trigger()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "apple")
        app.press(Qt.Key.Key_F, CTRL | Qt.KeyboardModifier.ShiftModifier)
        assert shown.field.text() == "apple"
        await until(lambda: titles(shown) == ["Something else"])
        app.press(Qt.Key.Key_K, CTRL)
        assert shown.isVisible()
        assert shown.field.text() == "apple"
        assert titles(shown)[-1] == "Search messages for “apple”"
        QTest.keyClicks(shown.field, "s")
        assert not app.text.toPlainText()
        app.press(Qt.Key.Key_K, CTRL)
        assert not shown.isVisible()

        # Parts of the settings are found.
        await app.start_over()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "api key")
        app.press(Qt.Key.Key_Return)
        await until(lambda: (at := QApplication.focusWidget()) and at.objectName() == "key")
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "delete everything")
        app.press(Qt.Key.Key_Return)
        section = find(app.window, QToolButton, "delete-everything")
        await until(section.isVisible)
        assert section.isChecked()

        # A value of a setting is set at once.
        await app.start_over()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "dark")
        assert titles(shown)[0] == "Theme: Dark"
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.setting("look.theme") == "dark")
        assert not app.window.settings.isVisible()

        # Conversations settings and prompts are in the same field.
        await app.start_over()
        first = await app.ask_and_answer("Letters to a client", "Dear client")
        app.session.actions["conversation.new"].trigger()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "letters")
        await until(lambda: "Letters to a client" in titles(shown))
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.open_id == first)
        app.session.actions["conversation.new"].trigger()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "theme")
        assert titles(shown)[0] == "Theme"
        app.press(Qt.Key.Key_Return)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert app.window.settings.isAncestorOf(focused)
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "smollm")
        assert any("SmolLM2" in title for title in titles(shown))
        app.press(Qt.Key.Key_Escape)
        shown = open_palette(app)
        await until(lambda: titles(shown)[0] == "Letters to a client")  # recent, and not open
        assert titles(shown)[1] == "Theme", "the last chosen row is first"
        app.press(Qt.Key.Key_Escape)
        await app.written()
        assert app.setting("palette.uses")


async def test_a_switch_says_what_it_would_set() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        shown = open_palette(app)
        shown.field.setText("web search")
        app.press(Qt.Key.Key_Return)
        await until(lambda: not app.window.prompt.row.web_button.isHidden())
        shown = open_palette(app)
        shown.field.setText("web search")
        assert titles(shown)[0] == "Web search: Off"
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.window.prompt.row.web_button.isHidden())
