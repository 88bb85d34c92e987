"""Reads the comments on the cells of a workbook (.xlsx).

Excel stores older comments, now called notes, in one part, and conversations in another (MS-XLSX,
2.6.205). It repeats a conversation as a note for old programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name, whole_number

_PERSONS: Final = "xl/persons/person.xml"
_REPEATED_AUTHOR: Final = "tc="
"""Begins the author of a note that repeats a conversation."""


def lines(package: Package, part: str) -> Iterator[str]:
    """Yield the comments on a sheet, each after the name of its cell."""
    for target in dict.fromkeys(package.relationships(part).values()):
        if "comment" not in target.lower():  # saves parsing drawings and tables
            continue
        tree = package.xml_if_readable(target)
        if local_name(tree) == "comments":
            yield from _notes(tree)
        elif local_name(tree) == "ThreadedComments":
            yield from _conversations(tree, package.xml_if_readable(_PERSONS))


def _notes(tree: Element) -> Iterator[str]:
    authors = [author.text or "" for author in tree.iterfind("{*}authors/{*}author")]
    for note in tree.iterfind("{*}commentList/{*}comment"):
        number = whole_number(note.get("authorId"), -1)
        author = authors[number] if 0 <= number < len(authors) else ""
        text = "".join(run.text or "" for run in note.iterfind("{*}text//{*}t"))
        if not author.startswith(_REPEATED_AUTHOR):
            # Excel begins a new note with the author's name.
            text = md.comment(text.removeprefix(f"{author}:"), author)
            yield f"{note.get('ref', '')}: {text}" if text else ""


def _conversations(tree: Element, persons: Element) -> Iterator[str]:
    names = {person.get("id", ""): person.get("displayName", "") for person in persons}
    for comment in tree:
        author = names.get(comment.get("personId", ""), "")
        text = md.comment(comment.findtext("{*}text") or "", author)
        yield f"{comment.get('ref', '')}: {text}" if text else ""
