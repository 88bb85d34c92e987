"""Word files: all text that they show, the answers in forms, and the numbers of clauses."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from tests.helpers.office_files import docx


def text_of(data: bytes) -> str:
    return extract_bytes("x.docx", data, Limits(), lambda _: None).text


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


WRAPPERS = (
    '<w:fldSimple w:instr="SEQ T">{}</w:fldSimple>',
    "<w:r><w:ruby><w:rubyBase>{}</w:rubyBase></w:ruby></w:r>",
    '<w:bdo w:val="rtl">{}</w:bdo>',
    '<w:dir w:val="rtl">{}</w:dir>',
    "<w:smartTag>{}</w:smartTag>",
    "<w:customXml>{}</w:customXml>",
    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
    "<w:ins>{}</w:ins>",
    "<w:moveTo>{}</w:moveTo>",
    '<w:hyperlink w:anchor="x">{}</w:hyperlink>',
    "<w:futureElement><w:inner>{}</w:inner></w:futureElement>",
    "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback/></mc:AlternateContent>",
    "<w:r><w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent><w:p>"
    "{}</w:p></w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
    "</w:drawing></w:r>",
    "<w:r><w:pict><v:oval><v:textbox><w:txbxContent><w:p>{}</w:p></w:txbxContent></v:textbox>"
    "</v:oval></w:pict></w:r>",
)
_WORDS = st.text("abcäßж", min_size=1, max_size=6).map(lambda letters: f"q{letters}q")
_CONTENT = st.recursive(
    _WORDS.map(run),
    lambda inner: st.tuples(st.sampled_from(WRAPPERS), st.lists(inner, min_size=1, max_size=3)).map(
        lambda pair: pair[0].format("".join(pair[1]))
    ),
    max_leaves=8,
)


@given(st.lists(_CONTENT, min_size=1, max_size=4))
def test_every_word_arrives_whatever_is_around_it(content: list[str]) -> None:
    words = re.findall(r"<w:t [^>]*>(\w+)</w:t>", "".join(content))
    shown = text_of(docx(f"<w:p>{''.join(content)}</w:p>"))
    assert sorted(re.findall(r"q[^q]+q", shown)) == sorted(words)


@pytest.mark.parametrize("styles", ['<w:style w:styleId="x"/>', "<w:style/>", "<damaged"])
def test_words_arrive_without_readable_styles(styles: str) -> None:
    assert text_of(docx(f"<w:p>{run('a')}</w:p>", styles=styles)) == "a"


def test_characters_that_are_elements_arrive() -> None:
    body = (
        '<w:p><w:r><w:t>a</w:t><w:ptab/><w:t>b</w:t><w:cr/><w:t>c</w:t><w:sym w:font="X" '
        'w:char="2713"/></w:r></w:p>'
    )
    assert text_of(docx(body)).split() == ["a", "b", "c✓"]


def control(properties: str, shown: str = "") -> str:
    content = run(shown) if shown else ""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def old_field(form: str, result: str = "", instruction: str = "") -> str:
    """Return a field of the forms before content controls."""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{form}</w:ffData></w:fldChar></w:r>'
        f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


_OPTIONS = '<w:listEntry w:val="red"/><w:listEntry w:val="blue"/>'
_ITEMS = '<w:listItem w:displayText="Blue" w:value="b"/>'


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (control('<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>', "☒"), "☒"),
        (control('<w14:checkbox><w14:checked w14:val="0"/></w14:checkbox>', "☐"), "☐"),
        (control('<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>'), "☒"),
        (control("<w14:checkbox/>", "☐"), "☐"),
        (control(f"<w:dropDownList>{_ITEMS}</w:dropDownList>", "Blue"), "Blue"),
        (control(f'<w:dropDownList w:lastValue="b">{_ITEMS}</w:dropDownList>'), "Blue"),
        (control('<w:date w:fullDate="2026-03-04T00:00:00Z"/>'), "2026-03-04"),
        (old_field(f'<w:ddList><w:result w:val="1"/>{_OPTIONS}</w:ddList>'), "blue"),
        (old_field(f'<w:ddList><w:result w:val="1"/>{_OPTIONS}</w:ddList>', run("blue")), "blue"),
        (old_field(f"<w:ddList>{_OPTIONS}</w:ddList>"), "red"),
        (old_field("<w:textInput/>", run("Ines")), "Ines"),
    ],
)
def test_a_form_keeps_its_answer(form: str, shown: str) -> None:
    assert text_of(docx(f"<w:p>{run('a ')}{form}{run(' z')}</w:p>")) == f"a {shown} z"


@pytest.mark.parametrize(("value", "box"), [("<w:checked/>", "☒"), ('<w:default w:val="0"/>', "☐")])
def test_a_box_of_an_old_form_is_shown(value: str, box: str) -> None:
    form = old_field(f"<w:checkBox>{value}</w:checkBox>", instruction="FORMCHECKBOX")
    assert text_of(docx(f"<w:p>{form}</w:p>")) == box


# -------------------------------------------------------------- numbers


def level(index: int, style: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(key: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{key}">{"".join(levels)}</w:abstractNum>'


def list_of(key: int, definition_key: int, more: str = "") -> str:
    return f'<w:num w:numId="{key}"><w:abstractNumId w:val="{definition_key}"/>{more}</w:num>'


def item(list_id: int, index: int, text: str = "x", style: str = "") -> str:
    return (
        f'<w:p><w:pPr>{style}<w:numPr><w:ilvl w:val="{index}"/><w:numId w:val="{list_id}"/>'
        f"</w:numPr></w:pPr>{run(text)}</w:p>"
    )


_CLAUSES = definition(
    0,
    level(0, "decimal", "§ %1"),
    level(1, "decimal", "%1.%2"),
    level(2, "lowerLetter", "(%3)"),
    level(3, "lowerRoman", "%4)"),
)
_START_AGAIN = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
_NUMBERING = (
    _CLAUSES
    + definition(1, level(0, "upperRoman", "%1."), level(1, "decimal", "%1.%2", "<w:isLgl/>"))
    + definition(2, level(0, "decimal", "%1."), level(1, "bullet", "·"))
    + definition(3, level(0, "chineseCounting", "%1、"))
    + list_of(1, 0)
    + list_of(2, 1)
    + list_of(3, 2)
    + list_of(4, 2)
    + list_of(5, 2, _START_AGAIN)
    + list_of(6, 3)
)


@pytest.mark.parametrize(
    ("paragraphs", "numbers"),
    [
        ([(1, 0), (1, 1), (1, 1), (1, 2), (1, 2), (1, 3), (1, 0), (1, 1), (1, 2)],
         "§ 1|1.1|1.2|(a)|(b)|i)|§ 2|2.1|(a)"),
        ([(2, 0), (2, 1), (2, 0)], "I.|1.1|II."),
        ([(3, 0), (4, 0), (5, 0), (3, 0)], "1.|2.|1.|2."),
        ([(3, 0), None, (3, 0)], "1.||2."),
        ([(1, 1), (1, 0)], "1.1|§ 1"),
        ([(1, 2)] * 27, "|".join([*(f"({chr(97 + n)})" for n in range(26)), "(aa)"])),
        ([(3, 0), (3, 1), (3, 1), (3, 0)], "1.|-|-|2."),
        ([(6, 0)] * 21, "一、|二、|三、|四、|五、|六、|七、|八、|九、|十、|"
         "十一、|十二、|十三、|十四、|十五、|十六、|十七、|十八、|十九、|二十、|二十一、"),
        ([(9, 0)], ""),
    ],
)  # fmt: skip
def test_clauses_have_the_numbers_that_word_shows(
    paragraphs: list[tuple[int, int] | None], numbers: str
) -> None:
    body = "".join(f"<w:p>{run('x')}</w:p>" if each is None else item(*each) for each in paragraphs)
    lines = text_of(docx(body, numbering=_NUMBERING)).split("\n")
    assert "|".join(line.strip().removesuffix("x").strip() for line in lines if line) == numbers


def test_a_list_with_plain_numbers_stays_a_list() -> None:
    body = item(3, 0, "one") + item(3, 1, "point") + item(3, 0, "two")
    assert text_of(docx(body, numbering=_NUMBERING)) == "1. one\n   - point\n2. two"


def test_headings_have_the_numbers_of_their_styles() -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/><w:pPr>'
        '<w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        for n in (1, 2)
    )
    numbering = definition(
        0,
        level(0, "decimal", "%1", '<w:pStyle w:val="Heading1"/>'),
        level(1, "decimal", "%1.%2", '<w:pStyle w:val="Heading2"/>'),
    ) + list_of(1, 0)
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="Heading{n}"/></w:pPr>{run("Title")}</w:p>'
        for n in (1, 2, 2, 1)
    )
    expected = "# 1 Title\n\n## 1.1 Title\n\n## 1.2 Title\n\n# 2 Title"
    assert text_of(docx(body, styles=styles, numbering=numbering)) == expected


def test_a_hidden_clause_is_not_counted() -> None:
    hidden = item(3, 0).replace("<w:pPr>", "<w:pPr><w:rPr><w:vanish/></w:rPr>")
    hidden = hidden.replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>")
    text = text_of(docx(item(3, 0, "a") + hidden + item(3, 0, "b"), numbering=_NUMBERING))
    assert text == "1. a\n2. b"


def test_a_deleted_clause_is_not_counted() -> None:
    deleted = item(3, 0).replace("<w:pPr>", "<w:pPr><w:rPr><w:del/></w:rPr>")
    deleted = deleted.replace("<w:r>", "<w:del><w:r>").replace("</w:r>", "</w:r></w:del>")
    text = text_of(docx(item(3, 0, "a") + deleted + item(3, 0, "b"), numbering=_NUMBERING))
    assert text == "1. a\n2. b"
