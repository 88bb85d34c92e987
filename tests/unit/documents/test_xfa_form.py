"""XFA forms: their data and texts in place of the page that asks to wait."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import xfa_pdf


def read(template: str = "", data: str = "", **packets: str) -> ReaderResult:
    if template:
        packets["template"] = (
            '<template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"><subform name="form1">'
            f"{template}</subform></template>"
        )
    if data:
        packets["datasets"] = (
            '<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/">'
            "<codes><code key='01'>Married</code><code key='02'>Single</code></codes>"
            f"<xfa:data><form1>{data}</form1></xfa:data></xfa:datasets>"
        )
    return pdf_reader.read("x.pdf", xfa_pdf(packets), Limits(), lambda _: None)


def value(text: str) -> str:
    return f"<value><text>{text}</text></value>"


def field(name: str, caption: str = "", rest: str = "") -> str:
    shown = f"<caption>{value(caption)}</caption>" if caption else ""
    return f'<field name="{name}">{shown}{rest}</field>'


def button(name: str, caption: str, on: str) -> str:
    return field(name, caption, f"<ui><checkButton/></ui><items><text>{on}</text></items>")


@pytest.mark.parametrize(
    ("template", "data", "lines"),
    [
        ("", "<Name>Ines</Name><Sum>1250</Sum>", "Name: Ines\nSum: 1250"),
        (field("Name", "Full name:"), "<Name>Ines</Name><Sum>9</Sum>", "Full name: Ines\nSum: 9"),
        (field("Name", "Full name"), "", "Full name: (empty)"),
        (f"<draw>{value('Part 1')}</draw>" + field("A"), "<A>x</A>", "Part 1\nA: x"),
        (f'<draw presence="hidden">{value("Not")}</draw>' + field("A"), "<A>x</A>", "A: x"),
        (button("Ok", "I agree", "Y"), "<Ok>Y</Ok>", "☒ I agree"),
        (button("Ok", "I agree", "Y"), "<Ok>N</Ok>", "☐ I agree"),
        (
            f'<exclGroup name="Size">{button("S", "small", "1")}{button("L", "large", "2")}'
            "</exclGroup>",
            "<Size>2</Size>",
            "Size: ☐ small ☒ large",
        ),
        (
            field(
                "Land",
                "Country",
                "<ui><choiceList/></ui><items><text>Germany</text><text>France</text></items>"
                '<items save="1"><text>de</text><text>fr</text></items>',
            ),
            "<Land>fr</Land>",
            "Country: France",
        ),
        (
            field(
                "Status",
                "",
                '<bindItems ref="xfa.datasets.codes.code[*]" labelRef="$" valueRef="key"/>',
            ),
            "<Status>02</Status>",
            "Status: Single",
        ),
        (
            f'<subform name="Row"><draw>{value("Item")}</draw>{field("Sum")}</subform>',
            "<Row><Sum>1</Sum></Row><Row><Sum>2</Sum></Row>",
            "Item\nSum: 1\nSum: 2",
        ),
        (
            field("A", "Born", '<bind match="dataRef" ref="$record.Person.Born"/>'),
            "<Person><Born>1777</Born></Person>",
            "Born: 1777",
        ),
        (field("A"), "<A>Gauss & Sons</A>", "A: Gauss & Sons"),  # Adobe writes it unescaped
    ],
)
def test_a_form_is_read_by_its_captions_and_values(template: str, data: str, lines: str) -> None:
    assert read(template, data).text == f"[page 1]\n{lines}"


ENTITIES = (
    "<!DOCTYPE d [<!ENTITY a 'x'><!ENTITY f SYSTEM 'file:///etc/hostname'>]>"
    "<datasets><data><f><A>x&a;&f;</A></f></data></datasets>"
)


@pytest.mark.parametrize("packet", ["", "no XML", "<datasets/>", "<a>" * 300, ENTITIES])
def test_a_note_says_that_a_form_cannot_be_read(packet: str) -> None:
    result = read(datasets=packet, template=packet)
    assert result.text == "[page 1]\nPlease wait..."
    assert "can’t be read" in str(result.note)


def test_pages_of_a_form_with_several_stay() -> None:
    packets = {"datasets": "<datasets><data><f><A>x</A></f></data></datasets>", "template": ""}
    data = xfa_pdf(packets, ["BT /F 10 Tf 60 790 Td (One) Tj ET"] * 2)
    text = pdf_reader.read("x.pdf", data, Limits(), lambda _: None).text
    assert text == "[page 1]\nOne\n\n[page 2]\nOne\nA: x"


def test_answers_that_the_pages_of_a_static_form_lack_follow_them() -> None:
    packets = {
        "datasets": "<datasets><data><f><A>One</A><B><C>Two</C></B></f></data></datasets>",
        "template": '<template><subform name="f"><field name="A"/></subform></template>',
    }
    data = xfa_pdf(packets, ["BT /F 10 Tf 60 790 Td (One) Tj ET"], is_static=True)
    assert pdf_reader.read("x.pdf", data, Limits(), lambda _: None).text == "[page 1]\nOne\nC: Two"


words = st.from_regex(re.compile(r"[A-Za-zäé&<>'\"]{1,9}"), fullmatch=True)
trees = st.recursive(words, lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=9)


@given(tree=trees, fields=st.lists(st.sampled_from("abc"), max_size=4))
def test_every_value_of_the_data_is_in_the_text_once(tree: object, fields: list[str]) -> None:
    values: list[str] = []

    def element(node: object, depth: int) -> str:
        name = "abcdefghij"[depth % 10]
        if isinstance(node, list):
            return f"<{name}>{''.join(element(each, depth + 1) for each in node)}</{name}>"
        values.append(f"{len(values)}{node}")
        return f"<{name}>{escape(values[-1])}</{name}>"

    data = element([tree], 0)
    text = read("".join(map(field, fields)), data).text
    found = re.split(r": |\n", text)
    assert sorted(each for each in found if each[0].isdigit()) == sorted(values)
