"""HTML from other programs' clipboards, converted to Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.text.html_markdown import convert_selection

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<meta name=Generator content="Microsoft Word 15"><style><!-- p.MsoNormal {margin:0} --></style>
</head><body><!--StartFragment--><h1>Head<o:p></o:p></h1><p class=MsoNormal>Text <b>bold</b></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>First</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level2 lfo1'><span
style='mso-list:Ignore'>1.<span>&nbsp;</span></span>Second</p>
<p class=MsoNormal>After</p><!--EndFragment--></body></html>"""
GOOGLE_DOCS = """<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1">
<h1 dir="ltr"><span style="font-weight:700">Head</span></h1><p dir="ltr"><span
style="font-weight:400">plain </span><span style="font-weight:700">bold</span><span
style="font-style:italic"> it</span></p><ul><li><p role="presentation"><span>one</span></p></li>
<ul><li><p><span>nested</span></p></li></ul><li><p><span>two</span></p></li></ul></b>"""
WRITER = """<html><head><style>p { margin: 0 }</style></head><body lang="en"><h1 class="western">
Head</h1><p>Text <b>bold</b> <i>it</i></p><ul><li><p>one</p></li><li><p>two</p><ul><li><p>nested</p>
</li></ul></li></ul><p><a href="https://x.example/">x</a></p></body></html>"""
CALC = """<table cellspacing="0" border="0"><colgroup width="85"></colgroup><tr><td height="17"
align="left"><font face="Liberation Sans">Name</font></td><td align="left">Value</td></tr>
<tr><td>a|b</td><td align="right" sdval="1">1</td></tr></table>"""
VS_CODE = """<meta charset='utf-8'><div style="color: #d4d4d4;font-family: 'Droid Sans Mono',
'monospace', monospace;white-space: pre;"><div><span style="color: #569cd6;">def</span> f():</div>
<div>    pass</div></div>"""


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        pytest.param(WORD, "# Head\n\nText **bold**\n\n- First\n  1. Second\n\nAfter", id="Word"),
        pytest.param(
            GOOGLE_DOCS,
            "# Head\n\nplain **bold** *it*\n\n- one\n  * nested\n- two",
            id="Google Docs",
        ),
        pytest.param(
            WRITER,
            "# Head\n\nText **bold** *it*\n\n- one\n- two\n  * nested\n\n[x](https://x.example/)",
            id="Writer",
        ),
        pytest.param(CALC, "| Name | Value |\n| --- | --- |\n| a\\|b | 1 |", id="Calc"),
        pytest.param(VS_CODE, "", id="VS Code: its plain text says it best"),
        pytest.param("<pre>a = 1\nb = 2</pre>", "", id="code alone"),
        pytest.param(
            '<p>So:</p><pre><code class="language-python">a &lt; 1\n  b</code></pre>',
            "So:\n\n```python\na < 1\n  b\n```",
            id="code among words",
        ),
        pytest.param("<blockquote><p>said</p></blockquote>", "> said", id="quote"),
        pytest.param(
            "<ol><li>one<ul><li>deep</li></ul></li><li>two</li></ol>",
            "1. one\n   - deep\n2. two",
            id="nested lists",
        ),
        pytest.param(
            "a<script>x()</script><style>p{}</style><p hidden>no</p><p style='display: "
            "none'>no</p>b<img src='https://t.example/p.gif' width=1 height=1 alt='pixel'><img "
            "src='y.png'>c",
            "abc",
            id="scripts, styles, hidden parts and pictures are left out",
        ),
        pytest.param("<p>snow <img alt='❄' src='x'> fell</p>", "snow ❄ fell", id="emoji"),
        pytest.param("<a href='javascript:alert(1)'>press</a> me", "press me", id="script links"),
        pytest.param(
            "<p>1. x_y * &lt;b&gt; #1 [z] R&amp;D \\n</p>",
            "1. x_y * <b> #1 [z] R&D \\n",
            id="signs stay",
        ),
        pytest.param(
            "<table role='presentation'><tr><td><table><tr><td><p>Hi</p><p>all</p></td></tr>"
            "</table></td><td></td></tr></table>",
            "Hi\n\nall",
            id="tables that lay out a mail",
        ),
        pytest.param("<p>one\n two</p>", "one two", id="lines of the source"),
        pytest.param(
            "<div style='white-space: pre-wrap'>one\ntwo</div>",
            "one\ntwo",
            id="lines that are kept",
        ),
        pytest.param(
            "<ul><li>a<li>b</ul><table><tr><td>1<td>2<tr><td>3<td>4</table><p>x<p>y",
            "- a\n- b\n\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |\n\nx\n\ny",
            id="ends that are left out",
        ),
        pytest.param("", "", id="nothing"),
    ],
)
def test_html_of_other_programs_becomes_markdown(source: str, markdown: str) -> None:
    assert convert_selection(source) == markdown


def test_a_page_copied_from_a_browser_keeps_its_table() -> None:
    page = "<table><tr><th>A</th><th>B</th></tr><tr><td><p>x</p><p>y</p></td><td></td></tr></table>"
    rows = [
        [cell.strip() for cell in row.split("|")] for row in convert_selection(page).split("\n")
    ]
    assert rows[0][1:3] == ["A", "B"]
    assert [cell.split() for cell in rows[2][1:3]] == [["x", "y"], []]


@given(st.text(alphabet="<>/abpulitdr =\"'&;-![x", max_size=200))
def test_any_html_is_converted_without_an_error(source: str) -> None:
    convert_selection(source)
