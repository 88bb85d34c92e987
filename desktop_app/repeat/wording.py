"""Repeats in words, for the window and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.conversation import MessageStatus, now, title_from
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.repeat.repeat import EVERY_LABELS

if TYPE_CHECKING:
    from desktop_app.repeat.repeat import Repeat
    from desktop_app.repeat.repeat_store import Run

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
