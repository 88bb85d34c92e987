"""Writes the text of random documents: web pages, rich text, Word, OpenDocument, encodings, chunks.

    python -m tests.data.make_markup_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.index.chunks import chunks
from desktop_app.documents.office import rtf
from desktop_app.documents.text import html_markdown
from desktop_app.documents.worker import worker_answers
from desktop_app.documents.worker.protocol import Limits, rows_to_payload
from desktop_app.domain import errors
from tests.data.samples import write_samples

EXPECTED: Final = Path(__file__).with_name("markup")
_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_M: Final = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns:"

# Each element as its start and end; "" for the end of what has none.
_HTML: Final = (
    *(
        ("<p>", "</p>"),
        ("<p>", ""),
        ("<h2>", "</h2>"),
        ("<ul>", "</ul>"),
        ("<ol start=3>", "</ol>"),
    ),
    *(("<ol>", "</ol>"), ("<li>", "</li>"), ("<li>", ""), ("<b>", "</b>"), ("<i>", "</i>")),
    *(
        ("<s>", "</s>"),
        ("<code>", "</code>"),
        ("<pre>", "</pre>"),
        ("<blockquote>", "</blockquote>"),
    ),
    *(('<pre><code class="language-py">', "</code></pre>"), ('<a href="https://a.b">', "</a>")),
    *(('<a href="#x">', "</a>"), ("<table>", "</table>"), ("<tr>", "</tr>"), ("<td>", "</td>")),
    *(
        ("<th colspan=2>", "</th>"),
        ("<td rowspan=2>", "</td>"),
        ('<table role="presentation">', "</table>"),
    ),
    *(('<span style="font-weight:700">', "</span>"), ('<b style="font-weight:normal">', "</b>")),
    *(('<span style="font-style:italic">', "</span>"), ('<div style="display:none">', "</div>")),
    *(('<div style="white-space:pre-wrap">', "</div>"), ("<span hidden>", "</span>")),
    *(('<div style="font-family:Courier;white-space:pre">', "</div>"), ("<button>", "</button>")),
    ('<p style="mso-list:l0 level2 lfo1"><span style="mso-list:Ignore">1.</span>', "</p>"),
    ('<p style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·</span>', "</p>"),
    *(("<dl><dt>", "</dl>"), ("<dd>", ""), ("<script>", "</script>"), ("<sup>", "</sup>")),
    *(('<span class="katex-html">', "</span>"), ("<sub>", "</sub>"), ("<div>", "</div>")),
    *(('<math><annotation encoding="application/x-tex">', "</annotation></math>"), ("<q>", "</q>")),
    *(("<details><summary>", "</summary>in it</details>"), ("<option>", "</option>")),
)
_HTML_TEXTS: Final = (
    *("words", "two words", " ", "  ", "\n", "\n\n", "<br>", "<hr>", '<img alt="a gull">', "&amp;"),
    *(
        "a`b",
        "* star",
        "1. one",
        "x\u00a0y",
        '<input type="checkbox" checked>',
        "<img src=x>",
        "**",
    ),
    *("<!-- note -->", "- dash", '<img alt="" width=1 height=1>', "&nbsp;", "<wbr>", "|", "end."),
)

_RTF: Final = (
    *(
        r"words ",
        r"two words",
        r"\par ",
        r"\par ",
        r"\pard ",
        r"\b bold\b0 ",
        r"{\b all}",
        r"\line ",
    ),
    *(r"\tab ", r"\'e4", r"\'80", r"\u228?", r"\u8364\'80", r"\uc2\u246ab", r"\uc0\u246 ", r"\~"),
    *(
        r"\u-10179?\u-8704?",
        r"\u-8704?",
        r"{\super 2}",
        r"{\sub i}",
        r"\super n\nosupersub ",
        r"\_",
    ),
    *(r"{\v hidden}", r"\deleted gone\deleted0 ", r"\plain ", r"\f1 ", r"\f2\'c6", r"\f1\'e0\'e1"),
    *(r"\s1 ", r"\s2 ", r"\s3 ", r"\outlinelevel0 ", r"\outlinelevel8 ", r"\outlinelevel9 "),
    *(r"{\listtext 1.\tab}", r"{\listtext\'b7\tab}", r"\ilvl1 ", r"\ilvl0 ", r"{\pntext a)}"),
    *(r"{\footnote a note}", r"{\footnote \pard one\par two}", r"{\*\unknown x}", r"{\header top}"),
    *(r'{\field{\*\fldinst HYPERLINK "https://a.b"}{\fldrslt linked}}', r"{\field{\fldrslt y}}"),
    *(r"{\shp{\*\shpinst{\shptxt in a box\par}}}", r"{\pict 00ff}", r"\bin3 abc", r"\{x\}", r"\*x"),
    *(
        r"\trowd\cellx1000\cellx2000\intbl a\cell b\cell\row ",
        r"\trowd\cellx1000\clvmrg\cellx2000 ",
    ),
    *(
        r"\intbl c\cell d\cell\row ",
        r"\trowd\trleft100\cellx900\cellx950\cellx2100\intbl e\cell f\cell g\cell\row ",
    ),
    *(
        r"\trowd\cellx2000\intbl wide\cell\row ",
        r"\intbl half",
        r"\pard\intbl p\par q\cell r\cell\row ",
    ),
    *(r"\clmrg\cellx3000 ", r"\mac ", r"\pc \'81", r"\ansicpg1251 \'e0", r"\page ", r"{", r"}"),
)
_RTF_HEAD: Final = (
    r"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset161 Gr;}}"
    r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2\outlinelevel2 Own;}{\s3 Title;}}"
)

_WORD: Final = (
    *(("<w:p><w:r><w:t>", "</w:t></w:r></w:p>"),) * 3,
    ("<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>", "</w:t></w:r><w:r><w:t> and</w:t></w:r></w:p>"),
    ('<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>', "</w:t></w:r></w:p>"),
    ('<w:p><w:pPr><w:outlineLvl w:val="9"/></w:pPr><w:r><w:t>', "</w:t></w:r></w:p>"),
    ('<w:p><w:pPr><w:outlineLvl w:val="8"/></w:pPr><w:r><w:t>', "</w:t></w:r></w:p>"),
    (
        '<w:p><w:pPr><w:pStyle w:val="T"/></w:pPr><w:r><w:rPr><w:b/></w:rPr><w:t>',
        "</w:t></w:r></w:p>",
    ),
    ('<w:p><w:pPr><w:pStyle w:val="L"/></w:pPr><w:r><w:t>', "</w:t></w:r></w:p>"),
    *(
        (
            f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
            "</w:pPr><w:r><w:t>",
            "</w:t></w:r></w:p>",
        )
        for number in (0, 1, 2, 3, 4)
        for level in (0, 1, 2)
    ),
    *(
        (f"<w:p><w:r><w:t>x</w:t></w:r><w:r><w:rPr>{look}</w:rPr><w:t>", "</w:t></w:r></w:p>")
        for look in (
            '<w:vertAlign w:val="superscript"/>',
            '<w:vertAlign w:val="subscript"/>',
            "<w:vanish/>",
            '<w:b w:val="0"/>',
            '<w:rStyle w:val="B"/>',
        )
    ),
    ("<w:p><w:ins><w:r><w:t>", "</w:t><w:tab/><w:br/></w:r></w:ins><w:r><w:t>z</w:t></w:r></w:p>"),
    ("<w:p><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:r><w:t>", "</w:t></w:r></w:p>"),
    ('<w:p><w:r><w:t>q</w:t><w:footnoteReference w:id="2"/></w:r><w:r><w:t>', "</w:t></w:r></w:p>"),
    ("<w:sdt><w:sdtContent><w:p><w:r><w:t>", "</w:t></w:r></w:p></w:sdtContent></w:sdt>"),
    ("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>", "</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"),
    (
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>',
        "</w:t></w:r></w:p></w:tc><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr><w:p><w:r>"
        "<w:t>m</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>k"
        "</w:t></w:r></w:p></w:tc><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>gone</w:t></w:r>"
        "</w:p></w:tc></w:tr></w:tbl>",
    ),
    (
        "<w:p><w:r><w:drawing><w:txbxContent><w:p><w:r><w:t>",
        "</w:t></w:r></w:p></w:txbxContent></w:drawing></w:r><w:r><w:t>by it</w:t></w:r></w:p>",
    ),
    (
        "<w:p><w:r><w:ruby><w:rubyBase><w:r><w:t>",
        "</w:t></w:r></w:rubyBase><w:rt><w:r><w:t>over</w:t></w:r></w:rt></w:ruby></w:r></w:p>",
    ),
)
_MATH: Final = (
    *("<m:r><m:t>x</m:t></m:r>", "<m:r><m:t>12</m:t></m:r>", "<m:r><m:t>(a)</m:t></m:r>"),
    *("<m:r><m:t>a+b</m:t></m:r>", "<m:r><m:t>sin</m:t></m:r>", "<m:r><m:t>(a)(b)</m:t></m:r>"),
    *("<m:r><m:t>[a]+[b]</m:t></m:r>", "<m:r><m:t>|y|</m:t></m:r>", "<m:r><m:t>+</m:t></m:r>"),
)
_MATH_AROUND: Final = (
    *(
        "<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>",
        "<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>",
    ),
    "<m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{}</m:num><m:den>{}</m:den></m:f>",
    "<m:sSubSup><m:e>{}</m:e><m:sub>{}</m:sub><m:sup><m:r><m:t>n</m:t></m:r></m:sup></m:sSubSup>",
    "<m:rad><m:deg>{}</m:deg><m:e>{}</m:e></m:rad>",
    "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{}</m:sub><m:e>{}</m:e></m:nary>",
    "<m:func><m:fName>{}</m:fName><m:e>{}</m:e></m:func>",
    "<m:limLow><m:e>{}</m:e><m:lim>{}</m:lim></m:limLow>",
    "<m:acc><m:e>{}{}</m:e></m:acc>",
    "<m:d><m:dPr><m:begChr m:val='['/><m:sepChr m:val=';'/></m:dPr><m:e>{}"
    "</m:e><m:e>{}</m:e></m:d>",
    "<m:m><m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr></m:m>",
    "<m:eqArr><m:e>{}</m:e><m:e>{}</m:e></m:eqArr>",
    "{}{}",
)

_ODT: Final = (
    *(("<text:p>", "</text:p>"),) * 3,
    *(('<text:h text:outline-level="2">', "</text:h>"), ("<text:h>", "</text:h>")),
    *(
        ('<text:p text:style-name="T1">', "</text:p>"),
        ('<text:p text:style-name="T2">', "</text:p>"),
    ),
    *(
        (f'<text:p>x<text:span text:style-name="{style}">', "</text:span>y</text:p>")
        for style in ("bold", "up", "down", "low", "flat", "both")
    ),
    *(
        (
            f'<text:list text:style-name="{style}"{more}><text:list-item{start}><text:p>',
            f"</text:p>{end}",
        )
        for style in ("N", "B")
        for more in ("", ' text:continue-numbering="true"')
        for start in ("", ' text:start-value="4"')
        for end in (
            "</text:list-item></text:list>",
            "<text:list><text:list-item><text:p>inner</text:p><text:p>more"
            "</text:p></text:list-item>"
            "<text:list-item><text:p>next</text:p></text:list-item></text:list></text:list-item>"
            "<text:list-item><text:h>head</text:h></text:list-item></text:list>",
        )
    ),
    ('<text:p>a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d <text:s/>', "</text:p>"),
    (
        "<text:p>q<text:note><text:note-body><text:p>",
        "</text:p></text:note-body></text:note></text:p>",
    ),
    ('<text:p><text:a xlink:href="https://a.b">', "</text:a></text:p>"),
    (
        "<text:p><draw:frame><draw:text-box><text:p>",
        "</text:p></draw:text-box></draw:frame>w</text:p>",
    ),
    ("<text:tracked-changes><text:p>", "</text:p></text:tracked-changes>"),
    (
        '<table:table><table:table-header-rows><table:table-row table:number-rows-repeated="2">'
        '<table:table-cell table:number-columns-repeated="2"><text:p>',
        "</text:p></table:table-cell><table:covered-table-cell><text:p>no</text:p>"
        "</table:covered-table-cell><table:table-cell><text:p>k</text:p></table:table-cell>"
        "</table:table-row></table:table-header-rows><table:table-row><table:table-cell "
        'table:number-columns-repeated="9"/></table:table-row><table:table-row><table:table-cell>'
        "<text:p>l</text:p></table:table-cell></table:table-row></table:table>",
    ),
)
_LETTERS: Final = (
    *(
        "Größe und Maß",
        "naïve café",
        "Привет, мир",
        "日本語の文",
        "한국어 문장",
        "ελληνικά",
        "שלום",
    ),
    *(
        "żółć",
        "plain words",
        "šaltinis ąžuolas",
        "çağrı ışık",
        "“quoted” – dash",
        "1,5 €",
        "😀 face",
    ),
    *("ประเทศไทย", "Tiếng Việt", "中文简体", "繁體中文", "résumé; naïveté", "İstanbul", "ß", "\t|"),
)
_ENCODINGS: Final = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1257", "cp437", "cp850"),
    *("koi8-r", "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr", "iso8859-15", "mac_roman"),
)
_PROSE: Final = (
    *("Words of a sentence. ", "Dr. Who came. ", "Nr. 5 is here. ", "# Head\n\n", "\n\n", "\n"),
    *(
        "| a | b |\n",
        "| 1 | 2 |\n",
        "[page 2]\n",
        "[slide 3]\n\n",
        "long words go on and on ",
        "end:\n",
    ),
    *(
        "これは文です。",
        "„So“ he said. ",
        "word ",
        "3. item\n",
        "x" * 45 + " ",
        "## Next\n",
        "(1)\n",
    ),
)


def web_pages() -> Iterator[str]:
    """Yield HTML with its Markdown."""
    chance = random.Random("web pages")
    for number in range(1_600):
        source = _nested(chance, _HTML, _HTML_TEXTS, 3)
        left_out = (
            html_markdown.LEFT_OUT_OF_SELECTIONS if number % 3 else html_markdown.LEFT_OUT_OF_PAGES
        )
        found = html_markdown.convert(source, left_out)
        yield _line(source, found.text, found.has_prose)


def web_tables() -> Iterator[str]:
    """Yield tables and headings of web pages with their Markdown."""
    chance = random.Random("web tables")
    for _ in range(1_500):
        rows = []
        for _ in range(chance.randint(0, 4)):
            cells = []
            for _ in range(chance.randint(1, 4)):
                spans = chance.choice(
                    ("", "", "", " colspan=2", " rowspan=2", " rowspan=3 colspan=2")
                )
                spans = chance.choice((spans, spans, " colspan=0", " rowspan=101", " colspan=x"))
                tag = chance.choice(("td", "td", "th"))
                inner = chance.choice(
                    ("a", "b c", "", "<p>p</p><p>q</p>", "x|y", "<ul><li>i</ul>", "<pre>a\nb</pre>")
                )
                cells.append(f"<{tag}{spans}>{inner}</{tag}>")
            rows.append(f"<tr>{''.join(cells)}")
        look = chance.choice(("", "", "", " role=presentation", " border=0", " width=3"))
        source = f"<table{look}>{''.join(rows)}</table>"
        level, inner = chance.randint(1, 6), chance.choice(("text", "<b>b</b> c", "<br>", ""))
        source += f"<h{level}>{inner}</h{level}>"
        word = '<p style="mso-list:l0 level{} lfo1"><span style="mso-list:Ignore">{}</span>w</p>'
        for _ in range(chance.randint(0, 3)):
            source += word.format(
                chance.choice((1, 2, 3, 9, 12)), chance.choice(("1.", "·", "(a)"))
            )
        start = chance.choice(("3", "123456789", "1234567890", "x", ""))
        source += f'<ol start="{start}"><li>first<li>second</ol>'
        found = html_markdown.convert(source, html_markdown.LEFT_OUT_OF_PAGES)
        yield _line(source, found.text, found.has_prose)


def rich_fonts() -> Iterator[str]:
    """Yield bytes in the code page of each character set, as rich text is read."""
    for charset in range(256):
        head = rf"{{\rtf1\ansi{{\fonttbl{{\f1\fcharset{charset} A;}}}}\f1 "
        found = rtf.read((head + r"\'80\'91\'c6\'e0\'e9\'f1 \'83\'5c\'a4\'a2}").encode())
        if found != "€‘Æàéñ ƒ\\¤¢":
            yield _line(charset, found)


def charts() -> Iterator[str]:
    """Yield charts with their tables."""
    chance = random.Random("charts")
    names = {"c": "chart", "a": "main"}
    spaces = " ".join(
        f'xmlns:{n}="http://schemas.openxmlformats.org/drawingml/2006/{part}"'
        for n, part in names.items()
    )
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    drawn = '<w:p><w:r><w:drawing><c:chart r:id="one"/></w:drawing></w:r></w:p>'
    document = f'<w:d xmlns:w="{_W}" xmlns:r="{relation}" {spaces}><w:body>{drawn}</w:body></w:d>'
    related = '<R><Relationship Id="one" Target="charts/chart1.xml"/></R>'
    for _ in range(80):
        chart = _chart(chance)
        parts = {
            "word/document.xml": document,
            "word/_rels/document.xml.rels": related,
            "word/charts/chart1.xml": f"<c:space {spaces}><c:chart>{chart}</c:chart></c:space>",
        }
        yield _line(_extracted("x.docx", parts))


def _chart(chance: random.Random) -> str:
    titles = ("", "<a:t>Geese</a:t>", "<a:t>Geese</a:t><a:t> seen</a:t>", "<c:v>B2</c:v>")
    made = f"<c:title><c:tx>{chance.choice(titles)}</c:tx></c:title><c:plotArea><c:barChart>"
    styles = ("General", "0%", "yyyy-mm-dd", '0 "days"', "d/m", "[Red]0", "0.00E+00")
    numbers = ("1", "0.25", "45000", "45000.5", "0", "-3", "2900000", "1e300", "n/a", "0.1234567")
    for number in range(chance.randint(0, 3)):
        style = chance.choice(styles)
        made += f"<c:ser><c:tx><c:v>{chance.choice(('Tons', ''))}</c:v></c:tx><c:cat>"
        for _ in range(chance.choice((1, 1, 2))):
            made += "<c:lvl>" if number != 1 else ""
            for at in sorted(chance.sample(range(5), 3)):
                made += f'<c:pt idx="{at}"><c:v>{chance.choice(("May", "June", ""))}</c:v></c:pt>'
            made += "</c:lvl>" if number != 1 else ""
        made += f"</c:cat><c:{(kind := chance.choice(('val', 'yVal')))}>"
        made += f"<c:formatCode>{style}</c:formatCode>"
        for place in chance.sample(("0", "1", "2", "4", "x", "123456789"), 3):
            own = chance.choice(("", "", ' formatCode="0%"'))
            made += f'<c:pt idx="{place}"{own}><c:v>{chance.choice(numbers)}</c:v></c:pt>'
        made += f"</c:{kind}></c:ser>"
    axis = chance.choice(
        ("", "<c:valAx><c:title><a:t>Birds</a:t></c:title></c:valAx>", "<c:catAx/>")
    )
    return f"{made}</c:barChart>{axis}</c:plotArea>"


def mails() -> Iterator[str]:
    """Yield mails with their text."""
    chance = random.Random("mails")
    bodies = (
        ("text/plain", "Plain words.\r\n-- \r\nMe"),
        ("text/html", "<p>Words <b>marked</b></p>"),
        ("text/csv", "a,b\r\n1,2"),
        ("image/png", "no image"),
        ("message/rfc822", "Subject: Inner\r\nFrom: x@a.example\r\n\r\nInner words"),
        ("application/octet-stream", "\\0\\1"),
    )
    for _ in range(300):
        heads = {
            "Subject": chance.choice(("Geese", "=?utf-8?q?G=C3=A4nse?=", "")),
            "From": chance.choice(("Ann <ann@a.example>", "broken <", "")),
            "To": chance.choice(("b@b.example, c@c.example", "")),
            "Date": chance.choice(("Fri, 02 Jan 2026 10:00:00 +0100", "yesterday", "")),
            "Cc": chance.choice(("d@d.example", "", "")),
        }
        said = "".join(f"{name}: {value}\r\n" for name, value in heads.items() if value)
        parts = chance.choices(bodies, k=chance.randint(1, 3))
        if len(parts) == 1:
            kind, body = parts[0]
            said += f"Content-Type: {kind}\r\n\r\n{body}"
        else:
            kind = chance.choice(("mixed", "alternative", "related"))
            said += f'Content-Type: multipart/{kind}; boundary="b"\r\n\r\n'
            for kind, body in parts:
                name = chance.choice(("", "", '; filename="a.txt"', '; filename="b.csv"'))
                where = f"Content-Disposition: {chance.choice(('attachment', 'inline'))}{name}\r\n"
                said += f"--b\r\nContent-Type: {kind}\r\n{where if name else ''}\r\n{body}\r\n"
            said += "--b--"
        yield _line(_read("x.eml", said.encode()))


def rich_texts() -> Iterator[str]:
    """Yield RTF with its Markdown."""
    chance = random.Random("rich texts")
    for _ in range(2_400):
        body = "".join(chance.choices(_RTF, k=chance.randint(2, 10)))
        yield _line(body, rtf.read(f"{_RTF_HEAD}{body}}}".encode()))


def word_files() -> Iterator[str]:
    """Yield the bodies of Word documents with their Markdown."""
    chance = random.Random("word files")
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="{n + 1}"/><w:numFmt w:val="{style}"/>{text}</w:lvl>'
        for n, (style, text) in enumerate(
            (("decimal", ""), ("lowerLetter", '<w:lvlText w:val="%1.%2)"/>'), ("upperRoman", ""))
        )
    )
    parts = {
        "word/numbering.xml": (
            f'<w:n xmlns:w="{_W}"><w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
            '<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt '
            'w:val="bullet"/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:numFmt w:val="none"/></w:lvl></w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
            '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
            '<w:num w:numId="3"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0">'
            '<w:startOverride w:val="5"/></w:lvlOverride></w:num>'
            '<w:num w:numId="4"><w:abstractNumId w:val="7"/></w:num></w:n>'
        ),
        "word/styles.xml": (
            f'<w:s xmlns:w="{_W}"><w:style w:styleId="B"><w:basedOn w:val="C"/></w:style>'
            '<w:style w:styleId="C"><w:rPr><w:b/></w:rPr></w:style><w:style w:styleId="H"><w:pPr>'
            '<w:outlineLvl w:val="1"/></w:pPr></w:style><w:style w:styleId="T">'
            '<w:basedOn w:val="U"/>'
            '</w:style><w:style w:styleId="U"><w:name w:val="Title"/><w:basedOn '
            'w:val="T"/></w:style>'
            '<w:style w:styleId="L"><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId '
            'w:val="1"/></w:numPr>'
            "</w:pPr></w:style></w:s>"
        ),
        "word/footnotes.xml": (
            f'<w:f xmlns:w="{_W}"><w:footnote w:id="1"><w:p><w:r><w:t>other</w:t></w:r></w:p>'
            '</w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>the note</w:t>'
            "</w:r></w:p></w:footnote>"
            "</w:f>"
        ),
    }
    for _ in range(600):
        body = "".join(
            start + chance.choice(("words", "two words", "1", "*")) + end
            for start, end in chance.choices(_WORD, k=chance.randint(1, 7))
        )
        if chance.random() < 0.4:
            formula = "".join(_formula(chance, 2) for _ in range(2))
            body += f"<w:p><m:oMath>{formula}</m:oMath></w:p>"
        document = f'<w:d xmlns:w="{_W}" xmlns:m="{_M}"><w:body>{body}</w:body></w:d>'
        yield _line(_extracted("x.docx", {"word/document.xml": document, **parts}))


def open_documents() -> Iterator[str]:
    """Yield the bodies of OpenDocument texts with their Markdown."""
    chance = random.Random("open documents")
    names = ("text", "table", "style", "office", "xsl-fo-compatible")
    spaces = " ".join(f'xmlns:{n.split("-")[-1]}="{_OASIS}{n}:1.0"' for n in names)
    spaces += f' xmlns:draw="{_OASIS}drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    looks = {
        "bold": 'compatible:font-weight="bold"',
        "up": 'style:text-position="super 58%"',
        "down": 'style:text-position="sub 58%"',
        "low": 'style:text-position="-33% 58%"',
        "flat": 'style:text-position="0% 100%"',
        "both": 'compatible:font-weight="bold" style:text-position="33% 58%"',
    }
    styles = "".join(
        f'<style:style style:name="{name}"><style:text-properties {look}/></style:style>'
        for name, look in looks.items()
    )
    styles += (
        '<style:style style:name="T1" style:parent-style-name="Title"/>'
        '<style:style style:name="T2" style:parent-style-name="T1"/>'
        '<text:list-style style:name="N"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
        'style:num-format="a" style:num-prefix="(" style:num-suffix=")" text:display-levels="2"/>'
        '</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet '
        'text:level="1"/><text:list-level-style-number text:level="2"/></text:list-style>'
    )
    for _ in range(600):
        body = "".join(
            start + chance.choice(("words", "two words", " ", "")) + end
            for start, end in chance.choices(_ODT, k=chance.randint(1, 6))
        )
        content = (
            f"<office:document-content {spaces}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>"
        )
        mark = "application/vnd.oasis.opendocument.text"
        yield _line(_extracted("x.odt", {"mimetype": mark, "content.xml": content}))


def encodings() -> Iterator[str]:
    """Yield texts with an encoding, and the text that is read."""
    chance = random.Random("encodings")
    for _ in range(1_000):
        encoding = chance.choice(_ENCODINGS)
        words = "\n".join(chance.choices(_LETTERS, k=chance.randint(1, 6))) * chance.choice((1, 9))
        data = words.encode(encoding, "ignore")
        if chance.random() < 0.1:
            data = data[: len(data) // 2 * 2 - 1] + chance.choice((b"", b"\xff", b"\x81 ", b"\0"))
        name = chance.choice(("x.txt", "x.csv", "x.md", "x"))
        yield _line(name, encoding, words[:40], len(data), _read(name, data)[:60])


def text_chunks() -> Iterator[str]:
    """Yield texts with the chunks that they are cut into."""
    chance = random.Random("text chunks")
    for _ in range(1_500):
        text = "".join(chance.choices(_PROSE, k=chance.randint(2, 25)))
        limit = chance.choice((5, 8, 20, 40))
        found = chunks(text, limit, lambda part: (len(part) + 3) // 4)
        yield _line(limit, [text[chunk.start : chunk.end] for chunk in found])


def answers() -> Iterator[str]:
    """Yield answers of a reader's process, right and wrong ones, as they are taken."""
    chance = random.Random("answers")
    for _ in range(3_600):
        taken = _answers(chance)
        number = chance.randrange(len(taken))
        try:
            found = str(taken[number]())
        except worker_answers.MalformedAnswerError as error:
            found = f"{error}"
        yield _line(number, found.replace("a" * 60, "…").replace("x" * 60, "…"))


