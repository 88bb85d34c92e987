"""The clipboard formats of copied answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag

from desktop_app.markdown.export.html_writer import right_to_left_attributes, to_html
from desktop_app.markdown.export.text_writer import plain_pieces, to_markdown
from desktop_app.markdown.incremental.block_stream import render


def test_text_from_right_to_left_has_its_direction() -> None:
    assert right_to_left_attributes("Text") == ""
    assert 'dir="rtl"' in right_to_left_attributes("שלום")


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
        ("+cmd", True),
        ("@SUM(1)", True),
        ("007", True),
        ("12345678901234567", True),
        ("-1,234.50", False),
        ("+5 %", False),
        ("0.5", False),
        ("Ann", False),
    ],
)
def test_cells_that_look_like_formulas_are_marked_as_text(cell: str, is_text: bool) -> None:
    html = to_html(render(f"| a |\n|---|\n| {cell} |"))
    assert ("mso-number-format:'\\@'" in html) is is_text
    assert ('sdnum="1033;0;@"' in html) is is_text


def test_tabs_and_line_breaks_in_a_cell_become_spaces() -> None:
    assert "".join(plain_pieces(render("| a\tb | c |\n|---|---|\n| 1 | 2 |"))) == "a b\tc\n1\t2"


def test_html_links_lead_only_to_the_web() -> None:
    assert "<a" not in to_html(render("[x](ftp://a.b)"))
    assert '<a href="https://a.b/?x=1&amp;y">' in to_html(render("[x](https://a.b/?x=1&y)"))


def test_adjacent_quotes_stay_apart() -> None:
    two = "<blockquote><p>a</p></blockquote><blockquote><p>b</p></blockquote>"
    assert to_html(render("> a\n\n> b")) == two
    assert to_html(render("> > a\n>\n> > b")) == f"<blockquote>{two}</blockquote>"
    assert to_html(render("- > a\n\n  > b")) == f"<ul><li>{two}</li></ul>"


def test_task_boxes_and_note_names_are_in_the_line_of_their_text() -> None:
    loose = to_html(render("- [x] a\n\n- [ ] *b*\n\n  c"))
    assert re.sub("<li[^>]*>", "<li>", loose) == (
        "<ul><li><p>☑ a</p></li><li><p>☐ <em>b</em></p><p>c</p></li></ul>"
    )
    assert '<li style="list-style-type:none">☐ a</li>' in to_html(render("- [ ] a"))
    assert "<p>1 b</p><p>c</p>" in to_html(render("a[^1]\n\n[^1]: b\n\n    c"))
    assert '<li style="list-style-type:none"><p>1. b</p>' in to_html(render("a[^1.]\n\n[^1.]: b"))


DATA = Path(__file__).parents[2] / "data" / "markdown"
SPECIFICATIONS = {
    f"{name}-{example['example']}": example
    for name, file in (("commonmark", "commonmark-0.31.2.json"), ("gfm", "gfm-extensions.json"))
    for example in json.loads((DATA / file).read_text())
}
EXAMPLES = {name: str(example["markdown"]) for name, example in SPECIFICATIONS.items()}
REFERENCE = {name: str(example["html"]) for name, example in SPECIFICATIONS.items()}
CHANGED_BY_EXPORT = {
    "commonmark-484": "a link without words shows nothing, and Markdown has no empty paragraph",
    "commonmark-487": "another link without words",
    "gfm-204": "a cell beyond the header gets a column, which the written header has",
}


BLOCKS = ["p", "ul", "ol", "li", "blockquote", "pre", "hr", "table", "tr", "th", "td"]
BLOCKS += [f"h{level}" for level in range(1, 7)]
# Neither tags nor images are kept, see test_dialect.py and test_inline_images.py.
TAG_OR_IMAGE = re.compile(r"<(?![a-z]+:|[\w.+-]+@)[A-Za-z/!?]|!\[")
PLAIN_EXAMPLES = [
    name
    for name, source in EXAMPLES.items()
    if not TAG_OR_IMAGE.search(re.sub(r"`+[^`]*`+", "", source))
]
OTHER_HTML = {
    **dict.fromkeys(("commonmark-218", "commonmark-239", "commonmark-240"), "an empty quote"),
    "gfm-204": CHANGED_BY_EXPORT["gfm-204"],
    **dict.fromkeys(("gfm-279", "gfm-280"), "boxes are characters"),
}


def structure_of(html: str) -> list[tuple[str, ...]]:
    """Return each block and each text, with the blocks and the styles around it."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(["a", "thead", "tbody"]):
        element.unwrap()
    for element in soup.find_all("br"):
        element.replace_with("\n")
    for element in soup.find_all("del"):
        element.name = "s"
    found: list[list[str]] = []
    for node in soup.descendants:
        above = [each for each in node.parents if each.name in BLOCKS]
        place = [f"{each.name}{len(each.find_previous_siblings(BLOCKS))}" for each in above]
        if isinstance(node, Tag):
            if node.name in BLOCKS:
                found.append([f"{node.name} {node.get('start', 1)}", *place])
            continue
        styles = {f"<{each.name}>" for each in node.parents if each.name not in BLOCKS}
        around = [*sorted(styles), *place]
        if found and found[-1][1:] == around:
            found[-1][0] += str(node)
        else:
            found.append([str(node), *around])
    return [(" ".join(text.split()), *around) for text, *around in found if text.strip()]


