"""Which passages say what others say already: a document may lie in a collection several times, as the
PDF and the text it was made of, or under two names.

Only what is the same word for word is a copy. A version in which one figure, or one "not", is another
says something else: the model is to see both.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from desktop_app.domain.documents.letter_folding import dense_run, fold

Run = tuple[str, ...]

# So many words in a row stand for what is said.
RUN: Final = 4
# A passage that begins or ends elsewhere than its copy has so much at its ends that the copy lacks.
LEAST_SHARED: Final = 0.85

_MARK: Final = re.compile(r"^\[(?:page|slide|sheet|chapter) \d+\][ \t]*$", re.M)
_HYPHEN: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")
_WORD: Final = re.compile(r"[^\W_]+")


class DuplicatePassages:
    """What some passages say, to tell whether another says any more."""

    def __init__(self) -> None:
        self._runs: set[Run] = set()
        self._first: set[Run] = set()
        self._last: set[Run] = set()

    def is_new(self, text: str) -> bool:
        """Whether a passage says more than those before it; then it is one of them. A few words more
        before the beginning or behind the end of one of those are none."""
        runs = _runs(text)
        if self._hold(runs):
            return False
        self._runs.update(runs)
        self._first.add(runs[0])
        self._last.add(runs[-1])
        return True

    def _hold(self, runs: list[Run]) -> bool:
        known = [run in self._runs for run in runs]
        if True not in known:
            return False
        first, last = known.index(True), len(known) - known[::-1].index(True)
        return (
            all(known[first:last])
            and last - first >= len(runs) * LEAST_SHARED
            and (first == 0 or runs[first] in self._first)
            and (last == len(runs) or runs[last - 1] in self._last)
        )


def _runs(text: str) -> list[Run]:
    words = _words(text)
    return [tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))]


def _words(text: str) -> list[str]:
    """The words, without marks and what parts them; scripts without spaces by their characters."""
    folded = fold(_HYPHEN.sub("", _MARK.sub("", text)))
    apart = dense_run().sub(lambda run: f" {' '.join(run.group())} ", folded)
    return list(chain.from_iterable(_WORD.findall(line) for line in apart.splitlines()))
