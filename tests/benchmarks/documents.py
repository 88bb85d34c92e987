"""Words, order and CPU time of reading documents, by kind, beside other readers.

"words" is the share of the words that a document shows that are found; "order" the share of the
found words that are in the order of the document; "hidden" the number of words found that its owner
hid. Words are counted without their case, so numbers of clauses, boxes and units are words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks._document_cases import Case, cases
from tests.helpers.gateways import tool_folder

_ROOT: Final = Path(__file__).parents[2]
_READER: Final = Path(__file__).with_name("_document_reader.py")
_WORD: Final = re.compile(r"[☒☐§€$%]|\([a-z]\)|\w+(?:\.\w+)*")
_PEERS: Final = ("kreuzberg", "markitdown")


def main(peers: int = 1, before: str = "") -> Iterator[dict[str, Any]]:
    """Compare the readers.

    Args:
        peers: 0 leaves out the other libraries, which are installed on first use.
        before: a checkout of an earlier version to compare with.
    """
    documents = list(cases())
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, case in enumerate(documents):
            path = Path(folder, str(number), case.name)
            path.parent.mkdir()
            path.write_bytes(case.data)
            paths.append(str(path))
        readings = {"repartee": _read(sys.executable, "repartee", paths, str(_ROOT))}
        if before:
            readings["before"] = _read(sys.executable, "repartee", paths, before)
        for peer in _PEERS if peers else ():
            python = str(tool_folder("readers") / "python")
            readings[peer] = _read(python, peer, paths, "")
    for kind in dict.fromkeys(case.kind for case in documents):
        for reader, rows in readings.items():
            chosen = [
                (case, row) for case, row in zip(documents, rows, strict=True) if case.kind == kind
            ]
            yield {"benchmark": "documents", "kind": kind, "reader": reader, **_figures(chosen)}


def _read(python: str, reader: str, paths: list[str], checkout: str) -> list[tuple[str, float]]:
    done = subprocess.run(
        [python, str(_READER), reader, *paths],
        env={**os.environ, "PYTHONPATH": checkout},
        cwd=checkout or _ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [(text, seconds) for text, seconds in json.loads(done.stdout.splitlines()[-1])]


def _figures(rows: Sequence[tuple[Case, tuple[str, float]]]) -> dict[str, Any]:
    expected = found = in_order = ordered = hidden = 0
    for case, (text, _) in rows:
        words, read_words = _words(case.shown), _words(text)
        expected += len(words)
        found += (Counter(words) & Counter(read_words)).total()
        positions = _positions(words, read_words)
        ordered += len(positions)
        in_order += _longest_rise(positions)
        hidden += sum(word in text for word in case.hidden.split())
    return {
        "files": len(rows),
        "words": round(found / expected, 3),
        "order": round(in_order / ordered, 3) if ordered else 0,
        "hidden": hidden,
        "milliseconds": round(1000 * sum(seconds for _, (_, seconds) in rows) / len(rows), 1),
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _positions(words: list[str], read_words: list[str]) -> list[int]:
    """Return where the words are that occur once, in the order of the document."""
    once = {word for word, count in Counter(words).items() if count == 1}
    places = {word: index for index, word in enumerate(read_words)}
    return [places[word] for word in words if word in once and word in places]


def _longest_rise(numbers: list[int]) -> int:
    """Return the length of the longest part that rises."""
    ends: list[int] = []
    for number in numbers:
        index = bisect_left(ends, number)
        ends[index : index + 1] = [number]
    return len(ends)
