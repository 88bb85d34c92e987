"""The line of a tool call, and what it shows once it is unfolded."""

from __future__ import annotations

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.transcript.message_items import SHOW_CHANGES, TOGGLE_TOOL, Line, tool_lines
from desktop_app.writers.markdown_file import call_as_markdown


def test_a_text_for_the_user_alone_is_shown_below_the_result() -> None:
    call = ToolCallPart(
        "1", "shop__buy", "{}", state=ToolCallState.DONE, result="Bought.", for_user="PIN 7"
    )
    message = Message("a", "c", None, Role.ASSISTANT, MessageStatus.COMPLETE, (call,), now())
    assert "PIN 7" not in str(tool_lines(message, set()))
    shown = str(tool_lines(message, {f"{TOGGLE_TOOL}0"}))
    assert shown.index("Bought.") < shown.index("For you only:") < shown.index("PIN 7")
    assert "PIN 7" in call_as_markdown(call)


def test_all_changes_of_the_text_have_one_line_that_leads_to_them() -> None:
    edits = [
        ToolCallPart(str(n), "edit_text", f'{{"old": "o{n}"}}', state=ToolCallState.DONE)
        for n in range(3)
    ]
    other = ToolCallPart("9", "date_time", "{}", state=ToolCallState.DONE)
    parts = (edits[0], other, *edits[1:])
    message = Message("a", "c", None, Role.ASSISTANT, MessageStatus.COMPLETE, parts, now())
    first, second = tool_lines(message, set())
    assert isinstance(first, Line)
    assert [run.link.endswith(SHOW_CHANGES) for run in first.runs] == [False, True]
    assert SHOW_CHANGES not in str(second)
    unfolded = str(tool_lines(message, {f"{TOGGLE_TOOL}0"}))
    assert all(f"o{n}" in unfolded for n in range(3))
