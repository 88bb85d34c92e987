"""Links between the marks of a footnote and its definition, within one text.

They never leave the program: a target that somebody wrote is not taken for one (`citations.is_ours`).
"""

from __future__ import annotations

from typing import Final

_NOTE: Final = "repartee:note/"
_MARK: Final = "repartee:mark/"
_NO_LABELS: Final = "•◦▪☐☑"


def is_label(marker: str) -> bool:
    """Whether what stands before a block is the name of a footnote, and not a list item's mark.

    >>> is_label("1"), is_label("1."), is_label("•"), is_label("")
    (True, False, False, False)
    """
    return marker not in _NO_LABELS and not (marker[:1].isdigit() and marker[-1:] in ".)")


def link_to_note(label: str) -> str:
    """The target of a mark: where the footnote of this name is defined."""
    return _NOTE + label.encode(errors="replace").hex()


def link_to_mark(marker: str) -> str:
    """The target of what stands before a footnote's definition: where it is referred to; "" of what
    stands before another block."""
    return _MARK + marker.encode(errors="replace").hex() if is_label(marker) else ""


def is_note_link(target: str) -> bool:
    """Whether a link leads from a mark to the definition, or back."""
    return target.startswith((_NOTE, _MARK))


def leads_back(target: str) -> bool:
    """Whether it leads from the definition to a mark."""
    return target.startswith(_MARK)


def counterpart(target: str) -> str:
    """The target of what such a link leads to.

    >>> counterpart(link_to_note("a")) == link_to_mark("a")
    True
    """
    there, back = (_MARK, _NOTE) if target.startswith(_NOTE) else (_NOTE, _MARK)
    return there + target.removeprefix(back)


def name_of(target: str) -> str:
    """What a screen reader says of such a link."""
    label = bytes.fromhex(target.rpartition("/")[2]).decode()
    return f"Footnote {label}" if target.startswith(_NOTE) else f"Back from footnote {label}"
