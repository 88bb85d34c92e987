"""Web pages, chapters and mails in HTML as Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.text.html_markdown import LEFT_OUT_OF_PAGES, convert
from desktop_app.documents.text.web_page import to_markdown

NEWSLETTER = """<html><head><style>p {}</style></head><body>
<div style="display:none">Seen in the list of mails alone.</div>
<table width=100%><tr><td><table width=600><tr><td>\
<img src="http://127.0.0.1:9/logo.png" alt="ACME">
</td><td align=right><a href="https://shop.example/view">View online</a></td></tr>
<tr><td colspan=2><h1>Spring sale</h1><p>Dear Ana,</p><p>Prices <b>fall</b> by 20&nbsp;%.<br>Until
Sunday.</p><table><tr><td>Shoes</td><td>30 €</td></tr><tr><td>Hats</td><td>10 €</td></tr></table>
</td></tr><tr><td><img src="http://127.0.0.1:9/p.gif" width=1 height=1 alt="x"></td></tr></table>
</td></tr></table><p>Unsubscribe <a href="mailto:x@shop.example">here</a></p></body></html>"""

TABLE_WITH_SPANS = """<table><caption>Depots</caption><tr><th colspan=99>All of them</th></tr>
<tr><td rowspan=2>Harrow</td><td>7</td><td>a|b</td></tr><tr><td>8</td><td><ul><li>one<li>two</ul>\
</td>
</tr><tr><td> </td><td></td></tr><tr><td colspan=2>both</td><td>9</td></tr></table>"""

FORMULA = """<p>So <span class="katex"><span class="katex-mathml"><math><semantics><mrow>\
<mi>E</mi></mrow>
<annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math></span><span
class="katex-html" aria-hidden="true">Emc2</span></span> and <math><mi>a</mi><mo>+</mo><mi>b</mi>\
</math>
and <math alttext="x_1"><mi>x</mi></math>.</p>"""


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        pytest.param(
            NEWSLETTER,
            "ACME\n\n[View online](https://shop.example/view)\n\n# Spring sale\n\nDear Ana,\n\n"
            "Prices **fall** by 20 %.\nUntil Sunday.\n\n| Shoes | 30 € |\n| --- | --- |\n"
            "| Hats | 10 € |\n\nUnsubscribe [here](mailto:x@shop.example)",
            id="a newsletter",
        ),
        pytest.param(
            TABLE_WITH_SPANS,
            "Depots\n\n| All of them |  |  |\n| --- | --- | --- |\n| Harrow | 7 | a\\|b |\n"
            "|  | 8 | one two |\n| both |  | 9 |",
            id="cells that span others",
        ),
        pytest.param(FORMULA, "So E=mc^2 and a + b and x_1.", id="formulas"),
        pytest.param(
            "<form id=aspnetForm><nav><a href='/'>Home</a></nav><h1>Page</h1>"
            "<p>In a form.</p><button>Send</button><select><option>a<option>b</select></form>",
            "# Page\n\nIn a form.\n\nSend a b",
            id="a page that is a form, without its menu",
        ),
        pytest.param(
            "<a href='https://x.example/'><div><h3>Card</h3><p>Text</p></div></a>",
            "### [Card](https://x.example/)\n\nText",
            id="a link around blocks",
        ),
        pytest.param(
            "<p><b>one<br><br>two</b> <i> three </i>four</p>",
            "**one**\n\n**two** *three* four",
            id="marks around two paragraphs",
        ),
        pytest.param(
            "<ol start=3><li>three<li><p>four</p><p>more</p><li>five<ul><li>deep</ul></ol>",
            "3. three\n4. four\n\n   more\n5. five\n   - deep",
            id="a list that begins with 3",
        ),
        pytest.param(
            "<h2>Head<div>more</div></h2><h3><p>Word</p></h3><h1>Open<p>text",
            "## Head more\n\n### Word\n\n# Open\n\ntext",
            id="blocks in headings",
        ),
        pytest.param(
            "<pre>a\n```\nb</pre><p><code>`x</code></p>",
            "````\na\n```\nb\n````\n\n`` `x ``",
            id="code that holds a fence",
        ),
        pytest.param(
            "<table><tr><td><pre>1\n2</pre></td><td><pre>x = 1\ny = 2</pre></td></tr></table>",
            "```\n1\n2\n```\n\n```\nx = 1\ny = 2\n```",
            id="code in a table",
        ),
        pytest.param(
            "<table hidden><tr><td>a<td>b</table><table><tr><td>c<td>d</table>",
            "| c | d |\n| --- | --- |",
            id="a hidden table",
        ),
        pytest.param(
            (
                "<p>On Monday:<blockquote>said<br>more<blockquote>before</blockquote></blockquote>"
                "after"
            ),
            "On Monday:\n\n> said\n> more\n>\n> > before\n\nafter",
            id="quotes",
        ),
        pytest.param(
            "<dl><dt>Term<dd>Meaning<dt>Other</dl>x<hr>y",
            "Term\n\nMeaning\n\nOther\n\nx\n\n---\n\ny",
            id="definitions",
        ),
        pytest.param(
            "<p><a name=top>Top <a href='https://x.example/a b'>link</a> <a href='#top'>up</a> "
            "<a href='https://y.example'>https://y.example</a> <a href='/z'>inside</a></p>",
            "Top [link](https://x.example/a%20b) up https://y.example inside",
            id="links",
        ),
        pytest.param("<p hidden>x<p>y <i hidden>z<p>z</i></p>", "y", id="hidden without an end"),
        pytest.param(
            "<table><tr><td hidden>x<td>a<td>b<tr><td>c<td>d</table>",
            "| a | b |\n| --- | --- |\n| c | d |",
            id="a hidden cell without an end",
        ),
        pytest.param(
            "<p>a<noscript><p>x</p></noscript> b", "a b", id="a paragraph around hidden ones"
        ),
        pytest.param(
            "<ruby>漢<rp>(<rt>かん<rp>)</rp>字<rt>じ</rt></ruby><ruby><rb>読<rt>よ<rb>む</ruby>",
            "漢字読む",
            id="ruby",
        ),
        pytest.param(
            f"<p style='mso-list:l0 level{'1' * 5_000}'>x", "- x", id="a level of 5,000 digits"
        ),
        pytest.param("<p>x</p><!-- <p>never", "x", id="a comment without an end"),
        pytest.param("<p>x<q>y</q> 1<sup>st</sup></p>", 'x"y" 1st', id="quotation marks"),
        pytest.param(
            "<p>10<sup>6</sup> H<sub>2</sub>O</p><p>A <img src='data:image/png;base64,AAAA' "
            "alt='goose'><svg><text>drawn</text></svg> <a href='javascript:go()'>here</a></p>",
            "10⁶ H₂O\n\nA goose here",
            id="digits, a picture, a drawing and a script link",
        ),
        pytest.param("<pre>![kept](as it is)</pre>", "```\n![kept](as it is)\n```", id="code"),
        pytest.param("<p>one\r\ntwo<pre>a\r\nb</pre>", "one two\n\n```\na\nb\n```", id="CRLF"),
    ],
)
def test_pages_become_markdown(page: str, markdown: str) -> None:
    assert to_markdown(page) == markdown


_TAGS = st.sampled_from(
    "table tr td th caption ul ol li p div span b i a pre code h1 h2 blockquote q sup form dl dt "
    "dd button br hr center".split()
)
_ATTRIBUTES = st.sampled_from(
    [
        *("", "rowspan=3", "colspan=2", "role=presentation", "start=7", "class='language-py'"),
        *(
            "style='mso-list:l0 level1 lfo1'",
            "style='mso-list:l0 level3'",
            "style='font-weight:700'",
        ),
        *("style='white-space:pre-wrap'", "href='https://x.example/'"),
    ]
)
_PIECES = st.lists(
    st.one_of(
        st.builds("<{} {}>".format, _TAGS, _ATTRIBUTES),
        st.builds("</{}>".format, _TAGS),
        st.integers(0, 99).map("w{} ".format),
        st.sampled_from(["\n", " | ", "`", "&amp;"]),
    ),
    max_size=60,
)


@given(_PIECES)
def test_no_nesting_of_elements_loses_a_word(pieces: list[str]) -> None:
    markdown = convert("".join(pieces), LEFT_OUT_OF_PAGES).text
    words = [piece.strip() for piece in pieces if piece.startswith("w")]
    assert sorted(re.findall(r"w\d+", markdown)) == sorted(words)
