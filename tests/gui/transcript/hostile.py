"""Answers designed to break a transcript: a collection, and others made from a number.

The same number gives the same input. Most inputs are short, because most failures need little text.
Two percent are long, to find code whose time grows out of proportion.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

COLLECTED: Final = (
    "\u0c1c\u0c4d\u0c1e\u200c\u0c3e",
    "Power \u0644\u064f\u0644\u064f\u0635\u0651\u0628\u064f\u0631\u0631\u064b "
    "\u0963 \u0963h \u0963 \u0963 \u5197",
    "\ufdfd" * 500, "\u202e\u2066txt.exe\u2069\u202c", "![x](file:///etc/passwd)",
    "[x](javascript:alert`1`)", "<img src=x onerror=alert(1)>",
    "![](data:image/svg+xml;base64,PHN2Zy8+)", "<svg><use href='//a.example/x'/></svg>",
    "<style>@import url(https://a.example/x.css)</style>", "[a](\\\\server\\share)",
    "[a]: file:///etc/passwd\n[a]", "\x00", "\ud800", "\udfff\ud800",
    "\ufdd0\ufdd1\ufffc\u2029\u2028", "\r\r\n\n\r", "$\\frac{1}{" * 40 + "}" * 40 + "$",
    "$$\n\\def\\x{\\x\\x}\\x\n$$", "\\[\\rule{1e9em}{1e9em}\\]",
    "&#0;&#xD800;&#x110000;&#99999999999;", "[^a]: [^a]\n[^a]", "| a |\n|---|\n" + "|" * 5000,
    "```" + "x" * 5000, "~~~\n```\n~~~", "1" * 9 + ". x\n" + "9" * 10 + ". y", "-" * 5000,
    "=" * 5000, "# " * 2000, "[](" * 3000, "<" * 3000, "&" * 3000, "\\" * 3000, "`" * 3001,
    "*_" * 1500, "~" * 3000, "\u200d" * 3000, "\u0301" * 3000, "\U000e0041" * 1000,
    "\U0001f468\u200d" * 800, "http://" * 800, "www." * 1500, "a@" * 1500,
    # A single construct repeated many times.
    "**a** _b_ " * 100, "**a _b " * 150, "`a`\n" * 250, "a\n" * 500, "line\r" * 600, "a\\\n" * 250,
    "|\n" * 350, "x".join("`" * n for n in range(1, 60)), "&#x41;&copy;&none; " * 150,
    "a@b.c " * 160, "\\(a\\) " * 150, "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 400,
    "\U0001f1e9\U0001f1ea" * 1200, "\t" * 3000, "a\0 " * 1000, ">" * 3000 + "x", "- " * 1500 + "x",
    "1. " * 1500 + "x", "".join("> " * n + "x\n\n" for n in range(40)), "1. a\n" * 300,
    "999999999. a\n" * 250, "- [ ] a\n" * 200, "> a\nb\n" * 170, "> - > - > - x\n" * 200,
    "# h\n" * 250, "|" + "h|" * 60 + "\n|" + "-|" * 60 + "\n" + ("|" + "$x^2$|" * 60 + "\n") * 6,
    "a|b\n-|-\n" + "c|d\n" * 700,
    "|" + "h|" * 500 + "\n|" + "-|" * 500 + "\n" + ("|" + "c|" * 500 + "\n") * 3,
    "[a] and text\n\n" * 250 + "[a]: /x\n", "".join(f"[r{n}]: /u{n}\n" for n in range(300)),
    "".join(f"w[^{n}]\n\n" for n in range(100)),
    "".join(f"w[^{n}]\n\n[^{n}]: note\n\n" for n in range(150)),
    "```python\n" + "x = 1; " * 500 + "\n```", "```\n" + "x" * 2500, "```js\nx\n```\n" * 250,
    "$word " * 600, "it is $5 and $10 " * 200, "$" + "{" * 500 + "x" + "}" * 500 + "$",
    "$$\n" + "x+" * 1500 + "x\n$$", "".join(f"$x_{{{n}}}$ " for n in range(200)),
    "![x](data:image/png;base64," + "A" * 4000 + ")", "[a](" + "(" * 2000, '[a](b "' * 500,
    "<![CDATA[" * 400, "a\u2028" * 1500, "a\x0c\x0b\x1c\x85" * 600,
    "".join(map(chr, range(32))) * 90, "\u1100\u1161\u11a8" * 900, "\ue000\U000f0000" * 1000,
)  # fmt: skip
SHORTEST_LONG: Final = 20_000
MAX_BLOCK_UNITS: Final = 1_000_000

_MARKS: Final = (
    "*", "**", "_", "__", "~~", "~", "`", "``", "[", "]", "](", ")", "![", "<", ">", "&", "&#", ";",
    "$", "$$", "\\(", "\\)", "\\[", "\\]", "|", "\\", "\n", "\n\n", "  \n", "# ", "> ", "- ", "1. ",
    "    ", "\t", "```\n", "---\n", "[^1]", "[^1]: ", "[x]: ", "|---|\n", "http://a.b", "www.a.b",
    "a@b.c", "- [ ] ", "word ", "\u202e", "\u2067", "\x00", "\u0301", "\u05d0", "\u0627", "\ud83d",
    "\udc00", "\u200d", "\ufe0f", "\u2028", "\U0001f600", "\u3000", "{", "}",
)  # fmt: skip


def generated(number: int) -> str:
    """Return input `number`. It may hold lone surrogates, as a provider's reply may."""
    if number < len(COLLECTED):
        return COLLECTED[number]
    chance = random.Random(number)
    size = chance.choice((60, 400, 2_000, 2_000, 8_000))
    if chance.random() < 0.02:
        size = round(SHORTEST_LONG * (MAX_BLOCK_UNITS / SHORTEST_LONG) ** chance.random())
    return chance.choice(KINDS)(chance, size)[:MAX_BLOCK_UNITS]


