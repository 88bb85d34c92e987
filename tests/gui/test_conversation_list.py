"""The list keeps its order and selection through every change, and works by keyboard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies
from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit, QMenu

from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    ModelChoice,
    SearchHit,
)
from desktop_app.library.list_filter import LIST, ListFilter
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.message_search import group_hits, plain_snippet
from desktop_app.library.ui.rows.conversation_model import ConversationModel, Roles
from desktop_app.widgets.look.theme import current_theme
from tests.gui.recorded_calls import RecordedCalls
from tests.helpers.menus import entry_text, give_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

TODAY = date(2026, 3, 18)
NOON = datetime(2026, 3, 18, 12).astimezone()
CHOICE = ModelChoice("provider", "gpt-5.2")


def conversation(
    identifier: str, ago: timedelta = timedelta(), *, title: str = "", pinned: bool = False
) -> Conversation:
    """Return a conversation last changed this long before noon of TODAY."""
    at = (NOON - ago).astimezone(UTC)
    name = title or f"Title {identifier}"
    return Conversation(identifier, name, at, at, CHOICE, pinned=pinned)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def rows(model: QAbstractItemModel) -> list[str]:
    """Return the rows of a view, with headings in brackets."""
    shown = []
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        text = str(index.data())
        shown.append(f"[{text}]" if index.data(Roles.IS_HEADING) else text)
    return shown


def requests(listing: ConversationList) -> list[tuple[Any, ...]]:
    """Return what the list has asked for since the last call, but the starts of tasks."""
    session: Any = listing.session
    calls = [call for call in session.calls if call[0] != "tasks.start"]
    session.calls.clear()
    return calls


@pytest.fixture
def model() -> Iterator[ConversationModel]:
    """Yield a model that Qt's tester watches."""
    made = ConversationModel(TODAY)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning)
    yield made
    del tester


@pytest.fixture
def listing(qtbot: QtBot) -> ConversationList:
    """Return a shown list with three conversations of today, a second apart."""
    made = ConversationList()
    asked: Any = RecordedCalls()
    asked.export_menus = []
    made.session, made.presenter = asked, asked.list_presenter
    made.trash, made.pinned_order = asked.trash, asked.pinned_order
    made.folders_controller, made.folder_settings = asked.folders_controller, asked.folder_settings
    qtbot.addWidget(made)
    made.resize(264, 700)
    made.show()
    now = datetime.now(UTC)
    made.model.set_conversations(
        replace(conversation(name), updated_at=now - timedelta(milliseconds=number))
        for number, name in enumerate("abc")
    )
    return made


# ---------------------------------------------------------------- the model


def test_conversations_are_grouped_by_day(model: ConversationModel) -> None:
    model.set_conversations(
        [
            conversation("march", days(10)),
            conversation("week", days(6)),
            conversation("february", days(30)),
            conversation("yesterday", days(1)),
            conversation("last year", days(200)),
            conversation("pinned", days(100), pinned=True),
            conversation("today"),
            conversation("from the future", days(-2)),
        ]
    )
    assert rows(model) == [
        "[Pinned]",
        "Title pinned",
        "[Today]",
        "Title from the future",
        "Title today",
        "[Yesterday]",
        "Title yesterday",
        "[Previous 7 days]",
        "Title week",
        "[March 2026]",
        "Title march",
        "[February 2026]",
        "Title february",
        "[August 2025]",
        "Title last year",
    ]


@pytest.mark.parametrize(("ago", "heading"), [
    (0, "Today"), (1, "Yesterday"), (2, "Previous 7 days"), (7, "Previous 7 days"),
    (8, "March 2026"), (17, "March 2026"), (18, "February 2026"), (365 * 150, "March 1926"),
])  # fmt: skip
def test_a_day_has_its_heading(model: ConversationModel, ago: int, heading: str) -> None:
    model.set_conversations([conversation("a", days(ago))])
    assert rows(model)[0] == f"[{heading}]"


