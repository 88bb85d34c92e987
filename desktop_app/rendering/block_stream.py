"""A growing Markdown source becomes closed blocks and one open tail.

`BlockStream` keeps only the end of the source that later text can still change: the last block, of
a list or a quote the last block in it, the last row of a table, the last line of code. Each
piece that arrives makes it parse that end again, and what comes out is compared with what stood
there; the differences are handed on as patches. Three kinds of later text change what is closed:
a link's or a footnote's definition, for the pieces that name it. (The mark of a footnote is taken for
one before its definition has come, because it nearly always comes, and late.)

Cutting is sound because a block construct, once a complete line has begun it, is never undone by
later lines (see parser.py for the rules that would break this and do not). A line counts once it is
complete: half a line may still become something else.

What comes out at the end equals `render(source)` of the whole source at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from desktop_app.rendering import calm
from desktop_app.rendering.citations import CITED, TOKEN
from desktop_app.rendering.cutting import Cut, context_at, ends_in_code, find_cut, inhabited_at
from desktop_app.rendering.half_inline import closers_of, is_plain
from desktop_app.rendering.inline import AS_WRITTEN
from desktop_app.rendering.lists import find_loose, may_become_item, resume
from desktop_app.rendering.long_runs import join_runs, with_last
from desktop_app.rendering.loosening import Loosening
from desktop_app.rendering.model import (
    Block,
    Kind,
    Patch,
    Run,
    Runs,
    clean,
    show_unseen,
)
from desktop_app.rendering.open_end import (
    Context,
    Parse,
    begins_with_paragraph,
    ends_in_text,
    leaves,
    size,
)
from desktop_app.rendering.open_rows import read_rows
from desktop_app.rendering.parser import EXPECTS_NOTES, is_too_dense, parser
from desktop_app.rendering.raster import behind_address, is_half, outside, too_long
from desktop_app.rendering.stream_steps import (
    difference,
    joined,
    last_inline,
    line_offset,
    lines_of_notes,
    most_rows,
    names_in,
    pack,
    worth_remembering,
)

if TYPE_CHECKING:
    from desktop_app.rendering.blocks import Placed

_UNSPEAKABLE: Final = re.compile("[\0\ud800-\udfff]")  # halves of pairs make addresses fail
_WORDS: Final = re.compile(r"(?:[^\W_]|[ ,;.!?:'’“”–—-])+")
_OPENERS: Final = re.compile(r"[*_~](?!\s)|[\[\]`$]")
_GAP: Final = re.compile(r"(?<=[^\s\\>])[ \n](?=(?:\*{1,2}|_{1,2}|`{1,2}|~{1,2})?[^\W\d_])")
_BRACKETS: Final = ("\\(", "\\[")
_LONG: Final = 800
_DENSE: Final = 12_000
_LONGEST_OPEN: Final = 24_000
_MOST_TOKENS: Final = 1_200
_TAIL: Final = 200
_HEAD_LINES: Final = 2  # of a table that stands in nothing else
_RENEWED_AT_ONCE: Final = 4_000
_COPIED: Final = 20
"""Characters that are copied while one is parsed."""
_PARSED_AGAIN: Final = 4
"""How many times as long as a piece what is parsed again with it may be."""
_STEP: Final = 1_500
"""Of what stays open long, something is settled behind each so many characters of the source, and
nowhere else: what comes out must not depend on the pieces in which it arrives."""

_MAY_CHANGE: Final = ("text", TOKEN)  # what looks like a citation may be defined as a link below
_QUIET_ENDS: Final = ",;.!?:'’”"


@dataclass
class _Chunk:
    """Closed source that names links or footnotes which a later definition may bring.

    Attributes:
        at: the index of its first block, `row` its first row in that block where it is a table.
    """

    source: str
    context: Context
    at: int
    row: int


@dataclass
class _Overdue:
    """What is open is too much to be parsed with every piece, which the next piece is to change.

    Attributes:
        length: how long its source is.
        opener: where it is a paragraph, what stands before its words.
        parts: whether it is to be parted, whatever it is.
    """

    length: int
    opener: str | None = None
    parts: bool = False


@dataclass
class _PlainEnd:
    """The run that more plain words extend, and white space that the parser has dropped."""

    run: Run
    gap: str = ""


def render(source: str, cited: frozenset[int] = frozenset()) -> list[Block]:
    """The blocks of a whole source."""
    stream = BlockStream(cited)
    stream.feed(source)
    stream.finish()
    return stream.blocks


class BlockStream:
    """The blocks of a source that grows.

    Attributes:
        blocks: all blocks so far, as the patches handed out make them.
    """

    def __init__(self, cited: frozenset[int] = frozenset()) -> None:
        """`cited` are the numbers of the passages that the source may cite."""
        self._cited = cited
        self.blocks: list[Block] = []
        self._closed = 0
        self._open_part: Block | None = None
        self._source = ""
        self._leaves_out = False
        self._held = ""
        self._length = 0
        self._context = Context()
        self._references: dict[str, Any] = {}
        self._notes: dict[str, int] = {}
        self._expects_notes = True
        self._chunks: dict[str, list[_Chunk]] = {}
        self._renewals: dict[tuple[int, int], _Chunk] = {}
        self._loosening = Loosening(self.blocks)
        self._plain_end: _PlainEnd | None = None
        self._overdue: _Overdue | None = None

    def feed(self, text: str) -> list[Patch]:
        """Take the next piece of the source, of any length and cut anywhere."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        patches: list[Patch] = []
        at = 0
        while at < len(text):
            end = at + _STEP - self._length % _STEP
            patches += self._take(text[at:end])
            at = end
        return patches

    def _take(self, text: str) -> list[Patch]:
        """Take more, up to the next step at most."""
        self._length += len(text)
        text = behind_address(text) if self._leaves_out else text
        if not text:
            return []
        self._source += _UNSPEAKABLE.sub("\ufffd", text)
        self._leaves_out = self._shorten_address(len(text))
        if self._leaves_out or is_half(self._source, len(text)):
            self._plain_end = None
            return []
        patches = self.renew()
        if self._context.inside == "code" and self._is_blank_line(text):
            return patches
        patches += self._catch_up()
        if (rows := self._grow_rows()) is not None:
            return patches + rows
        grown = self._grow_plainly(text)
        steps = self._length % _STEP == 0 and self._context.inside != "code"
        if not grown or steps:
            grown += self._advance(final=False, steps=steps)
        return patches + grown

    def _shorten_address(self, added: int) -> bool:
        """Leave out what makes a picture's address longer than what is drawn, but of code: it may be
        megabytes. Whether more of it may come."""
        rest = too_long(self._source, added)
        if rest is None:
            return False
        first, end = rest
        before = self._context.source + self._source[:first]
        parse = self._parse(before, self._context, expects_notes=False)
        self._forget(parse.labels)
        if not ends_in_text(parse.tokens):
            return False
        self._source, more = self._source[:first], self._source[end:]
        self._source += more
        return not more

    def finish(self, *, shortly: bool = False) -> list[Patch]:
        """The source is whole: show it as it is, and close what is open. What takes long of what
        definitions change is left to `renew`, where it is to be done `shortly`."""
        if self._held:
            self._source, self._held = self._source + "\n", ""
            self._plain_end = None
        end, self._expects_notes = self._plain_end, False
        patches: list[Patch] = []
        # Of a very long line of code, which is all that is open, everything is shown already.
        if self._context.inside != "code" or end is None or len(end.run.text) <= _LONG:
            patches += self._advance(final=True)
        self._source, self._plain_end = "", None
        patches += self._renew([name for name in self._chunks if name.startswith("^")])
        while self.is_renewing and not shortly:
            patches += self.renew()
        return patches

    @property
    def is_renewing(self) -> bool:
        """Whether what has come changes more above it than could be drawn again at once."""
        return bool(self._renewals or self._loosening)

    @property
    def fitting(self) -> tuple[int, int]:
        """How many characters the next piece is to have at least and at most, where so many wait: what
        is open is parsed again with every piece, and in small ones would be for minutes; one that
        reaches beyond a step is parsed in two."""
        again = len(self._source) + len(self._context.prefix) // _COPIED
        room = _STEP - self._length % _STEP
        return min(again // _PARSED_AGAIN, room), room

    def renew(self) -> list[Patch]:
        """Draw again some of what named links and notes before they were defined, and space anew some
        of lists that have turned loose: as much as takes a few milliseconds."""
        if not self._renewals:
            return self._loosening.step() if self._loosening else []
        due: list[tuple[int, int]] = []
        left = _RENEWED_AT_ONCE
        for where, chunk in self._renewals.items():
            due.append(where)
            left -= len(chunk.source) + _RENEWED_AT_ONCE // 80
            if left <= 0:
                break
        patches: list[Patch] = []
        for where in sorted(due):
            patches += self._renew_chunk(self._renewals.pop(where))
        return joined(patches)

    # ------------------------------------------------------------------ the common case

    def _is_blank_line(self, text: str) -> bool:
        """Whether this is more of a very long blank line, which is shown when something follows."""
        blank = not text.strip(" \t") and not self._source[-_LONG:].strip(" \t")
        return blank and len(self._source) > _LONG and not self._source.strip(" \t")

    def _grow_plainly(self, text: str) -> list[Patch]:
        """More words in the middle of a line of plain text need no parser at all."""
        end = self._plain_end
        if end is None:
            return []
        block = self.blocks[-1]
        if block.kind is Kind.CODE and len(end.run.text) > _LONG:
            plain = "\n" not in text  # of a line so long nothing else can become
            text = clean(_UNSPEAKABLE.sub("\ufffd", text))
            text = show_unseen(text, code=True, before=end.run.text[-1])
        elif block.kind is Kind.CODE:
            plain = text.isprintable() and "`" not in text and "~" not in text
            plain = plain and show_unseen(text, code=True) == text
        else:
            plain = _WORDS.fullmatch(text) is not None
        if not plain:
            return []
        grown = end.run._replace(text=f"{end.run.text}{end.gap}{text}")
        if block.kind is not Kind.CODE and not is_plain(grown.text):
            return []
        self._plain_end = _PlainEnd(grown)
        new = block._replace(runs=with_last(block.runs, grown))
        self.blocks[-1] = new
        return [Patch(len(self.blocks) - 1, 1, (new,))]

    def _grow_rows(self) -> list[Patch] | None:
        """More of what can be nothing but rows of the open table needs no parser of blocks; None
        where it is not so simple."""
        context = self._context
        if context.inside != "table" or context.lines != _HEAD_LINES:
            return None
        if context.going_on or context.source.lstrip(" ").startswith(">"):
            return None  # it stands in a list or a quote, whose mark is in its head's line
        table = self._open_part or self.blocks[self._closed - 1]
        rows = read_rows(self._source, table.aligns, self._env(expects_notes=True))
        if rows is None:
            return None
        self._source = self._source[self._source.rfind("\n") + 1 :]
        self._plain_end = None
        return self._show(rows.complete, [] if rows.half is None else [rows.half])

    def _find_plain_end(self, placed: list[Placed]) -> _PlainEnd | None:
        """Where the next words may simply be added, if the source ends inside plain text."""
        if not placed or not placed[-1].block.runs:
            return None
        block = placed[-1].block
        line = self._source[self._source.rfind("\n") + 1 :]
        text = line.rstrip(" ")
        run = block.runs[-1]
        if block.kind is Kind.CODE and len(line) > _LONG:
            last = show_unseen(clean(line[-1]), code=True, before=line[-2])
            return _PlainEnd(run) if run.text.endswith(last) else None
        if not text or run.text[-1:] != text[-1] or run.link or run.note or run.math:
            return None
        if block.kind is Kind.CODE:
            settled = not set(line) & set("`~")
        else:
            settled = block.kind in (Kind.PARAGRAPH, Kind.HEADING) and len(text) > 12
            settled = settled and (text[-1].isalnum() or text[-1] in _QUIET_ENDS)
            settled = settled and is_plain(text)
        gap = "" if run.text.endswith(line[-1]) else line[len(text) :]
        return _PlainEnd(run, gap) if settled else None

    # ------------------------------------------------------------------ parsing the open end

    def _advance(self, *, final: bool, steps: bool = False) -> list[Patch]:
        source = self._context.source + self._source
        shown = source if final else self._calm(source)
        parse = self._parse(shown, self._context, final=final)
        if shown != source and ends_in_code(parse.tokens):
            self._forget(parse.labels)
            shown = calm.without_fence_end(source)
            parse = self._parse(shown, self._context)
        is_short = self._context.settled is not None and len(self._context.prefix) < _DENSE
        is_told = is_short and (parse.labels or leaves(parse, self._context))
        if is_told and not begins_with_paragraph(parse, self._context):
            return self._advance_unsplit(parse, final=final, steps=steps)
        loosened = self._loosen(parse)
        cut = Cut(source.count("\n") + 1) if final else find_cut(parse.tokens, shown, self._context)
        dangling = not final and self._complete_end(parse, cut.line)
        patches: list[Patch] = loosened
        closed: list[Block] = []
        # A table may have ended at once behind the last row that was settled.
        least = self._context.lines
        ended = self._context.inside == "table" and cut == Cut(least, cut.holders)
        closes = final or ended or cut.line > least
        if closes:
            renewed, closed = self._close(parse, source, cut)
            patches += renewed
        else:
            self._forget(parse.labels)
        tail = [p for p in parse.placed if p.line >= cut.line]
        patches += self._show(closed, [p.block for p in tail])
        unsure = final or dangling or shown != source
        self._plain_end = None if unsure else self._find_plain_end(tail)
        if steps and len(self._source) > _LONG:
            if closes:
                return patches + self._advance(final=False, steps=True)
            self._overdue = self._settle_words(parse)
            if self._is_too_much(parse):
                overdue = self._overdue or _Overdue(len(self._source))
                self._overdue = replace(overdue, parts=True)
        return patches

    def _loosen(self, parse: Parse) -> list[Patch]:
        """Have the lists spaced anew that turn loose with what has come."""
        turned = parse.turned_loose
        if not turned:
            return []
        starts = enumerate(self._context.going_on, 1)
        going_on = tuple(s._replace(loose=s.loose or depth in turned) for depth, s in starts)
        self._context = replace(self._context, going_on=going_on)
        for depth in turned:
            self._loosening.begin(self._closed, depth)
        return self._loosening.step()

    def _catch_up(self) -> list[Patch]:
        """Do what has become due: with the next piece, for the last one was parsed for itself."""
        overdue, self._overdue = self._overdue, None
        if overdue is None:
            return []
        opener = overdue.opener
        if opener is not None and self._settle_at_any_rate(opener, overdue.length):
            return []
        return self._part_open(overdue.length) if overdue.parts else []

    def _advance_unsplit(self, parse: Parse, *, final: bool, steps: bool) -> list[Patch]:
        """The long paragraph turns out to be a heading or a table's head: parse it whole."""
        self._forget(parse.labels)
        context = self._context
        self._source = context.opener + context.prefix + self._source[len(context.opener) :]
        self._context = replace(context, settled=None, opener="", prefix="")
        return self._advance(final=final, steps=steps)

    def _settle_words(self, parse: Parse) -> _Overdue | None:
        """Of a long open paragraph, parse the first words no more: those behind which nothing is
        open that later words could close. What is due where there are none, and too many words."""
        opener = self._opener_of_paragraph(parse)
        if opener is None:
            return None
        words = self._source[len(opener) :]
        if not self._settle_before_gap(opener, words) and (
            len(words) > _DENSE or size(parse) > _MOST_TOKENS
        ):
            return _Overdue(len(self._source), opener)
        return None

    def _settle_before_gap(self, opener: str, words: str) -> bool:
        gap = None
        for found in _GAP.finditer(words, 0, max(0, len(words) - _LONG // 4)):
            # Below its first line, a paragraph in a quote has marks before its words.
            gap = found if found[0] == " " or not opener else gap
        if gap is None or "|" in words[words.rfind("\n", 0, gap.end()) + 1 : gap.end()]:
            return False  # a row of cells may turn out to be a table's head
        own = self._parse(
            self._context.source + opener + words[: gap.start()], self._context, expects_notes=False
        )
        begins = begins_with_paragraph(own, self._context)
        if own.labels or not begins or not _is_settled(own, words[: gap.start()], self._context):
            self._forget(own.labels)
            return False
        block = own.placed[0].block
        block = block._replace(runs=join_runs(block.runs, (Run(" "),)))
        self._settle(block, opener, words, gap.end())
        return True

    def _opener_of_paragraph(self, parse: Parse) -> str | None:
        """What stands before the words of the paragraph that the open end is; None where that is
        something else."""
        found = leaves(parse, self._context)
        if len(found) != 1 or found[0].type != "paragraph_open" or not found[0].map:
            return None
        if found[0].map[0] != self._context.lines:
            return None
        inline = parse.tokens[parse.tokens.index(found[0]) + 1]
        first, line = inline.content.split("\n", 1)[0], self._source.split("\n", 1)[0]
        at = line.rfind(first) if first else -1
        return line[:at] if at >= 0 and not line[at + len(first) :].strip() else None

    def _settle(self, block: Block, opener: str, words: str, end: int) -> None:
        # Of a longer one nothing is parsed again.
        prefix = (self._context.prefix + words[:end])[: _LONGEST_OPEN + 1]
        self._context = replace(self._context, settled=block, opener=opener, prefix=prefix)
        self._source = opener + words[end:]

    def _settle_at_any_rate(self, opener: str, length: int) -> bool:
        """Of a paragraph in which so much stays open, parse what had arrived when the source had
        this length no more: it would be parsed with every piece. What has more marks than anybody
        writes stands as it is written."""
        words = self._source[len(opener) : length]
        end = len(words) - _TAIL
        gap = words.rfind(" ", end - _TAIL, end)
        gap = gap if opener else max(gap, words.rfind("\n", 0, end))
        end = outside(words, gap + 1 if gap > end // 2 else end)
        if not end:
            return False  # a picture, and nothing else
        settled = self._context.settled
        alone = replace(self._context, settled=None, prefix="")
        text = words[:end]
        if is_too_dense(text):
            own = self._parse(self._context.source + opener + "x", alone)
            runs: Runs = (Run(show_unseen(clean(text))),)
            if settled is None or AS_WRITTEN not in settled.runs:
                runs = (*runs, AS_WRITTEN)
        else:
            own = self._parse(self._context.source + opener + text, alone, expects_notes=False)
            self._forget(own.labels)
            if own.labels or not begins_with_paragraph(own, alone) or len(own.placed) != 1:
                return False
            runs = own.placed[0].block.runs
            runs = join_runs(runs, (Run(" "),) if text[-1].isspace() else ())
        block = settled or own.placed[0].block._replace(runs=())
        block = block._replace(runs=join_runs(block.runs, runs))
        self._settle(block, opener, self._source[len(opener) :], end)
        self._plain_end = None
        return True

    def _is_too_much(self, parse: Parse) -> bool:
        """Whether what is open is more than can be parsed with every piece; code never is, for
        of that only a line is open."""
        if self._context.inside == "code":
            return False
        least = _LONGEST_OPEN // 6
        if len(self._source) <= least:
            return False
        is_much = size(parse) > _MOST_TOKENS or len(self._source) > _LONGEST_OPEN
        return is_much or not parse.placed  # definitions alone

    def _part_open(self, length: int) -> list[Patch]:
        """Close what was open when the source had this length at its last complete line, whatever it
        is, to go on behind that: as another quote, another item, another row. A line alone is parted
        within."""
        source = self._source[:length]
        end = source.rfind("\n") + 1
        if end < length // 2:
            end = max(source.rfind(" ", 0, -_TAIL) + 1, length // 2)
        end = outside(source, end)
        if not end:
            return []  # a picture, and nothing else
        inside = self._context if self._context.inside == "table" else Context()
        self._source, rest = self._source[:end], self._source[end:]
        patches = self._advance(final=True)
        self._source, self._context = rest, inside
        return patches

    def _calm(self, source: str) -> str:
        if self._context.inside == "code":
            return calm.without_fence_end(source)
        return calm.without_undecided_end(source, in_table=self._context.inside == "table")

    def _env(self, *, expects_notes: bool) -> dict[str, Any]:
        """The definitions known, as the parser takes them."""
        footnotes = {"refs": dict.fromkeys(self._notes, -1), "list": {}}
        return {
            "references": self._references,
            "footnotes": footnotes,
            CITED: self._cited,
            EXPECTS_NOTES: expects_notes and self._expects_notes,
        }

    def _parse(
        self, source: str, context: Context, *, expects_notes: bool = True, final: bool = False
    ) -> Parse:
        known, env = len(self._references), self._env(expects_notes=expects_notes)
        tokens = parser().parse(source, env)
        resumed = resume(tokens, context.going_on)
        undecided = not final and (context.inside or may_become_item(source))
        end = source.count("\n") if undecided else len(source)
        shown = range(context.lines, end)
        find_loose(tokens, source, env, shown, marks_above=context.marks_above)
        parse = Parse(tokens, context, source, resumed)
        for label in islice(reversed(self._references), len(self._references) - known):
            parse.labels[label] = self._references[label]["map"][0]
        if len(env["footnotes"]["refs"]) > len(self._notes):
            for label, line in lines_of_notes(tokens).items():
                if ":" + label not in self._notes:
                    self._notes[":" + label] = -1
                    parse.labels["^" + label] = line
        return parse

    def _forget(self, labels: dict[str, int]) -> None:
        """Definitions in the open end are not settled yet."""
        for label in labels:
            if label.startswith("^"):
                self._notes.pop(":" + label[1:], None)
            self._references.pop(label, None)

    def _complete_end(self, parse: Parse, cut: int) -> bool:
        """Show the open paragraph as if its open marks were closed; whether one was dropped."""
        last = last_inline(parse.tokens, cut)
        if last is None or not ends_in_text(parse.tokens):
            return False
        if len(last.children or ()) > _MOST_TOKENS:
            return False  # it is to be closed as it stands, and takes as long as the parse did
        is_word = parse.source[-1:] not in (" ", "\t", "\n", "|")
        text, closers = closers_of(last.content, is_word=is_word)
        if text == last.content and not closers:
            return False
        last.children = (
            parser().parseInline(text + closers, self._env(expects_notes=True))[0].children
        )
        if not text and parse.placed[-1].block == Block(Kind.PARAGRAPH):
            parse.placed.pop()  # not a line yet
        return text != last.content

    # ------------------------------------------------------------------ closing

    def _close(self, parse: Parse, source: str, cut: Cut) -> tuple[list[Patch], list[Block]]:
        """Settle everything above a cut: the patches of what its definitions change in earlier
        blocks, and its own blocks."""
        offset = line_offset(source, cut.line)
        context = self._context
        text = source[len(context.source) : offset]
        inhabited = inhabited_at(cut, parse.placed, context)
        self._context = replace(context_at(cut, source), inhabited=inhabited)
        self._source = source[offset:]
        raw = [p.block for p in parse.placed if p.line < cut.line]
        settled = [label for label, line in parse.labels.items() if line < cut.line]
        open_labels = {label: line for label, line in parse.labels.items() if line >= cut.line}
        self._forget(open_labels)
        names = names_in(text) if worth_remembering(raw) else set()
        if names & open_labels.keys():
            again = [p.block for p in self._parse(context.source + text, context).placed]
            raw = [*map(_respaced, again, raw), *again[len(raw) :]]
        whole = replace(context, settled=None, opener="", prefix="")
        chunk = _Chunk(
            context.opener + context.prefix + text[len(context.opener) :],
            whole,
            self._closed,
            len(self._open_part.rows) if self._open_part else 0,
        )
        for name in names if len(chunk.source) <= _LONGEST_OPEN or not context.settled else ():
            if name not in self._references and ":" + name[1:] not in self._notes:
                self._chunks.setdefault(name, []).append(chunk)
        return self._renew(settled), raw

    def _renew(self, settled: list[str]) -> list[Patch]:
        """Have drawn again what named these labels before they were defined."""
        for label in settled:
            for chunk in self._chunks.pop(label, ()):
                self._renewals[chunk.at, chunk.row] = chunk
        return self.renew() if self._renewals else []

    def _renew_chunk(self, chunk: _Chunk) -> list[Patch]:
        """Definitions change words, never the number of blocks, so each finds its place again."""
        changed: dict[int, Block] = {}
        at, row = chunk.at, chunk.row
        for placed in self._parse(chunk.context.source + chunk.source, chunk.context).placed:
            old = changed.get(at, self.blocks[at])
            if old.kind is Kind.TABLE and (row == len(old.rows) or (row and placed.block.head)):
                at, row = at + 1, 0
                old = self.blocks[at]
            if old.kind is Kind.TABLE and placed.block.kind is Kind.TABLE:
                rows = (*old.rows[:row], *placed.block.rows, *old.rows[row + 1 :])
                changed[at], row = old._replace(rows=rows), row + 1
            else:
                if row:
                    at, row = at + 1, 0
                changed[at] = _respaced(placed.block, self.blocks[at])
                at += 1
        patches = []
        for index, block in changed.items():
            if block != self.blocks[index]:
                self.blocks[index] = block
                patches.append(Patch(index, 1, (block,)))
        if self._open_part is not None:
            shown = self.blocks[self._closed]  # with half a row that stands there till it is whole
            part = self._open_part
            self._open_part = part._replace(rows=shown.rows[: len(part.rows)])
        return patches

    # ------------------------------------------------------------------ what is shown

    def _show(self, closed: list[Block], tail: list[Block]) -> list[Patch]:
        """Bring `blocks` up to date behind what was closed before."""
        packed = pack([self._open_part] if self._open_part else [], closed)
        self._open_part = None
        if (
            self._context.inside == "table"
            and packed
            and len(packed[-1].rows) < most_rows(packed[-1])
        ):
            self._open_part = packed[-1]
        whole = len(packed) - (self._open_part is not None)
        new = packed[:whole] + pack([self._open_part] if self._open_part else [], tail)
        patch = difference(self._closed, self.blocks, new)
        self._closed += whole
        if patch is None:
            return []
        self.blocks[patch.at : patch.at + patch.removed] = patch.added
        return [patch]


def _respaced(block: Block, old: Block) -> Block:
    """A block that was parsed again without what stands below it: in its list as it was."""
    return block._replace(begins=old.begins, loose=old.loose)


def _is_settled(parse: Parse, words: str, context: Context) -> bool:
    """Whether nothing is left in the text of a paragraph that later text could give a meaning."""
    if len(parse.placed) != 1:
        return False
    inline = parse.tokens[parse.tokens.index(leaves(parse, context)[0]) + 1]
    children = inline.children or ()
    # Of an opener that nothing has closed, its bracket is all that is left.
    closed = sum(t.type == "math_inline" and t.markup in _BRACKETS for t in children)
    if sum(map(words.count, _BRACKETS)) > closed:
        return False
    return not any(t.type in _MAY_CHANGE and _OPENERS.search(t.content) for t in children)
