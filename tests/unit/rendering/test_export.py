"""What goes on the clipboard."""

from __future__ import annotations

import pytest

from desktop_app.rendering.block_stream import render
from desktop_app.rendering.export_html import to_html
from desktop_app.rendering.export_text import to_markdown, to_plain

SAMPLE = """## Head

Some **bold**, *italic*, ~~gone~~, `code` and [a link](https://x.y).

- one
- two
   - deep
- [x] done

3. three
4. four

> quoted

```py
a = 1

b = 2
```

| a | b |
| --- | ---: |
| 1 | x\\|y |

---

$$
x^2
$$"""


def test_markdown_says_the_same_again() -> None:
    once = render(SAMPLE)
    assert render(to_markdown(once)) == once


@pytest.mark.parametrize(
    "source",
    [
        "1. Run it:\n2. ```sh\n   make\n   ```\n3. Done",
        "\n".join(
            f"{n}. step\n\n    ```sh\n    make {n}\n    ```\n    - sub" for n in range(8, 13)
        ),
        "- > quoted\n- ```\n  code\n  ```\n- ***\n- - nested",
        "**bold *and italic*, [linked](https://a.b/x_(y)) and `code`** end, ~~*gone*~~",
        "`` a`b `` and ``` `` ``` and `  `",
        "[a](<https://a.b/x)y>) <https://a.b/*x*> <irc://a.b/c> www.a.b a@b.org",
        "\\* no item\n\n\\+ none either",
    ],
)
def test_what_is_nested_is_nested_again(source: str) -> None:
    once = render(source)
    assert render(to_markdown(once)) == once, to_markdown(once)


@pytest.mark.parametrize("rows", [3, 30])
def test_a_table_of_many_parts_is_one_table(rows: int) -> None:
    blocks = render("| a | b |\n|---|--:|\n" + "| 1 | 2 |\n" * rows)
    html = to_html(blocks)
    assert html.count("<table>") == 1
    assert html.count("<tr>") == rows + 1
    assert to_plain(blocks).splitlines() == ["a\tb"] + ["1\t2"] * rows
    assert render(to_markdown(blocks)) == blocks


def test_html_nests_lists_and_escapes() -> None:
    html = to_html(render("- a\n  1. b\n- <c> & `d<`\n\n> q\n"))
    assert html == (
        "<ul><li>a<ol><li>b</ol><li>&lt;c&gt; &amp; <code>d&lt;</code></ul>"
        "<blockquote><p>q</p></blockquote>"
    )


def test_html_links_lead_to_the_web_alone() -> None:
    assert "<a" not in to_html(render("[x](ftp://a.b)"))
    assert '<a href="https://a.b/?x=1&amp;y">' in to_html(render("[x](https://a.b/?x=1&y)"))


def test_code_keeps_its_lines_and_its_fence() -> None:
    blocks = render("````md\n```py\nx\n```\n````")
    assert to_plain(blocks) == "```py\nx\n```"
    assert render(to_markdown(blocks)) == blocks


def test_a_quote_in_a_list_stays_in_it() -> None:
    blocks = render(
        "- item\n\n  > said\n  > - more\n  >   ```\n  >   x\n  >\n  >   y\n  >   ```\n- next\n"
    )
    assert render(to_markdown(blocks)) == blocks
    assert to_html(render("- item\n  > said\n- next")) == (
        "<ul><li>item<blockquote><p>said</p></blockquote><li>next</ul>"
    )
    assert to_html(render("> - a\n>   > b\n\nend")) == (
        "<blockquote><ul><li>a<blockquote><p>b</p></blockquote></ul></blockquote><p>end</p>"
    )


PLAIN = [
    "a <b>tag</b> and 1 < 2",
    "\\*no emphasis\\* and 2 * 3 and snake_case and \\_under\\_",
    "\\[words](https://a.example) and array[0] and [^x] and \\`ticks\\`",
    "\\# no heading",
    "1\\. no list",
    "\\- no item",
    "\\> no quote",
    "Fish &amp;amp; chips, AT&T, C:\\\\dir and \\~~no\\~~",
    "it costs $5 and $10",
]


@pytest.mark.parametrize("source", PLAIN)
def test_plain_words_stay_plain_words(source: str) -> None:
    blocks = render(source)
    copied = to_markdown(blocks)
    assert render(copied) == blocks, copied
    assert "<b>" not in copied.replace("\\<b>", "")


def test_what_needs_no_escape_has_none() -> None:
    source = "A sentence (with marks): array[0], snake_case, 2 * 3, 1 < 2, AT&T, a-b; $5, 50% #1."
    assert to_markdown(render(source)) == source
