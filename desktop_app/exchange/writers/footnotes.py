"""Makes footnote names unique when several texts share one Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from desktop_app.rendering.block_model import Block, Runs
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.markdown.footnote_links import link_to_note
from desktop_app.rendering.markdown.parser import parser

_CODE_TOKENS: Final = ("fence", "code_block")
_BACKTICKS: Final = re.compile("`+")
# Also matches escapes, and the backticks that may begin a code span. Names have a limit because the
# search for the ends of 8,000 unclosed names took 1.6 s.
_NAME_OR_CODE: Final = re.compile(r"\\.|`+|\[\^(?P<name>[^\]\s]{1,200})\]")


def unique_footnotes(text: str, used_names: set[str]) -> str:
    """Rename footnotes whose names are taken, and add the text's footnotes to `used_names`.

    The text is returned unchanged if renaming would change anything else in it.
    """
    if "]:" not in text or "[^" not in text:
        return text
    tokens = parser().parse(text, {})
    labels = [t.meta["label"] for t in tokens if t.type == "footnote_reference_open"]
    names = {label: _free_name(label, used_names) for label in dict.fromkeys(labels)}
    if all(label == name for label, name in names.items()):
        return text
    code = [t.map for t in tokens if t.type in _CODE_TOKENS and t.map is not None]
    code_lines = {number for begin, end in code for number in range(begin, end)}
    renamed = "\n".join(
        line if number in code_lines else _rename_in_line(line, names)
        for number, line in enumerate(text.split("\n"))
    )
    is_same = list(_renamed_content(render(text), names)) == list(
        _renamed_content(render(renamed), {})
    )
    return renamed if is_same else text


def _free_name(label: str, used_names: set[str]) -> str:
    """Return the label, or a similar name if it is taken; add the result to `used_names`."""
    name = label
    number = 1
    while name.casefold() in used_names:
        number += 1
        name = f"{label}_{number}"
    used_names.add(name.casefold())
    return name


def _rename_in_line(line: str, names: Mapping[str, str]) -> str:
    """Return a line with renamed footnotes, except in its code spans and after a backslash."""
    span_ends = _code_span_ends(line)
    pieces: list[str] = []
    position = 0
    while match := _NAME_OR_CODE.search(line, position):
        name = match["name"]
        end = span_ends.get(match.start(), match.end())
        pieces.append(line[position : match.start()])
        pieces.append(f"[^{names[name]}]" if name in names else line[match.start() : end])
        position = end
    return "".join((*pieces, line[position:]))


def _code_span_ends(line: str) -> dict[int, int]:
    """Return the end of each code span that may begin in a line, by its start.

    A code span ends at the next run of equally many backticks. One pass from the right finds all of
    them: a search for the end of each of 800 runs in a line of 320,000 characters took 9 s.
    """
    ends: dict[int, int] = {}
    next_run_ends: dict[int, int] = {}
    for run in reversed(list(_BACKTICKS.finditer(line))):
        length = len(run[0])
        if length in next_run_ends:
            ends[run.start()] = next_run_ends[length]
        next_run_ends[length] = run.end()
    return ends


def _renamed_content(blocks: list[Block], names: Mapping[str, str]) -> Iterator[object]:
    """Yield the content of blocks, with their footnotes renamed."""
    for block in blocks:
        marker = names.get(block.marker, block.marker) if block.note else block.marker
        yield block._replace(runs=(), rows=(), source_chars=0, marker=marker)
        for runs in (block.runs, *(cell for row in block.rows for cell in row)):
            yield list(_renamed_runs(runs, names))


def _renamed_runs(runs: Runs, names: Mapping[str, str]) -> Iterator[object]:
    for run in runs:
        name = names.get(run.text, run.text)
        is_mark = run.note and not run.image
        yield run._replace(text=name, link=link_to_note(name)) if is_mark else run
