"""Builds the flat sequence of blocks from tokens, each with the source line that it belongs to.

These lines tell which blocks are above a cut of a growing source. A block belongs to its first
line, a lone item marker to the item's line, each line of code and each table row to its line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.block_model import (
    ADDED_MARK,
    LINE_BREAK,
    NON_PARAGRAPHS,
    Block,
    Kind,
    Run,
    Runs,
    clean_text,
    formula_run,
    show_invisible,
    starting_side,
)
from desktop_app.markdown.parsing.inline_runs import runs_of
from desktop_app.markdown.parsing.loose_lists import NOTE

if TYPE_CHECKING:
    from markdown_it.token import Token

BULLETS: Final = ("•", "◦", "▪")
UNCHECKED: Final = "☐"
CHECKED: Final = "☑"
_TASKS: Final = {"[ ] ": UNCHECKED, "[x] ": CHECKED, "[X] ": CHECKED}
_BOX_LENGTH: Final = len("[ ] ")
_ALERT: Final = lazy_pattern(
    rf"\[!(?P<name>NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?={LINE_BREAK}|\Z)"
)
"""The first line of a quote that GitHub shows as an alert."""
# Around what GitHub folds, in HTML: each tag with its line, the summary's alone.
_FOLD_BEGIN: Final = lazy_pattern(rf"<details(?: open)?>(?:{LINE_BREAK}|\Z|(?=<summary>))")
_FOLD_END: Final = lazy_pattern(rf"(?:\A|{LINE_BREAK})</details>\Z")
_SUMMARY: Final = lazy_pattern(rf"<summary>(?P<title>[^<{LINE_BREAK}]*)(?:</summary>|\Z)")


class PlacedBlock(NamedTuple):
    """A block and the line that it belongs to; a table's row is a block of one row."""

    line: int
    block: Block


def build_blocks(tokens: list[Token]) -> list[PlacedBlock]:
    return _BlockBuilder(tokens).build()


class _List:
    """An open list or footnote; `begins` is True until a list has its first block."""

    __slots__ = ("begins", "is_note", "loose", "number", "ordered", "suffix")

    def __init__(self, token: Token, number: int = 0) -> None:
        self.ordered = token.type == "ordered_list_open"
        self.is_note = token.type == NOTE
        self.number = number  # of the next item
        self.suffix = token.markup  # follows the number: "." or ")"
        self.begins = not (self.is_note or token.meta.get("has_earlier_items"))
        self.loose = bool(token.meta.get("loose"))


