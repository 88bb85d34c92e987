"""The tokens of the sign-in to a running server: stored, and renewed by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

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
        self._store_tokens, self._renewal = store_tokens, renewal
        self._redact, self._on_error = redact, on_error
        self._storing: asyncio.Task[UserFacingError | None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._renewed = asyncio.Event()

    def clear(self) -> None:
        """Forget what was stored, because the server is started again."""
        self._storing = None

    def store(self, saved: Mapping[str, Any]) -> None:
        """Store the tokens of a sign-in or a refresh, after those that are being stored."""
        self._storing = asyncio.ensure_future(self._store(saved, self._storing))
        renewed = self._renewed
        self._storing.add_done_callback(lambda _: renewed.set())

    async def _store(
        self, saved: Mapping[str, Any], earlier: asyncio.Task[UserFacingError | None] | None
    ) -> UserFacingError | None:
        if earlier is not None:
            await earlier
        await self._redact(sign_in_secrets(saved))
        try:
            await self._store_tokens(saved)
        except UserFacingError as error:
            self._on_error(error)
            return error
        return None

    async def is_stored(self) -> bool:
        """Wait until all tokens are stored. Return False if there were none.

        Raises:
            UserFacingError: they could not be stored.
        """
        if self._storing is None:
            return False
        if error := await self._storing:
            raise error
        return True

    def renew(self, on_tokens: OnTokens) -> None:
        """Pass the stored tokens to `on_tokens` once no other process renews them.

        `on_tokens` gets None if no tokens are stored, or after an error, which is reported.
        Other processes wait until `end_renewal`, or until new tokens are stored.
        """
        self._renewed = asyncio.Event()
        self._renewing = asyncio.ensure_future(self._renew(on_tokens, self._renewed))

    async def _renew(self, on_tokens: OnTokens, renewed: asyncio.Event) -> None:
        try:
            async with self._renewal() as saved:
                if saved is not None:
                    await self._redact(sign_in_secrets(saved))
                on_tokens(saved)
                await renewed.wait()
        except UserFacingError as error:
            self._on_error(error)
            on_tokens(None)

    def end_renewal(self, *, waits_for_store: bool = False) -> None:
        """Let other processes renew the sign-in.

        Args:
            waits_for_store: if tokens are being stored, do so only once they are.
        """
        if not waits_for_store or self._storing is None or self._storing.done():
            self._renewed.set()

    async def aclose(self) -> None:
        """Wait until the tokens are stored, and end the renewal."""
        if self._storing is not None:
            await self._storing
        if self._renewing is not None:
            self._renewed.set()
            await self._renewing