def test_an_answer_moves_its_conversation_to_the_top(
    model: ConversationModel, qtbot: QtBot
) -> None:
    model.set_conversations(
        [conversation("a"), conversation("b", days(1)), conversation("c", days(1.1))]
    )
    with qtbot.waitSignal(model.rowsMoved), qtbot.assertNotEmitted(model.modelReset):
        model.upsert(conversation("c", timedelta(seconds=-1)))
    assert rows(model) == ["[Today]", "Title c", "Title a", "[Yesterday]", "Title b"]


def test_a_heading_is_removed_with_the_last_row_of_its_group(model: ConversationModel) -> None:
    model.set_conversations([conversation("a"), conversation("b", days(1))])
    model.upsert(conversation("b", pinned=True))
    assert rows(model) == ["[Pinned]", "Title b", "[Today]", "Title a"]
    model.remove("b")
    assert rows(model) == ["[Today]", "Title a"]
    model.remove("a")
    model.remove("never there")
    assert rows(model) == []


def test_rows_are_regrouped_after_midnight(model: ConversationModel, qtbot: QtBot) -> None:
    model.set_conversations([conversation("a")])
    with qtbot.assertNotEmitted(model.modelReset):
        model.set_today(TODAY)
    model.set_today(TODAY + timedelta(days=1))
    assert rows(model) == ["[Yesterday]", "Title a"]


def test_a_new_title_is_shown_at_once_and_an_empty_one_is_refused(
    model: ConversationModel, qtbot: QtBot
) -> None:
    model.set_conversations([conversation("a")])
    index = model.index_of("a")
    with qtbot.waitSignal(model.renamed) as told:
        assert model.setData(index, "  Two\n words ")
    assert told.args == ["a", "Two words"]
    assert index.data() == "Two words"
    with qtbot.assertNotEmitted(model.renamed):
        assert not model.setData(index, "   ")
        assert model.setData(index, "Two words")
    assert not model.setData(model.index(0), "No heading changes")


changes = strategies.lists(
    strategies.tuples(
        strategies.sampled_from("abcdefgh"),
        strategies.sampled_from([-1, 0, 1, 3, 7, 8, 20, 50, 400]),
        strategies.booleans(),
        strategies.booleans(),
    ),
    max_size=30,
)


@given(changes)
def test_changes_lead_to_the_same_rows_as_a_new_model(steps) -> None:
    changed = ConversationModel(TODAY)
    known: dict[str, Conversation] = {}
    tester = QAbstractItemModelTester(
        changed, QAbstractItemModelTester.FailureReportingMode.Warning
    )
    for identifier, ago, pinned, removes in steps:
        if removes:
            changed.remove(identifier)
            known.pop(identifier, None)
        else:
            known[identifier] = conversation(identifier, days(ago), pinned=pinned)
            changed.upsert(known[identifier])
    fresh = ConversationModel(TODAY)
    fresh.set_conversations(known.values())
    assert rows(changed) == rows(fresh)
    for identifier in known:
        assert changed.index_of(identifier).data(Roles.IDENTIFIER) == identifier
    del tester


def test_a_plain_snippet_has_no_marks() -> None:
    assert plain_snippet("one \x02two\x03 three\n\x02four\x03") == (
        "one two three four",
        [(4, 3), (14, 4)],
    )
    assert plain_snippet("cut \x02in the middle") == ("cut in the middle", [(4, 13)])
    assert plain_snippet("") == ("", [])


# ---------------------------------------------------------------- the list


def row_of(listing: ConversationList, identifier: str) -> QModelIndex:
    return listing.view.row_of(listing.model.index_of(identifier))


