"""A pseudo-language, which reveals untranslated text and widgets that are too narrow.

REPARTEE_LANGUAGE=pseudo adds accents to letters, and makes texts a third longer, in ⟦ ⟧.
"""

from __future__ import annotations

import re
from gettext import NullTranslations
from typing import Final

CODE: Final = "pseudo"
_ACCENTS: Final = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž",
)
# Placeholders (some begin with %), Markdown link targets and HTML tags are left unchanged.
_MARKUP_OR_PLACEHOLDER: Final = re.compile(r"(\{\w*\}|%(?:\(\w+\))?[rs]|\]\([^)]*\)|</?\w[^>]*>)")


def pseudo_text(message: str) -> str:
    """Return a message as the pseudo-language shows it.

    >>> pseudo_text("Rename {name}")
    '⟦Ŕéñåɱé {name}~~~~⟧'
    """
    if not message:
        return message
    parts = _MARKUP_OR_PLACEHOLDER.split(message)
    parts[::2] = [part.translate(_ACCENTS) for part in parts[::2]]
    longer = len(message) // 3
    filler = ("~~~~ " * longer)[:longer]  # with spaces, so that it can be wrapped
    return f"⟦{''.join(parts)}{filler.rstrip()}{'~' * filler.endswith(' ')}⟧"


class PseudoTranslations(NullTranslations):
    """A catalog that translates everything into pseudo-text."""

    def gettext(self, message: str) -> str:
        return pseudo_text(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo_text(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo_text(message)
