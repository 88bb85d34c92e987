"""The Markdown of a Word document: its chunks, what differs in them, and runs made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from desktop_app.markdown.block_model import LINE_BREAK, Kind, Run, source_text
from desktop_app.markdown.incremental.block_stream import render

_CHUNK: Final = re.compile(
    r"(?P<heading>#{1,6}) (?P<title>.*)|(?P<indent> *)(?P<mark>[-*+]|[0-9]{1,9}[.)]) (?P<item>.*)"
    r"|(?P<quote>>) ?(?P<quoted>.*)|\[\^(?P<note>[0-9]+)\]: (?P<noted>.*)",
    re.DOTALL,
)
_ITEM_LINE: Final = re.compile(r" *(?:[-*+]|[0-9]{1,9}[.)]) |\[\^[0-9]+\]: ")
_FENCE: Final = re.compile(r" {0,3}(?:```|~~~)")
_HEADING_LINE: Final = re.compile("#{1,6} ")
_WORD_OF_TEXT: Final = re.compile(r"\[\^[0-9]+\]|[^\W\u2e80-\uffff]+|\s+|.", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>&~$#|^=:]")
_LIGHTLY_SPECIAL: Final = re.compile(r"[\\`*]|(?<!\w)_|_(?!\w)")
_AT_START: Final = re.compile(r"(?=[-+#>=~|])|(?<=[0-9])(?=[.)]\s)")
_CELL_EDGE: Final = re.compile(r"(?<!\\)\|")
CELL_BREAK: Final = "<br>"
_SOFT: Final = ("lastRenderedPageBreak", "proofErr", "softHyphen")
"""What a paragraph loses with its text: it says nothing."""
_MIN_SIMILARITY: Final = 0.3


class Look(NamedTuple):
    """What Markdown says about a character."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    link: str = ""


class Token(NamedTuple):
    """A character of a paragraph, or an object: a run or mark that is kept as it stands.

    Attributes:
        text: "" for an object that the text does not show.
        properties: the XML of the run's properties.
        wrappers: the XML before and after, of the elements around the run.
        xml: of an object.
        new_link: the target of a link that the document does not have yet.
    """

    text: str
    properties: str = ""
    wrappers: tuple[tuple[str, str], ...] = ()
    xml: str = ""
    look: Look = Look()
    new_link: str = ""

    @property
    def is_soft(self) -> bool:
        return not self.text and any(f":{name}" in self.xml for name in _SOFT)


# -------------------------------------------------------------- Markdown


def split_chunks(text: str) -> list[str]:
    """Return the paragraphs, items, tables and code blocks of a Markdown text."""
    chunks: list[list[str]] = [[]]
    is_code = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            is_code = not is_code
            if is_code and chunks[-1]:
                chunks.append([])
            chunks[-1].append(line)
        elif is_code:
            chunks[-1].append(line)
        elif not line.strip():
            chunks.append([])
        else:
            former = chunks[-1][-1] if chunks[-1] else ""
            begins = (
                _ITEM_LINE.match(line)
                or _HEADING_LINE.match(line)
                or _HEADING_LINE.match(former)
                or line.startswith("|") != former.startswith("|")
                or line.startswith(">") != former.startswith(">")
            )
            if begins and not former.endswith("\\"):
                chunks.append([])
            chunks[-1].append(line)
    return ["\n".join(lines) for lines in chunks if lines]


