"""Packs the runs of very long texts, because run objects take ten times the memory of the text.

New text extends the last run or follows it. So all runs except the last ones stay packed, in packs
of fixed size. A text that has grown shares the packs of its earlier version, so neither creating it
nor comparing the two versions reads the packs.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from desktop_app.rendering.block_model import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from desktop_app.rendering.block_model import Runs

_PACK_RUNS: Final = 128
"""The number of runs in a pack, at most 256 because a byte holds the index of a run's style."""


class _Pack(NamedTuple):
    """Several runs as one text.

    Attributes:
        ends: the end of each run in the text.
        style_indices: the index in `styles` of each run's style.
        styles: runs without text, one for each style.
    """

    text: str
    ends: array[int]
    style_indices: bytes
    styles: tuple[Run, ...]

    def runs(self) -> Iterator[Run]:
        styles = [style[1:] for style in self.styles]
        for text, index in zip(self.texts(), self.style_indices, strict=True):
            yield Run(text, *styles[index])

    def run(self, number: int) -> Run:
        start = self.ends[number - 1] if number else 0
        style = self.styles[self.style_indices[number]]
        return Run(self.text[start : self.ends[number]], *style[1:])

    def texts(self) -> Iterator[str]:
        start = 0
        for end in self.ends:
            yield self.text[start:end]
            start = end


class PackedRuns(Sequence[Run]):
    """A sequence of more runs than fit in a pack. It equals a tuple of the same runs.

    Its slices are tuples.
    """

    __slots__ = ("_last", "_packs")

    def __init__(self, packs: tuple[_Pack, ...], last: tuple[Run, ...]) -> None:
        while len(last) > _PACK_RUNS:
            packs = (*packs, _pack_runs(last[:_PACK_RUNS]))
            last = last[_PACK_RUNS:]
        self._packs = packs
        self._last = last

    def __len__(self) -> int:
        return len(self._packs) * _PACK_RUNS + len(self._last)

    @overload
    def __getitem__(self, at: int) -> Run: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Run, ...]: ...

    def __getitem__(self, at: int | slice) -> Run | tuple[Run, ...]:
        if isinstance(at, slice):
            first, end, step = at.indices(len(self))
            if step < 0:  # rare, so not worth code of its own
                return tuple(self)[at]
            return self._forward_slice(first, end, step)
        index = range(len(self))[at]  # counts negative indices from the end, and checks the bounds
        pack, number = divmod(index, _PACK_RUNS)
        if pack < len(self._packs):
            return self._packs[pack].run(number)
        return self._last[number]

    def _forward_slice(self, first: int, end: int, step: int) -> tuple[Run, ...]:
        first_pack = first // _PACK_RUNS
        end_pack = -(-end // _PACK_RUNS)  # rounded up: the last pack may be needed in part
        runs = [run for pack in self._packs[first_pack:end_pack] for run in pack.runs()]
        if end > len(self._packs) * _PACK_RUNS:
            runs += self._last
        skipped = first_pack * _PACK_RUNS
        # An end before `first` gives an empty slice; less `skipped`, it could become negative.
        return tuple(runs[first - skipped : max(first, end) - skipped : step])

    def __iter__(self) -> Iterator[Run]:
        packed = (pack.runs() for pack in self._packs)
        return chain(chain.from_iterable(packed), self._last)

    def __contains__(self, run: object) -> bool:
        if run in self._last:
            return True
        if not isinstance(run, Run):
            return False
        # Only packs with the text of the run are unpacked.
        return any(run in tuple(pack.runs()) for pack in self._packs if run.text in pack.text)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedRuns):
            return self._last == other._last and self._packs == other._packs
        if isinstance(other, tuple):
            return tuple(self) == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def with_more(self, added: Iterable[Run], *, replaced: int) -> PackedRuns:
        """Return these runs with `added` appended, replacing the last `replaced` runs (0 or 1)."""
        last = self._last[: len(self._last) - replaced]
        return PackedRuns(self._packs, (*last, *added))

    def shared_length(self, other: PackedRuns) -> int:
        """Return the number of leading runs that are in equal packs of both sequences."""
        shared = 0
        for mine, theirs in zip(self._packs, other._packs, strict=False):
            if mine is not theirs and mine != theirs:  # `is` first: `!=` reads the text
                break
            shared += 1
        return shared * _PACK_RUNS

    def texts(self) -> Iterator[str]:
        """Yield the text of each run."""
        packed = (pack.texts() for pack in self._packs)
        return chain(chain.from_iterable(packed), (run.text for run in self._last))

    def pieces(self) -> list[str]:
        """Return the text in pieces, one for each pack and each run that is not packed."""
        return [*(pack.text for pack in self._packs), *(run.text for run in self._last)]

    def styles(self) -> Iterator[Run]:
        """Yield at least one run of each style."""
        packed = (pack.styles for pack in self._packs)
        return chain(chain.from_iterable(packed), self._last)


