"""The clipboard formats of copied answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_app.rendering.export.html_writer import to_html
from desktop_app.rendering.export.text_writer import plain_pieces, to_markdown
from desktop_app.rendering.incremental.block_stream import render


@pytest.mark.parametrize(
    "source",
    [
        "\n".join(
            f"{n}. step\n\n    ```sh\n    make {n}\n    ```\n    - sub" for n in range(8, 13)
        ),
        "99. a\n    - b\n100. c\n     - > d\n\n       > e\n\n     ```\n     f\n     ```\n1000. g",
        "- - a\n  - b\n\n  5. c",
        "**bold *and italic*, [linked](https://a.b/x_(y)) and `code`** end, ~~*gone*~~",
        "[a](<https://a.b/x)y>) <https://a.b/*x*> <irc://a.b/c> www.a.b a@b.org",
    ],
)
def test_nesting_survives_export_to_markdown(source: str) -> None:
    once = render(source)
    assert render(to_markdown(once)) == once, to_markdown(once)


@pytest.mark.parametrize("rows", [3, 30])
def test_a_table_of_many_blocks_is_exported_as_one_table(rows: int) -> None:
    blocks = render("| a | b |\n|---|--:|\n" + "| 1 | 2 |\n" * rows)
    html = to_html(blocks)
    assert html.count("<table ") == 1
    assert html.count("<tr>") == rows + 1
    assert "".join(plain_pieces(blocks)).splitlines() == ["a\tb"] + ["1\t2"] * rows
    assert render(to_markdown(blocks)) == blocks


@pytest.mark.parametrize(
    ("cell", "is_text"),
    [
        ("=WEBSERVICE(A1)", True),
        ("@SUM(1)", True),
        ("007", True),
        ("-1,234.50", False),
        ("+5 %", False),
        ("Ann", False),
    ],
)
def test_cells_that_look_like_formulas_are_marked_as_text(cell: str, is_text: bool) -> None:
    html = to_html(render(f"| a |\n|---|\n| {cell} |"))
    assert ("mso-number-format:'\\@'" in html) is is_text
    assert ('sdnum="1033;0;@"' in html) is is_text


def test_html_links_lead_only_to_the_web() -> None:
    assert "<a" not in to_html(render("[x](ftp://a.b)"))
    assert '<a href="https://a.b/?x=1&amp;y">' in to_html(render("[x](https://a.b/?x=1&y)"))


def test_unambiguous_characters_are_not_escaped() -> None:
    source = (
        "A sentence (with marks): array[0], snake_case, 2 * 3, 1 < 2, AT&T, a-b; $5, ~5%, 2~3 #1."
    )
    assert to_markdown(render(source)) == source


DATA = Path(__file__).parents[2] / "data" / "markdown"
EXAMPLES = {
    f"{name}-{example['example']}": str(example["markdown"])
    for name, file in (("commonmark", "commonmark-0.31.2.json"), ("gfm", "gfm-extensions.json"))
    for example in json.loads((DATA / file).read_text())
}
CHANGED_BY_EXPORT = {
    "commonmark-484": "a link without words shows nothing, and Markdown has no empty paragraph",
    "commonmark-487": "another link without words",
}


def test_commonmark_examples_survive_export() -> None:
    changed = {
        name
        for name, source in EXAMPLES.items()
        if render(to_markdown(blocks := render(source))) != blocks
    }
    assert changed == set(CHANGED_BY_EXPORT)


@pytest.mark.parametrize(
    "source",
    [
        "1. Do:\n\n   - a\n     - b\n       1. c\n\n          d\n\n2. Then:\n   > q\n   > - x",
        "Text, then\n- a\n- b\n\nText, then\n\n3. c\n4. d",
        "a *\\** b **\\*\\*** _\\__",
        "[a [b] c](<x y.html>) [d\\]](e_(f)) [g](<h)i>) [j](k\\(l)",
        "$x_1$ and \\(y^2\\)$z$, $\\alpha$5, $5 and $10.\n\n$$\n\\frac{a}{b}\n$$\n\n\\[\nx\n\\]",
        "> | a |\n> |---|\n> | b |\n\n> | c |\n> |---|\n\n>\n\n> > d\n\n> e\n> > f\n>\n> > g",
        "~one~ (~two~) **x**~three~ \\~~four~ ~\\~five\\~~ ~~six ~7~~ \\~none\\~ ~/p ~10",
    ],
)
def test_hard_cases_survive_export(source: str) -> None:
    once = render(source)
    assert render(to_markdown(once)) == once, to_markdown(once)


def test_a_right_to_left_table_states_its_direction() -> None:
    html = to_html(render("| أحمد | b |\n|------|:--|\n| one | 2 |\n"))
    assert html.startswith('<table dir="rtl" ')
    assert '<td align="right">one</td><td align="left">2</td>' in html
    assert "rtl" not in to_html(render("| b | أحمد |\n|---|---|\n"))


def test_right_to_left_texts_state_their_direction() -> None:
    arabic = "نص English."
    turned = 'dir="rtl" style="text-align:right"'
    assert to_html(render(f"one\n\n{arabic}\n\n- a\n- {arabic}")) == (
        f'<p>one</p><p {turned}>{arabic}</p><ul dir="ltr"><li dir="ltr">a</li>'
        f'<li dir="rtl"><p {turned}>{arabic}</p></li></ul>'
    )
    assert to_html(render(f"# {arabic}")) == f"<h1 {turned}>{arabic}</h1>"


SAME = [
    "a[^b.]\n\n[^b.]: c",
    "`` a` ``",
    "**a *b* c**",
    "**a**b",
    "~~\\~a~~",
    "[a [b] c](https://a.b)",
    "see https://a.b/c.",
    "\\($5\\)",
    "\\\\(a\\\\)",
    "\\<b> \\&amp; & <",
    "\\~\\~\\~",
    "a!\\[b](c)",
]
REWRITTEN = [
    ("- [ ] a\n- [x] b\n  - [ ] c", "- [ ] a\n- [x] b\n    - [ ] c"),
    ("- > a\n- > b", "-   > a\n-   > b"),
    (
        "a[^1] b[^x]\n\n[^1]: One\n\n    more\n[^x]: - two",
        "a[^1] b[^x]\n\n[^1]: One\n\n    more\n[^x]: \n    - two",
    ),
    ("2019\\. year\n3\\) x", "2019\\. year 3) x"),
    ("a  \nb\\\nc", "a\\\nb\\\nc"),
    ("[a](https://a.b/(x))", "[a](<https://a.b/(x)>)"),
    ("[me@a.b](mailto:me@a.b)", "me@a.b"),
    ("![a\\]b](https://a.b/c.png)", "![a&#93;b](https://a.b/c.png)"),
    ("a$x$", "a\\$x$"),
    ("$$\na\n\nb\n$$", "\\$$ a\n\nb \\$$"),
    ("&nbsp;a&nbsp;", "&#160;a&#160;"),
    ("\\= b\n\\==", "= b =="),
]


@pytest.mark.parametrize(("source", "expected"), [*zip(SAME, SAME, strict=True), *REWRITTEN])
def test_blocks_become_the_expected_markdown(source: str, expected: str) -> None:
    blocks = render(source)
    assert to_markdown(blocks) == expected
    assert render(expected) == blocks


@pytest.mark.parametrize(
    ("source", "html", "plain"),
    [
        (
            "- a\n- b\n\n  c\n\nd",
            "<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul><p>d</p>",
            "• a\n• b\nc\nd",
        ),
        (
            "1. a\n   - b\n   - c\n2. d",
            "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>",
            "1. a\n  ◦ b\n  ◦ c\n2. d",
        ),
        (
            "- [ ] a\n- [x] b\n  - [ ] c",
            (
                '<ul><li style="list-style-type:none">☐ a</li>'
                '<li style="list-style-type:none">☑ b<ul>'
                '<li style="list-style-type:none">☐ c</li></ul></li></ul>'
            ),
            "☐ a\n☑ b\n  ☐ c",
        ),
        (
            "- a\n  > b\n  >\n  > > c",
            "<ul><li>a<blockquote><p>b</p><blockquote><p>c</p></blockquote></blockquote></li></ul>",
            "• a\nb\nc",
        ),
        (
            "-\n  ```\n  x\n  ```",
            '<ul><li><pre style="font-family:monospace"><code>x</code></pre></li></ul>',
            "• \nx",
        ),
        ("- - a\n  - b", "<ul><li><ul><li>a</li><li>b</li></ul></li></ul>", "• \n  ◦ a\n  ◦ b"),
        (
            "- a\n  - b\n\n    c\n  - d\n- e",
            "<ul><li>a<ul><li><p>b</p><p>c</p></li><li><p>d</p></li></ul></li><li>e</li></ul>",
            "• a\n  ◦ b\n  c\n  ◦ d\n• e",
        ),
        (
            "a[^1] b[^x]\n\n[^1]: One\n\n    more\n[^x]: - two",
            (
                '<p>a<sup>1</sup> b<sup>x</sup></p><ul><li style="list-style-type:none">'
                '<p>1 One</p><p>more</p></li><li style="list-style-type:none">x <ul><li>two</li>'
                "</ul></li></ul>"
            ),
            "a1 bx\n1 One\nmore\nx \n  ◦ two",
        ),
        ("a\nb\n===", "<h1>a b</h1>", "a b"),
        ("<c> & `d<`", "<p>&lt;c&gt; &amp; <code>d&lt;</code></p>", "<c> & d<"),
        (
            "![a](https://a.b/c.png)",
            '<p><a href="https://a.b/c.png">a</a> (https://a.b/c.png)</p>',
            "a",
        ),
        ("[![a](https://a.b/c.png)](https://d.e)", '<p><a href="https://d.e">a</a></p>', "a"),
        (
            "> | a |\n> |---|\n> | b |",
            (
                '<blockquote><table border="1" cellspacin'
                'g="0" cellpadding="4" style="border-collapse:collapse"><tr>'
                '<th align="left">a</th></tr><tr><td align="left">b</td></tr></table>'
                "</blockquote>"
            ),
            "a\nb",
        ),
    ],
)
def test_blocks_become_the_expected_html_and_plain_text(source: str, html: str, plain: str) -> None:
    blocks = render(source)
    assert (to_html(blocks), "".join(plain_pieces(blocks))) == (html, plain)