def kind_of(source: str) -> tuple[tuple[str, int], str]:
    """Return the kind and level of a chunk, and its text without the marks."""
    found = _CHUNK.fullmatch(source)
    if found is None:
        return ("", 0), source
    if found["heading"]:
        return ("heading", len(found["heading"])), found["title"]
    if found["mark"]:
        kind = "bullet" if found["mark"] in "-*+" else "number"
        return (kind, len(found["indent"]) // 2), found["item"]
    if found["quote"]:
        return ("quote", 0), re.sub("\n> ?", "\n", found["quoted"])
    return ("note", int(found["note"])), found["noted"]


def _looks(source: str) -> list[tuple[str, Look]] | None:
    """Return the words of a paragraph of Markdown as they are shown; None if it is none."""
    blocks = render(source)
    if [block.kind for block in blocks] != [Kind.PARAGRAPH]:
        return [] if not source else None
    block = blocks[0]
    if block.depth or block.quote or block.marker:
        return None
    return [piece for run in block.runs for piece in _pieces_of(run)]


def _pieces_of(run: Run) -> Iterator[tuple[str, Look]]:
    text = source_text(run).replace(LINE_BREAK, "\n")
    if run.math:
        text = f"${text}$"
    if run.note:
        text = f"[^{text}]"
    look = Look(run.bold, run.italic, run.strike, run.link)
    for word in _WORD_OF_TEXT.findall(text):
        yield word, look


def _words(source: str) -> list[tuple[str, Look]]:
    """Return the words of Markdown; of what is no single paragraph, as it is written."""
    found = _looks(source)
    if found is None:
        return [(word, Look()) for word in _WORD_OF_TEXT.findall(source)]
    return found


def inline_source(tokens: Sequence[Token], *, shows_bold: bool = True) -> str:
    """Return the Markdown of a paragraph, with as few escapes as it needs."""
    shown = [token for token in tokens if token.text]
    plain = "".join(token.text for token in shown).strip()
    if not shows_bold:
        shown = [t._replace(look=t.look._replace(bold=False)) for t in shown]
    attempts: list[tuple[Callable[[str], str], bool]] = [
        (lambda text: text, True),
        (lambda text: _LIGHTLY_SPECIAL.sub(r"\\\g<0>", text), True),
        (lambda text: _SPECIAL.sub(r"\\\g<0>", text), True),
        (lambda text: _SPECIAL.sub(r"\\\g<0>", text), False),
    ]
    source = plain
    for write, shows_looks in attempts:
        source = _with_marks(shown, write, shows_looks=shows_looks)
        found = _looks(source)
        if found is not None and "".join(word for word, _ in found).strip() == plain:
            return source
        source = _AT_START.sub(r"\\", source, count=1)
        found = _looks(source)
        if found is not None and "".join(word for word, _ in found).strip() == plain:
            return source
    return source


def _with_marks(tokens: Sequence[Token], write: Callable[[str], str], *, shows_looks: bool) -> str:
    pieces: list[str] = []
    run: list[Token] = []

    def flush() -> None:
        text = "".join(token.text for token in run)
        look = run[0].look if run and shows_looks else Look()
        bare = text.strip()
        start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        written = "".join(
            part if part.startswith("[^") else write(part)
            for part in re.split(r"(\[\^[0-9]+\])", bare)
        ).replace("\n", "\\\n")
        if bare and look.strike:
            written = f"~~{written}~~"
        if bare and look.italic:
            written = f"*{written}*"
        if bare and look.bold:
            written = f"**{written}**"
        if bare and look.link and " " not in look.link and ")" not in look.link:
            written = f"[{written}]({look.link})"
        pieces.append(f"{start}{written}{end}" if bare else text.replace("\n", "\\\n"))

    for token in tokens:
        if run and token.look != run[0].look:
            flush()
            run.clear()
        run.append(token)
    flush()
    return "".join(pieces).strip()


def cell_source(inline: str) -> str:
    return inline.replace("\\\n", CELL_BREAK).replace("\n", " ").replace("|", "\\|")


def replace_breaks(cell: str) -> str:
    """Return the Markdown of a cell as that of a paragraph."""
    return cell.replace("\\|", "|").replace(CELL_BREAK, "\\\n")


def row_source(cells: Sequence[str], width: int) -> str:
    padded = [*cells, *[""] * (width - len(cells))]
    return f"| {' | '.join(padded)} |"


def table_source(rows: Sequence[Sequence[str]]) -> str:
    width = max(map(len, rows))
    lines = [row_source(row, width) for row in rows]
    lines.insert(1, f"| {' | '.join(['---'] * width)} |")
    return "\n".join(lines)


def cells_of(row: str) -> list[str]:
    return [cell.strip() for cell in _CELL_EDGE.split(row.strip())[1:-1]]


def rows_of(source: str) -> list[list[str]]:
    """Return the cells of a table of Markdown, without the line below its head."""
    rows = [cells_of(line) for line in source.split("\n")]
    rule = re.compile(":?-+:?")
    return [row for row in rows if row and not all(rule.fullmatch(cell) for cell in row)]


# -------------------------------------------------------------- differences


def paired(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, str | None]]:
    """Yield, in order, the number of each old text with the new one in its place."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(range(old_start, old_end), new[new_start:new_end], strict=True)
            continue
        added = list(new[new_start:new_end])
        for number in range(old_start, old_end):
            remaining = old_end - number
            ratios = [_similarity(old[number], text) for text in added]
            best = max(ratios, default=0.0)
            if len(added) == remaining:
                index = 0  # each has one in its place
            elif best >= _MIN_SIMILARITY:
                index = ratios.index(best)
            else:
                yield number, None
                continue
            yield from ((None, text) for text in added[:index])
            yield number, added[index]
            del added[: index + 1]
        yield from ((None, text) for text in added)


def _similarity(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    return 2 * len(words & others) / (len(words) + len(others) or 1)


def merged_tokens(
    tokens: Sequence[Token], old: str, new: str, notes: Mapping[str, Token]
) -> Iterator[Token]:
    """Yield what a paragraph consists of once its Markdown is another one.

    Words that stay keep their runs; objects that the text does not show stay where they are.

    Args:
        notes: the references to footnotes by their marks, which may come from elsewhere.
    """
    old_words, new_words = _words(old), _words(new)
    shown = "".join(token.text for token in tokens)
    plain = "".join(word for word, _ in old_words)
    if shown.strip() != plain.strip():  # several paragraphs, or what Markdown cannot say
        old_words = [(word, Look()) for word in _WORD_OF_TEXT.findall(shown)]
    elif shown != plain:  # outer white space
        lead = shown[: len(shown) - len(shown.lstrip())]
        tail = shown[len(shown.rstrip()) :]
        inner = [(w, look) for w, look in old_words]
        old_words = [*[(c, Look()) for c in lead], *inner, *[(c, Look()) for c in tail]]
        new_words = [*[(c, Look()) for c in lead], *new_words, *[(c, Look()) for c in tail]]
    queue = list(tokens)
    neighbor = next((token for token in tokens if token.text and not token.xml), Token(""))

    def take(length: int) -> Iterator[Token]:
        """Yield the tokens of so many characters, with the objects before them."""
        while length > 0 and queue:
            token = queue.pop(0)
            length -= len(token.text)
            yield token

    plain_words = [[word for word, _ in words] for words in (old_words, new_words)]
    for tag, old_start, old_end, new_start, new_end in _word_opcodes(*plain_words):
        if tag == "equal":
            for (word, old_look), (_, new_look) in zip(
                old_words[old_start:old_end], new_words[new_start:new_end], strict=True
            ):
                for token in take(len(word)):
                    if token.text and not token.xml:
                        neighbor = token._replace(look=old_look)
                    yield _with_look(token, old_look, new_look)
            continue
        while tag == "replace" and queue and not queue[0].text:
            yield queue.pop(0)
        old_look = neighbor.look
        follows = old_words[old_start][1] if old_start < len(old_words) else None
        becomes = new_words[new_start][1] if new_start < new_end else None
        if follows is not None and (tag == "replace" or old_look != becomes == follows):
            old_look = follows
            neighbor = next((t for t in queue if t.text and not t.xml), neighbor)
        for word, look in new_words[new_start:new_end]:
            if note := notes.get(word):
                yield note._replace(wrappers=())
                continue
            token = neighbor._replace(text=word, xml="", look=look)
            if look.link != old_look.link or tag == "insert":
                token = token._replace(wrappers=(), new_link=look.link)
            yield _with_look(token, old_look._replace(link=look.link), look)
        removed = take(sum(len(word) for word, _ in old_words[old_start:old_end]))
        yield from (token for token in list(removed) if not token.text)
    yield from (token for token in queue if not token.text)


def _word_opcodes(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the opcodes of difflib; what is inserted ends with a space rather than begins so."""
    shift = 0
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for tag, old_start, old_end, new_start, new_end in opcodes:
        if (
            tag == "insert"
            and new[new_start].isspace()
            and old[old_end : old_end + 1] == [new[new_start]]
        ):
            shift = 1
            yield "equal", old_start, old_start + 1, new_start, new_start + 1
            yield tag, old_start + 1, old_end + 1, new_start + 1, new_end + 1
        else:
            yield tag, old_start + shift, old_end, new_start + shift, new_end
            shift = 0


