"""The tokens of the sign-in to a running server: stored, and renewed by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.tools.tool_server import sign_in_secrets

StoreTokens = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Stores the tokens of a sign-in or a refresh. Raises UserFacingError."""
Renewal = Callable[[], AbstractAsyncContextManager[Mapping[str, Any] | None]]
"""Waits until no other process renews the sign-in, and yields its stored tokens.

Raises UserFacingError.
"""
OnTokens = Callable[[Mapping[str, Any] | None], None]
"""Takes the stored tokens of a sign-in; None if there are none."""

RENEWAL_S: Final = 10.0
"""Seconds after which other processes no longer wait for a renewal."""


class SignInTokens:
    """The tokens of one server's sign-in.

    Args:
        redact: called with new secret values, before they are stored or passed on.
        on_error: called with an error that stops no request.
    """

    def __init__(
        self,
        store_tokens: StoreTokens,
        renewal: Renewal,
        redact: Callable[[Sequence[str]], Awaitable[None]],
        on_error: Callable[[UserFacingError], None],
    ) -> None:
        self._store_tokens = store_tokens
        self._renewal = renewal
        self._redact = redact
        self._on_error = on_error
        self._store_task: asyncio.Task[UserFacingError | None] | None = None
        self._renewal_task: asyncio.Task[None] | None = None
        self._renewal_done = asyncio.Event()

    def clear(self) -> None:
        """Forget what was stored, because the server is started again."""
        self._store_task = None

    def store(self, tokens: Mapping[str, Any]) -> None:
        """Store the tokens of a sign-in or a refresh, after those that are being stored."""
        self._store_task = asyncio.ensure_future(self._store(tokens, self._store_task))
        renewal_done = self._renewal_done
        self._store_task.add_done_callback(lambda _: renewal_done.set())

    async def _store(
        self, tokens: Mapping[str, Any], earlier_task: asyncio.Task[UserFacingError | None] | None
    ) -> UserFacingError | None:
        if earlier_task is not None:
            await earlier_task
        await self._redact(sign_in_secrets(tokens))
        try:
            await self._store_tokens(tokens)
        except UserFacingError as error:
            self._on_error(error)
            return error
        return None

    async def is_stored(self) -> bool:
        """Wait until all tokens are stored. Return False if there were none.

        Raises:
            UserFacingError: they could not be stored.
        """
        if self._store_task is None:
            return False
        if error := await self._store_task:
            raise error
        return True

    def renew(self, on_tokens: OnTokens) -> None:
        """Pass the stored tokens to `on_tokens` once no other process renews them.

        `on_tokens` gets None if no tokens are stored, or after an error, which is reported.
        Other processes wait until `end_renewal`, or until new tokens are stored.
        """
        self._renewal_done = asyncio.Event()
        self._renewal_task = asyncio.ensure_future(self._renew(on_tokens, self._renewal_done))

    async def _renew(self, on_tokens: OnTokens, renewal_done: asyncio.Event) -> None:
        try:
            async with self._renewal() as tokens:
                if tokens is not None:
                    await self._redact(sign_in_secrets(tokens))
                on_tokens(tokens)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RENEWAL_S):
                        await renewal_done.wait()
        except UserFacingError as error:
            self._on_error(error)
            on_tokens(None)

    def end_renewal(self) -> None:
        """Let other processes renew the sign-in."""
        self._renewal_done.set()

    async def aclose(self) -> None:
        """Wait until the tokens are stored, and end the renewal."""
        if self._store_task is not None:
            await self._store_task
        if self._renewal_task is not None:
            self._renewal_done.set()
            await self._renewal_task