def test_html_has_the_structure_of_the_reference() -> None:
    other = {
        name
        for name in PLAIN_EXAMPLES
        if structure_of(to_html(render(EXAMPLES[name]))) != structure_of(REFERENCE[name])
    }
    assert other == set(OTHER_HTML)


def test_plain_text_and_html_have_the_same_words() -> None:
    for name in PLAIN_EXAMPLES:
        blocks = [block._replace(marker="") for block in render(EXAMPLES[name])]
        html = BeautifulSoup(to_html(blocks), "html.parser").get_text()
        assert "".join("".join(plain_pieces(blocks)).split()) == "".join(html.split()), name


def test_commonmark_examples_survive_export() -> None:
    changed = {
        name
        for name, source in EXAMPLES.items()
        if render(to_markdown(blocks := render(source))) != blocks
    }
    assert changed == set(CHANGED_BY_EXPORT)


RENDERED_AGAIN = [
    "\n".join(f"{n}. a\n\n    ```sh\n    make {n}\n    ```\n    - b" for n in range(8, 13)),
    "99. a\n    - b\n100. c\n     - > d\n\n       > e\n\n     ```\n     f\n     ```\n1000. g",
    "- > quoted\n- ```\n  code\n  ```\n- ***\n- - nested",
    "- - a\n  - b\n\n  5. c",
    "- > a\n  >\n  b\n- - > c\n    >\n  d",
    "- item\n\n  > said\n  > - more\n  >   ```\n  >   x\n  >\n  >   y\n  >   ```\n- next\n",
    "1. Do:\n\n   - a\n     - b\n       1. c\n\n          d\n\n2. Then:\n   > q\n   > - x",
    "Text, then\n- a\n- b\n\nText, then\n\n3. c\n4. d",
    "> a\n\n> b\n>\n> c\n\n> - d\n\n> - e\n>   > f\n>\n>   > g\n\n- > h\n\n  > i\n- > j",
    "> ```\n> a\n> ```\n> ```\n> b\n> ```\n\n> ```\n> c\n> ```\n\n- d\n  ```\n  e\n  ```",
    "> | a |\n> |---|\n> | b |\n\n> | c |\n> |---|\n\n>\n\n> > d\n\n> e\n> > f\n>\n> > g",
    "- [ ] task\n- [x] done\n  - deeper\n\n    ```py\n    x\n    ```\n- \\[ ] none\n- \\[x] none",
    "Noted[^1] twice[^n].\n\n[^1]: The note.\n\n    More of it.\n\n[^n]: Other.",
    "````md\n```py\nx\n```\n````\n\n~~~~a`b\n~~~\n```\n~~~~",
    "| a<br>b | *c*<br>d |\n|:-|-:|\n| <br> | `<br>` |\n| b\\|c | `x\\|y` \\\\ |",
    "one\\\ntwo  \nthree\\\n* four\\\n1. five\\\n# six",
    "**bold *and italic*, [linked](https://a.b/x_(y)) and `code`** end, ~~*gone*~~",
    '**(x)** and "**quoted**", *a*-*b*; \\*plain\\* **2 \\* 3** ***both*** ~~**x**~~!',
    "~one~ (~two~) **x**~three~ \\~~four~ ~\\~five\\~~ ~~six ~7~~ \\~none\\~ ~/p ~10",
    "`` a`b `` and ``` `` ``` and `  ` and `a\\|b` `` ` ``",
    "[a](<https://a.b/x)y>) <https://a.b/*x*> <irc://a.b/c> www.a.b a@b.org",
    "[a [b] c](<x y.html>) [d\\]](e_(f)) [g](<h)i>) [j](k\\(l) [m](https://a.b/?x&amp;copy;y)",
    "[README.md](README.md), [`code`](code), [`https://a.b`](https://a.b), [www.a.b](www.a.b)",
    "https://a.b/c\\\nnext, (see https://a.b/d), https://a.b/c%20d and https://a.b/e. <https://a.b/f>g",
    "$x_1$ and \\(y^2\\)$z$, $\\alpha$5, $5 and $10.\n\n$$\n\\frac{a}{b}\n$$\n\n\\[\nx\n\\]",
    "Two\\\nlines\n===\n\nTwo\\\nmore\n---\n\n## C #\\#\n",
    "\\*no emphasis\\* and 2 * 3 and snake_case and \\_under\\_ and \\`ticks\\`",
    "Fish &amp;amp; chips, AT&T, C:\\\\dir and \\~~no\\~~ for $5, a <b>tag</b> and 1 < 2",
]