def _with_look(token: Token, old: Look, new: Look) -> Token:
    """Return a token whose look changes as that of its word in Markdown does."""
    token = token._replace(look=new)
    if old.link != new.link and not token.xml:
        outer = tuple(each for each in token.wrappers if not each[0].startswith("<w:hyperlink"))
        token = token._replace(wrappers=outer, new_link=new.link)
    if old[:3] == new[:3] or not token.text:
        return token
    properties = token.properties
    for name, was, becomes in zip(("b", "i", "strike"), old[:3], new[:3], strict=True):
        if was == becomes:
            continue
        properties = re.sub(rf"<w:{name}(?:Cs)?(?: [^>]*)?/>", "", properties)
        if becomes:
            stated = f"<w:{name}/>"
            found = re.match(r"<w:rPr(?: [^>]*)?>(?:<w:(?:rStyle|rFonts)\b[^>]*/>)*", properties)
            at = found.end() if found else 0
            properties = (
                f"{properties[:at]}{stated}{properties[at:]}"
                if found
                else f"<w:rPr>{stated}</w:rPr>"
            )
    return token._replace(properties=properties)


def runs_xml(tokens: Iterable[Token]) -> str:
    """Return the XML of tokens: a run for characters that share all."""
    pieces: list[str] = []
    open_wrappers: tuple[tuple[str, str], ...] = ()
    text, properties, link = "", "", ""

    def flush() -> None:
        nonlocal text
        if text:
            run = f"<w:r>{properties}{_text_xml(text)}</w:r>"
            pieces.append(_linked(run, link) if link else run)
        text = ""

    for token in tokens:
        is_same = (token.wrappers, token.properties, token.new_link) == (
            *(open_wrappers, properties, link),
        )
        if token.xml or not is_same:
            flush()
        if token.wrappers != open_wrappers:
            common = 0
            for one, other in zip(open_wrappers, token.wrappers, strict=False):
                if one != other:
                    break
                common += 1
            pieces += [after for _, after in reversed(open_wrappers[common:])]
            pieces += [before for before, _ in token.wrappers[common:]]
            open_wrappers = token.wrappers
        if token.xml:
            pieces.append(token.xml)
        else:
            properties, link = token.properties, token.new_link
            text += token.text
    flush()
    pieces += [after for _, after in reversed(open_wrappers)]
    return "".join(pieces)


