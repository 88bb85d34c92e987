"""Opens pages that models wrote in the user's browser."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Final

from desktop_app.app.session import Controller
from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.external_open import open_path
from desktop_app.writers.model_page import MAX_PAGE_LENGTH, confined_page

_AGREED: Final = "pages.opened"
_TOPIC: Final = "page"


class PageOpener(Controller):
    """The temporary files of pages, and the question before the first."""

    async def open(self, page: str) -> None:
        """Open a page, of HTML or SVG, after a question if none was opened before."""
        if len(page) > MAX_PAGE_LENGTH:
            raise IllegalChoiceError(
                N_("This page is too long to be opened: {count} characters, {most} at most."),
                count=len(page),
                most=MAX_PAGE_LENGTH,
            )
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_(
                    "Other apps can’t open documents of temporary conversations, "
                    "since that saves them."
                ),
                hint=hints.USE_REGULAR,
            )
        settings = self._session.backend.settings
        if (await settings.all()).get(_AGREED):
            await self._show(page)
            return

        async def agree() -> None:
            await settings.set(_AGREED, True)
            await self._show(page)

        if not self._window.isActiveWindow():  # the quick prompt is
            self._session.raise_window()
        self._notifications.notify(
            tr(
                "The page opens in your browser, and its scripts run there. It loads nothing, and "
                "is deleted when Repartee quits."
            ),
            [(tr("Open"), self._tasks.slot(agree))],
            topic=_TOPIC,
            stays=True,
        )

    async def _show(self, page: str) -> None:
        document = await asyncio.to_thread(confined_page, page)
        name = sha256(document).hexdigest()
        make = self._session.copies.make
        open_path(await asyncio.to_thread(make, document, name, f"{name[:16]}.html"))
