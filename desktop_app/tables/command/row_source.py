"""The rows that `repartee table run` asks about: files, cases, and tests of promptfoo."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from desktop_app.backend.backend import Backend
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import expand_path
from desktop_app.cli.console import write_diagnostic, write_note
from desktop_app.domain import hints
from desktop_app.domain.errors import DocumentError, IllegalChoiceError
from desktop_app.domain.system_error import quoted_words
from desktop_app.foreign_file import RefusedFileError
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.checks import check_of
from desktop_app.tables.command.questions import Ask
from desktop_app.tables.promptfoo import ENDINGS, Evaluation, as_cases, read_promptfoo
from desktop_app.tables.row_files import OnProgress
from desktop_app.tables.table import NewRow, Row
from desktop_app.tables.table_service import TableService
from desktop_app.tables.table_source import KEY, STANDARD_INPUT, WORKBOOKS

if TYPE_CHECKING:
    from desktop_app.prompts.prompt_store import PromptStore

T = TypeVar("T")
INPUT: Final = "input"
"""The column of a file of cases that is asked if the command has no question."""
_CASES: Final = Ask(f"{{{{{INPUT}}}}}", sends_documents=True)


@dataclass
class RowSource:
    """What the rows of a new table are made of.

    Attributes:
        paths: of the files that are rows, or whose lines are.
        rows: those that are read already.
        asks: the questions that the source brings, if the command has none.
    """

    name: str
    paths: Sequence[Path] = ()
    rows: Sequence[NewRow] = ()
    asks: Sequence[Ask] = ()
    by_page: bool = False
    sheet: str = ""

    async def add_to(self, service: TableService, table_id: str, on_progress: OnProgress) -> None:
        """Add the rows to a table. Raises UserFacingError: nothing was added."""
        rows = self.rows
        if not rows:
            rows = await service.read_rows(
                self.paths,
                by_page=self.by_page,
                on_progress=on_progress,
                sheet=self.sheet,
                on_note=write_note,
            )
            rows = await asyncio.to_thread(self._cases, rows)
        await service.add_rows(table_id, rows)

    def _cases(self, rows: Sequence[NewRow]) -> list[NewRow]:
        """Return rows with the checks of cases; these are asked if the command has no question."""
        are_cases = not self.asks and any(INPUT in new.data for new in rows)
        if are_cases:
            self.asks = [_CASES]
        folder = self.paths[0].parent
        return _read(self.paths[0], lambda: list(as_cases(folder, rows, are_cases=are_cases)))


async def source_of(backend: Backend, options: Options, asks: Sequence[Ask]) -> RowSource:
    """Return the source of a new table's rows. Raises UserFacingError."""
    if not options.source:
        return _preset_cases(backend, options)
    given = [Path(name) for name in options.source]
    paths = [path if path == STANDARD_INPUT else expand_path(str(path)) for path in given]
    for path in paths:
        if path != STANDARD_INPUT and not os.path.exists(path):  # noqa: ASYNC240, PTH110
            raise DocumentError(
                N_("Couldn’t find “{name}”."), hint=hints.CHECK_FILE, name=path.name
            )
    if options.sheet and not any(path.suffix.lower() in WORKBOOKS for path in paths):
        raise IllegalChoiceError(N_("--sheet needs a workbook."))
    if len(paths) == 1 and paths[0].suffix.lower() in ENDINGS:
        read = partial(read_promptfoo, paths[0], may_be_document=bool(asks))
        found = await asyncio.to_thread(_read, paths[0], read)
        if found is not None:
            return _promptfoo_source(found, options, asks)
    name = os.fsencode(paths[0].name).decode("utf-8", "replace")
    if paths[0] == STANDARD_INPUT:
        name = tr("standard input")
    if more := len(paths) - 1:
        name = tr_plural("{name} and {count} more", "{name} and {count} more", more, name=name)
    return RowSource(name, paths, asks=asks, by_page=options.per_page, sheet=options.sheet or "")


def _preset_cases(backend: Backend, options: Options) -> RowSource:
    """Return the cases of a built-in preset."""
    library: PromptStore | None = backend.part("prompts")
    cases = library.preset_cases(options.preset or "") if library else []
    if not cases:
        raise IllegalChoiceError(
            N_("There are no cases to evaluate."),
            hint=N_("Name a file with cases, or a built-in preset."),
        )
    rows = [
        NewRow(
            Row(0, case["id"], key=case["id"], checks=tuple(map(check_of, case["checks"]))),
            {KEY: case["id"], INPUT: case[INPUT]},
        )
        for case in cases
    ]
    name = tr("Evaluation of {name}", name=options.preset)
    return RowSource(name, rows=rows, asks=[_CASES])


def _promptfoo_source(found: Evaluation, options: Options, asks: Sequence[Ask]) -> RowSource:
    """Return the rows of promptfoo's tests, and add its models and repeats to the options."""
    if not (options.model or options.variant):
        if found.unknown and not found.models:
            raise IllegalChoiceError(
                N_("None of these providers is known here: {names}."),
                hint=N_("Name models with --model."),
                names=", ".join(found.unknown),
            )
        options.model = list(found.models)
        if found.unknown:
            names = ", ".join(found.unknown)
            write_diagnostic(tr("Left out, because unknown here: {names}", names=names))
    if found.unused:
        write_diagnostic(tr("Not used: {names}", names=", ".join(found.unused)))
    options.n = options.n or found.repeats
    made = asks or [Ask(each.text, each.label) for each in found.prompts]
    return RowSource(found.name, rows=found.rows, asks=made)


def _read(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except RefusedFileError as error:
        raise IllegalChoiceError(
            error.message, params={**error.params, "file": path.name}
        ) from error
    except (OSError, ValueError) as error:
        raise IllegalChoiceError(
            N_("Can’t read the rows in {file}: {words}."),
            hint=hints.CHECK_FILE if isinstance(error, OSError) else "",
            file=path.name,
            words=quoted_words(error),
        ) from error
