"""Links between the marks of a footnote and its definition, within a text.

Only this program follows them. Targets in the source that imitate them are dropped
(`citations.imitates_own_link`).
"""

from __future__ import annotations

from typing import Final

_NOTE_PREFIX: Final = "repartee:note/"
_MARK_PREFIX: Final = "repartee:mark/"


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