@pytest.mark.parametrize("source", RENDERED_AGAIN)
def test_exported_markdown_renders_to_the_same_blocks(source: str) -> None:
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
        f'<li dir="ltr">{arabic}</li></ul>'
    )
    assert to_html(render(f"# {arabic}")) == f"<h1 {turned}>{arabic}</h1>"
    quoted = f'<blockquote dir="rtl"><p {turned}>{arabic}</p></blockquote>'
    assert to_html(render(f"> {arabic}")) == quoted
    assert to_html(render(f"1. {arabic}\n2. two\n\n   ```\n   a\n   ```")) == (
        f'<ol dir="rtl"><li dir="rtl"><p {turned}>{arabic}</p></li><li dir="rtl"><p '
        f"{turned}>two</p>"
        '<pre dir="ltr" style="font-family:monospace"><code>a</code></pre></li></ol>'
    )


UNCHANGED = [
    "A sentence (with marks): array[0], snake_case, 2 * 3, 1 < 2, AT&T, a-b; $5, ~5%, 2~3 #1.",
    "- a\n1. b",
    "- a\n* b\n- c",
    "- a\n\n- b\n\n    c\n\nd",
    "1. a\n    - b\n    - c\n2. d",
    "1.  - a\n      b",
    "- \n\na",
    "- [ ] a\n- [x] b\n    - [ ] c",
    "-   > a\n-   > b",
    "- a\n    > b\n    >\n    > > c",
    "> - a\n>\n>     b\n>\n> - c",
    "- ***\n\n- a\n\n    ***",
    "a[^1] b[^x] c[^•]\n\n[^1]: One\n\n    more\n[^x]: \n    - two\n\n[^•]: \\[ ] c",
    "[^1]\n\n[^1]: \n    ```\n    x\n    ```",
    "---",
    "# a \\##",
    "a\nb\n===",
    "a\nb\n---",
    "\\# a\n\\- b\n\\1. c\n1\\. d\n\\+ e",
    "2019\\. year\n3\\) x",
    "= b\n\\==",
    "\\| a",
    "\\[ ] a",
    "a\\ \\b",
    "\\[x]: y",
    "&#160;a&#160;",
    "```\nx\n y\n```",
    "```\n~~~~~\n```",
    "````\n```\n````",
    "~~~a`b\n`````\n~~~",
    "| a | b |\n| :--- | :---: |\n| 1 | x\\|y |",
    "> | a |\n> | ---: |\n> | `x\\|y` |",
    "`` a` ``",
    "a `` ` `` b",
    "**a** b **c**",
    "**a *b* c** ~~\\~a~~ *a~~b~~* *\\**",
    "[***a***](https://b.c)",
    "**~~*a*~~**",
    "a\\*b\\* a_b *\\_a* a\\~~b\\~\\~",
    "**[a](https://a.b) b** [**a** b](https://a.b)",
    "[a [b] c](https://a.b) [a \\] b](https://a.b) [a](<https://a.b/(x)>) [a.b](http://a.b)",
    "see https://a.b/c.",
    "(https://a.b) xhttps://a.b https://a.b/ä <https://a.b/*c*>",
    "me@a.b",
    "www.a.b",
    "http://a.b",
    "![](https://a.b/c.png)",
    "![a&#93;b](https://a.b/c.png) [![a]()](https://d.e)",
    "a!\\[b](c) a![b](https://c.d) \\![b](https://c.d) a! [b](https://c.d)",
    "$x$",
    "a $x$ b",
    "\\(x\\)a",
    "\\(x\\)$y$",
    "\\($5\\) a\\$x$ \\\\(a\\\\)",
    "$$\nx\n$$",
    "\\$$\na\n\nb\n\\$$",
    "\\<b> \\&amp; & < \\[^1] \\[a](b) [ a",
]


