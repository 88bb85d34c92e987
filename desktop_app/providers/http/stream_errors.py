"""Errors for a stream that ends badly without a word from the provider."""

from __future__ import annotations

from desktop_app.domain.errors import Remedy, StreamCutError, UnexpectedReplyError


def cut(provider: str) -> StreamCutError:
    """Return the error for a stream that ended before its terminal event."""
    return StreamCutError(
        f"{provider} ended the answer before it was whole.",
        what_to_do=Remedy.RETRY_BILLED,
    )


def unreadable(provider: str) -> UnexpectedReplyError:
    """Return the error for an invalid event or reply; to skip it would lose text."""
    return UnexpectedReplyError(
        f"{provider} sent something that is no part of an answer.",
        what_to_do=Remedy.RETRY_BILLED,
    )
