"""Prompts that are kept to be used again: their text with variables in it, and what fills them.

In a prompt's text

    {{name}}                 is asked for, and must be filled;
    {{name=default}}         is asked for, and may be left as it is;
    {{name=one|two|three}}   is chosen, the first unless another is;
    {{selection}}            is the selected text, {{clipboard}} the text on the clipboard, {{date}} the
                             day: the program fills these itself, with nothing where there is nothing;
    \\{{name}}                stands for {{name}}, word for word.

A name begins with a letter and has letters, digits, spaces, - and _ in it; a default may have several
lines, but no brace. Whatever else stands in braces is text, so that code keeps its own.
The same name is asked for once; the first default said for it holds everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

SELECTION, CLIPBOARD, DATE = "selection", "clipboard", "date"
FILLED: Final = frozenset((SELECTION, CLIPBOARD, DATE))
"""The names that the program fills."""

_NAME: Final = r"[^\W\d_][\w \-]*"
_PIECE: Final = re.compile(rf"(\\?)\{{\{{[ ]*({_NAME})(=[^{{}}]*)?\}}\}}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of the library.

    Attributes:
        id: of a built-in, or a person's copy that stands in its place: the built-in's name.
        folder: "" for none.
        position: its place among those of its folder.
        hidden: not offered, but kept.
    """

    id: str
    title: str
    text: str
    folder: str = ""
    position: int = 0
    created_at: datetime | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A place in a prompt that is filled when it is used. `default` None: it must be filled."""

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_filled_here(self) -> bool:
        """Whether the program fills it."""
        return self.name in FILLED


Piece = str | Variable


@dataclass(frozen=True, slots=True)
class Filled:
    """A prompt's text, and where in it the person goes on: at the first place that had nothing to be
    filled with, else at the end."""

    text: str
    cursor: int


def parse(text: str) -> tuple[Piece, ...]:
    """The text in pieces: words, and the places to be filled."""
    pieces: list[Piece] = []
    words, at = "", 0
    for found in _PIECE.finditer(text):
        words += text[at : found.start()]
        at = found.end()
        if found[1]:
            words += found[0][1:]
            continue
        if words:
            pieces.append(words)
        pieces.append(_variable(found[2].strip(), found[3]))
        words = ""
    words += text[at:]
    return (*pieces, words) if words else tuple(pieces)


def _variable(name: str, default: str | None) -> Variable:
    if default is None or name in FILLED:
        return Variable(name)
    choices = tuple(part.strip() for part in default[1:].split("|"))
    if len(choices) > 1:
        return Variable(name, choices[0], choices)
    return Variable(name, default[1:])


def variables(text: str) -> tuple[Variable, ...]:
    """What is asked for, each name once, in the order of the text; without what the program fills."""
    found: dict[str, Variable] = {}
    for piece in parse(text):
        if isinstance(piece, Variable) and not piece.is_filled_here:
            known = found.get(piece.name)
            if known is None or (known.default is None and piece.default is not None):
                found[piece.name] = piece
    return tuple(found.values())


def filled_names(text: str) -> frozenset[str]:
    """What the program fills in this text."""
    return frozenset(p.name for p in parse(text) if isinstance(p, Variable) and p.is_filled_here)


def preview(text: str, length: int) -> str:
    """The beginning in one line, for a list: with its defaults, and … where something will stand."""
    made = ""
    for piece in parse(text[: 2 * length]):
        made += piece if isinstance(piece, str) else piece.default or "…"
    return " ".join(made.split())[:length]


def missing(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The names that must be filled and are not."""
    return tuple(
        v.name for v in variables(text) if v.default is None and not values.get(v.name, "").strip()
    )


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The text with every place filled: by `values` (where one may be ""), else by its default, else
    by nothing. What is filled in is taken as it is, braces and all."""
    defaults = {v.name: v.default or "" for v in variables(text)}
    made, cursor = "", -1
    for piece in parse(text):
        if isinstance(piece, str):
            made += piece
            continue
        value = values.get(piece.name, defaults.get(piece.name, ""))
        if not value and cursor < 0:
            cursor = len(made)
        made += value
    return Filled(made, len(made) if cursor < 0 else cursor)