def _pack_runs(runs: tuple[Run, ...]) -> _Pack:
    index_by_style: dict[Run, int] = {}
    style_indices = bytes(
        [index_by_style.setdefault(_share_style(run[1:]), len(index_by_style)) for run in runs]
    )
    return _Pack(
        text="".join([run.text for run in runs]),
        ends=array("I", [*accumulate([len(run.text) for run in runs])]),
        style_indices=style_indices,
        styles=_share_styles(tuple(index_by_style)),
    )


@lru_cache(maxsize=64)
def _share_style(style: tuple[Any, ...]) -> Run:
    """Return a cached run with a style and no text."""
    return Run("", *style)


@lru_cache(maxsize=64)
def _share_styles(styles: tuple[Run, ...]) -> tuple[Run, ...]:
    """Return a cached tuple of styles, so that packs with equal styles share one tuple."""
    return styles


def join_runs(first: Runs, second: Runs) -> Runs:
    """Join two parts of a text, merging runs of equal style at the boundary.

    Code, formulas, images and footnote marks are not merged.
    """
    if not first or not second:
        return first or second
    last = first[-1]
    follower = second[0]
    has_same_style = last[1:] == follower[1:]
    if has_same_style and not (last.code or last.math or last.image or last.note):
        merged = last._replace(text=last.text + follower.text)
        return _extend_packs(first, (merged, *second[1:]), replaced=1)
    return _extend_packs(first, second, replaced=0)


def with_last(runs: Runs, last: Run) -> Runs:
    """Return the runs with another last run."""
    return _extend_packs(runs, (last,), replaced=1)


def _extend_packs(runs: Runs, added: Runs, *, replaced: int) -> Runs:
    if isinstance(runs, PackedRuns):
        return runs.with_more(added, replaced=replaced)
    joined = (*runs[: len(runs) - replaced], *added)
    return PackedRuns((), joined) if len(joined) > _PACK_RUNS else joined


def skip_shared_packs(first: Runs, second: Runs) -> tuple[int, tuple[Run, ...], tuple[Run, ...]]:
    """Return the number of leading runs in equal packs, and the other runs of both."""
    if isinstance(first, PackedRuns) and isinstance(second, PackedRuns):
        shared_count = first.shared_length(second)
        return shared_count, first[shared_count:], second[shared_count:]
    return 0, tuple(first), tuple(second)


def text_of(runs: Runs) -> str:
    """Return the text of all runs."""
    return "".join(runs.pieces() if isinstance(runs, PackedRuns) else [run.text for run in runs])


def texts_of_runs(runs: Runs) -> Iterable[str]:
    """Return the text of each run."""
    return runs.texts() if isinstance(runs, PackedRuns) else (run.text for run in runs)


def styles_of(runs: Runs) -> Iterable[Run]:
    """Return at least one run of each style."""
    return runs.styles() if isinstance(runs, PackedRuns) else runs
