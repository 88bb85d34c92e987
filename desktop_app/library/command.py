"""`repartee search`: the conversations that contain a text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from desktop_app.cli.command_setup import interrupt_at_signals, open_store, run_command
from desktop_app.cli.console import write_json, write_line
from desktop_app.cli.exit_code import ExitCode
from desktop_app.i18n import formatting
from desktop_app.library.search_query import Search
from desktop_app.storage.search.search_text import MATCH_END, MATCH_START

if TYPE_CHECKING:
    from desktop_app.cli.command_line import Options


def run_search(options: Options) -> int:
    """Run the command; return the exit code."""
    interrupt_at_signals()
    return run_command(_search(options), options)


async def _search(options: Options) -> int:
    async with open_store() as database:
        hits = await Search(database).find(options.text, options.limit)
    if options.json:
        rows = [
            {
                "conversation": hit.conversation_id,
                "title": hit.title,
                "message": hit.message_id,
                "document": hit.document or None,
                "snippet": _without_marks(hit.snippet),
                "date": hit.date.isoformat(),
            }
            for hit in hits
        ]
        write_json(rows, indent=1)
    else:
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        for hit in hits:
            moment = (
                formatting.moment(hit.date) if is_terminal else hit.date.isoformat(" ", "minutes")
            )
            text = f"{hit.document}: {hit.snippet}" if hit.document else hit.snippet
            snippet = " ".join(_without_marks(text).split())
            write_line(f"{moment}  {hit.title}  [{hit.conversation_id}]")
            write_line(f"    {snippet}")
    return 0 if hits else ExitCode.FAILED


def _without_marks(snippet: str) -> str:
    """Remove the characters that mark where matches begin and end."""
    return snippet.replace(MATCH_START, "").replace(MATCH_END, "")
