"""`--pages`: the pages of each file that are sent.

`3-10,15` applies to every file, `lease.pdf=3-10,15` to that file; repeated options add pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from desktop_app.domain import hints
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, ImagePart
from desktop_app.domain.documents.document_sections import UNITS, find_sections, parse_spans
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_


def pages_by_file(options: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
    """Return the pages to send, by the name of the file; omit files that are sent whole.

    Args:
        options: as `[FILE=]PAGES`.
        names: of all files that the command sends.

    Raises:
        IllegalChoiceError: an option names none of these files, or no file is sent.
    """
    if options and not names:
        raise IllegalChoiceError(
            N_("--pages needs a file."), hint=N_("Name one with --file, or leave out --pages.")
        )
    pages_of: dict[str, list[str]] = {}
    for option in options:
        files, pages = _parse_option(option, names)
        for name in files:
            pages_of.setdefault(name, []).append(pages)
    return {name: ",".join(pages) for name, pages in pages_of.items()}


def _parse_option(option: str, names: Sequence[str]) -> tuple[Sequence[str], str]:
    """Return the files and the pages of an option `[FILE=]PAGES`."""
    if "=" not in option:
        return names, option
    # FILE may contain "=", and so may PAGES, if it is the name of a sheet. The first "=" after the
    # name of a file that is sent separates them. A sheet with "=" is only found with its FILE.
    for index, character in enumerate(option):
        if character != "=":
            continue
        file = option[:index]
        files = [name for name in names if file in (name, Path(name).name)]
        if files:
            return files, option[index + 1 :]
    raise IllegalChoiceError(
        N_("There is no file “{given}” for --pages."),
        hint=hints.LIST_AVAILABLE,
        given=option,
        known=", ".join(names),
    )


async def with_pages(
    part: DocumentPart | ImagePart, text: str, pages: str
) -> DocumentPart | ImagePart:
    """Return the document, limited to `pages`, such as "3-10,15".

    Args:
        part: the document; an image is refused, because an option without FILE applies to it, too.
        text: all text of the document.

    Raises:
        IllegalChoiceError: the document has no pages, or not these.
    """
    unit = UNITS.get(part.media_type, "")
    sections = await asyncio.to_thread(find_sections, text, unit) if unit else []
    if isinstance(part, ImagePart) or not sections:
        raise IllegalChoiceError(
            N_("“{name}” has no pages to select."),
            hint=N_("Leave out --pages, or name a file, as in --pages FILE=3-10,15."),
            name=part.name,
        )
    count = len(sections)
    names = [section.name for section in sections] if unit == "sheet" else []
    spans = parse_spans(pages, count, unit, names)
    if spans == ((1, count),):
        return replace(part, chosen=None)  # all pages
    return replace(part, chosen=ChosenPages(unit, spans, count))
