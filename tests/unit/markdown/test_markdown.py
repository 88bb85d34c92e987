"""The blocks that each Markdown construct becomes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import markdown_it
import pytest

from desktop_app.markdown.block_model import (
    ADDED_MARK,
    FORMULA_END,
    FORMULA_START,
    Block,
    Kind,
    Run,
    formula_run,
    source_text,
)
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import plain_pieces, to_markdown
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.parsing import parser as parser_module
from desktop_app.markdown.parsing.inline_runs import unparsed_note
from desktop_app.markdown.parsing.links import is_openable


def only(source: str) -> Block:
    [block] = render(source)
    return block


def test_raw_html_is_text() -> None:
    assert only("<b>x</b> <img src=a>").runs == (Run("<b>x</b> <img src=a>"),)
    assert only("<script>alert(1)</script>").text == "<script>alert(1)</script>"


def test_a_remote_image_is_a_link_with_its_name() -> None:
    assert only("![a *chart*](https://x.y/z.png)").runs == (
        Run("a chart", image=True, link="https://x.y/z.png"),
        Run("\u2063 (x.y)", link="https://x.y/z.png"),
    )


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://example.com/a?b=c.", "https://example.com/a?b=c"),
        ("www.example.com/x.", "http://www.example.com/x"),
        ("me@example.com", "mailto:me@example.com"),
        ("me@host.somewhere", "mailto:me@host.somewhere"),
        ("www.a.b/c_(d))", "http://www.a.b/c_(d)"),
        ("www.a.b/?c=d&hl;", "http://www.a.b/?c=d"),
        ("https://a.b/c_~", "https://a.b/c"),
        ("~~https://a.b~~", "https://a.b"),
        ("mailto:a@b.c/d", "mailto:a@b.c"),
        ("xmpp:a@b.c/d@e/f", "xmpp:a@b.c/d@e"),
    ],
)
def test_bare_addresses_are_links(source: str, target: str) -> None:
    assert only(source).runs[0].link == target


@pytest.mark.parametrize(
    ("before", "address", "after"),
    [
        ("see:", "me@a.example", ","),
        ("〈", "me.and_you+x@a.b.example", "〉"),
        ("请发邮件至", "me@a.example", "谢谢"),
        ("sip:", "me@a.example", "."),
    ],
)
def test_e_mail_addresses_are_recognized_as_by_github(
    before: str, address: str, after: str
) -> None:
    runs = only(before + address + after).runs
    assert runs == (Run(before), Run(address, link=f"mailto:{address}"), Run(after))


@pytest.mark.parametrize("name", ["me@b+c.example", "me@b.example-", "me@b.c1", "a/b@c.d", "@a.b"])
def test_other_texts_are_not_e_mail_addresses(name: str) -> None:
    assert only(name).runs == (Run(name),)


@pytest.mark.parametrize(
    ("source", "struck"),
    [
        ("~one~ and ~~two~~", ["one", "two"]),
        ("~~~three~~~ and ~~three~~~, ~two each", []),
        ("~10 to ~20, 5~10 and 7~12, H~2~O, 周一~周五和周六~周日", []),
        ("~~about ~5~~ (~so~)", ["about ~5", "so"]),
        ("~one ~~crossed~ two~~", ["one ~~crossed"]),
        ("~ a ~ ~~ b ~~", []),
        ("[~~in~~ a link](https://a.example) and ~~[all](https://a.example)~~", ["in", "all"]),
    ],
)
def test_one_or_two_tildes_strike_text(source: str, struck: list[str]) -> None:
    assert [run.text for run in only(f"So {source}.").runs if run.strike] == struck


def test_an_address_can_be_struck_through() -> None:
    assert all(run.strike for run in only("~~https://a.b/c~~").runs)


@pytest.mark.parametrize("head", ["| a |", "a|", "|a"])
def test_a_line_of_hyphens_turns_a_row_into_a_heading(head: str) -> None:
    heading, text = render(f"{head}\n---\nb")
    assert (heading.kind, heading.text, text.text) == (Kind.HEADING, head, "b")
    assert only(f"{head}\n|---|\nb").kind is Kind.TABLE


@pytest.mark.parametrize("mark", ["<br>", " <br/> ", "<BR />"])
def test_a_break_is_a_line_break_but_in_code(mark: str) -> None:
    cell, code = only(f"| a |\n|---|\n| *b{mark}c* `{mark}` |").rows[1][0][::2]
    assert (cell.text, cell.italic, code.text) == ("b\u2028c", True, mark.strip())
    assert only(f"b{mark}c").text == "b\u2028c"


def test_a_formula_in_a_link_is_a_formula() -> None:
    formula, destination = only("[$x$](https://a.example)").runs
    assert formula == formula_run("x")._replace(link="https://a.example")
    assert destination.text == f"{ADDED_MARK} (a.example)"


@pytest.mark.parametrize(
    ("source", "tex"), [(r"\( x \)", "x"), ("$$ x $$ a", "x"), (r"\(x\ \)", "x\\ ")]
)
def test_spaces_around_a_formula_are_dropped(source: str, tex: str) -> None:
    assert only(f"a {source}").runs[1] == formula_run(tex)


def test_spaces_after_a_task_box_are_dropped() -> None:
    assert only("- [ ]    a *b*").text == "a b"


@pytest.mark.parametrize("name", ["README.md", "main.py and setup.sh", "example.com"])
def test_file_names_are_not_addresses(name: str) -> None:
    assert only(name).runs == (Run(name),)


@pytest.mark.parametrize("scheme", ["javascript:alert(1)", "file:///etc/passwd", "vbscript:x"])
def test_dangerous_targets_are_text(scheme: str) -> None:
    assert not any(run.link for run in only(f"[x]({scheme})").runs)


def test_prices_stay_text_and_formulas_do_not() -> None:
    assert only("between $5 and $10 or so").runs == (Run("between $5 and $10 or so"),)
    for price in ("it is $5 (US$), or", "$5M then, US$ 3", "from $5 to 10$ a piece", "US$5$ A$6$"):
        assert only(price).runs == (Run(price),)
    for price in ("$5/month (US$)", "$5/month; US$ 3", "$5–$10 (A$)"):
        assert only(price).runs == (Run(price),)
    assert formula_run(r"0 < x \in (0, 1]") in only(r"so $0 < x \in (0, 1]$ it is").runs
    assert formula_run("x_1 + x_2") in only("so $x_1 + x_2$ it is").runs
    assert formula_run("a_b") in only(r"so \(a_b\) it is").runs
    for source in ("$$\nx\n$$", "$$x$$", "\\[\nx\n\\]"):
        assert only(source) == Block(Kind.MATH, (formula_run("x"),))


@pytest.mark.parametrize(
    ("source", "tex"),
    [
        ("the $n$th of", "n"),
        (r"all $\alpha$s are", r"\alpha"),
        ("其中$x^2$是变量", "x^2"),
        ("$3 mod 2$", "3 mod 2"),
        ("$2 x$", "2 x"),
        ("($x$)", "x"),
    ],
)
def test_formulas_next_to_letters_are_recognized(source: str, tex: str) -> None:
    assert formula_run(tex) in only(source).runs


@pytest.mark.parametrize(
    ("source", "formulas"),
    [
        ("$x$$y$", ["x", "y"]),
        (r"so $x^2$$\frac{1}{2}$$z$, then", ["x^2", r"\frac{1}{2}", "z"]),
        ("$a$$$b$$ and $$c$$$d$.", ["a", "b", "c", "d"]),
        ("the $n$$m$th", ["n", "m"]),
        ("$HOME$$ and $5$$6 or $a$$ b", []),
    ],
)
def test_adjacent_formulas_are_recognized(source: str, formulas: list[str]) -> None:
    assert [source_text(run) for run in only(source).runs if run.math] == formulas


@pytest.mark.parametrize(
    "source", ["a$x$b", "$HOME/$USER", "$5$x", "$ x$", "$x $", "$ab$c", "$n$5"]
)
def test_dollars_without_a_formula_stay_text(source: str) -> None:
    assert only(source).runs == (Run(source),)


@pytest.mark.parametrize("address", ["https://a.example/docs", "www.a.example/b"])
def test_an_address_ends_at_punctuation_of_scripts_without_spaces(address: str) -> None:
    runs = only(f"详见 {address}，然后。").runs
    assert [run.text for run in runs if run.link] == [address]
    assert "".join(run.text for run in runs) == f"详见 {address}，然后。"


def test_a_list_item_is_never_a_table_header() -> None:
    first, second = render("- a | b\n--|--\n- 1 | 2\n")
    assert (first.marker, first.text) == ("•", "a | b\u2028--|--")
    assert (second.marker, second.text) == ("•", "1 | 2")


@pytest.mark.parametrize(
    "source", ["$$a$$ and $$b$$", "- $$a$$ and $$b$$", r"\[a\] and \[b\]", "$$\na$$ and $$b$$"]
)
def test_two_formulas_in_a_line_stay_apart(source: str) -> None:
    block = only(source)
    assert block.kind is not Kind.MATH
    texts = [run.text.strip(FORMULA_START + FORMULA_END) for run in block.runs if run.math]
    assert [text.strip() for text in texts] == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("p\u0430ypal", "p\u0430ypal\u2063 (evil.example)"),
        ("my \u03c1aypal account", "my \u03c1aypal account\u2063 (evil.example)"),
        (
            "\u041f\u0440\u0438\u0432\u0435\u0442, world",
            "\u041f\u0440\u0438\u0432\u0435\u0442, world",
        ),
        ("\u0394t of caf\u00e9", "\u0394t of caf\u00e9"),
    ],
)
def test_the_destination_follows_words_in_two_scripts(words: str, shown: str) -> None:
    """Check Cyrillic and Greek letters within and beside words in Latin letters."""
    runs = only(f"[{words}](https://evil.example/x)").runs
    assert "".join(run.text for run in runs) == shown


def test_escaped_brackets_are_not_a_formula() -> None:
    assert only(r"a \[\] b \(\) c").text == "a [] b () c"


def test_the_language_of_code_is_unescaped() -> None:
    assert render("``` c\\+\\+ &ouml;\nx\n```")[0].language == "c++"


def test_list_items_have_depth_and_marker() -> None:
    blocks = render("1. a\n   - b\n     more\n\n     new\n2. c\n   - [x] d\n   - [ ] e\n")
    assert [(b.depth, b.marker, b.text) for b in blocks] == [
        (1, "1.", "a"),
        (2, "◦", "b\u2028more"),
        (2, "", "new"),
        (1, "2.", "c"),
        (2, "☑", "d"),
        (2, "☐", "e"),
    ]


def test_a_list_can_interrupt_a_paragraph() -> None:
    assert [b.marker for b in render("Text:\n- a\n- b\n")] == ["", "•", "•"]


def test_code_becomes_a_head_and_lines() -> None:
    blocks = render("```python title=x\na\n\n  b\n```")
    assert [(b.kind, b.text, b.language) for b in blocks] == [
        (Kind.CODE_HEAD, "", "python"),
        (Kind.CODE, "a", "python"),
        (Kind.CODE, "", "python"),
        (Kind.CODE, "  b", "python"),
    ]


def test_direction_marks_are_shown_and_copied_unchanged() -> None:
    for source in ("`a\u202eb`", "[a\u202eb](https://x.y)", "a\u202eb", "```\na\u202eb\n```"):
        blocks = render(source)
        assert [run.text for run in blocks[-1].runs] == [f"a{ADDED_MARK}⟨U+202E⟩b"]
        assert blocks[-1].text == "a\u202eb"
        assert "".join(plain_pieces(blocks)) == "a\u202eb"
        assert "a\u202eb" in to_html(blocks)
    assert only("`a\u200eb`").runs[0].text == f"a{ADDED_MARK}⟨U+200E⟩b"
    assert only("שלום\u200f a").runs[0].text == "שלום\u200f a"


def test_direction_marks_in_a_language_or_formula_are_shown() -> None:
    head, line = render("```a\u202eb\nc\n```")
    assert (head.language, line.language) == ("a⟨U+202E⟩b", "a⟨U+202E⟩b")
    for source in ("$$a\u202eb$$", "$$\na\u202eb\n$$", "x $a\u202eb$"):
        formula = only(source).runs[-1].text
        assert formula == f"{FORMULA_START}a{ADDED_MARK}⟨U+202E⟩b{FORMULA_END}"


def test_direction_marks_in_the_label_of_a_footnote_are_shown() -> None:
    mark, note = render("a[^\u202eb] c\n\n[^\u202eb]: the note")
    shown = f"[^{ADDED_MARK}⟨U+202E⟩b]"
    assert mark.runs == (Run(f"a{shown} c"),)
    assert note.runs == (Run(f"{shown}: the note"),)


@pytest.mark.parametrize(
    ("before", "unseen"),
    [
        ("a", "\ufe00"),
        ("a ", "\ufe0f"),
        ("a", "\U000e0150"),
        ("\U0001f600", "\U000e0150"),
        ("\u2764\ufe0f", "\ufe01"),
        ("\u845b\U000e0100", "\U000e0101"),
    ],
)
def test_variation_selectors_that_could_carry_a_text_are_shown(before: str, unseen: str) -> None:
    block = only(f"{before}{unseen}b")
    assert block.runs[0].text == f"{before}{ADDED_MARK}⟨U+{ord(unseen):04X}⟩b"
    assert "".join(plain_pieces([block])) == f"{before}{unseen}b"


@pytest.mark.parametrize(
    "text", ["\u2764\ufe0f x", "1\ufe0f\u20e3", "\u845b\U000e0100\u57ce", "\u2229\ufe00", "\ufe0fb"]
)
def test_variants_of_characters_are_drawn(text: str) -> None:
    assert only(text).runs[0].text == text


@pytest.mark.parametrize("unseen", ["\x07", "\x1b", "\x7f", "\x9b", "\u206e", "\U000e0041"])
def test_control_and_tag_characters_in_prose_are_shown_and_copied_unchanged(unseen: str) -> None:
    for source in (f"a{unseen}b", f"a *c* a{unseen}b", f"- a{unseen}b"):
        block = only(source)
        assert block.runs[-1].text.endswith(f"a{ADDED_MARK}⟨U+{ord(unseen):04X}⟩b")
        assert block.text.endswith(f"a{unseen}b")


def test_flags_of_regions_are_unchanged() -> None:
    scotland = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert only(f"to {scotland}!").runs[0].text == f"to {scotland}!"


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\u00ad", "\ufeff", "\x07", "\x0b", "\x0c", "\u2060", "\U000e0141"]
)
def test_invisible_characters_in_links_are_shown(unseen: str) -> None:
    [run] = only(f"[pay{unseen}pal](https://x.y)").runs
    assert run.text == f"pay{ADDED_MARK}⟨U+{ord(unseen):04X}⟩pal"
    assert only("[👩\u200d💻](https://x.y)").runs[0].text == "👩\u200d💻"


@pytest.mark.parametrize(
    "unseen",
    ["\u200b", "\u00ad", "\ufeff", "\u3164", "\u200d", "\U000e0141", "\x1b", "\x08", "\x7f"],
)
def test_invisible_characters_in_code_are_shown_and_copied_unchanged(unseen: str) -> None:
    for source in (f"`a{unseen}b`", f"```\na{unseen}b\n```", f"    a{unseen}b"):
        block = render(source)[-1]
        assert [run.text for run in block.runs] == [f"a{ADDED_MARK}⟨U+{ord(unseen):04X}⟩b"]
        assert block.text == f"a{unseen}b"


@pytest.mark.parametrize("joined", ["👩\u200d💻", "می\u200cشود"])
def test_joiners_between_letters_in_code_are_unchanged(joined: str) -> None:
    for source in (f"`{joined}`", f"```\n{joined}\n```"):
        assert render(source)[-1].runs[0].text == joined


MISLEADING = {
    "[https://bank.example](https://evil.example/login)": "evil.example",
    "[bank.example](https://evil.example)": "evil.example",
    "[www.bank.example/a](http://bank.example.evil.example)": "bank.example.evil.example",
    "[me@bank.example](mailto:me@evil.example)": "evil.example",
    "[the bank](https://bank.example@evil.example/)": "evil.example",
    "https://bank.example@evil.example/": "evil.example",
    "[the bank](https://b\u0430nk.example)": "xn--bnk-6cd.example",
    "https://b\u0430nk.example": "xn--bnk-6cd.example",
    "[bank\u200b.example](https://evil.example)": "evil.example",
    "[ｂａｎｋ.example](https://evil.example)": "evil.example",
    "[https://bank.example](ftp://evil.example/x)": "evil.example",
    "![https://bank.example](https://evil.example/x.png)": "",
}


@pytest.mark.parametrize("source", MISLEADING)
def test_the_destination_follows_misleading_words(source: str) -> None:
    blocks = render(source)
    shown = "".join(run.text for run in blocks[0].runs)
    place = MISLEADING[source]
    assert shown.endswith(f"{ADDED_MARK} ({place})") is bool(place)
    assert "(" not in "".join(plain_pieces(blocks)), "it is not copied"
    assert to_markdown(render(to_markdown(blocks))) == to_markdown(blocks)


@pytest.mark.parametrize(
    "source",
    [
        "[the docs](https://docs.example/a)",
        "https://docs.example/a?b",
        "[docs.example](https://docs.example/a)",
        "[docs.example](https://www.docs.example)",
        "www.docs.example/a",
        "me@docs.example",
        "[README.md](https://git.example/x/README.md)",
        "[Version 2.0](https://git.example/x)",
        "[a.b](#a",
    ],
)
def test_nothing_follows_other_links(source: str) -> None:
    stream = BlockStream()
    stream.feed(source)
    assert ADDED_MARK not in "".join(run.text for run in stream.blocks[0].runs)


@pytest.mark.parametrize(
    ("target", "opens"),
    [
        ("https://a.example/x", True),
        ("HTTP://a.example", True),
        ("mailto:me@a.example", True),
        ("mailto:me@a.example?subject=x", True),
        ("mailto:me@a.example?subject=x&attach=/etc/passwd", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("data:text/html,x", False),
        ("data:image/png;base64,AA", False),
        ("vscode://x", False),
        ("smb://x/y", False),
        ("/etc/passwd", False),
        ("action:retry", False),
        ("", False),
        ("https://a.example/\n", False),
        (" https://a.example", False),
        ("https://a.example/\u202e", False),
    ],
)
def test_a_click_opens_web_and_mail_addresses_only(target: str, opens: bool) -> None:
    assert is_openable(target) is opens


def test_tables_keep_alignment_in_several_blocks() -> None:
    head, *rest = render("| a | b |\n|:-:|--:|\n" + "| 1 | **2** |\n" * 20)
    assert head.aligns == ("center", "right")
    assert head.head
    assert sum(len(block.rows) for block in (head, *rest)) == 21
    assert not any(block.head for block in rest)
    assert rest[-1].rows[-1][1] == (Run("2", bold=True),)


@pytest.mark.parametrize(
    "source", ["[" * 5000, "![" * 700, "[a](" * 1200, "http://" * 700, "<a " * 1000]
)
def test_text_that_is_too_slow_to_parse_is_shown_as_written(source: str) -> None:
    block = only(source)
    assert block.text == source.rstrip()
    assert unparsed_note() in block.runs
    assert source.strip() in "".join(plain_pieces([block]))


@pytest.mark.slow
def test_many_unclosed_marks_are_unchanged() -> None:
    blocks = render("*a_b " * 4000)
    assert " ".join(block.text for block in blocks) == ("*a_b " * 4000).rstrip()


def test_many_definitions_change_the_text_that_names_them() -> None:
    names = " ".join(f"[r{n}]" for n in range(200))
    stream = BlockStream()
    stream.feed(names + "\n\n")
    changed = stream.feed("".join(f"[r{n}]: /{n}\n" for n in range(200)) + "\n# End\n")
    assert changed == 0
    assert sum(bool(run.link) for run in stream.blocks[0].runs) == 200


def test_deep_nesting_loses_nothing() -> None:
    block = only("> " * 60 + "x")
    assert (block.text, block.quote) == ("x", 60)


def test_concurrent_first_calls_create_one_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Creating the parser fills tables of mdurl, which a second thread would read half-filled."""
    made: list[object] = []

    class Counted(markdown_it.MarkdownIt):
        def __init__(self, *arguments: Any) -> None:
            made.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(markdown_it, "MarkdownIt", Counted)
    parser_module._create_parser.cache_clear()
    together = threading.Barrier(8)

    def first() -> markdown_it.MarkdownIt:
        together.wait()
        return parser_module.parser()

    with ThreadPoolExecutor(8) as pool:
        parsers = list(pool.map(lambda _: first(), range(8)))
    parser_module._create_parser.cache_clear()
    assert made == parsers[:1]
    assert set(map(id, parsers)) == {id(parsers[0])}
