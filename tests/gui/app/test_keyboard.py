"""The keyboard in the whole window: areas, typing anywhere, and the last message."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop_app.domain.errors import AuthenticationError
from desktop_app.library.ui.projects_page import ProjectsPage
from desktop_app.spending.ui.spending_controller import SpendingController
from desktop_app.tools.ui.consent_card import ConsentCard
from desktop_app.transcript.segment import Place
from tests.gui.app.app_harness import DATA, AppHarness, until
from tests.helpers.transcript_views import caret_line


def area(app: AppHarness) -> str:
    """Return the area of the window that has the focus."""
    window, focused = app.window, QApplication.focusWidget()
    assert focused is not None
    areas = {
        "list": window.conversations,
        "header": window.header,
        "transcript": window.transcript,
        "prompt": window.prompt,
        "settings": window.settings,
        "page": window.pane.pages,
        "examples": window.empty_state,
        "ways": window.empty_state.key_line,
        "notification": window.notifications,
    }
    return next(name for name, one in areas.items() if one is focused or one.isAncestorOf(focused))


async def test_keys_go_through_messages_to_the_prompt_and_to_commands() -> None:
    none, control = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
    async with AppHarness() as app:
        # Typed and composed letters go from the transcript to the prompt.
        await app.ask_and_answer("Hi", "Hello.")
        view = app.window.transcript
        app.window.prompt.set_text("x")
        for key, modifier, text in (
            (Qt.Key.Key_Space, none, "x"),
            (Qt.Key.Key_A, control, "x"),
            (Qt.Key.Key_Down, none, "x"),
            (Qt.Key.Key_Delete, none, "x"),
            (Qt.Key.Key_A, none, "xa"),
        ):
            view.setFocus()
            QTest.keyClick(view, key, modifier)
            assert app.window.prompt.text() == text
            assert area(app) == ("transcript" if text == "x" else "prompt")
        view.setFocus()
        composed = QInputMethodEvent()
        composed.setCommitString("é")
        QApplication.sendEvent(view, composed)
        assert app.window.prompt.text() == "xaé"
        assert area(app) == "prompt"
        QTest.keyClick(app.text, Qt.Key.Key_Up)
        assert app.window.prompt.text() == "xaé"
        app.window.prompt.set_text("")
        QTest.keyClick(app.text, Qt.Key.Key_Up)
        assert app.window.prompt.text() == "Hi"

        # Keys go message by message and block by block.
        await app.start_over()
        await app.ask_and_answer("First question", "# Head\n\nWords.\n\n- one\n- two\n")
        await app.ask_and_answer("Second question", "Plain.")
        act = app.session.actions
        act["message.previous"].trigger()  # from the prompt, to the newest message
        assert caret_line(app.window.transcript) == "Plain."
        assert area(app) == "transcript"
        view = app.window.transcript
        view.place_caret(Place(view.messages.key_at(0), 0))
        act["message.next"].trigger()
        assert caret_line(app.window.transcript) == "Head"
        lines = []
        for _ in range(3):
            act["block.next"].trigger()
            lines.append(caret_line(app.window.transcript))
        assert lines == ["Words.", "•\tone", "Second question"]
        act["block.previous"].trigger()
        for _ in range(2):
            act["message.previous"].trigger()
            assert caret_line(app.window.transcript) == "First question"

        # A chord runs its command whatever the text does with its keys.
        await app.start_over()
        QGuiApplication.clipboard().setText("before")
        app.type("words")
        app.text.selectAll()
        for key in (Qt.Key.Key_G, Qt.Key.Key_C):
            app.press(key, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: isinstance(app.window.pane.page, ProjectsPage))
        assert QGuiApplication.clipboard().text() == "before"
        assert app.text.toPlainText() == "words"


def spoken(app: AppHarness) -> str:
    """Return what a screen reader was last told."""
    return app.window.notifications.status.accessibleName()


async def test_changes_made_by_keys_are_announced() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        await app.ask_and_answer("One", "1")
        app.session.actions["conversation.new"].trigger()
        await app.ask_and_answer("Two", "2")
        app.session.actions["variant.pro"].trigger()
        assert spoken(app).startswith("Pro, effort ")
        before = spoken(app)
        app.session.actions["effort.more"].trigger()
        assert spoken(app) != before
        app.session.actions["effort.more"].trigger()
        highest = spoken(app)
        app.window.notifications.announce("else")
        app.session.actions["effort.more"].trigger()
        assert spoken(app) == highest
        app.session.actions["list.next"].trigger()
        await until(lambda: spoken(app) == "One")
        assert app.window.windowTitle().startswith("One")
        app.session.actions["conversation.pin"].trigger()
        assert spoken(app) == "Pinned"
        app.session.actions["conversation.pin"].trigger()
        assert spoken(app) == "Unpinned"
        app.session.actions["question.edit"].trigger()
        assert spoken(app) == "Editing · The original message is kept · Esc to cancel"
        app.session.actions["conversation.new"].trigger()
        assert spoken(app) == "New conversation"
        app.window.files_dropped.emit([DATA / "notes.md"])
        await until(lambda: spoken(app) == "notes.md attached")
        turn = await app.ask("Hi")
        turn.fail(
            AuthenticationError(
                "{provider} rejected the API key.",
                hint="Check or replace the key in {provider_page}.",
                provider="OpenAI",
            )
        )
        await app.settled()
        await until(lambda: spoken(app).startswith("Response failed. "))
        assert "API key" in spoken(app)


def tabbed(app: AppHarness, count: int) -> list[str]:
    """Press Tab, and return the names of the widgets that it goes to."""
    names = []
    for _ in range(count):
        app.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        names.append(focused.objectName() if focused is not None else "")
    return names


async def test_tab_and_f6_reach_the_areas_and_cards() -> None:
    async with AppHarness() as app:
        # Tab goes through the find bar and f6 round the areas.
        app.window.resize(1200, 700)
        await app.ask_and_answer("Hi", "Hello, *hello*.")
        view = app.window.transcript
        app.session.actions["find.open"].trigger()
        view.find_in_transcript.bar.show_count(1, 2, True)
        view.latest_button.show()
        names = tabbed(app, 8)
        assert names[:4] == ["find-previous", "find-next", "find-close", "transcript"]
        assert names[-2:] == ["latest", "prompt"]
        app.text.setFocus()
        around = tabbed(app, 20)
        assert {"search", "conversations", "open-settings", "find"} < {*around}
        view.setFocus()
        app.press(Qt.Key.Key_Escape)
        assert not view.find_in_transcript.is_open
        assert QApplication.focusWidget() is view
        view.latest_button.hide()
        app.window.prompt.focus_text()
        seen = []
        for _ in range(4):
            app.session.actions["region.next"].trigger()
            seen.append(area(app))
        assert seen == ["list", "header", "transcript", "prompt"]
        app.session.actions["region.previous"].trigger()
        assert area(app) == "transcript"
        app.window.outer_panes.show_settings(True)
        app.session.actions["region.previous"].trigger()
        assert area(app) == "header"
        app.window.outer_panes.show_settings(False)

        # F6 reaches a notification before the prompt and goes on.
        for place, others in [
            ("conversation", ["list", "header", "transcript"]),
            ("start page without examples", ["list", "header"]),
            ("start page", ["list", "header", "examples"]),
            ("page", ["list", "header"]),
        ]:
            await app.start_over()
            app.window.resize(1200, 700)
            if place == "conversation":
                await app.ask_and_answer("Hi", "Hello.")
            elif place == "page":
                app.controllers.of(SpendingController).show()
                await until(lambda: app.window.pane.page is not None)
            elif place == "start page":
                app.window.empty_state.key_line.trial_button.click()  # shows the examples
                await until(lambda: app.window.empty_state.cards[0].isVisible())
            app.window.notifications.notify("Deleted", actions=[("Undo", lambda: None)])
            app.window.pane.focus_content()
            end = area(app)
            last = ["notification", end] if end == "prompt" else [end, "notification"]
            around = [*others, *last, *(["ways"] if place.startswith("start") else [])]
            for key, order in (("region.next", around), ("region.previous", around[::-1])):
                start = order.index(end) + 1
                for expected in order[start:] + order[:start]:
                    app.session.actions[key].trigger()
                    assert area(app) == expected

        # F6 stops at the cards and tab takes them from top to bottom.
        await app.start_over()
        await app.ask_and_answer("Hi", "Hello.")
        cards = [ConsentCard() for _ in range(2)]
        for number, card in enumerate(cards):
            card.setObjectName(f"card-{number}")
            app.window.pane.add_above_prompt(card)
            card.ask("search", "Reads files.", "{}", waiting=0)
        app.window.notifications.notify("Deleted", actions=[("Undo", lambda: None)])
        app.window.transcript.setFocus()
        app.session.actions["region.next"].trigger()
        focused = QApplication.focusWidget()
        assert focused is not None
        assert focused.property("text") == "Undo"
        stops = [focused]
        while (focused := QApplication.focusWidget()) is not app.text:
            assert focused is not None
            stops.append(focused)
            app.press(Qt.Key.Key_Tab)
        owners = [next((n for n, c in enumerate(cards) if c.isAncestorOf(w)), -1) for w in stops]
        assert owners == sorted(owners)
        assert {*owners} == {-1, 0, 1}  # -1: the notification
        for card in cards:
            card.hide()


async def test_a_digit_with_a_modifier_is_that_of_its_key_on_every_layout() -> None:
    alt, control = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    async with AppHarness() as app:
        runs: list[str] = []
        for id_ in ("variant.thinking", "view.normal"):
            app.session.actions[id_].triggered.connect(partial(runs.append, id_))
        app.window.addAction("", QKeySequence("Ctrl+9"), lambda: runs.append("Ctrl+9"))

        def press(key: Qt.Key, modifier: Qt.KeyboardModifier, code: int, text: str) -> None:
            kind = QEvent.Type.KeyPress
            handle = app.window.windowHandle()
            QApplication.sendEvent(handle, QKeyEvent(kind, key, modifier, code, 0, 0, text))

        app.text.setFocus()
        press(Qt.Key.Key_Eacute, alt, 11, "é")
        press(Qt.Key.Key_Agrave, control, 19, "")
        press(Qt.Key.Key_Ccedilla, control, 18, "")
        assert runs == ["variant.thinking", "view.normal", "Ctrl+9"]
        line = QLineEdit(app.window)
        line.show()
        for field in (app.text, line):
            field.setFocus()
            press(Qt.Key.Key_Egrave, alt, 16, "è")  # a digit without a command
            press(Qt.Key.Key_Exclam, alt, 61, "!")
            assert not field.property("plainText")
            assert not field.property("text")
        app.text.setFocus()
        press(Qt.Key.Key_Eacute, Qt.KeyboardModifier.NoModifier, 11, "é")
        assert app.window.prompt.text() == "é"
