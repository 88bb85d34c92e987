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
# Also matches escapes and code spans. Names have a limit because the search for the ends of 8,000
# unclosed names took 1.6 s.
_NAME_OR_CODE: Final = re.compile(r"\\.|(`+)(?!`).*?(?<!`)\1(?!`)|\[\^[^\]\s]{1,200}\]")


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
    names_by_mark = {f"[^{label}]": f"[^{name}]" for label, name in names.items()}
    lines = text.split("\n")
    for number in set(range(len(lines))) - code_lines:
        lines[number] = _NAME_OR_CODE.sub(
            lambda match: names_by_mark.get(match[0], match[0]), lines[number]
        )
    renamed = "\n".join(lines)
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
