"""A line in the log for each call, synchronization, reading and child process, at its end.

It says what it was, how it ended and how long it took; never words of conversations, names of
files, or keys.
"""

from __future__ import annotations

import logging
import time
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from desktop_app.domain.errors import UserFacingError

log = logging.getLogger(__name__)

_MAX_LENGTH: Final = 200
"""Characters of what was done, which may hold the name of a model by anybody."""


class Activity:
    """What is done in a `logged` block.

    Attributes:
        ending: how it ended, if that is known before the end of the block.
    """

    ending = ""

    def fail(self, error: BaseException) -> None:
        """Note that it failed. Only the class is logged: the words may be of a conversation."""
        if not isinstance(error, CancelledError | GeneratorExit):
            self.ending = type(error).__name__
        elif not self.ending:  # the reader of an answer stops after its last event
            self.ending = "stopped"


@contextmanager
def logged(what: str) -> Iterator[Activity]:
    """Log what is done in the block when it ends."""
    activity = Activity()
    start = time.monotonic()
    try:
        yield activity
    except BaseException as error:
        activity.fail(error)
        raise
    finally:
        log_end(what, activity.ending or "done", start)


def described(error: UserFacingError) -> str:
    """Return an error for the log, without the names and words that fill its sentence."""
    return f"{type(error).__name__}: {error.message} {error.details}".strip()


def log_end(what: str, ending: str, start: float) -> None:
    """Log the end of what began at `start`, a value of `time.monotonic`."""
    seconds = time.monotonic() - start
    log.info("%s: %s after %.2f s", " ".join(what.split())[:_MAX_LENGTH], ending, seconds)