def _answers(chance: random.Random) -> Sequence[Callable[[], object]]:
    numbers = (-1, 0, 1, 5, 6, 40, 41, 2**53, 2**53 + 1, True, 1.5, "5", None, [1])
    texts = (
        "",
        "text/plain",
        "a" * 64,
        "a" * 63,
        "page",
        "no kind",
        "x" * 10_001,
        5,
        None,
        "\ud800",
    )
    document = {
        "media_type": "text/plain",
        "sha256": "a" * 64,
        "size": 5,
        "pages": None,
        "tokens": 8,
        "note": None,
        "width": 5,
        "height": 8,
        "animated": False,
        "pictured": [[1, 2, 3]],
        "is_protected": True,
    }
    refusal = {
        "error": "DocumentEncryptedError",
        "reason": "encrypted_document",
        "params": {"name": "x"},
        "details": "",
        "takes_password": True,
    }
    limits = Limits(pixels=40)

    def changed(good: dict[str, Any]) -> dict[str, Any]:
        made = dict(good)
        for name in chance.sample(list(good), chance.choice((0, 1, 1, 2))):
            made[name] = chance.choice((*numbers, *texts))
        return made

    def row(size: int) -> list[object]:
        usual = [chance.choice((0, 1, 3, 5)) for _ in range(chance.choice((size, size, size + 1)))]
        return [chance.choice((*numbers, *texts)) if chance.random() < 0.1 else n for n in usual]

    def passage() -> list[object]:
        words = chance.choice(
            (["page 1", "title", "words"], ["p", 5, "w"], ["x" * 10_001, "t", "w"])
        )
        return [*row(3)[:3], chance.choice((None, 1, -1, "1")), *words]

    header = changed({"done": 5, "total": 6, "unit": "page", "number": 5, "details": "x"})
    rows = [row(3) for _ in range(2)]
    passages = [passage() for _ in range(chance.choice((1, 2)))]
    picture = {"media_type": chance.choice(("image/png", "image/gif")), "width": 5, "height": 6}
    sizes = [(5, 5), (6, 6)]
    packed = [
        ["image/png", 5, 5, chance.choice((3, 4))],
        ["image/jpeg", 6, chance.choice((0, 6)), 2],
    ]
    return (
        lambda: worker_answers.parse_progress(header),
        lambda: worker_answers.parse_file_request(header),
        lambda: worker_answers.parse_details(header),
        lambda: worker_answers.parse_whole_number(header, "done", 5),
        lambda: worker_answers.parse_token_mix({"prose": header["done"], "code": 3}, 5),
        lambda: worker_answers.parse_header(
            json.dumps(changed({"kind": "x", "payload": 5})).encode()
        ),
        lambda: vars(worker_answers.parse_error(changed(refusal))),
        lambda: worker_answers.parse_document(
            changed(document), "ab", "x", limits, has_password=chance.random() < 0.5
        ),
        lambda: worker_answers.parse_image(changed(picture), b"data", (5, 6)),
        lambda: worker_answers.parse_images({"images": packed}, b"12345", sizes),
        lambda: worker_answers.parse_images({"images": packed[:1]}, b"12345", sizes),
        lambda: worker_answers.parse_chunks(rows_to_payload(rows).decode(), 5),
        lambda: worker_answers.parse_passages(rows_to_payload(passages).decode(), 5),
        lambda: worker_answers.parse_page_sizes(json.dumps([row(2)])),
        lambda: worker_answers.parse_boxes({"boxes": [row(4)]}),
        lambda: worker_answers.parse_pixels(b"12345", chance.choice((5, 6))),
    )