class _BlockBuilder:
    """Builder of the blocks, in a single pass over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = iter(tokens)
        self._placed: list[PlacedBlock] = []
        self._lists: list[_List] = []
        self._quotes: list[int] = []  # the list depth of each quote
        self._opened = 0  # the number of open quotes in which no block has been made
        self._marker = ""  # of the open item or footnote, until its first block has it
        self._marked_line = 0  # the line of `_marker`
        self._line = 0

    def build(self) -> list[PlacedBlock]:
        for token in self._tokens:
            if token.map is not None and token.nesting >= 0:
                self._line = token.map[0]
            self._process_token(token)
        return self._placed

    def _process_token(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._add_text(Kind.PARAGRAPH, token)
            case "heading_open":
                self._add_text(Kind.HEADING, next(self._tokens), int(token.tag[1:]))
            case "fence" | "code_block":
                self._add_code(token)
            case "table_open":
                self._add_table()
            case "hr":
                self._add_block(Block(Kind.RULE))
            case "math_block":
                run = formula_run(token.content.replace("\n", LINE_BREAK))
                run = run._replace(text=show_invisible(run.text))
                self._add_block(Block(Kind.MATH, (run,)))
            case _:
                self._enter_or_leave(token)

    def _enter_or_leave(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._flush_marker()
                start = token.attrGet("start")
                self._lists.append(_List(token, 1 if start is None else int(start)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._begin_item()
            case "list_item_close":
                self._flush_marker()
            case "footnote_reference_close":
                self._flush_marker()
                self._lists.pop()
            case "footnote_reference_open":
                self._flush_marker()
                self._lists.append(_List(token))
                self._marker = clean_text(token.meta["label"])
                self._marked_line = self._line
            case "blockquote_open":
                self._flush_marker()
                self._quotes.append(len(self._lists))
                self._opened += 1
            case "blockquote_close":
                self._quotes.pop()
                self._opened = max(0, self._opened - 1)

    def _begin_item(self) -> None:
        current = self._lists[-1]
        self._marked_line = self._line
        if current.ordered:
            self._marker = f"{current.number}{current.suffix}"
            current.number += 1
        else:
            depth = len(self._lists)
            self._marker = BULLETS[(depth - 1) % len(BULLETS)]  # by turns, from the outermost list

    def _flush_marker(self) -> None:
        """Add a pending marker as a block, because its item does not begin with text."""
        if self._marker:
            self._add_block(Block(Kind.PARAGRAPH), self._marked_line)

    def _add_block(self, block: Block, line: int | None = None) -> None:
        if self._lists or self._quotes:
            depth = len(self._lists)
            is_loose = depth > 0 and (self._lists[-1].loose or self._quotes[-1:] == [depth])
            block = block._replace(
                depth=depth,
                marker=self._marker,
                quote=len(self._quotes),
                quoted_at=tuple(self._quotes) if any(self._quotes) else (),
                begins=bool(self._marker) and self._lists[-1].begins,
                note=bool(self._marker) and self._lists[-1].is_note,
                loose=block.kind not in NON_PARAGRAPHS and is_loose,
                opened=self._opened,
            )
            if self._marker:
                self._lists[-1].begins = False
                self._lists[-1].loose |= self._lists[-1].is_note  # its other paragraphs are spaced
            self._marker = ""
            self._opened = 0
        self._placed.append(PlacedBlock(self._line if line is None else line, block))

    def _add_text(self, kind: Kind, token: Token, level: int = 0) -> None:
        runs = runs_of(token.children)
        if kind is Kind.PARAGRAPH and runs and token.content[0] in "<[":
            runs = _without_frame(runs, begins_quote=self._opened > 0)
            if not runs and not self._marker:
                return
        if self._is_task(token, runs):
            first, *others = runs
            box = _TASKS[first.text[:_BOX_LENGTH]]
            self._marker = f"{self._marker} {box}" if self._lists[-1].ordered else box
            text = first.text[_BOX_LENGTH:].lstrip()
            if text:
                runs = (first._replace(text=text), *others)
            else:
                runs = tuple(others)
        self._add_block(Block(kind, runs, level))

    def _is_task(self, token: Token, runs: Runs) -> bool:
        """Return True if a text is the first of a list item, and begins with a checkbox."""
        if not (self._marker and runs) or self._lists[-1].is_note:
            return False
        # The source begins with the box as well, so that an escaped bracket is no box.
        has_box_in_source = token.content[:_BOX_LENGTH] in _TASKS
        has_box = runs[0].text[:_BOX_LENGTH] in _TASKS
        return has_box_in_source and has_box and not runs[0].link

    def _add_code(self, token: Token) -> None:
        self._flush_marker()
        info = token.info.split()
        if "\\" in token.info or "&" in token.info:
            from markdown_it.common.utils import unescapeAll

            info = unescapeAll(token.info).split()
        language = show_invisible(clean_text(info[0]), code=True) if info else ""
        language = language.replace(ADDED_MARK, "")  # the language is shown, but never copied
        self._add_block(Block(Kind.CODE_HEAD, language=language))
        line = token.map[0] if token.map else None
        if line is not None and token.type == "fence":
            line += 1  # the code begins below the opening fence
        lines = token.content.removesuffix("\n").split("\n") if token.content else ()
        for text in lines:
            self._add_block(code_line(text, language), line)
            if line is not None:
                line += 1

    def _add_table(self) -> None:
        self._flush_marker()
        head: Block | None = None
        for token in self._tokens:
            if token.type == "tr_open":
                line = token.map[0] if token.map is not None else None
                row = self._read_row(head)
                self._add_block(row, line)
                head = head or row
            elif token.type == "table_close":
                return

    def _read_row(self, head: Block | None) -> Block:
        """Return the next row of a table. `head` is the table's first row, None to read it."""
        cells: list[Runs] = []
        aligns: list[str] = []
        source = ""
        for token in self._tokens:
            if token.type == "inline":
                cells.append(runs_of(token.children))
                source += token.content
            elif token.type in ("th_open", "td_open"):
                aligns.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
            elif token.type == "tr_close":
                break
        if head is None:
            # By the source, because a link that is defined later would change the runs.
            is_from_right = starting_side((Run(source),)) == "right"
        else:
            is_from_right = head.from_right
        return Block(
            Kind.TABLE,
            rows=(tuple(cells),),
            aligns=tuple(aligns),
            head=head is None,
            source_chars=len(source),
            from_right=is_from_right,
            extra_columns=0 if head is None else len(aligns) - len(head.aligns),
        )


def _without_frame(runs: Runs, *, begins_quote: bool) -> Runs:
    """Return the text of a paragraph with the words of an alert's or a fold's marks, in bold."""
    first = runs[0]
    if first.code or first.math or first.link:
        return runs
    if begins_quote and (alert := _ALERT.match(first.text)):
        title = Run(alert["name"].capitalize(), bold=True)
        rest = first._replace(text=first.text[alert.end() :])
        return (title, rest, *runs[1:]) if rest.text else (title, *runs[1:])
    begin = _FOLD_BEGIN.match(first.text)
    if begin is not None:
        first = first._replace(text=first.text[begin.end() :])
    summary = _SUMMARY.match(first.text)
    if summary is not None:
        rest = first._replace(text=first.text[summary.end() :])
        runs = (Run(summary["title"], bold=True), rest, *runs[1:])
    else:
        runs = (first, *runs[1:])
    last = runs[-1]
    if not last.code and (end := _FOLD_END.search(last.text)):
        runs = (*runs[:-1], last._replace(text=last.text[: end.start()]))
    return tuple(run for run in runs if run.text)


def code_line(text: str, language: str) -> Block:
    visible = show_invisible(clean_text(text), code=True)
    return Block(Kind.CODE, (Run(visible, code=True),) if visible else (), language=language)
