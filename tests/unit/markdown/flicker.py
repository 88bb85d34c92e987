"""Measures flicker: how often a streamed answer removes characters already shown.

`KINDS` are documents as models write them, each with a single construct. They are streamed by
character. The display is a sequence of styled characters, with markers for the starts of blocks,
rows and cells. A character is taken back if it neither stays in place nor moves because of an
insertion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.markdown.block_model import Block, Kind, Runs
from desktop_app.markdown.incremental.block_stream import BlockStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS: Final[dict[str, list[str]]] = {
    "bold": [
        (
            "This is **very bold** indeed. And **more words here**, then __under bold__ end.\n\n"
            "Next **a**."
        )
    ],
    "emphasis": [
        "This *is so* and _that too_ and a*b*c, 2 * 3 * 4, snake_case_name and *x*.",
        "***both at once*** then *one **two** three* and **two *one* two** end.",
    ],
    "program": [
        (
            "Here *args, **kwargs let a function take anything, as `f(a, **b)` does; f(*rest, "
            "**more) too."
        ),
        "A **kwargs alone, main(int argc, char **argv), and then *all* of it.",
        "All of *.py and *so* on.",
        "The product 2*3 is *six*.",
        "The files in **/*.js, (*some*) and (__those (of late)__ too) new.",
    ],
    "cjk": [
        "这是**重点**内容，然后*斜体*文字。",
        "これは**「強調」**です。次は*「斜体」*です。",
        "한국어**강조**입니다 그리고 *기울임*입니다.",
        "中文**“引号”**后面，再**一次。**然后",
        "他说：**重点**。~~删除~~后。`代码`里。[链接](https://example.com)后。",
    ],
    "strike": ["A ~~gone~~ word, ~~two words~~ and ~5 or ~one~ done. a ~ b"],
    "code span": [
        "A tick: `` `x` `` and ` y ` too.",
        "Use `code` and ``a ` b`` here, `x = **not bold**` end. Then `[not](link)` and `$HOME`.",
    ],
    "link": [
        (
            "See [the docs](https://example.com/a_b_c) and [**bold** link](https://example.com "
            '"Title") and ![alt text](https://example.com/p.png) end.'
        ),
        "[first](https://example.com/a(b)c) starts. Then [a [nested] b](http://x.example) end.",
    ],
    "autolink": [
        (
            "Go to https://example.com/path?q=1&b=2 now. Or <https://example.org> or "
            "<me@example.org> or www.example.com, or me@example.com too."
        ),
        "详见https://example.com/docs，然后https://example.org。",
        "See <https://example.org/> and <http://localhost:8080/a/b>, <mailto:me@example.com> too.",
        "https://example.com at start. See http://a.example.",
        (
            "On https://en.wikipedia.org/wiki/C_(language), https://a.example/x_(y)_z and "
            "(https://b.example/_c/d) it is."
        ),
        (
            "__https://b.example__ or _https://c.example/d_ and snake_https, __see "
            "https://d.example__. **So https://e.example**, ok."
        ),
        "Visit https://docs.python.org/3/library/asyncio.html#asyncio.run for it.",
    ],
    "reference": [
        (
            "See [docs] and [the others][more] end.\n\n[docs]: https://example.com\n"
            '[more]: https://example.org "Title"\n\nAfter.'
        )
    ],
    "footnote": [
        (
            "A note[^1] and a named one[^name] here.\n\n[^1]: The first note, with **bold**.\n"
            "[^name]: The second.\n\nAfter."
        ),
        "A claim.[^1]\n\n[^1]: See https://example.com.\n[^long-name]: More.\n[^3]:\n    Below.",
        "[^1] begins. Then[^2]: not a definition.\n\n[^1]: One\n\n    more of it\n\n[^2]: Two\n",
    ],
    "html": [
        (
            'A <b>bold</b> word, a <br> break, <!-- comment --> and <div class="x">div</div> '
            "end. 1 < 2 and a<b."
        ),
        "<details>\n<summary>Sum</summary>\n\nText\n\n</details>\n\nAfter",
    ],
    "entity": [
        (
            "Fish &amp; chips, &copy; 2024, &#8212; dash, &#x2014; dash, &nbsp;x, AT&T and a & b "
            "&notanentity; end. R&D; x &lt;tag&gt;"
        )
    ],
    "escape": [
        "A \\* star, \\_under\\_, \\[bracket\\], \\# hash, C:\\path\\to, back\\\\slash end\\\nline."
    ],
    "math": [
        "So $x_1 + y$ and \\(a + b\\) then \\[c = d\\] end. It costs $5 and $10, $HOME stays.",
        "Before\n\n$$\nx = y\n$$\n\nAfter\n\n\\[\n\\frac{a}{b}\n\\]\n\nend",
        "$$a$$ and so\n\n- $$b$$ too\n\n$$c$$\n\n\\[d\\] is that.\n\n\\[e\\]\n\nEnd",
        "Let $n$ be $O(n \\log n)$, so $$E = mc^2$$ inline. Price: $20.",
        "So $x$$y^2$ and $a$$$b$$ end, $n$$m$th.",
        "The $n$th of $2 \\times 3$, $1 - p$, $3x + 2y$ and $5\\%$ or $x\\$y$. 其中$x$是变量。",
        "It was $5M (US$ 3) or $5 a month, $5-$10, $5/month, $x per seat ($y in all).",
    ],
    "heading": [
        (
            "# Title\n\nText\n\n## Second one\nText right below\n\n"
            "### Third **bold** `code` ###\n\nEnd"
        ),
        "Setext\n======\n\nSecond\n---\n\nText",
    ],
    "list": [
        (
            "- one\n- two **bold**\n  - nested one\n  - nested two\n- three\n\n1. first\n"
            "2. second\n   - deep\n10) other\n\nAfter"
        ),
        "* star\n* list\n\n+ plus\n+ list\n\nPara\n- right after\n- it",
        "Text:\n1. one\n2. two\n\n   para in two\n3. three",
    ],
    "task": [
        (
            "- [ ] open task\n- [x] done task\n- [X] also done\n- [link](http://a.example) item\n"
            "- [not a task\n\nAfter"
        ),
        "1. [ ] one\n2. [x] two\n\n> - [ ] three\n> 1. four\n> 2. five\n\n- 5 apples\n- \\[x\\]\n",
    ],
    "quote": ["> A quote\n> goes on\n>\n> > nested\n\nAfter\n\n> - list in quote\n> - two\n"],
    "rule": ["Above\n\n---\n\nBelow\n\n***\n\nMore\n\n- - -\n\nEnd"],
    "fence": [
        "Text:\n\n```python\ndef f():\n    return 1\n```\n\nAfter\n\n~~~\nx\n~~~\n\nEnd",
        "- item\n\n  ```js\n  let a = 1\n  ```\n\n- next",
        "````md\n```inner\n```\n````\n\nEnd",
        "```\n```\n\nEnd",
    ],
    "indented": ["Text\n\n    indented code\n    more\n\nAfter"],
    "table": [
        (
            "Text\n\n| Name | Value |\n|------|------:|\n| a **b** | 1 |\n"
            "| `c` | [l](http://x.example) |\n\nAfter"
        ),
        "a | b\n--|--\n1 | 2\n3 | 4\n\nEnd",
        "| one |\n|-----|\n| x |\n",
        "Cost | of | things without table follow.\n\nEnd",
        "| not | a table\n\nAfter",
        "- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\nEnd",
        "> | a | b |\n> |---|---|\n> | 1 | 2 |\n\nEnd",
        (
            "| a | b |\n|---|---|\n| *i* | **b** |\n| $5 | - |\n| - | | \n| | |\n"
            "| `x \\| y` | ~~s~~ |\n"
        ),
        "| a | b |\n| - | - |\n| x \\| y | z |\n|  | q |",
    ],
    "below a table": [
        "| a | b |\n|---|---|\n| 1 | 2 |\n" + below
        for below in (
            "\n## Head\n",
            "\n```py\nx\n```\n",
            "```py\nx\n```\n",
            "\n1. it\n",
            "\n---\n",
            "2. it\n",
            "\n| c | d |\n|---|---|\n| 3 | - |\n",
        )
    ],
    "exclamation": [
        "Wow! Great!\nYes! [a](http://a.example)! Look!![b](http://b.example/p.png)! | !\n",
        "| a! |\n|---|\n| b! | \n\nSo![^1]\n",
    ],
    "break": ["line one  \nline two\\\nline three\nsoft line four\n\nEnd"],
    "mixed": [
        (
            "## Plan\n\nHere's **the idea**: use `asyncio` "
            "([docs](https://docs.python.org/3/)):\n\n1. **Read** the file\n"
            "2. *Parse* it — costs $5\n   ```python\n   x = a * b ** c\n   ```\n3. Done[^1]\n\n"
            "| A | B |\n|---|---|\n| 1 | **2** |\n\n> Note: **careful** with <T> and &amp;.\n\n"
            "[^1]: See https://example.com.\n\nThat's it! ✅ 👩‍💻\n"
        )
    ],
}

_UNSEEN: Final = " \u2028\u2063\u2061\u2062"


class Flicker(NamedTuple):
    """The flicker of a document.

    Attributes:
        times: number of steps that took characters back.
        characters: number of characters that were taken back.
        places: the source before each of these steps.
    """

    times: int
    characters: int
    places: tuple[str, ...]


def visible_atoms(blocks: Iterable[Block]) -> list[tuple[Any, ...]]:
    """Return the styled characters and markers on screen."""
    return [atom for block in blocks for atom in _block(block)]


def _block(block: Block) -> Iterator[tuple[Any, ...]]:
    kind = (block.kind, block.level, block.depth, block.quote, block.opened)
    language = block.language if block.kind is Kind.CODE_HEAD else ""
    yield ("begins", kind, block.marker, language, block.aligns)
    yield from _runs(block.runs, kind)
    for number, row in enumerate(block.rows):
        yield ("row", number)
        for cell in row:
            yield ("cell",)
            yield from _runs(cell, (block.head and number == 0,))


def _runs(runs: Runs, of: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for run in runs:
        is_link = bool(run.link) or run.note  # a footnote's mark is a link once it is defined
        style = (*run[1:8], is_link, of)
        for piece in (run.text,) if run.math else run.text:
            yield (piece, style)


def measure(source: str) -> Flicker:
    """Stream a document character by character and count its flicker."""
    stream, before = BlockStream(), visible_atoms(())
    times, places, characters = 0, [], 0
    for at in range(len(source) + 1):
        if at < len(source):
            stream.feed(source[at])
        else:
            stream.finish()
        after = visible_atoms(stream.blocks)
        lost = _lost(before, after)
        if lost:
            times, characters = times + 1, characters + lost
            places.append(source[max(0, at - 30) : at + 1])
        before = after
    return Flicker(times, characters, tuple(places))


def _lost(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> int:
    least = min(len(before), len(after))
    first = next((n for n in range(least) if before[n] != after[n]), least)
    last = 0
    while last < least - first and before[-1 - last] == after[-1 - last]:
        last += 1
    gone = before[first : len(before) - last]
    return sum(atom[0] not in (*_UNSEEN, "cell") for atom in gone)
