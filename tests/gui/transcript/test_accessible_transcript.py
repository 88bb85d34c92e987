"""The transcript for assistive technology: a list of messages with their parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.cost import Usage
from desktop_app.transcript.accessible_messages import AccessibleTranscript
from desktop_app.transcript.accessible_node import AccessibleNode
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.program_menu import ProgramMenu
from tests.helpers.messages import answer, question

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAccessibleInterface

    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.look.theme import Theme

Role = QAccessible.Role

SAID = """# Head

Words with [a link](https://example.com) and $\\frac{a}{b}$.

- one
  - inner
- two

| Name | Count |
|---|---|
| Apples | 12 |

```python
print(1)
x = 2
```

> Quoted

$$x^2$$
"""


def listed_in(view: TranscriptView) -> AccessibleTranscript:
    listed = QAccessible.queryAccessibleInterface(view)
    assert isinstance(listed, AccessibleTranscript)
    return listed


def message_at(view: TranscriptView, index: int) -> AccessibleNode:
    node = listed_in(view).child(index)
    assert isinstance(node, AccessibleNode)
    return node


def outline(node: AccessibleNode) -> list[tuple[str, str]]:
    """Return the role and the name of all nodes below one, depth first."""
    found = []
    for one in node.child_nodes():
        found.append((one.role().name, one.text(QAccessible.Text.Name)))
        found += outline(one)
    return found


def test_the_name_of_a_message_has_its_author_time_and_ending(view: TranscriptView) -> None:
    stopped = replace(answer("Half"), status=MessageStatus.CANCELLED)
    view.set_messages([question("Why?"), stopped])
    names = [message_at(view, at).text(QAccessible.Text.Name) for at in range(2)]
    assert names[0].startswith("Your message, ")
    assert names[1].startswith("Response by Thinking, ")
    assert names[1].endswith(", Stopped")
    assert message_at(view, 0).role() is Role.ListItem


def test_the_description_of_an_answer_has_its_tokens_by_kind(view: TranscriptView) -> None:
    asked, reply = question("Why?"), answer("So", usage=Usage(1000, 250, 200, 150))
    view.set_messages([asked, reply])
    said = [message_at(view, at).text(QAccessible.Text.Description) for at in range(2)]
    assert said[0] == ""
    assert "1,200 tokens" in said[1]
    assert "Cached share of the input: 25%" in said[1]
    assert "Reasoning: 150 tokens" in said[1]


def test_the_parts_of_an_answer_have_their_roles(view: TranscriptView) -> None:
    view.set_messages([question("Tell"), answer(SAID)])
    said = message_at(view, 1)
    assert outline(said) == [
        ("Heading", "Head"),
        ("Paragraph", "Words with a link and a over b."),
        ("Link", "a link"),
        ("Equation", "a over b"),
        ("List", "List with 2 items"),
        ("ListItem", "• one"),
        ("List", "List with 1 item"),
        ("ListItem", "◦ inner"),
        ("ListItem", "• two"),
        ("Table", "Table with 2 rows and 2 columns"),
        ("Row", "Name, Count"),
        ("ColumnHeader", "Name"),
        ("ColumnHeader", "Count"),
        ("Row", "Apples, 12"),
        ("Cell", "Apples"),
        ("Cell", "12"),
        ("Section", "python code, 2 lines"),
        ("BlockQuote", "Quoted"),
        ("Equation", "x squared"),
    ]


def test_footnote_links_have_names_of_their_own(view: TranscriptView) -> None:
    view.set_messages([question("Tell"), answer("Words.[^1]\n\n[^1]: The note.\n")])
    assert ("Link", "Footnote 1") in outline(message_at(view, 1))


def test_headings_have_levels_and_cells_have_positions(view: TranscriptView) -> None:
    view.set_messages([question("Tell"), answer("### Third\n\n| A | B |\n|---|---|\n| 1 | 2 |\n")])
    said = message_at(view, 1)
    levels = said.child(0).interface_cast(QAccessible.InterfaceType.AttributesInterface)
    assert levels.attributeValue(QAccessible.Attribute.Level) == 3
    cell = said.child(1).child(1).child(1)
    place = cell.interface_cast(QAccessible.InterfaceType.TableCellInterface)
    assert (place.rowIndex(), place.columnIndex()) == (1, 1)
    assert place.columnHeaderCells()[0].text(QAccessible.Text.Name) == "B"
    assert place.table().role() is Role.Table


def test_text_positions_are_utf16_units_without_object_characters(view: TranscriptView) -> None:
    view.set_messages([question("Hi"), answer("A 😀 and $x$ b")])
    paragraph = message_at(view, 1).child(0)
    text = paragraph.interface_cast(QAccessible.InterfaceType.TextInterface)
    assert text.characterCount() == len("A 😀 and x b") + 1
    assert text.text(2, 4) == "😀"
    whole = listed_in(view).interface_cast(QAccessible.InterfaceType.TextInterface)
    said = whole.text(0, -1)
    assert "A 😀 and" in said
    assert not set("\ufffc\ufdd0\ufdd1\u2029\u2061") & set(said)


def test_every_message_is_listed_but_only_requested_nodes_are_created(view: TranscriptView) -> None:
    view.set_messages([question(f"Question {n}") for n in range(10_000)])
    listed = listed_in(view)
    assert listed.childCount() >= 10_000
    first = message_at(view, 0)
    assert first.child(0).text(QAccessible.Text.Name) == "Question 0"
    assert listed.indexOfChild(message_at(view, 9_999)) == 9_999
    assert len(listed._nodes) == 2


def test_nodes_follow_a_growing_answer_and_end_with_their_conversation(
    view: TranscriptView,
) -> None:
    half = replace(answer("One"), status=MessageStatus.STREAMING, parts=())
    view.set_messages([question("Tell"), half])
    node = message_at(view, 1)
    view.stream.append_text(half.id, "First paragraph.\n\n")
    view.stream.flush()
    assert ("Paragraph", "First paragraph.") in outline(node)
    view.stream.append_text(half.id, "## Then\n\n")
    view.stream.flush()
    assert ("Heading", "Then") in outline(node)
    assert node.text(QAccessible.Text.Name).endswith("still being written")
    view.set_messages([question("Other")])
    assert not node.isValid()


def test_a_streaming_answer_causes_no_event_for_each_piece(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = replace(answer("One"), status=MessageStatus.STREAMING, parts=())
    view.set_messages([question("Tell"), half])
    listed, kind = listed_in(view), QAccessible.InterfaceType.TextInterface
    reported: list[object] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", reported.append)
    view.stream.append_text(half.id, "First paragraph.")
    view.stream.flush()
    assert not reported
    assert "First paragraph." in listed.interface_cast(kind).text(0, -1)


def test_a_focus_action_moves_the_caret(view: TranscriptView) -> None:
    view.set_messages([question("Tell"), answer("First.\n\nSecond with `code`.\n")])
    second = message_at(view, 1).child(1)
    acts = second.interface_cast(QAccessible.InterfaceType.ActionInterface)
    acts.doAction(acts.setFocusAction())
    assert view.textCursor().block().text().startswith("Second")
    assert view.hasFocus()


def test_a_choice_has_radio_buttons(qtbot, light_theme: Theme) -> None:
    install_roles()
    made = SegmentedControl([("a", "One & two"), ("b", "Two")], name="Pages")
    qtbot.addWidget(made)
    made.set_current("b")
    assert QAccessible.queryAccessibleInterface(made).role() is Role.Grouping
    one, two = (QAccessible.queryAccessibleInterface(made.button(key)) for key in "ab")
    assert one.role() is two.role() is Role.RadioButton
    assert one.text(QAccessible.Text.Name) == "One & two"
    assert (bool(one.state().checked), bool(two.state().checked)) == (False, True)


def test_a_drop_down_list_has_a_name_and_no_children_while_closed(
    qtbot, light_theme: Theme
) -> None:
    install_roles()
    combo = Combo("Effort")
    qtbot.addWidget(combo)
    combo.addItem("Medium")
    known = QAccessible.queryAccessibleInterface(combo)
    assert known.role() is Role.ComboBox
    assert known.text(QAccessible.Text.Name) == "Effort: Medium"
    assert known.text(QAccessible.Text.Value) == "Medium"
    assert known.childCount() == 0
    assert known.state().collapsed


@pytest.mark.qt_log_ignore("grabbing the keyboard", "raise()", extend=True)
def test_open_menus_and_lists_are_descendants_of_the_application(qtbot, light_theme: Theme) -> None:
    def below(interface: QAccessibleInterface) -> list[QObject]:
        found = [interface.child(at) for at in range(interface.childCount())]
        assert [interface.indexOfChild(child) for child in found] == list(range(len(found)))
        return [child.object() for child in found]

    install_roles()
    app = QApplication.instance()
    assert app is not None
    page = QWidget()
    qtbot.addWidget(page)
    menu, combo = ProgramMenu(page), Combo("Effort")
    combo.setParent(page)
    combo.addItem("Medium")
    inner = ProgramMenu("More", menu)
    menu.addMenu(inner)
    page.show()
    known = QAccessible.queryAccessibleInterface(app)
    QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(known))  # asked for before
    program = QAccessible.queryAccessibleInterface(app)
    assert program.role() is Role.Application
    assert page in below(program)
    assert menu not in below(program)
    menu.popup(page.pos())
    inner.popup(page.pos())
    assert menu in below(program)
    assert inner not in below(program), "it is below its entry"
    inner.hide()
    menu.hide()
    combo.showPopup()
    assert combo.view().window() in below(program)
    known = QAccessible.queryAccessibleInterface(combo.view())
    assert known.text(QAccessible.Text.Name) == "Effort"
    combo.hidePopup()
    assert combo.view().window() not in below(program)
