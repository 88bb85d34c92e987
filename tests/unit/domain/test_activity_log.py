"""The lines of the log on calls, readings and child processes."""

from __future__ import annotations

import asyncio
import logging

import pytest

from desktop_app.domain.activity_log import described, logged
from desktop_app.domain.errors import StorageError


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, "done"),
        (asyncio.CancelledError(), "stopped"),
        (GeneratorExit(), "stopped"),
        (StorageError("“{title}” is secret", title="words"), "StorageError"),
    ],
)
def test_a_line_says_how_it_ended_without_words(
    error: BaseException | None, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "desktop_app")
    raised = None
    try:
        with logged(f"answer of gpt{'x' * 300}\nforged"):
            if error is not None:
                raise error
    except BaseException as exc:  # noqa: BLE001 - it is compared
        raised = exc
    assert raised is error
    (message,) = caplog.messages
    assert f": {ending} after 0.0" in message
    assert "\n" not in message
    assert len(message) < 250
    assert "words" not in message


def test_an_error_is_logged_without_the_words_that_fill_it() -> None:
    error = StorageError("Couldn’t save {file}.", details="disk full", file="my secret.txt")
    assert described(error) == "StorageError: Couldn’t save {file}. disk full"
