"""Renders the strips of pages that the viewer shows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from desktop_app.app.tasks import Tasks
from desktop_app.domain.errors import DocumentError

if TYPE_CHECKING:
    from desktop_app.documents.worker.page_worker import PageWorker, ViewedDocument
    from desktop_app.ui.viewer.page_strips import PageStrip
    from desktop_app.ui.viewer.viewer_pages import ViewerPages

_SLOW_STRIP_S: Final = 1.0  # a strip out of view that takes longer is canceled


class StripRenderer:
    """Renderer of one document's strips, one strip at a time."""

    def __init__(self, pages: ViewerPages, tasks: Tasks) -> None:
        self._pages = pages
        self._tasks = tasks
        self._source: tuple[PageWorker, ViewedDocument] | None = None
        self._waiting_strips: list[PageStrip] = []
        self._task: asyncio.Future[Any] | None = None
        self._running_strip: tuple[PageStrip, float] | None = None  # and the time of its start

    def begin(self, worker: PageWorker, document: ViewedDocument) -> None:
        """Render the strips of this document from now on."""
        self._source = (worker, document)

    def stop(self) -> None:
        """Forget the document."""
        self._source = None
        self._waiting_strips = []
        if self._task is not None:
            self._task.cancel()
        self._task = None

    def render(self, strips: list[PageStrip]) -> None:
        """Render these strips next; cancel a slow strip that is out of view."""
        self._waiting_strips = strips
        if self._running_strip is not None and self._task is not None:
            strip, started_at = self._running_strip
            pages = {each.page for each in strips}
            if strip.page not in pages and time.monotonic() - started_at > _SLOW_STRIP_S:
                self._task.cancel()
                self._task = None
        if strips and self._task is None and self._source is not None:
            self._task = self._tasks.start(self._draw(*self._source))

    async def _draw(self, worker: PageWorker, document: ViewedDocument) -> None:
        """Render strips until none waits, or another document is shown."""
        from desktop_app.documents.worker.page_worker import Strip

        source = self._source
        try:
            while self._waiting_strips and source is self._source:
                current_strip = self._waiting_strips.pop(0)
                self._running_strip = (current_strip, time.monotonic())
                try:
                    pixels = await worker.render_strip(document, Strip(*current_strip))
                except DocumentError:
                    self._pages.strips.add_failed(current_strip.page)
                    self._waiting_strips = [
                        strip for strip in self._waiting_strips if strip.page != current_strip.page
                    ]
                    continue
                if source is self._source:
                    self._pages.strips.store(current_strip, pixels)
        finally:
            if self._task is asyncio.current_task():
                self._task = self._running_strip = None
