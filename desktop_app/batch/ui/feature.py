"""Batch jobs: the commands, and what the window must know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.batch.ui.batch_page import BatchPage

RESUME_DELAY_MS: Final = 1500


def _compose(session: Session) -> None:
    for files_arrived in (session.window.files_dropped, session.window.prompt.attach_requested):
        files_arrived.connect(lambda paths: _offer(session, paths))
    for signal in (session.events.store_changed, session.events.woke):
        signal.connect(lambda: _resume(session))


def _offer(session: Session, paths: Sequence[Path]) -> None:
    """Offer a batch job for many files: a request for each file, at half price."""
    if not any(profile.has_batches for profile in session.providers.all):
        return
    from desktop_app.batch.ui.batch_bar import offer_text

    # The draft of now: the files themselves are read into it while the offer is prepared.
    draft, opened_id = session.current.draft.value, session.current.id

    async def offer() -> None:
        text = await asyncio.to_thread(offer_text, paths)
        if text and session.current.id == opened_id:  # only then is the page made
            _page(session).bar.offer(text, paths, draft)

    session.tasks.start(offer())


def _resume(session: Session) -> None:
    """Continue jobs that an earlier window or a command has begun."""

    async def resume() -> None:
        from desktop_app.batch.services import batch_store

        if await session.backend.of(batch_store).open_ids():
            await _page(session).resume_jobs()

    session.tasks.start(resume())


async def _activity(session: Session) -> list[ActivityRow]:
    if not await session.backend.database.row("SELECT 1 FROM batch_jobs"):
        return []
    return await _page(session).activity()


def _page(session: Session) -> BatchPage:
    from desktop_app.batch.ui.batch_page import BatchPage

    return session.of(BatchPage)


FEATURE: Final = Feature(
    actions=(
        Action(
            "batch.new",
            N_("New batch job…"),
            Category.PROGRAM,
            run=call("batch.ui.batch_page.BatchPage.begin"),
            menu=(Menu.ACTIVITY, 1),
        ),
        Action(
            "batch.show",
            N_("Show batch jobs"),
            Category.PROGRAM,
            "Ctrl+G, Ctrl+B",
            run=call("batch.ui.batch_page.BatchPage.show_jobs"),
            menu_label=N_("Batch jobs"),
            words=N_("bulk many files"),
            page="batch-jobs",
        ),
    ),
    compose=_compose,
    later=(RESUME_DELAY_MS, _resume),
    activity=_activity,
)
