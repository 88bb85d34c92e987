"""Error messages as shown: chosen by codes, never by editing a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from desktop_app.cli.streams.terminal import terminal_error_text
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.conversations.conversation import INCOMPLETE
from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.conversations.notices import (
    notice_from_json,
    notice_of_error,
    notice_to_json,
)
from desktop_app.domain.error_note import ErrorNote, error_from_note, note_from_error
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import (
    CONTINUABLE,
    NOT_CONTINUABLE,
    TERMINAL,
    WINDOW,
    environment_surface,
    remedy_text,
)
from desktop_app.domain.errors import (
    AuthenticationError,
    StoreDamagedError,
    ToolServerError,
    UserFacingError,
)
from desktop_app.domain.places import Place
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.tools.remote_tool import unusable_arguments
from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.i18n.translation import use_language
from tests.helpers.error_params import error_params

PARAMS = error_params()
# They are empty on a surface, or end with a command or another error's sentence.
NO_FULL_STOP = (
    *(Remedy.CONTINUE, Remedy.NONE, Remedy.INSTALL_WEIGHTS, Remedy.INSTALL_AGAIN),
    *(Remedy.TRY_ASK, Remedy.TRY_SET, Remedy.SEE_FIRST_PROBLEM),
)
SURFACES = (WINDOW, CONTINUABLE, NOT_CONTINUABLE, TERMINAL)


def classes(of: type[UserFacingError] = UserFacingError) -> list[type[UserFacingError]]:
    return [of, *(each for sub in of.__subclasses__() for each in classes(sub))]


def test_every_error_has_a_unique_code() -> None:
    ours = [cls for cls in classes() if cls.__module__ == errors.__name__]
    assert len({cls.code for cls in ours} | {INCOMPLETE}) == len(ours) + 1


def test_only_a_terminal_names_the_command_that_repairs() -> None:
    damaged = StoreDamagedError(Reason.ROW_DAMAGED)
    assert "repartee repair" in remedy_text(damaged, TERMINAL)
    assert damaged.what_to_do == "Repair it or restore a backup in Settings › Data."


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_has_a_sentence_on_every_surface(remedy: Remedy) -> None:
    error = UserFacingError("It broke.", PARAMS, remedy=remedy)
    for surface in (*SURFACES, *map(environment_surface, SURFACES)):
        said = remedy_text(error, surface)
        assert said.endswith(".") or remedy in NO_FULL_STOP
        assert "{" not in said
    is_for_window = remedy is Remedy.SEND_AGAIN_BY_RETRY  # of a server that is back
    assert is_for_window or "Retry" not in remedy_text(error, TERMINAL)


def test_a_foreign_sentence_is_shown_unchanged() -> None:
    to_do = "Press Retry, or look in Settings › Provider."
    note = ErrorNote("It broke.", to_do)
    for from_environment in (False, True):
        said = terminal_error_text(note, from_environment=from_environment)
        assert said == f"It broke. {to_do}"


def test_the_limit_of_an_environment_provider_is_that_of_the_saved_one() -> None:
    note = ErrorNote("No.", Remedy.RAISE_CAP, params={"day": "May 1"})
    said = terminal_error_text(note, from_environment=True)
    assert said == "No. Raise the saved provider’s limit, or wait until May 1."


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


def parameters(sentence: str) -> set[str]:
    """Return the names of the parameters of a sentence, without those of places."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name} - set(Place)


@pytest.mark.parametrize("reason", Reason)
def test_a_stored_error_is_refused_if_its_sentence_lacks_a_parameter(reason: Reason) -> None:
    stored = {"code": "", "reason": reason.value, "params": {}}
    if parameters(reason.happened + reason.remedy.sentence):
        with pytest.raises(KeyError):
            error_from_json(stored)
    else:
        assert "{" not in error_from_json(stored).sentences


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
    old = {"code": "", "reason": "item_answer_with_error", "params": {"words": "It broke."}}
    assert error_from_json(old).what_happened == "The response came with an error: It broke."


@pytest.mark.parametrize("because", ["It broke.", {}, {"code": "", "reason": "no_key"}, [1]])
def test_an_error_that_quotes_no_error_is_refused(because: object) -> None:
    value = {"code": "", "reason": "item_answer_with_error", "params": {}, "because": because}
    with pytest.raises((LookupError, TypeError, ValueError)):
        error_from_json(value)


@pytest.mark.parametrize("value", [[], "It broke.", 1, {}, {"reason": []}, {"what_happened": 5}])
def test_other_values_than_errors_are_refused(value: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        error_from_json(value)


def test_an_error_of_an_earlier_version_gets_its_codes() -> None:
    old = {
        "what_happened": "OpenAI did not accept the API key.",
        "what_was_kept": "Your question is kept.",
        "what_to_do": "Check the key, or replace it, in Settings › Provider.",
        "details": "HTTP 401",
        "kind": "AuthenticationError",
    }
    assert error_from_json(old) == ErrorNote(
        Reason.KEY_NOT_ACCEPTED,
        details="HTTP 401",
        code="authentication",
        params={"provider": "OpenAI"},
    )
    other = {"what_happened": "It broke.", "what_to_do": "Turn it off.", "kind": "Unknown"}
    assert error_from_json(other) == ErrorNote("It broke.", "Turn it off.")


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
