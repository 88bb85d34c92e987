"""Detection of duplicate passages in a collection.

A collection may contain a document several times: as a PDF and its source text, or under two names.
A duplicate has only words of earlier passages, except for a few at its ends. If one figure or one
"not" in between differs, the model gets both versions.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from desktop_app.domain.documents.letter_folding import fold, unspaced_run

Run = tuple[str, ...]

# The number of consecutive words that are compared as a unit.
RUN_WORDS: Final = 4
# The minimum share of a new passage's runs that must be known; the others may only be at its ends.
MIN_KNOWN_SHARE: Final = 0.85

_PAGE_MARK: Final = re.compile(r"^\[(?:page|slide|sheet|chapter) \d+\][ \t]*$", re.M)
_LINE_END_HYPHEN: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")
_WORD: Final = re.compile(r"[^\W_]+")


class KnownPassages:
    """The texts of the passages that are known, to recognize duplicates."""

    def __init__(self) -> None:
        self._runs: set[Run] = set()
        self._first_runs: set[Run] = set()
        self._last_runs: set[Run] = set()

    def add_if_new(self, text: str) -> bool:
        """Add a passage unless its text is known. Return True if it was added.

        A few extra words at either end of a known passage do not make it new.
        """
        runs = _runs_of(text)
        if self._contains(runs):
            return False
        self._runs.update(runs)
        self._first_runs.add(runs[0])
        self._last_runs.add(runs[-1])
        return True

    def _contains(self, runs: list[Run]) -> bool:
        """Return True if all runs are known, but for a few before or after a known passage."""
        known_flags = [run in self._runs for run in runs]
        if True not in known_flags:
            return False
        start = known_flags.index(True)
        end = len(known_flags) - known_flags[::-1].index(True)
        return (
            all(known_flags[start:end])
            and end - start >= len(runs) * MIN_KNOWN_SHARE
            and (start == 0 or runs[start] in self._first_runs)
            and (end == len(runs) or runs[end - 1] in self._last_runs)
        )


def _runs_of(text: str) -> list[Run]:
    words = _words(text)
    return [
        tuple(words[start : start + RUN_WORDS])
        for start in range(max(1, len(words) - RUN_WORDS + 1))
    ]


def _words(text: str) -> list[str]:
    """Return the words without page marks and punctuation; unspaced scripts by character."""
    folded = fold(_LINE_END_HYPHEN.sub("", _PAGE_MARK.sub("", text)))
    separated = unspaced_run().sub(lambda run: f" {' '.join(run.group())} ", folded)
    return list(chain.from_iterable(_WORD.findall(line) for line in separated.splitlines()))