def _nested(
    chance: random.Random, around: Sequence[tuple[str, str]], texts: Sequence[str], depth: int
) -> str:
    said = ""
    for _ in range(chance.randint(1, 3)):
        if depth and chance.random() < 0.7:
            start, end = chance.choice(around)
            said += start + _nested(chance, around, texts, depth - 1) + end
        else:
            said += chance.choice(texts)
    return said


def _formula(chance: random.Random, depth: int) -> str:
    if not depth or chance.random() < 0.2:
        return chance.choice(_MATH)
    around = chance.choice(_MATH_AROUND)
    return around.format(_formula(chance, depth - 1), _formula(chance, depth - 1))


def _extracted(name: str, parts: dict[str, str]) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return _read(name, target.getvalue())


def _read(name: str, data: bytes) -> str:
    try:
        return extract_bytes(name, data, Limits(), lambda _: None).text
    except errors.UserFacingError as error:
        return f"{type(error).__name__}: {error}"


def _line(*values: object) -> str:
    return json.dumps(values, ensure_ascii=False)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "web-pages": web_pages,
    "web-tables": web_tables,
    "rich-texts": rich_texts,
    "rich-fonts": rich_fonts,
    "charts": charts,
    "mails": mails,
    "word-files": word_files,
    "open-documents": open_documents,
    "encodings": encodings,
    "text-chunks": text_chunks,
    "answers": answers,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