@pytest.mark.parametrize("source", UNCHANGED)
def test_markdown_as_it_is_written_is_unchanged(source: str) -> None:
    assert to_markdown(render(source)) == source


@pytest.mark.parametrize(
    ("source", "html", "plain"),
    [
        ("- a\n\n  b\n- c", "<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>", "• a\nb\n• c"),
        (
            "1. a\n   - [ ] b\n   - c\n2. d",
            (
                '<ol><li>a<ul><li style="list-style-type:none">☐ b</li><li>c</li></ul></li>'
                "<li>d</li></ol>"
            ),
            "1. a\n  ☐ b\n  ◦ c\n2. d",
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
        ("a $x$ b", "<p>a <code>$x$</code> b</p>", "a $x$ b"),
        ("- $$x<$$", "<ul><li><p><code>$$x&lt;$$</code></p></li></ul>", "• $$\nx<\n$$"),
        ("![a](https://a.b/c.png)", '<p><a href="https://a.b/c.png">a</a> (a.b)</p>', "a"),
        ("[![a](https://a.b/c.png)](https://d.e)", '<p><a href="https://d.e">a</a></p>', "a"),
        (
            "> | a |\n> |---|\n> | b |",
            (
                '<blockquote><table border="1" cellspacing="0" cellpadding="4" '
                'style="border-collapse:collapse"><tr><th align="left">a</th></tr>'
                '<tr><td align="left">b</td></tr></table></blockquote>'
            ),
            "a\nb",
        ),
        (
            "~~~py\nx\n\ny\n~~~",
            '<pre style="font-family:monospace"><code>x\n\ny</code></pre>',
            "x\n\ny",
        ),
    ],
)
def test_blocks_become_the_expected_html_and_plain_text(source: str, html: str, plain: str) -> None:
    blocks = render(source)
    assert (to_html(blocks), "".join(plain_pieces(blocks))) == (html, plain)
