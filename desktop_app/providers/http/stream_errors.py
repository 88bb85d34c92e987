"""The ways in which a stream ends badly without the provider having said so."""

from __future__ import annotations

from desktop_app.domain.errors import StreamCutError, UnexpectedReplyError
from desktop_app.providers.apis.error_replies import ASK_AGAIN


def cut(provider: str) -> StreamCutError:
    """The stream was over before its terminal event."""
    return StreamCutError(
        f"{provider} ended the answer before it was whole.",
        what_to_do=ASK_AGAIN,
    )


def unreadable(provider: str) -> UnexpectedReplyError:
    """An event that is no JSON, or a reply without an answer: to skip it would lose text."""
    return UnexpectedReplyError(
        f"{provider} sent something that is no part of an answer.",
        what_to_do=ASK_AGAIN,
    )
