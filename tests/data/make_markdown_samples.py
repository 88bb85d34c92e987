"""Writes what becomes of random Markdown: shown half-written, streamed, and exported.

    python -m tests.data.make_markdown_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch
from zlib import crc32

from desktop_app.rendering.block_model import (
    Block,
    Patch,
    Run,
    clean_text,
    has_gap_between,
    is_in_other_quote,
    quote_block,
    shared_quotes,
    show_invisible,
)
from desktop_app.rendering.document_text import DocumentText, TextForm
from desktop_app.rendering.export.html_writer import to_html
from desktop_app.rendering.export.text_writer import plain_pieces, to_markdown
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.rendering.markdown.inline_images import (
    MAX_ADDRESS_LENGTH,
    drop_address_rest,
    ends_in_address,
    find_overlong_range,
    image_size_of,
    move_cut_outside_image,
)
from desktop_app.rendering.markdown.links import destination_to_show, image_destination, is_openable
from desktop_app.rendering.markdown.parser import parser
from desktop_app.rendering.provisional.provisional_inline import complete_inline, is_plain
from desktop_app.rendering.search.match_count import count_in_markdown
from desktop_app.rendering.search.text_search import fold_text, match_ranges
from desktop_app.rendering.spoken_formula import spoken_formula
from desktop_app.rendering.spoken_sentences import SentenceSplitter
from tests.data.samples import write_samples

if TYPE_CHECKING:
    from markdown_it.token import Token

EXPECTED: Final = Path(__file__).with_name("markdown")
_STYLES: Final = ("bold", "italic", "code", "strike", "math", "note", "image")  # by first letter
_INLINE: Final = (
    *("word", "two words", " ", " ", " ", ", ", ".", "\n", "*", "*", "**", "**", "***", "_", "__"),
    *("~", "~~", "~~~", "`", "``", "`code`", "[", "]", "](", ")", "![", "!", "(", "](u)", "][x]"),
    *("](<", "](<u>", '](u "t', '](u "t")', "](u (t", "]( u ", "[a]", "[^a]", "<b>", "-$", "a$"),
    *("[^1]", "[^", "$", "$$", "$5", "$x$", "$a_b", "\\", "\\(", "\\)", "\\[", "\\]", "\\*", "<"),
    *("<b", "<https://a.b", ">", "<me@a.b", "&", "&am", "&amp;", "&#12", "h", "htt", "www.a.b"),
    *(
        "https://a.b/c_d",
        "https://a.b/(c",
        "me@a.b",
        "_c",
        "文字",
        "「強調」",
        "é",
        "🙂",
        '"t"',
        "5",
    ),
)
_BLOCKS: Final = (
    *("words\n", "*some* words", "\n", "\n", "\n\n", "# H\n", "## *H* #\n", "===\n", "---\n"),
    *("- item\n", "* item\n", "- [x] done\n", "1. one\n", "7) seven\n", "  - nested\n", "-\n"),
    *("   more\n", "      code\n", "> quote\n", "> - item\n", "> > deep\n", ">\n", "- > q\n"),
    *("```py\nx = 1\n", "```\n", "~~~\n", "| a | b |\n|---|:-:|\n| 1 | [x] |\n", "| c | *d* |\n"),
    *("| long cell | \\| |\n", "[x]: /url 't'\n", "[x]", "[^1]", "[^1]: note\n", "    indented\n"),
    *("$$\na^2\n$$\n", "$x$", "\\[b\\]\n", "**b", "**", "`c`", "  \n", "![p](u.png)", "<br>"),
    *("https://a.b/c", "[l](https://a.b)", "[l](javascript:x)", "~~s~~", "\\*", "1986. year\n"),
    *(
        "***\n",
        "+ p\n",
        "- # h\n",
        "1. ```\n",
        "   text\n",
        "\t- tab\n",
        "&copy;",
        "a_b_c ",
        "שלום\n",
    ),
)


_COUNTED: Final = (
    *("word", "code", "two words", "1", "x", "[word](https://a.b/word)", "[word](u)", "`word` "),
    *("``` py\nword\n```\n", " ```\n word\n ```\n", "  ~~~\n  word\n ~~~\n", "~~~~\nword\n~~~\n"),
    *("$$\nword\n", "\\[\nword\n", "\n\n", "\n\n", "| word | word |\n", "|-|-|\n", "&amp;word"),
    *("[x]: word\n", "wo*r*d", "w\\ord", "www.word.de", "<https://word>", "word@a.b", "\u00adword"),
    *("> " * 13 + "word\n", "[" * 13 + "word", "1. word\n", "\tword\n", "- [x] word\n", "xn--word"),
    *("word " * 9, "*" * 41, "word\x07", "| word |\n|---|\n| word | word |\n", "not shown"),
)
_SOUGHT: Final = (
    "word",
    "word",
    "word",
    "WORD",
    "two words",
    "1",
    "x",
    "code",
    "wor",
    "d w",
    "shown",
)
_SENTENCES: Final = (
    *("A sentence. ", "Is it? ", "e.g. this ", "See 3. Then ", "Stop!” ", "完了。", "No end", "\n"),
    *("- Item. Two.\n", "1. one. \n", "| a | b. |\n", "|---|\n", "> Said. ", "# Head. More\n"),
    *("```py\nx. y\n```\n", "~~~\nz\n~~~\n", "```\n", "long words " * 200, "x" * 2_100, "  "),
    *("**Bold.** ", "[^1]", "`c`", "\u2062", "\r\n", "W. ", "Mr. X ", "… ", ". ", "1.5 ", "abc"),
)
_REPEATED: Final = (
    *("[", "![", "[a](", "<https://a.b> ", "<", "*", "**a ", "_a", "`", "`a` ", "$x$ ", "$", "|a"),
    *(
        ">",
        "> ",
        "- ",
        "(",
        "\\[",
        "\\(",
        "~~a ",
        "~",
        "&amp;",
        "me@a.b ",
        "www.a.b ",
        "[^1]",
        "a\n",
    ),
    *("row", "row", "row", "- a\n", "1. a\n", "> a\n", "[a] ", "![a](u) ", "\\", "]", "*a* ", "文"),
    *(
        "```\nx\n```\n",
        "- a\n\n",
        "# a\n",
        "x = 1\n",
        "    x\n",
        "a\n\n",
        "[x]: u\n",
        "$$\nx\n$$\n",
    ),
)
_TIMES: Final = (2, 8, 12, 20, 24, 32, 40, 50, 64, 100, 160, 200, 300, 400)
_OPENING: Final = (
    *("*", "**", "_", "~~", "`", "``", "[", "[a](", "[a](<", '[a](u "', "[a](u (", "![", "$", "$$"),
    *("\\(", "\\[", "<", "</b", "<http:", "<me@", "&", "&#x", "https://", "www.", "me@a.", "\n"),
    *("word ", "a", "$5 ", "1", "文", "(", "[^", "[^a]", "[a]["),
)
_FILLERS: Final = (
    "a",
    "word ",
    "b.c ",
    "x_y ",
    "文字",
    "1 + ",
    "a\n",
    "](",
    "[",
    "*a ",
    "`",
    "\\ ",
)
_LENGTHS: Final = (3, 8, 33, 41, 80, 200, 400, 1_000, 2_000)
_TEX: Final = (
    *("x", "a", "2", "12", "^2", "^3", "_i", "^{n+1}", "_", "^", "{", "}", "+", "=", "-", "<", "("),
    *(
        "\\frac{a}{b}",
        "\\frac12",
        "^2y",
        "\\sqrt{x}",
        "\\sqrt",
        "\\alpha ",
        "\\sum_",
        "\\left(",
        ")",
    ),
    *("\\\\", "\\,", "\\text{if }", "\\unknown ", "'", "!", "&", "\\{", "\\dfrac{1}", "%c\\n"),
    *("^\\prime", "\\right)"),
)
_SIGNS: Final = (
    *("a", "B", "ß", "é", "e\u0301", "ﬁ", "文", " ", "\n", "\u2028", "\u00ad", "\u200b"),
    *("\ufffc", "İ", "½", "x\u200cy", "\r", "\u2029", "\ufdd0", "ab", "Σ", "\u2066", "\u034f"),
    *("\x07", "²", "\u202e", "\u200d"),
)
_LONG: Final = (
    *("words of a paragraph ", "*a* word ", "a **b", "[a", "`x ", "| 1 | *two* |\n", "- item\n"),
    *("> quote\n", "- item\n\n  more\n", "x = 1\n", "[x] ", "文字", "1. one\n", "a_b ", "$x$ and "),
    *("words\n", "$5 ", "\\(x ", "![p](data:image/png;base64,", "https://a.b/c ", "  - nested\n"),
    *("[1] ", "~~s~~ ", "A sentence ends. ", "|a|b|\n|-|-|\n|1|2|\n", "```\nx\n```\n", "# H\n"),
)
_SCHEMES: Final = ("http://", "https://", "HTTPS://", "https://", "ftp://", "xmpp:", "//", "", "#")
_USERS: Final = ("", "", "", "", "user@", "user:pw@", "a.example@", "a.example\\\\@")
_HOSTS: Final = (
    *(
        "a.example",
        "b.example",
        "www.a.example",
        "bücher.example",
        "localhost",
        "127.0.0.1",
        "a.md",
    ),
    *(
        "[::1]",
        "0x7f000001",
        "2130706433",
        "xn--bcher-kva.example",
        "ɑ.example",
        "a。example",
        "a..b",
    ),
    *(
        "A.EXAMPLE",
        "a.example.",
        "%61.example",
        "a_b.example",
        "раураl.example",
        "b-.example",
        "::1",
    ),
)
_RESTS: Final = (
    *(
        "",
        "",
        "",
        "/",
        ":80",
        ":99999/",
        ":999999",
        "/c/readme.md",
        "/c/readme.md?x#y",
        "?q=a.example",
    ),
    *("#main.py", "/%2e%2e", " x", "\\x", "/a.example/"),
)
_RECIPIENTS: Final = (
    *("me@a.example", "me@a.example,you@b.example", "-me@b.example", "ME@A.example", "", "bad@@x"),
    *("me@bücher.example", "me%40a.example", "me%2540a.example", "a,b@c.example"),
)
_FIELDS: Final = (
    *(
        "",
        "",
        "?subject=x",
        "?bcc=z@c.example",
        "?cc=y@b.example",
        "?body=a%0d%0ab",
        "?body=a&attach=b",
    ),
    *(
        "?attach=/etc/passwd",
        "?subject=a%0d%0aBcc:x",
        "?to=me@a.example",
        "?x=y",
        "?subject=%ff",
        "?",
    ),
    *("?body=a;bcc=z@c.example", "?body=a%250abcc=z@c.example", "?cc=bad", "?BCC=z@c.example"),
    "?subject=" + "%25" * 9 + "41",
)
_WORDS: Final = (
    *(
        "the docs",
        "a.example",
        "b.example",
        "www.a.example",
        "https://a.example",
        "http://b.example/",
    ),
    *(
        "a．example",
        "a。example",
        "раураl",
        "me@a.example",
        "you@b.example",
        "readme.md",
        "main.py",
    ),
    *("localhost", "localhost:80", "127.0.0.1", "2130706433", "0x7f000001", "::1", "12:30:45", " "),
    *("a·example", "l·l", "(", ")", ", ", "⒜.example", "x\u200by.example", "1.2.3.4.5", "bank"),
)


def half_written() -> Iterator[str]:
    """Yield texts with what is shown of them and the marks that close it."""
    chance = random.Random("half-written")
    for _ in range(10_000):
        content = "".join(chance.choices(_INLINE, k=chance.randint(2, 13)))
        is_word = chance.random() < 0.8
        said = [
            content,
            is_word,
            *complete_inline(content, may_continue=is_word),
            is_plain(content),
        ]
        yield json.dumps(said, ensure_ascii=False)


def half_written_long() -> Iterator[str]:
    """Yield texts about as long as what is looked at of links, tags, formulas and emphasis."""
    chance = random.Random("half-written long")
    for _ in range(4_000):
        start = "".join(chance.choices(_OPENING, k=chance.choice((1, 1, 2, 3))))
        length = max(0, chance.choice(_LENGTHS) + chance.randint(-3, 3) - len(start))
        filler = chance.choice(_FILLERS)
        content = start + (filler * length)[:length]
        content += "".join(chance.choices(_INLINE, k=chance.choice((0, 0, 1, 2))))
        is_word = chance.random() < 0.8
        shown, closer = complete_inline(content, may_continue=is_word)
        said = [start, filler[:9], len(content), content[-9:], is_word, len(shown), shown[-9:]]
        yield json.dumps([*said, closer, is_plain(content)], ensure_ascii=False)


def streamed() -> Iterator[str]:
    """Yield sources with the patches of a stream: index-removed+added blocks."""
    chance = random.Random("streamed")
    for _ in range(500):
        source, at, steps = _source(chance), 0, []
        stream = BlockStream()
        with _parsed() as parsed:
            while at < len(source):
                size = chance.randint(1, 12)
                steps.append(_changes(stream.feed(source[at : at + size])))
                at += size
            steps += [str(stream.piece_bounds), _changes(stream.finish())]
        yield json.dumps([source, *steps, sum(parsed)], ensure_ascii=False)


def streamed_long() -> Iterator[str]:
    """Yield long sources by their pieces, with the patches of a stream."""
    chance = random.Random("streamed long")
    for number in range(100):
        filler = "".join(chance.choices(_LONG, k=chance.choice((1, 1, 2, 3))))
        length = 25_000 if number == 9 else chance.choice((600, 600, 600, 1_500, 2_500))
        source = _source(chance) + filler * (length // len(filler)) + _source(chance)
        stream, at, steps = BlockStream(), 0, []
        with _parsed() as parsed:
            while at < len(source):
                size = chance.choice((7, 40, 80, 400))
                patches = stream.feed(source[at : at + size])
                at += size
                steps.append(_places(patches))
            patches = stream.finish(defer_updates=chance.random() < 0.5)
            renewals = []
            while stream.has_pending_updates:
                renewals.append(_places(stream.run_updates()))
        counts = len(stream.blocks), len(parsed), sum(parsed)
        ends = [_places(patches), *renewals, *counts]
        yield json.dumps([filler, steps, ends], ensure_ascii=False)


def links() -> Iterator[str]:
    """Yield words and targets of links, with the destination that is shown."""
    chance = random.Random("links")
    for _ in range(4_000):
        web = (_SCHEMES, _USERS, _HOSTS, _RESTS)
        mail = (("mailto:", "MAILTO:"), _RECIPIENTS, _FIELDS)
        target = "".join(map(chance.choice, chance.choice((web, web, web, mail))))
        words = "".join(chance.choices(_WORDS, k=chance.choice((1, 1, 1, 2, 3))))
        words = chance.choice((words, words, words, target, target.partition(":")[2]))
        shown = destination_to_show(words, target), destination_to_show(None, target)
        yield json.dumps(
            [words, target, is_openable(target), *shown, image_destination(target)],
            ensure_ascii=False,
        )


def picture_sizes() -> Iterator[str]:
    """Yield the beginnings of images with the size that they state."""
    chance = random.Random("picture sizes")
    heads = (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"GIF89a",
        b"GIF87a",
        b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08",
        b"\xff\xd8\xff\xc4\0\x03a\xff\xcf\0\x11\x08",
        b"\xff\xd8\xff\xc2\0\x11\x08",
        b"RIFF1234WEBPVP8 123456789012",
        b"RIFF1234WEBPVP8L1234/",
        b"RIFF1234WEBPVP8X12345678",
    )
    for _ in range(800):
        data = chance.choice(heads) + bytes(chance.choices((0, 1, 2, 64), k=chance.randint(0, 12)))
        kind = chance.choice(("png", "jpeg", "gif", "webp", "svg"))
        target = f"data:image/{kind};base64,{b64encode(data).decode()}"
        yield json.dumps([data.hex(), kind, image_size_of(target)])


def exported() -> Iterator[str]:
    """Yield sources with their HTML, Markdown and plain text."""
    chance = random.Random("exported")
    for _ in range(1_200):
        is_line = chance.random() < 0.5
        line = "".join(chance.choices(_INLINE, k=chance.randint(3, 14)))
        source = _source(chance) + line if is_line else _source(chance)
        blocks = render(source, frozenset(chance.choices(range(1, 5), k=2)))
        texts = [to_html(blocks), to_markdown(blocks), "".join(plain_pieces(blocks))]
        beside = [
            [has_gap_between(*pair), is_in_other_quote(*pair), shared_quotes(*pair)]
            for pair in pairwise(blocks)
        ]
        inner = [[quote_block(block).quote, quote_block(block).quoted_at] for block in blocks]
        yield json.dumps([source, *texts, beside, inner], ensure_ascii=False)


def repeated() -> Iterator[str]:
    """Yield pieces repeated about as often as what is parsed may be, with the blocks they make."""
    chance = random.Random("repeated")
    for _ in range(360):
        piece = chance.choice(_REPEATED)
        times = max(1, chance.choice(_TIMES) + chance.randint(-2, 2))
        columns = chance.choice((1, 2, 3, 5, 9, 63, 64, 65))
        if piece == "row":
            row = "| " + "a | " * columns + "\n"
            source = row + "|" + "-|" * columns + "\n" + row * times
        else:
            source = chance.choice(("", "word ", "> ", "- ")) + piece * times
            source += chance.choice(("", "", "](u)", "]", "\n\nword", " word", ")", "`", "$"))
        stream, at = BlockStream(), chance.randint(1, len(source))
        patches = [*stream.feed(source[:at]), *stream.feed(source[at:]), *stream.finish()]
        shown = [(one.kind.value, one.depth, len(one.text), len(one.rows)) for one in stream.blocks]
        last = _facts(stream.blocks[-1])[-60:] if stream.blocks else ""
        counts = [len(complete_inline(source)[0]), len(shown), crc32(str(shown).encode())]
        yield json.dumps([piece, times, at, _places(patches)[-60:], *counts, last])


def counted() -> Iterator[str]:
    """Yield sources with the count of a word in them, and how much is parsed for it."""
    chance = random.Random("counted")
    for number in range(1_500):
        pieces = chance.choices((*_BLOCKS, *_INLINE, *_COUNTED * 4), k=chance.randint(2, 12))
        source = f"line {number}\n\n" + "".join(pieces)
        words = fold_text(chance.choice(_SOUGHT))
        with _parsed() as parsed:
            count = count_in_markdown(source, words)
        yield json.dumps([source, words, count, parsed], ensure_ascii=False)


def spoken() -> Iterator[str]:
    """Yield sources with the sentences that are complete with each piece."""
    chance = random.Random("spoken")
    for _ in range(600):
        pieces = chance.choices((*_BLOCKS, *_SENTENCES), k=chance.randint(2, 9))
        source, at, steps = "".join(pieces), 0, []
        splitter = SentenceSplitter()
        while at < len(source):
            size = chance.choice((1, 3, 9, 40)) if len(source) < 1_000 else 150
            steps.append(splitter.feed(source[at : at + size]))
            at += size
        said = [[len(words), words[:40], words[-9:]] for words in splitter.finish()]
        yield json.dumps([pieces, [step for step in steps if step], said], ensure_ascii=False)


def image_addresses() -> Iterator[str]:
    """Yield texts with images, some too long, and what is found of their addresses."""
    chance = random.Random("image addresses")
    beginnings = ("![a](data:image/png;base64,", "](data:image/", "](DATA:image/jpeg;base64,", "")
    for _ in range(600):
        length = max(0, chance.choice((0, 9, MAX_ADDRESS_LENGTH)) + chance.randint(-60, 30))
        end = chance.choice(("", ")", ") ", ") x", " x", "=)", "=", ",", '"'))
        source = chance.choice(("", "x", "![b](u) ")) + chance.choice(beginnings)
        source += "A" * length + end + chance.choice(("", "", "yy"))
        added = min(len(source), chance.choice((1, 2, 5, 400, len(source))))
        before = source[: len(source) - added]
        did_before = ends_in_address(before, len(before), ended_in_address=False)
        ends_so = ends_in_address(source, added, ended_in_address=did_before)
        places = [
            [added, ends_so, find_overlong_range(source, added)],
            [move_cut_outside_image(source, at) for at in (1, 9, len(source) // 2, len(source))],
            len(drop_address_rest(source[-added:])),
        ]
        yield json.dumps([source[:30], len(source), end, places])


def formulas() -> Iterator[str]:
    """Yield formulas with their words."""
    chance = random.Random("formulas")
    for _ in range(1_600):
        tex = "".join(chance.choices(_TEX, k=chance.randint(1, 8)))
        yield json.dumps([tex, spoken_formula(tex)], ensure_ascii=False)
    for depth in (37, 38, 39, 40, 41):
        yield json.dumps([depth, spoken_formula("{" * depth + "x" + "}" * depth)])


def searched() -> Iterator[str]:
    """Yield texts with the places of words, and with the signs that are made visible."""
    chance = random.Random("searched")
    for _ in range(1_600):
        text = "".join(chance.choices(_SIGNS, k=chance.randint(1, 9)))
        words = fold_text("".join(chance.choices(_SIGNS, k=chance.randint(0, 2))))
        is_code, is_link = chance.random() < 0.5, chance.random() < 0.3
        before = chance.choice(("", "x", "文"))
        shown = show_invisible(text, code=is_code, link=is_link, character_before=before)
        yield json.dumps([text, words, match_ranges(text, words), clean_text(text), shown])


def passages() -> Iterator[str]:
    """Yield documents with the slices and marks of a passage."""
    chance = random.Random("passages")
    for _ in range(720):
        form = chance.choice(list(TextForm))
        text = "".join(chance.choices((*_BLOCKS, "[page 3]\n", "long words " * 400), k=12))
        document = DocumentText(text, form)
        start = chance.randrange(len(text))
        span = (start, min(len(text), start + chance.choice((1, 20, 300))))
        at = document.slice_at(start)
        marks = [list(mark) for mark in document.render_slice(at, span).marks]
        slices = [[one.start, one.end] for one in document.slices]
        yield json.dumps([text.replace("long words " * 400, "…"), form.name, span, slices, marks])


@contextmanager
def _parsed() -> Iterator[list[int]]:
    """Collect the lengths of what is parsed: a stream may not parse more than it has to."""
    lengths: list[int] = []
    markdown = parser()

    def counted(parse: Callable[..., list[Token]]) -> Callable[..., list[Token]]:
        def count_and_parse(source: str, env: object) -> list[Token]:
            lengths.append(len(source))
            return parse(source, env)

        return count_and_parse

    with (
        patch.object(markdown, "parse", counted(markdown.parse)),
        patch.object(markdown, "parseInline", counted(markdown.parseInline)),
    ):
        yield lengths


def _places(patches: Iterable[Patch]) -> str:
    return " ".join(f"{p.at}-{p.removed}+{len(p.added)}" for p in patches)


def _changes(patches: Iterable[Patch]) -> str:
    return " ".join(f"{p.at}-{p.removed}+{''.join(map(_facts, p.added))}" for p in patches)


def _facts(block: Block) -> str:
    """Return what makes a block other than an empty paragraph."""
    marks = {
        name: value
        for name, value in block._asdict().items()
        if name not in ("kind", "runs", "rows") and value != Block._field_defaults[name]
    }
    cells = (" | ".join("".join(map(_styled, cell)) for cell in row) for row in block.rows)
    text = "".join(map(_styled, block.runs)) + " / ".join(cells)
    said = "".join(f" {name}={value}" for name, value in marks.items())
    return f"({block.kind.value[:2]}{said}: {text})"


def _styled(run: Run) -> str:
    styles = "".join(name[0] for name in _STYLES if getattr(run, name))
    return f"{run.text}{{{styles}{run.link}}}" if styles or run.link else run.text


def _source(chance: random.Random) -> str:
    return "".join(chance.choices(_BLOCKS, k=chance.randint(2, 9)))


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "half-written": half_written,
    "half-written-long": half_written_long,
    "streamed": streamed,
    "streamed-long": streamed_long,
    "links": links,
    "picture-sizes": picture_sizes,
    "exported": exported,
    "repeated": repeated,
    "counted": counted,
    "spoken": spoken,
    "image-addresses": image_addresses,
    "formulas": formulas,
    "searched": searched,
    "passages": passages,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
