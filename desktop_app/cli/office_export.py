"""The office formats of `repartee export`: documents, tables and slides."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.domain.errors import StorageError
from desktop_app.exchange.writers.office.office_content import (
    OfficeMessage,
    OfficeTable,
    messages_of,
    tables_of,
)
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.conversation import Conversation, Message

OFFICE_SUFFIXES: Final = (".docx", ".odt", ".pptx", ".xlsx", ".csv")


class OfficeExporter:
    """Exporter to an office format. Files in .xlsx and .csv have only the tables of responses.

    Attributes:
        suffix: the suffix of the file names, which decides the format.
    """

    def __init__(self, suffix: str, backend: Backend) -> None:
        self.suffix = suffix
        self._catalog = backend.catalog

    async def write(self, file: Path, conversation: Conversation, path: list[Message]) -> None:
        """Write the messages of `path`.

        Raises:
            OSError: the file cannot be written.
            StorageError: the format takes only tables, and no response has any.
        """
        messages = list(messages_of(path, lambda model: self._catalog.info(model).name))
        write = partial(_write, self.suffix, file, conversation.title, messages)
        await asyncio.to_thread(write)

    async def close(self) -> None:
        """Do nothing."""


def _write(suffix: str, file: Path, title: str, messages: list[OfficeMessage]) -> None:
    # The libraries are imported late: each takes up to a second.
    if suffix == ".docx":
        from desktop_app.exchange.writers.office.docx_file import write_docx

        write_docx(file, title, messages)
    elif suffix == ".odt":
        from desktop_app.exchange.writers.office.odt_file import write_odt

        write_odt(file, title, messages)
    elif suffix == ".pptx":
        from desktop_app.exchange.writers.office.pptx_outline import write_pptx

        write_pptx(file, title, messages)
    else:
        from desktop_app.exchange.writers.office.table_files import write_csv, write_xlsx

        tables = _tables(messages)
        write_xlsx(file, tables) if suffix == ".xlsx" else write_csv(file, tables)


def _tables(messages: list[OfficeMessage]) -> list[OfficeTable]:
    tables = [
        table for message in messages if message.is_answer for table in tables_of(message.blocks)
    ]
    if not tables:
        raise StorageError(N_("The responses contain no table."), hint=N_("Choose another format."))
    return tables
