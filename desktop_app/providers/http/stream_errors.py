"""Errors for a stream that ends badly without an error from the provider."""

from __future__ import annotations

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StreamCutError, UnexpectedReplyError


def cut_error(provider: str) -> StreamCutError:
    """Return the error for a stream that ended before its terminal event."""
    return StreamCutError(Reason.ANSWER_CUT, provider=provider)


def unreadable_error(provider: str) -> UnexpectedReplyError:
    """Return the error for an invalid event or reply: skipping it would lose text."""
    return UnexpectedReplyError(Reason.ANSWER_UNREADABLE, provider=provider)
