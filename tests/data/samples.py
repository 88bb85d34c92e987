"""Samples: what the program makes of random input, in files to compare later results with.

`python -m tests.data.make_…_samples` writes them. After a change of a rule, read the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final
from zlib import crc32

Samples = Mapping[str, Callable[[], Iterator[str]]]

_WHOLE: Final = 40
"""The number of lines that a file has in full; it has only checksums of the others."""
_IN_A_ROW: Final = 11


def write_samples(folder: Path, samples: Samples) -> None:
    """Write the files that later results are compared with."""
    folder.mkdir(exist_ok=True)
    for name, lines in samples.items():
        kept = list(_kept(lines()))
        sums = [" ".join(kept[at : at + _IN_A_ROW]) for at in range(_WHOLE, len(kept), _IN_A_ROW)]
        text = "".join(f"{line}\n" for line in (*kept[:_WHOLE], *sums))
        (folder / f"{name}.jsonl").write_text(text, "utf-8")


def check_samples(folder: Path, samples: Samples, name: str) -> None:
    """Fail with the first line that has changed."""
    lines = list(samples[name]())
    before = (folder / f"{name}.jsonl").read_text("utf-8").split("\n")
    kept = [*before[:_WHOLE], *" ".join(before[_WHOLE:]).split()]
    for line, now, then in zip_longest(lines, _kept(lines), filter(None, kept)):
        assert now == then, line


def _kept(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line if number < _WHOLE else f"{crc32(line.encode()):08x}"