def _text_xml(text: str) -> str:
    names = {"\n": "<w:br/>", "\t": "<w:tab/>"}
    pieces = []
    for part in filter(None, re.split("([\n\t])", text)):
        space = "" if part == part.strip() else ' xml:space="preserve"'
        pieces.append(names.get(part) or f"<w:t{space}>{escape(part)}</w:t>")
    return "".join(pieces)


def _linked(run: str, link: str) -> str:
    """Return a run as the result of a field, which needs no relationship."""
    code = escape(f' HYPERLINK "{link}" '.replace("\\", "%5C"))
    marks = {
        kind: f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
        for kind in ("begin", "separate", "end")
    }
    text = f'<w:r><w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
    return f"{marks['begin']}{text}{marks['separate']}{run}{marks['end']}"


def table_xml(rows: Sequence[Sequence[str]], properties: str) -> str:
    width = max(map(len, rows))
    usual = '<w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    grid = "".join("<w:gridCol/>" for _ in range(width))
    lines = [
        "".join(
            f"<w:tc><w:p>{runs_xml(merged_tokens([], '', replace_breaks(cell), {}))}</w:p></w:tc>"
            for cell in [*row, *[""] * (width - len(row))]
        )
        for row in rows
    ]
    body = "".join(f"<w:tr>{line}</w:tr>" for line in lines)
    # Two tables in sequence would become one.
    return f"<w:tbl>{properties or usual}<w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl><w:p/>"