def click(qtbot: QtBot, listing: ConversationList, identifier: str) -> None:
    place = listing.view.visualRect(row_of(listing, identifier)).center()
    qtbot.mouseClick(listing.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_click_opens_but_does_not_select(listing: ConversationList, qtbot: QtBot) -> None:
    with qtbot.waitSignal(listing.open_requested) as told:
        click(qtbot, listing, "b")
    assert told.args == ["b"]
    assert not listing.view.selectedIndexes()
    listing.view.show_open("b")
    assert [i.data() for i in listing.view.selectedIndexes()] == ["Title b"]


def test_the_selection_follows_its_conversation(listing: ConversationList) -> None:
    listing.view.show_open("c")
    listing.upsert(replace(conversation("c"), updated_at=datetime.now(UTC)))
    assert rows(listing.view.model()) == ["[Today]", "Title c", "Title a", "Title b"]
    assert [i.data() for i in listing.view.selectedIndexes()] == ["Title c"]
    listing.model.set_conversations([conversation("z"), conversation("c")])
    assert [i.data() for i in listing.view.selectedIndexes()] == ["Title c"]
    listing.model.remove("c")
    assert not listing.view.selectedIndexes()


def test_arrow_keys_move_in_the_list_and_enter_opens(
    listing: ConversationList, qtbot: QtBot
) -> None:
    listing.view.setFocus()
    listing.view.ensure_current()
    assert listing.view.currentIndex().data() == "Title a"
    for key, title in (
        (Qt.Key.Key_Down, "Title b"),
        (Qt.Key.Key_End, "Title c"),
        (Qt.Key.Key_Down, "Title c"),
        (Qt.Key.Key_Home, "Title a"),
    ):
        qtbot.keyClick(listing.view, key)
        assert listing.view.currentIndex().data() == title
    with qtbot.waitSignal(listing.open_requested) as told:
        qtbot.keyClick(listing.view, Qt.Key.Key_Return)
    assert told.args == ["a"]
    qtbot.keyClick(listing.view, Qt.Key.Key_Delete)
    assert requests(listing) == [("trash.delete_or_erase", ["a"])]
    qtbot.keyClick(listing.view, Qt.Key.Key_Up)
    qtbot.waitUntil(listing.search_button.hasFocus)


def test_keys_mark_rows_and_the_next_arrow_key_clears_the_marks(
    listing: ConversationList, qtbot: QtBot
) -> None:
    shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    listing.view.show_open("a")
    listing.view.setFocus()
    for key, modifier, marked in (
        (Qt.Key.Key_Down, shift, ["a", "b"]),
        (Qt.Key.Key_Down, control, ["a", "b"]),
        (Qt.Key.Key_Space, control, ["a", "b", "c"]),
        (Qt.Key.Key_Space, control, ["a", "b"]),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, []),
        (Qt.Key.Key_Space, control, ["a", "b"]),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, []),
        (Qt.Key.Key_Space, control, []),  # the mark of the open row itself
        (Qt.Key.Key_End, shift, ["a", "b", "c"]),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, []),
    ):
        qtbot.keyClick(listing.view, key, modifier)
        assert [row.data(Roles.IDENTIFIER) for row in listing.view.marked_rows] == marked
    assert listing.view.affected_ids == ["a"]


def test_arrow_keys_skip_headings(listing: ConversationList, qtbot: QtBot) -> None:
    listing.upsert(conversation("old", days(400)))
    listing.view.setFocus()
    listing.view.setCurrentIndex(row_of(listing, "c"))
    qtbot.keyClick(listing.view, Qt.Key.Key_Down)
    assert listing.view.currentIndex().data() == "Title old"
    qtbot.keyClick(listing.view, Qt.Key.Key_Up)
    assert listing.view.currentIndex().data() == "Title c"