def _mix(chance: random.Random, size: int) -> str:
    pieces = chance.sample(_MARKS, k=chance.randint(2, 12))
    return "".join(chance.choices(pieces, k=max(4, size // 4)))


def _repeated(chance: random.Random, size: int) -> str:
    unit = "".join(chance.choices(_MARKS, k=chance.randint(1, 4)))
    return unit * (size // max(1, len(unit)))


def _there_and_back(chance: random.Random, size: int) -> str:
    opener, closer = chance.choice(
        [("[", "]"), ("**", "**"), ("*_", "_*"), ("`", "`"), ("![", "](u)"), ("[", "](u)"),
         ("$\\frac{", "}$"), ("<a", ">"), ("(", ")"), ("[a][", "]"), ("$\\left(", "\\right)$")]
    )  # fmt: skip
    return opener * (size // 4) + "x" + closer * (size // 4)


def _deep(chance: random.Random, size: int) -> str:
    unit = chance.choice(["> ", ">", "- ", "1. ", "* ", "> - ", "- > 1. "])
    depth = min(size // len(unit), 3000)
    if chance.random() < 0.5:
        return unit * depth + "x\n" + unit * depth + "y"
    return "".join("  " * n + "- x\n" for n in range(min(depth, round((2 * size) ** 0.5))))


def _table(chance: random.Random, size: int) -> str:
    columns = chance.choice([1, 3, 50, 700])
    cell = chance.choice(["x", "", "**x**", "$x$", "\\|", "[a](b)", "\u202e", "a\u0301" * 20])
    row = f"|{f'{cell}|' * columns}\n"
    return f"|{'h|' * columns}\n|{'---|' * columns}\n{row * max(1, size // len(row))}"


def _one_line(chance: random.Random, size: int) -> str:
    unit = chance.choice(
        [
            "x",
            "word ",
            "\u05d0",
            "\u4e2d",
            "\U0001f600",
            "a\u0301\u0302",
            "\u202eab",
            " ",
            "\t",
            "\u00a0",
        ]
    )
    fence = chance.choice(["", "", "```\n", "    ", "> ", "# "])
    return fence + unit * (size // len(unit))


def _planes(chance: random.Random, size: int) -> str:
    plane = chance.randrange(17) << 16
    return "".join(chr(plane + chance.randrange(0x10000)) for _ in range(min(size, 20_000)))


def _storm(chance: random.Random, size: int) -> str:
    marks = [chr(chance.randrange(0x300, 0x370)) for _ in range(8)]
    word = "".join("a" + "".join(chance.choices(marks, k=chance.randint(1, 60))) for _ in range(9))
    return (word + chance.choice([" ", "\n", "\u200f", "\u202d"])) * max(1, size // len(word))


def _notes(chance: random.Random, size: int) -> str:
    count = max(1, size // 24)
    names = [str(chance.randrange(count)) for _ in range(count)]
    text = " ".join(f"[^{name}] [r{name}]" for name in names)
    return text + "\n\n" + "".join(f"[^{name}]: n\n\n[r{name}]: /{name}\n" for name in names)


def _formulas(chance: random.Random, size: int) -> str:
    tex = chance.choice(
        ["\\frac{1}{" * 30 + "x" + "}" * 30, "x^{" * 40 + "}" * 40,
         "\\left(" * 20 + "\\right)" * 20, "x_" * 50,
         "\\sqrt{" * 22 + "}" * 22, "\\begin{matrix}" * 10, "{}" * 400,
         "\\hspace{9e9em}x", "<&>", "\ud800"]
    )  # fmt: skip
    both = chance.choice([("$", "$ "), ("$$\n", "\n$$\n\n"), ("\\(", "\\) "), ("\\[", "\\]\n\n")])
    one = both[0] + tex + both[1]
    return one * max(1, min(20, size // len(one)))


def _addresses(chance: random.Random, size: int) -> str:
    unit = chance.choice(
        ["http://a.b@", "www.a.b((((", "a@b.c.", "<http://a", "http://[::", "[a](http://\u0430.b ",
         "//a.b/", "![a](data:image/png;base64,AAAA)", "![x](https://a.example/x.png)",
         "[a](file:///etc/passwd)"]
    )  # fmt: skip
    return unit * (size // len(unit))


KINDS: Final[tuple[Callable[[random.Random, int], str], ...]] = (
    _mix, _mix, _mix, _repeated, _repeated, _there_and_back, _deep, _table, _one_line, _planes,
    _storm, _notes, _formulas, _addresses,
)  # fmt: skip
