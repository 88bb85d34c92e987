"""Links that only this program follows: citations, files, those between a footnote and its marks.

Citations are numbers in square brackets that refer to the passages of a question. `[3]`, `[1, 2]`
and `[2–4]` are citations if a passage has one of the numbers. Other numbers are text, and so are
brackets in code, in formulas and in the words of a link. Markdown's own brackets take precedence:
links, images, defined references. Targets in the source that imitate these links are dropped.

The code interpreter's links to its files (`sandbox:/mnt/data/fees.csv`) lead to the file of this
name that came with the answer. Without it they are text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote

from desktop_app.domain.documents.collections import passage_link, passage_number
from desktop_app.domain.lazy_pattern import lazy_pattern

CITED: Final = "cited"
"""Key in the parse environment: a `Citable`."""
Citable = frozenset[int | str]
"""What a source may link to: the numbers of passages, and the names of the answer's files."""

CITATION: Final = "citation"
"""The type of a citation's token, and the name of its rule."""

FILE_LINK: Final = "file"
"""Key in the data of a link's token: the link to a file of the answer; "" if it has none."""

CITED_NUMBER: Final = lazy_pattern(r"[0-9]+")
_NOTE_PREFIX: Final = "repartee:note/"
_MARK_PREFIX: Final = "repartee:mark/"
_FILE_PREFIX: Final = "repartee:file/"
_SANDBOX_SCHEME: Final = "sandbox:"
_OWN_LINK_PREFIX: Final = passage_link(0).removesuffix("passage/0")


def pieces(content: str, cited: Citable) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a citation as (words, target); the target is "" for plain text.

    >>> list(pieces("[2, 9]", frozenset((2,))))
    [('[', ''), ('2', 'repartee:passage/2'), (', 9]', '')]
    """
    numbers = [m for m in CITED_NUMBER.finditer(content) if int(m[0]) in cited]
    if len(numbers) == 1 and content.strip("[ ]") == numbers[0][0]:
        yield content, passage_link(int(numbers[0][0]))
        return
    end = 0
    for number in numbers:
        yield content[end : number.start()], ""
        yield number[0], passage_link(int(number[0]))
        end = number.end()
    yield content[end:], ""


def leads_to_sandbox(target: str) -> bool:
    """Return True if a written link names a file in the code interpreter's container."""
    return target[: len(_SANDBOX_SCHEME)].lower() == _SANDBOX_SCHEME


def link_to_file(target: str, citable: Citable) -> str:
    """Return the link to a file in the container; "" if the answer did not bring it.

    >>> link_to_file("sandbox:/mnt/data/my%20fees.csv", frozenset({"my fees.csv"}))
    'repartee:file/my%20fees.csv'
    """
    name = unquote(target).rpartition("/")[2]
    return _FILE_PREFIX + quote(name, safe="") if name in citable else ""


def linked_file(link: str) -> str:
    """Return the name of the file that a link made by `link_to_file` leads to; "" for others."""
    return unquote(link.removeprefix(_FILE_PREFIX)) if link.startswith(_FILE_PREFIX) else ""


def is_citation(link: str) -> bool:
    """Return True if a run's link is a citation."""
    return passage_number(link) is not None


def imitates_own_link(target: str) -> bool:
    """Return True if a written link's target imitates the program's own links."""
    return target.lower().startswith(_OWN_LINK_PREFIX)


def link_to_note(label: str) -> str:
    """Return the target that leads from a footnote's mark to its definition."""
    return _NOTE_PREFIX + label.encode(errors="replace").hex()


def link_to_mark(label: str) -> str:
    """Return the target that leads from a footnote's definition back to its mark."""
    return _MARK_PREFIX + label.encode(errors="replace").hex()


def is_note_link(target: str) -> bool:
    """Return True if a link leads from a mark to the definition, or back."""
    return target.startswith((_NOTE_PREFIX, _MARK_PREFIX))


def is_link_to_mark(target: str) -> bool:
    """Return True if a link leads from the definition to a mark."""
    return target.startswith(_MARK_PREFIX)


def opposite_link(target: str) -> str:
    """Return the target of the link in the opposite direction.

    >>> opposite_link(link_to_note("a")) == link_to_mark("a")
    True
    """
    if is_link_to_mark(target):
        return _NOTE_PREFIX + target.removeprefix(_MARK_PREFIX)
    return _MARK_PREFIX + target.removeprefix(_NOTE_PREFIX)


def note_label_of(target: str) -> str:
    """Return the label of the footnote that a link between mark and definition belongs to.

    >>> note_label_of(link_to_note("a"))
    'a'
    """
    return bytes.fromhex(target.rpartition("/")[2]).decode()