def test_f2_renames_in_place(listing: ConversationList, qtbot: QtBot) -> None:
    listing.view.show_open("b")
    listing.view.setFocus()
    qtbot.keyClick(listing.view, Qt.Key.Key_F2)
    editor = listing.view.findChild(QLineEdit, "rename")
    assert isinstance(editor, QLineEdit)
    assert editor.selectedText() == "Title b"
    qtbot.keyClicks(editor, "Better")
    with qtbot.waitSignal(listing.model.renamed) as told:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert told.args == ["b", "Better"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_tab_ends_a_rename_and_edits_no_other_row(
    listing: ConversationList, qtbot: QtBot, key: Qt.Key
) -> None:
    listing.view.show_open("b")
    listing.view.setFocus()
    listing.view.rename()
    editor = listing.view.findChild(QLineEdit, "rename")
    qtbot.keyClicks(editor, "Better")
    with qtbot.waitSignal(listing.model.renamed) as told:
        qtbot.keyClick(editor, key)
    assert told.args == ["b", "Better"]
    assert not listing.view.is_editing
    assert listing.view.currentIndex().data(Roles.IDENTIFIER) == "b"
    assert [row.data(Roles.IDENTIFIER) for row in listing.view.selectedIndexes()] == ["b"]


def test_a_change_of_the_row_keeps_a_half_typed_title(
    listing: ConversationList, qtbot: QtBot
) -> None:
    listing.view.rename("b")
    editor = listing.findChild(QLineEdit, "rename")
    assert editor is not None
    qtbot.keyClicks(editor, "Typed")
    listing.model.set_answering({"b"})
    with qtbot.waitSignal(listing.model.renamed) as told:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert told.args == ["b", "Typed"]


def test_esc_keeps_the_old_title(listing: ConversationList, qtbot: QtBot) -> None:
    listing.view.show_open("b")
    listing.view.rename()
    editor = listing.view.findChild(QLineEdit, "rename")
    assert isinstance(editor, QLineEdit)
    qtbot.keyClicks(editor, "Worse")
    with qtbot.assertNotEmitted(listing.model.renamed):
        qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert row_of(listing, "b").data() == "Title b"


def test_the_button_of_a_row_opens_its_menu_and_not_the_row(
    listing: ConversationList, qtbot: QtBot
) -> None:
    row = row_of(listing, "b")
    rect = listing.view.visualRect(row)
    end = QPoint(rect.right() - current_theme().px(24), rect.center().y())
    listing.view.menu_requested.disconnect()
    with (
        qtbot.waitSignal(listing.view.menu_requested) as told,
        qtbot.assertNotEmitted(listing.open_requested),
    ):
        qtbot.mouseClick(listing.view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert told.args is not None
    assert told.args[0] == row
    with qtbot.waitSignal(listing.open_requested) as opened:
        qtbot.mouseClick(listing.view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert opened.args == ["b"]


def test_the_last_line_has_the_menu_of_the_program(listing: ConversationList) -> None:
    footer = listing.footer
    footer.show_provider("OpenAI", "cloud", "$0.06 this month")
    commands = give_commands(listing)
    assert footer.accessibleName() == "OpenAI, $0.06 this month"
    menu = footer.menu()
    menu.aboutToShow.emit()
    spending = ["Spending"] if "spending.show" in commands else []
    assert [entry_text(action).split("\t")[0] for action in menu.actions()] == [
        *("Settings", "Library", "Activity", *spending, "Help", "", "OpenAI")
    ]
    assert menu.actions()[2] is commands["activity.show"]


def choose(menu: QMenu | None, word: str) -> None:
    assert menu is not None
    next(a for a in menu.actions() if entry_text(a).split("\t")[0] == word).trigger()


def test_the_menus_of_rows_ask_for_their_actions(listing: ConversationList) -> None:
    choose(listing.menus.menu_for(row_of(listing, "b")), "Pin")
    listing.upsert(conversation("b", pinned=True))
    choose(listing.menus.menu_for(row_of(listing, "b")), "Unpin")
    choose(listing.menus.menu_for(row_of(listing, "c")), "Delete")
    choose(listing.menus.menu_for(row_of(listing, "a")), "Rename")
    assert listing.view.findChild(QLineEdit, "rename") is not None
    commands = give_commands(listing)
    menu = listing.menus.menu_for(listing.view.model().index(0, 0))
    assert menu.actions()[-1] is commands["folder.new"]
    asked = [each for each in requests(listing) if each[0] != "transfer.add_formats"]
    assert asked == [
        ("pinned_order.pin", ["b"], True),
        ("pinned_order.pin", ["b"], False),
        ("trash.delete", ["c"]),
    ]


def test_the_open_row_is_selected_when_marked_rows_leave_and_when_it_returns(
    listing: ConversationList,
) -> None:
    view = listing.view
    view.show_open("b")
    view.select_only(row_of(listing, "a"))
    listing.model.remove("a")
    assert [row.data() for row in view.selectedIndexes()] == ["Title b"]
    listing.model.remove("b")
    listing.upsert(replace(conversation("b"), updated_at=datetime.now(UTC)))
    assert [row.data() for row in view.selectedIndexes()] == ["Title b"]


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard")
def test_the_menu_key_opens_the_menu(listing: ConversationList, qtbot: QtBot) -> None:
    listing.view.show_open("b")
    with qtbot.waitSignal(listing.view.menu_requested) as told:
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
        listing.view.contextMenuEvent(event)
    assert told.args[0].data() == "Title b"
    for menu in listing.findChildren(QMenu):
        menu.close()


# ---------------------------------------------------------------- folders and places


def test_a_folder_accepts_dropped_conversations(listing: ConversationList) -> None:
    listing.set_folders([Folder("f", "Thesis", NOON)])
    assert rows(listing.view.model())[:2] == ["[Projects]", "Thesis"]
    listing.view.show_open("a")
    data = listing.view.model().mimeData([row_of(listing, "a"), row_of(listing, "c")])
    for wanted, asked in (("f", [("folders_controller.move", ["a", "c"], "f")]), ("b", [])):
        place = listing.view.visualRect(row_of(listing, wanted)).center().toPointF()
        event = QDropEvent(
            place,
            Qt.DropAction.MoveAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        listing.view.dropEvent(event)
        assert requests(listing) == asked


def test_esc_leaves_a_filter_and_otherwise_goes_to_the_window(listing: ConversationList) -> None:
    listing.model.set_conversations([conversation("a")], list_filter=ListFilter.for_folder("f"))
    escape = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    listing.view.keyPressEvent(escape)
    assert requests(listing) == [("list_presenter.apply_filter", LIST)]
    assert escape.isAccepted()
    listing.model.set_conversations([conversation("a")])
    listing.view.keyPressEvent(escape)
    assert not requests(listing)
    assert not escape.isAccepted()


def test_rows_after_the_last_page_are_shown_with_their_page(model: ConversationModel) -> None:
    last = conversation("b", days(1))
    model.set_conversations([conversation("a"), last], last=last)
    model.upsert(conversation("c", days(2)))
    assert rows(model) == ["[Today]", "Title a", "[Yesterday]", "Title b"]
    model.fetchMore(QModelIndex())
    assert not model.canFetchMore(QModelIndex())
    model.append([conversation("c", days(2)), conversation("d", days(3))], None)
    assert rows(model)[4:] == ["[Previous 7 days]", "Title c", "Title d"]
    assert not model.canFetchMore(QModelIndex())


# ---------------------------------------------------------------- searching


def hit(identifier: str, message: str | None, words: str = "word") -> SearchHit:
    return SearchHit(identifier, f"Title {identifier}", message, f"the \x02{words}\x03", NOON)


def test_hits_are_grouped_by_conversation_with_the_best_passage() -> None:
    found = [hit("a", None), hit("b", "m1"), hit("a", "m2", "best"), hit("a", "m3"), hit("c", None)]
    grouped = group_hits(found)
    assert [(row.hit.conversation_id, row.hit.message_id, row.more) for row in grouped] == [
        ("a", "m2", 2),
        ("b", "m1", 0),
        ("c", None, 0),
    ]
    assert grouped[0].accessible_text == "Title a: the best, 2 more results"
    assert grouped[1].accessible_text == "Title b: the word"
    assert group_hits([]) == []


def test_an_empty_project_says_so(listing: ConversationList) -> None:
    assert not listing.note.isVisible()
    listing.model.set_conversations([])
    assert listing.note.isVisible()
    assert listing.note.text() == ""
    listing.model.set_conversations([], list_filter=ListFilter.for_folder("f"))
    assert listing.note.text()


# ---------------------------------------------------------------- what is seen and heard


@pytest.mark.parametrize(("width", "is_near_cap", "shows_cost"), [
    (400, False, True), (200, False, False), (200, True, True),
])  # fmt: skip
def test_the_cost_makes_room_for_the_name_of_the_provider(
    listing: ConversationList, width: int, is_near_cap: bool, shows_cost: bool
) -> None:
    cost = "1,00 $ in diesem Monat"
    footer = listing.footer
    listing.resize(width, 700)
    footer.show_provider("Mistral AI Europa", "cloud", cost, is_near_cap=is_near_cap)
    assert footer.hint.isVisible() == shows_cost
    assert (cost in footer.toolTip()) == (width < 400)


def test_a_selected_conversation_among_thousands_is_scrolled_to(qtbot: QtBot) -> None:
    many = ConversationList()
    qtbot.addWidget(many)
    many.resize(264, 700)
    many.show()
    many.model.set_conversations(
        conversation(f"{number:06}", timedelta(minutes=7 * number)) for number in range(20_000)
    )
    many.view.show_open("014000")
    assert many.view.viewport().rect().contains(many.view.visualRect(row_of(many, "014000")))
    top = many.view.verticalScrollBar().value()
    many.upsert(replace(conversation("010000"), updated_at=datetime.now(UTC)))
    assert many.view.model().index(1, 0).data() == "Title 010000"
    assert many.view.verticalScrollBar().value() == top


# ------------------------------------------------------------ the order of pinned conversations


def drop_position(listing: ConversationList, identifier: str, *, lower: bool) -> QPoint:
    rect = listing.view.visualRect(row_of(listing, identifier))
    return QPoint(rect.center().x(), rect.bottom() - 2 if lower else rect.top() + 2)


def drop_at(listing: ConversationList, place: QPoint, *dragged: str) -> None:
    event = QDropEvent(
        place.toPointF(),
        Qt.DropAction.MoveAction,
        listing.view.model().mimeData([row_of(listing, id_) for id_ in dragged]),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    listing.view.dropEvent(event)


@pytest.fixture
def pinned(listing: ConversationList) -> ConversationList:
    """Return the list with p, q and r pinned, and a below."""
    rows = [conversation(id_, days(0), pinned=True) for id_ in "pqr"]
    listing.model.set_conversations([*rows, conversation("a")])
    listing.model.set_pin_order("pqr")
    return listing


@pytest.mark.parametrize(
    ("dragged", "at", "lower", "order"),
    [
        ("r", "p", False, ["r", "p", "q"]),
        ("p", "q", True, ["q", "p", "r"]),
        ("p", "r", True, ["q", "r", "p"]),
        ("a", "q", False, ["p", "a", "q", "r"]),  # a drop pins an unpinned conversation
    ],
)
def test_a_drop_among_pinned_conversations_orders_them(
    pinned: ConversationList, dragged: str, at: str, lower: bool, order: list[str]
) -> None:
    drop_at(pinned, drop_position(pinned, at, lower=lower), dragged)
    assert requests(pinned) == [("pinned_order.arrange", order)]


def test_a_drop_elsewhere_changes_no_order(pinned: ConversationList) -> None:
    drop_at(pinned, drop_position(pinned, "a", lower=False), "p")
    drop_at(pinned, drop_position(pinned, "p", lower=False), "p")
    assert not requests(pinned)
