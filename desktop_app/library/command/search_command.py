"""`repartee search`: the conversations that contain a text."""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from textwrap import indent
from typing import TYPE_CHECKING

from desktop_app.cli.command_setup import interrupt_at_signals, open_store, run_command
from desktop_app.cli.console import ProgressReporter, to_json, write, write_line
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain.errors import StorageError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.library.search_query import Search
from desktop_app.library.search_rebuild import complete_index
from desktop_app.paths import folders
from desktop_app.storage.search_index import MATCH_END, MATCH_START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_app.cli.command_line import Options
    from desktop_app.domain.conversations.conversation import SearchHit


def run_search(options: Options) -> int:
    interrupt_at_signals()
    return run_command(_search(options), options)


async def _search(options: Options) -> int:
    has_hits = False
    if not folders().database.exists():  # a new library may be impossible here, and has nothing
        if options.json:
            write("[]\n")
        return ExitCode.FAILED
    async with open_store() as database:
        reporter = ProgressReporter(tr("Preparing search…"))
        with suppress(StorageError):  # a full disk; what is indexed is found
            await complete_index(database, lambda done: reporter.show(round(done * 100), 100))
        # Written in pages: 200,000 hits at once take 480 MB.
        async for hits in _pages_of_hits(Search(database), options.text, options.limit):
            if options.json:
                write(",\n" if has_hits else "[\n")
                write(",\n".join(map(_json_row, hits)))
            else:
                _write_text(hits)
            has_hits = True
    if options.json:
        write("\n]\n" if has_hits else "[]\n")
    return 0 if has_hits else ExitCode.FAILED


async def _pages_of_hits(search: Search, text: str, limit: int) -> AsyncIterator[list[SearchHit]]:
    """Yield at most `limit` hits, without those in the title of a conversation beside other hits.

    A title that the program made repeats the first message.
    """
    async for page in search.pages(text, limit):
        groups = [list(group) for _, group in groupby(page, attrgetter("conversation_id"))]
        hits = [hit for group in groups for hit in _without_title(group)][:limit]
        limit -= len(hits)
        yield hits
        if not limit:
            return


def _without_title(hits: list[SearchHit]) -> list[SearchHit]:
    return [hit for hit in hits if not hit.is_title] or hits


def _json_row(hit: SearchHit) -> str:
    row = {
        "conversation": hit.conversation_id,
        "conversation_id": hit.conversation_id,  # as `ask --json` names it
        "title": hit.title,
        "message": hit.message_id,
        "text": hit.text_id or None,
        "document": hit.document or None,
        "snippet": _without_marks(hit.snippet),
        "date": hit.date.isoformat(),
    }
    return indent(to_json(row, indent=1), " ")


def _write_text(hits: list[SearchHit]) -> None:
    """Write the hits, those of one conversation that follow each other below one heading."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    for _, group in groupby(hits, attrgetter("conversation_id")):
        first, *others = group
        date = first.date
        moment = formatting.moment(date) if is_terminal else date.isoformat(" ", "minutes")
        write_line(f"{moment}  {first.title}  [{first.conversation_id}]")
        for hit in (first, *others):
            text = f"{hit.document}: {hit.snippet}" if hit.document else hit.snippet
            write_line(f"    {' '.join(_without_marks(text).split())}")


def _without_marks(snippet: str) -> str:
    return snippet.replace(MATCH_START, "").replace(MATCH_END, "")
