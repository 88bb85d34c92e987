"""Links between the marks of a footnote and its definition, within a text.

Only this program follows them. Targets in the source that imitate them are dropped
(`citations.imitates_own_link`).
"""

from __future__ import annotations

from typing import Final

_NOTE: Final = "repartee:note/"
_MARK: Final = "repartee:mark/"


def link_to_note(label: str) -> str:
    """Return the target that leads from a footnote's mark to its definition."""
    return _NOTE + label.encode(errors="replace").hex()


def link_to_mark(label: str) -> str:
    """Return the target that leads from a footnote's definition back to its mark."""
    return _MARK + label.encode(errors="replace").hex()


def is_note_link(target: str) -> bool:
    """Return True if a link leads from a mark to the definition, or back."""
    return target.startswith((_NOTE, _MARK))


def is_link_to_mark(target: str) -> bool:
    """Return True if a link leads from the definition to a mark."""
    return target.startswith(_MARK)


def opposite_link(target: str) -> str:
    """Return the target of the link in the opposite direction.

    >>> opposite_link(link_to_note("a")) == link_to_mark("a")
    True
    """
    forward, back = (_MARK, _NOTE) if target.startswith(_NOTE) else (_NOTE, _MARK)
    return forward + target.removeprefix(back)


def note_label_of(target: str) -> str:
    """Return the label of the footnote that a link between mark and definition belongs to.

    >>> note_label_of(link_to_note("a"))
    'a'
    """
    return bytes.fromhex(target.rpartition("/")[2]).decode()
