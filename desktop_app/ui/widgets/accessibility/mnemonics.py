"""The choice of mnemonics: the underlined letters of menu entries, buttons and labels.

They are chosen when a menu opens or a window gets the focus, instead of being part of each text, as
in KDE's programs. So they never clash, and translators need not choose them.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from PySide6.QtWidgets import QMenu

HAS_MNEMONICS: Final = sys.platform != "darwin"
"""macOS has no mnemonics: Alt with a letter types a character there."""
NO_MNEMONIC: Final = "no-mnemonic"
"""The property of a button whose text is a value, such as the keys of a shortcut."""
KEEPS_LETTER: Final = "keeps-letter"
"""The property of a button that keeps its first letter, because most dialogs have that button."""

_WORD: Final = re.compile(r"[^\W_]+")
_MNEMONIC: Final = re.compile("&(.)", re.DOTALL)
_LAST_CHARACTER: Final = "\uffff"  # later characters are two units in Qt: no mnemonics


def choose_letters(
    texts: Sequence[str], previous: Sequence[str] = (), taken: Collection[str] = ()
) -> list[str]:
    """Return a letter for each text, all different; "" if no letter of a text is left.

    A text keeps its previous letter if it still has that letter and the letter is free. Otherwise
    the first letter of a text is preferred, then the first letters of its words, then any other. As
    many texts as possible get a letter.

    Args:
        texts: as shown; the first have priority.
        previous: the letter that each text has had until now, or "".
        taken: letters that are in use elsewhere.
    """
    assignment = _LetterAssignment([_letters(text) for text in texts], taken)
    assignment.assign_previous(previous)
    assignment.assign_preferred()
    assignment.move_others()
    return assignment.chosen


class _Letters(NamedTuple):
    """The first letters of the words of a text, and its other letters."""

    starts: list[str]
    others: list[str]


class _LetterAssignment:
    """The letters of the texts while they are being assigned.

    Args:
        letters: the letters of each text.
        taken: letters that are in use elsewhere.

    Attributes:
        chosen: the letter of each text; "" for none.
    """

    def __init__(self, letters: Sequence[_Letters], taken: Collection[str]) -> None:
        self._letters = letters
        self._taken = taken
        self._owners: dict[str, int] = {}  # the index of the text that has each letter
        self._kept_indices: set[int] = set()  # of the texts that keep their previous letters
        self.chosen = [""] * len(letters)

    def assign_previous(self, previous: Sequence[str]) -> None:
        """Assign texts their previous letters."""
        for index, letter in enumerate(previous):
            starts, others = self._letters[index]
            if letter in starts or letter in others:
                self._assign_free(index, (letter,))
        self._kept_indices = set(self._owners.values())

    def assign_preferred(self) -> None:
        """Assign each text its first letter, the first letter of a later word, or any letter."""
        for rank in range(3):
            for index, (starts, others) in enumerate(self._letters):
                if not self.chosen[index]:
                    candidates = (starts[:1], starts, others)[rank]
                    self._assign_free(index, candidates)

    def move_others(self) -> None:
        """Change the letters of other texts, as few as possible, for texts without a letter."""
        tried_letters: set[str] = set()
        for index, letter in enumerate(self.chosen):
            # A letter that could not be freed cannot be freed for the next text, until a move
            # succeeds.
            if not letter and self._move_others_for(index, tried_letters):
                tried_letters = set()

    def _assign_free(self, index: int, letters: Sequence[str]) -> None:
        for letter in letters:
            if letter not in self._owners and letter not in self._taken:
                self._owners[letter] = index
                self.chosen[index] = letter
                return

    def _move_others_for(self, index: int, tried_letters: set[str]) -> bool:
        """Free a letter for a text, breadth first, by moving its owner to another letter.

        Return False if no letter can be freed.
        """
        wanted_by: dict[str, int] = {}  # each letter's new owner, if a free letter is found
        indices_to_serve = [index]
        for wanting_index in indices_to_serve:
            letters = self._letters[wanting_index]
            for letter in (*letters.starts, *letters.others):
                if letter in tried_letters or letter in self._taken:
                    continue
                tried_letters.add(letter)
                wanted_by[letter] = wanting_index
                owner = self._owners.get(letter)
                if owner is None:
                    self._reassign(letter, wanted_by)
                    return True
                if owner not in self._kept_indices:
                    indices_to_serve.append(owner)
        return False

    def _reassign(self, free_letter: str, wanted_by: dict[str, int]) -> None:
        """Assign a free letter to its new owner, that owner's old letter to the next, and so on."""
        letter = free_letter
        while letter:
            owner = wanted_by[letter]
            old_letter = self.chosen[owner]
            self._owners[letter] = owner
            self.chosen[owner] = letter
            letter = old_letter


def with_mnemonic(text: str, letter: str) -> str:
    """Return a text for Qt with & before the mnemonic, and && for each &.

    >>> with_mnemonic("Cut & paste", "P")
    'Cut && &paste'
    """
    starts = [word.start() for word in _WORD.finditer(text)]
    candidates = [*starts, *range(len(text))] if letter else []
    index = next((each for each in candidates if text[each].upper() == letter), len(text))
    rest = text[index:].replace("&", "&&")
    return text[:index].replace("&", "&&") + ("&" if rest else "") + rest


def split_mnemonic(text: str) -> tuple[str, str]:
    """Return a text of Qt as shown, and its mnemonic or "".

    >>> split_mnemonic("Cut && &paste")
    ('Cut & paste', 'P')
    """
    if "&" not in text:
        return text, ""
    letters = [match[1] for match in _MNEMONIC.finditer(text)]
    mnemonic = next((each.upper() for each in letters if each != "&"), "")
    return _MNEMONIC.sub(r"\1", text), mnemonic


def mark_menu(menu: QMenu) -> None:
    """Give the entries of a menu their mnemonics."""
    if not HAS_MNEMONICS:
        return
    entries = [
        action
        for action in menu.actions()
        if action.isVisible() and action.isEnabled() and not action.isSeparator()
    ]
    old_texts = [action.text() for action in entries]
    # A tab separates the label of an entry from its keys.
    labels_and_letters = [split_mnemonic(text.partition("\t")[0]) for text in old_texts]
    labels = [label for label, _letter in labels_and_letters]
    new_letters = choose_letters(labels, [letter for _label, letter in labels_and_letters])
    for action, old_text, label, letter in zip(
        entries, old_texts, labels, new_letters, strict=True
    ):
        _label, tab, keys = old_text.partition("\t")
        new_text = with_mnemonic(label, letter) + tab + keys
        if new_text != old_text:
            action.setText(new_text)


def _letters(text: str) -> _Letters:
    """Return the letters of a text in upper case; digits come last in each list."""
    upper = text.upper()
    if len(upper) != len(text):  # ß becomes SS
        upper = "".join(each.upper() if len(each.upper()) == 1 else "_" for each in text)
    words = _WORD.findall(upper)
    starts = dict.fromkeys(word[0] for word in words)
    others = dict.fromkeys("".join(words))
    # Digits need Shift on some keyboards.
    first_letters = sorted((each for each in starts if each <= _LAST_CHARACTER), key=str.isdigit)
    other_letters = (each for each in others if each <= _LAST_CHARACTER and each not in starts)
    return _Letters(first_letters, sorted(other_letters, key=str.isdigit))
