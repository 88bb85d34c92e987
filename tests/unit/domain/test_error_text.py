"""Error messages as shown: chosen by codes, never by editing a sentence."""

from __future__ import annotations

import json
from pathlib import Path

from desktop_app.cli.streams.console import terminal_error_text
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.conversations.notices import (
    notice_from_json,
    notice_of_error,
    notice_to_json,
)
from desktop_app.domain.error_note import ErrorNote, error_from_note, note_from_error
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import TERMINAL, remedy_text
from desktop_app.domain.errors import AuthenticationError, StoreDamagedError, ToolServerError
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.tools.remote_tool import unusable_arguments
from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.i18n.translation import use_language


def test_only_a_terminal_names_the_command_that_repairs() -> None:
    damaged = StoreDamagedError(Reason.ROW_DAMAGED)
    assert "repartee repair" in remedy_text(damaged, TERMINAL)
    assert damaged.what_to_do == "Repair it or restore a backup in Settings › Data."


def test_a_key_of_the_environment_is_replaced_in_its_variable() -> None:
    note = note_from_error(AuthenticationError("No.", remedy=Remedy.CHECK_KEY))
    assert note.code == "authentication"
    said = terminal_error_text(note, from_environment=True)
    assert said == "No. Check or replace the key in environment variables."


def test_an_error_survives_its_json_form() -> None:
    params = {"host": "nas.local"}
    note = ErrorNote("It broke.", Remedy.ALLOW_HOST, "x", "network", params)
    assert error_from_json(error_to_json(note)) == note
    free = ErrorNote("It broke.", "Wait.", "", "network")
    assert error_from_json(error_to_json(free)) == free


def test_an_error_that_quotes_another_is_worded_when_it_is_shown() -> None:
    cause = AuthenticationError(Reason.NO_KEY, provider="OpenAI")
    note = ErrorNote(Reason.ITEM_ANSWER_WITH_ERROR, because=note_from_error(cause))
    stored = error_to_json(note)
    assert "needs an API key" not in json.dumps(stored)
    assert error_from_json(stored) == note
    assert note_from_error(error_from_note(note)).what_happened == note.what_happened
    words = "The response came with an error: OpenAI needs an API key."
    assert note.what_happened == str(notice_of_error(note)) == words
    assert notice_from_json(notice_to_json(notice_of_error(note))) == notice_of_error(note)


def test_a_wait_is_shown_in_whole_seconds() -> None:
    busy = ErrorNote("Too many requests.")
    assert status_text(busy) == "Too many requests."
    assert status_text(busy, 1.2) == "Too many requests. Trying again in 2 s."


def test_our_own_words_about_a_tool_server_are_translated() -> None:
    error = ToolServerError(Reason.TOOL_SERVER_NOT_STARTED, server="s", why=ServerFault.ENDED)
    refusal = unusable_arguments(ServerFault.TOO_DEEP)
    foreign = ToolServerError(Reason.TOOL_SERVER_REFUSED, server="s", why="No {room}")
    assert foreign.what_happened == "The tool server “s” reports: No {room}."
    use_language("pseudo", Path())
    try:
        shown = error.what_happened + refusal.what_happened
        same_words = ToolServerError(Reason.TOOL_SERVER_REFUSED, server="s", why="it is empty")
        assert "it is empty" in same_words.what_happened  # a server’s words stay
    finally:
        use_language("en", Path())
    for fault in (ServerFault.ENDED, ServerFault.TOO_DEEP):
        assert fault.value not in shown
        assert fault.text not in shown
