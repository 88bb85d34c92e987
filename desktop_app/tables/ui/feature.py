"""Tables: the commands, and what the window must know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, Menu, Tab

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.library.ui.trash_section import TrashedItem, TrashSection
    from desktop_app.tables.table import Table

RESUME_DELAY_MS: Final = 1700


def _compose(session: Session) -> None:
    for files_arrived in (session.window.files_dropped, session.window.prompt.attach_requested):
        files_arrived.connect(lambda paths: _offer(session, paths))


def _offer(session: Session, paths: Sequence[Path]) -> None:
    """Offer a table of files that were attached to a message: a row for each."""
    from desktop_app.tables.table_source import is_table_like

    # The draft of now: the files themselves are read into it while the offer is prepared.
    draft, opened_id = session.current.draft.value, session.current.id

    async def offer() -> None:
        if await asyncio.to_thread(is_table_like, paths) and session.current.id == opened_id:
            from desktop_app.tables.ui.table_offer import TableOffer

            session.of(TableOffer).offer(paths, draft)

    session.tasks.start(offer())


def _resume(session: Session) -> None:
    """End what a killed process has left, and go on with batches."""
    from desktop_app.tables.ui.table_runs import TableRuns

    session.tasks.start(session.of(TableRuns).resume())


async def _activity(session: Session) -> list[ActivityRow]:
    if not await session.backend.database.row("SELECT 1 FROM table_runs"):
        return []
    from desktop_app.tables.ui.table_runs import TableRuns
    from desktop_app.tables.ui.tables_page import TablesPage

    return await session.of(TableRuns).activity(
        lambda table_id: session.of(TablesPage).show_table(table_id)
    )


def trashed_tables(session: Session) -> TrashSection:
    """Return the tables in the trash."""
    from desktop_app.library.ui.trash_section import TrashedItem, TrashSection
    from desktop_app.tables.ui.table_runs import TableRuns

    service = session.of(TableRuns).service

    async def erase(table_id: str) -> None:
        if (await service.get(table_id)).trashed_at is not None:
            await service.delete(table_id)

    def item(table: Table) -> TrashedItem:
        return TrashedItem(
            table.id,
            table.name,
            trashed_at=table.trashed_at or table.updated_at,
            question=tr("Delete this table permanently?"),
            consequence=tr(
                "Its rows and answers are deleted. The files stay. This can’t be undone."
            ),
            restore=partial(service.store.set_trashed, table.id, is_trashed=False),
            erase=partial(erase, table.id),
        )

    async def read() -> list[TrashedItem]:
        return [item(each.table) for each in await service.store.summaries(trashed=True)]

    return TrashSection("tables", tr("Tables"), read)


FEATURE: Final = Feature(
    actions=(
        Action(
            "tables.show",
            N_("Show tables"),
            Category.PROGRAM,
            "Ctrl+G, Ctrl+B",
            run=call("tables.ui.tables_page.TablesPage.show_tables"),
            menu_label=N_("Tables"),
            words=N_("ask each bulk many files spreadsheet extract batch jobs evaluate compare"),
            tab=Tab("library", 3, lambda: tr("Tables")),
            page="tables-page",
        ),
        Action(
            "tables.new",
            N_("New table from a folder…"),
            Category.PROGRAM,
            run=call("tables.ui.tables_page.TablesPage.begin_from_folder"),
            words=N_("ask each batch job"),
            menu=(Menu.ACTIVITY, 1),
        ),
    ),
    compose=_compose,
    sections={"trash": "tables.ui.feature.trashed_tables"},
    later=(RESUME_DELAY_MS, _resume),
    activity=_activity,
)
