"""Errors as they are shown and stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.cli.console import terminal_error_text
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.conversations.notices import AnswerNotice, notice_from_json, notice_to_json
from desktop_app.domain.error_note import ErrorNote, error_from_json, error_to_json, note_from_error
from desktop_app.domain.error_text import TERMINAL, hint_text
from desktop_app.domain.errors import AuthenticationError, StoreDamagedError, ToolServerError
from desktop_app.i18n.translation import use_language
from desktop_app.tools.servers.remote_tool import unusable_arguments
from desktop_app.tools.servers.tool_server import ServerFault
from tests.helpers.pseudo import pseudo_offered


def test_only_a_terminal_names_the_command_that_repairs() -> None:
    damaged = StoreDamagedError(
        "Your library is damaged.", hint="Repair it or restore a backup in {data_page}."
    )
    assert "repartee repair" in hint_text(damaged, TERMINAL)
    assert damaged.what_to_do == "Repair it or restore a backup in Settings › Data."


def test_a_key_of_the_environment_is_replaced_in_its_variable() -> None:
    note = note_from_error(
        AuthenticationError("No.", hint="Check or replace the key in {provider_page}.")
    )
    assert note.code == "authentication"
    said = terminal_error_text(note, from_environment=True)
    assert said == "No. Check or replace the key in environment variables."


def test_an_error_survives_its_json_form() -> None:
    params = {"host": "nas.local"}
    note = ErrorNote("It broke.", "Allow {host}, or use https://.", "x", "network", params)
    assert error_from_json(error_to_json(note)) == note
    free = ErrorNote("It broke.", "Wait.", "", "network")
    assert error_from_json(error_to_json(free)) == free


def test_a_notice_with_words_of_its_own_survives_its_json_form() -> None:
    notice = AnswerNotice("The provider rejected it: {words}", (("words", "No."),))
    assert str(notice) == "The provider rejected it: No."
    assert notice_from_json(notice_to_json(notice)) == notice


@pytest.mark.parametrize(
    "changes", [{"message": 5}, {"hint": None}, {"details": 1}, {"code": []}, {"params": {"a": []}}]
)
def test_an_error_of_another_shape_is_refused(changes: dict[str, object]) -> None:
    stored = error_to_json(ErrorNote("It broke."))
    with pytest.raises(ValueError, match="Expected"):
        error_from_json({**stored, **changes})


def test_a_wait_is_shown_in_whole_seconds() -> None:
    busy = ErrorNote("Too many requests.")
    assert status_text(busy) == "Too many requests."
    assert status_text(busy, 1.2) == "Too many requests. Trying again in 2 s."


def test_our_own_words_about_a_tool_server_are_translated() -> None:
    error = ToolServerError(
        "The tool server “{server}” didn’t start: {why}.",
        hint="Check its configuration in {servers_page}.",
        server="s",
        why=ServerFault.ENDED,
    )
    refusal = unusable_arguments(ServerFault.TOO_DEEP)
    foreign = ToolServerError(
        "The tool server “{server}” reports: {why}.",
        hint="Check its configuration in {servers_page}.",
        server="s",
        why="No {room}",
    )
    assert foreign.what_happened == "The tool server “s” reports: No {room}."
    with pseudo_offered():
        use_language("pseudo", Path())
        shown = error.what_happened + refusal.what_happened
    for fault in (ServerFault.ENDED, ServerFault.TOO_DEEP):
        assert fault not in shown
