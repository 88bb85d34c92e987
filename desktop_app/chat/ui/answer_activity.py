"""The rows of Activity for answers: those that run, and those that were not read yet."""

from __future__ import annotations

from functools import partial
from typing import Final

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import UnreadMarks

_MOST_UNREAD: Final = 20  # the newest; the list of conversations marks all


async def answer_activity(session: Session) -> list[ActivityRow]:
    """Return a row for each answer that runs or is unread; not for temporary conversations."""
    running, rows = session.running, []
    navigator = session.of(Navigator)
    for conversation, answer, status in running.states:
        if session.temporary.was_ever_temporary(conversation.id):
            continue
        rows.append(
            ActivityRow(
                f"answer:{answer.id}",
                conversation.title,
                tr("Background response") if answer.remote_run else tr("Response"),
                status or tr("Responding…"),
                Phase.RUNNING,
                answer.created_at,
                partial(navigator.open_in_front, conversation.id),
                actions=((tr("Stop"), partial(running.stop_answer, answer.id)),),
            )
        )
    for conversation_id in session.of(UnreadMarks).ids[-_MOST_UNREAD:]:
        stored = await session.backend.conversations.get(conversation_id)
        if stored is not None and stored.trashed_at is None:
            rows.append(
                ActivityRow(
                    f"unread:{stored.id}",
                    stored.title,
                    tr("Response"),
                    tr("Not read yet"),
                    Phase.OVER,
                    stored.updated_at,
                    partial(navigator.open_in_front, stored.id),
                )
            )
    return rows
