"""Repeats in words, for the window and the command line."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import MessageStatus, now, title_from
from desktop_app.domain.graphemes import shorten
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.repeat.repeat import EVERY_LABELS, Every

if TYPE_CHECKING:
    from desktop_app.repeat.repeat import Repeat
    from desktop_app.repeat.repeat_store import Run

_SELECT_ACTING: Final = """SELECT prompt, model, every FROM repeats
    WHERE id NOT IN (SELECT id FROM paused_repeats) ORDER BY rowid"""
_MAX_PROMPT_CHARS: Final = 80
_RESULTS: Final = {
    None: N_("Conversation deleted"),
    MessageStatus.COMPLETE: N_("Answered"),
    MessageStatus.STREAMING: N_("Being answered"),
}


def time_text(repeat: Repeat) -> str:
    """Return how often a prompt is asked, and when next."""
    next_time = repeat.next_time()
    if repeat.paused:
        when = tr("paused")
    elif next_time <= now():
        when = tr("due now")
    else:
        when = formatting.moment(next_time)
    return tr("{day}, {time}", day=tr(EVERY_LABELS[repeat.every]), time=when)


def added_text(repeat: Repeat) -> str:
    """Return what was added or changed, and when it is asked next."""
    title = title_from(repeat.prompt)
    if repeat.paused:
        return tr("Paused: {title}", title=title)
    day = tr(EVERY_LABELS[repeat.every])
    next_time = formatting.moment(repeat.next_time())
    return tr("{day}, next on {moment}: {title}", day=day, moment=next_time, title=title)


def run_text(run: Run) -> str:
    """Return when a prompt was asked, and how that ended."""
    result = tr(_RESULTS.get(run.status, N_("Not complete")))
    if run.error is not None:
        result = run.error.what_happened
    return tr("{moment}: {result}", moment=formatting.moment(run.at), result=result)


def lines_of_acting(connection: sqlite3.Connection) -> list[str]:
    """Return each repeat that is not paused as its prompt, its model, and how often it is asked."""
    return [_acting_line(*row) for row in connection.execute(_SELECT_ACTING)]


def _acting_line(*values: object) -> str:
    prompt, model, every = (" ".join(str(value).split()) for value in values)
    try:
        every = tr(EVERY_LABELS[Every(every)])
    except BAD_VALUE:  # a damaged row is paused as well
        every = shorten(every, _MAX_PROMPT_CHARS)
    words = shorten(prompt, _MAX_PROMPT_CHARS), shorten(model, _MAX_PROMPT_CHARS), every
    return " · ".join(words)
