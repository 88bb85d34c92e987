"""Batch jobs: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.batch.ui.batch_page import BatchPage

RESUME_DELAY_MS: Final = 1500


def _compose(session: Session) -> None:
    for files_arrived in (session.window.files_dropped, session.window.prompt.attach_requested):
        files_arrived.connect(lambda paths: _page(session).bar.offer(paths))
    for signal in (session.events.store_changed, session.events.woke):
        signal.connect(lambda: _resume(session))


def _resume(session: Session) -> None:
    """Continue jobs that an earlier window or a command has begun."""

    async def resume() -> None:
        if await session.backend.batch_store.open_ids():
            await _page(session).resume_jobs()

    session.tasks.start(resume())


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
        ),
        Action(
            "batch.show",
            N_("Show batch jobs"),
            Category.PROGRAM,
            "Ctrl+G, Ctrl+B",
            run=call("batch.ui.batch_page.BatchPage.show_jobs"),
            menu_label=N_("Batch jobs"),
            words=N_("bulk many files"),
            menu=(Menu.PROGRAM, 6),
            page="batch-jobs",
        ),
    ),
    compose=_compose,
    later=(RESUME_DELAY_MS, _resume),
)
