"""HTML as Markdown, element by element."""

from __future__ import annotations

import pytest

from desktop_app.documents.text.html_markdown import (
    LEFT_OUT_OF_PAGES,
    LEFT_OUT_OF_SELECTIONS,
    ConvertedHtml,
    convert,
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><h5>e</h5><h6>f</h6>",
            "# a\n\n## b\n\n### c\n\n#### d\n\n##### e\n\n###### f",
        ),
        ("<h2><p>a</p><p>b</p></h2>c", "## a\n\nb\n\nc"),
        ("<h2>a<br>b</h2>", "## a b"),
        ("<h2>a<div>b</div></h2>", "## a b"),
        ("<h2><b>a</b> b</h2>", "## a b"),
        ("<p>a<p>b", "a\n\nb"),
        ("<p>a < b", "a < b"),
        ("<p>a <b", "a"),
        ("a<p>b</p>c<div>d</div>e", "a\n\nb\n\nc\n\nd\n\ne"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("a <br> b", "a\nb"),
        ("<br><br>a", "a"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<ol start=9><li>a<li>b</ol>", "9. a\n10. b"),
        ("<ol start=x><li>a</ol>", "1. a"),
        ("<ol start=0><li>a<p>b</p></ol>", "0. a\n\n   b"),
        (
            "<ul><li>a<ul><li>b<ul><li>c<ul><li>d</ul></ul></ul></ul>",
            "- a\n  * b\n    + c\n      - d",
        ),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  * b\n- c"),
        ("<ol><li>a<ul><li>b</ul></ol>", "1. a\n   - b"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b"),
        ("a<ul><li>b</ul>c", "a\n\n- b\n\nc"),
        ("<ul><li><ul><li>a</ul></ul>", "- * a"),
        ("<li>a</li>b", "a\n\nb"),
        ("<ul></ul>a", "a"),
        ("<ul><li></ul>", "-"),
        ("<ul><li>a<pre>x\ny</pre></ul>", "- a\n\n  ```\n  x\n  y\n  ```"),
        ("<blockquote>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
        ("<blockquote></blockquote>a", "a"),
        ("<blockquote>a<blockquote>b", "> a\n>\n> > b"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<p>a<hr>b", "a\n\n---\n\nb"),
        ("<pre>\nx\n y\n</pre>", "```\nx\n y\n```"),
        ("<pre><code class='language-py'>x</code></pre>", "```py\nx\n```"),
        ("<pre class='lang-c++'>x</pre><pre>y</pre>", "```c++\nx\n```\n\n```\ny\n```"),
        ("<pre>a ``` b</pre>", "````\na ``` b\n````"),
        ("<pre> \n </pre>a", "a"),
        ("<pre>a<br>b<hr>c<div>d</div>e</pre>", "```\na\nbcd\ne\n```"),
        ("<div class='highlight-source-js'><pre>x</pre></div>", "```js\nx\n```"),
        ("<div style='white-space: pre'>a  b</div>", "a b"),
        ("<pre>x <code class='language-py'>y</code></pre>", "```\nx y\n```"),
        ("<b>a</b> <i>b</i> <s>c</s> <code>d</code>", "**a** *b* ~~c~~ `d`"),
        ("<b> a </b>b", "**a** b"),
        ("<b></b>a", "a"),
        ("<b><b>a</b></b>", "**a**"),
        ("<b><i>a</i> b</b>", "***a* b**"),
        ("a<b>b<br>c</b>", "a**b\nc**"),
        ("<b>a<p>b</p></b>", "**a**\n\n**b**"),
        ("<code>a`b</code> <code>``</code>", "`` a`b `` ``` `` ```"),
        ("<b style='font-weight:normal'>a</b>", "a"),
        ("<span style='font-weight:600;font-style:oblique'>a</span>", "***a***"),
        ("<span style='font-weight:500'>a</span>", "a"),
        (
            "<strike>a</strike><del>b</del><kbd>c</kbd><em>d</em><strong>e</strong>",
            "~~a~~~~b~~`c`*d***e**",
        ),
        ("<a href='https://a.b/c d'>e</a>", "[e](https://a.b/c%20d)"),
        ("<a href='#x'>a</a>", "a"),
        ("<a href='https://a.b'><b>c</b></a>", "[**c**](https://a.b)"),
        ("<a href='https://a.b'>c<br>d</a>", "[c\nd](https://a.b)"),
        ("<a>a</a>", "a"),
        ("<a href='https://a.b'> </a>c", "c"),
        ("<a href=' https://a.b '>c</a>", "[c](https://a.b)"),
        ("x<sup>2</sup>y<sub>10</sub><sup>th</sup>", "x²y₁₀th"),
        ("<q>a</q>", '"a"'),
        ("a<button>b</button>c", "a b c"),
        ("a<option>b</option><option>c</option>", "a b c"),
        ("<table><tr><th>a<th>b<tr><td>c<td>d</table>", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td>a</table>", "a"),
        ("<table><tr><td>a<tr><td>b</table>", "a\n\nb"),
        ("<table role=none><tr><td>a<td>b</table>", "a\n\nb"),
        ("<table role=presentation><tr><td>a<td>b</table>", "a\n\nb"),
        (
            "<table><tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e</table>",
            "| a |  | b |\n| --- | --- | --- |\n| c | d | e |",
        ),
        (
            "<table><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e</table>",
            "| a | b |\n| --- | --- |\n|  | c |\n| d | e |",
        ),
        ("<table><tr><td colspan=9>a<tr><td>b<td>c</table>", "| a |  |\n| --- | --- |\n| b | c |"),
        ("<table><tr><td colspan=0>a<td>b</table>", "| a | b |\n| --- | --- |"),
        ("<table><tr><td><p>a<p>b<td>c</table>", "| a b | c |\n| --- | --- |"),
        ("<table><tr><td><pre>a</pre><td>b</table>", "```\na\n```\n\nb"),
        (
            "<table><caption>x</caption><thead><tr><th><b>a</b><th>b</thead><tbody><tr><td>"
            "<b>c</b><td>d</tbody></table>",
            "x\n\n| a | b |\n| --- | --- |\n| **c** | d |",
        ),
        ("<td>a</td><td>b</td>", "a\n\nb"),
        ("<table><td>a<td>b</table>", "| a | b |\n| --- | --- |"),
        ("<table></table>a", "a"),
        ("<table><tr><td><ul><li>a<li>b</ul><td>c</table>", "| a b | c |\n| --- | --- |"),
        ("<table><tr><td> <td> </table>a", "a"),
        ("<script>a</script><style>b</style>c<nav>d</nav>", "c"),
        ("<p hidden>a</p>b", "b"),
        ("<p style='display:none'>a<br>b</p>c", "c"),
        ("<input type=checkbox checked>a <input type=checkbox>b <input type=text>", "[x] a [ ] b"),
        ("<svg><p>a</p></svg>b", "b"),
        ("<math alttext='x^2'><mi>x</mi><mn>2</mn></math>", "x^2"),
        ("a<math><mi>x</mi> <mn>2</mn></math>b", "ax 2b"),
        ("<math><mn>3</mn><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "3 1/2"),
        ("<math><msup><mn>10</mn><mrow><mo>-</mo><mn>6</mn></mrow></msup></math>", "10^(- 6)"),
        ("<math><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math>", "x_i^2"),
        ("<math><msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt></math>", "√(a + b)"),
        ("<ul><li><p style='mso-list:l0 level1'>a</p></ul>", "- a"),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n\nb\n\nc\n\nd"),
        ("a&nbsp;&nbsp;b&amp;c", "a b&c"),
        ("a  b\t\nc", "a b c"),
        ("a<!-- b --c", "a"),
        ("a <b", "a"),
        ("<details><summary>a</summary>b</details>", "a\n\nb"),
        ("</p>a</b>", "a"),
        ("<div><div><div>a", "a"),
    ],
)
def test_elements_become_markdown(source: str, expected: str) -> None:
    assert convert(source, LEFT_OUT_OF_PAGES).text == expected


@pytest.mark.parametrize(
    ("source", "page", "selection"),
    [
        ("<nav>a</nav>b", "b", "a\n\nb"),
        ("a<button>b</button>c", "a b c", "ac"),
        ("a<select><option>b</select>", "a b", "a"),
        ("<template>a</template><video>b</video><style>c</style>", "", ""),
    ],
)
def test_pages_and_selections_leave_out_different_elements(
    source: str, page: str, selection: str
) -> None:
    assert convert(source, LEFT_OUT_OF_PAGES).text == page
    assert convert(source, LEFT_OUT_OF_SELECTIONS).text == selection


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<pre>a</pre>", ConvertedHtml("```\na\n```", has_prose=False)),
        ("<pre>a</pre>b", ConvertedHtml("```\na\n```\n\nb", has_prose=True)),
        (" <p> </p>", ConvertedHtml("", has_prose=False)),
        ("<p>a</p><p> </p>", ConvertedHtml("a", has_prose=True)),
    ],
)
def test_only_words_outside_code_count_as_prose(source: str, expected: ConvertedHtml) -> None:
    assert convert(source, LEFT_OUT_OF_PAGES) == expected
