"""Documents for the benchmark of readers, by kind: what must be found, and what must not.

Those of the corpus have their texts in `tests/data/corpus/expected`. The others are small files
about one kind, as the programs that people use write it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image
from pptx import Presentation
from pptx.util import Inches

from tests.helpers.office_files import docx, opendocument

_CORPUS: Final = Path(__file__).parents[1] / "data" / "corpus"
# The kinds of files of the corpus, by the ends of their names.
_KINDS: Final = {
    "Word": (".docx",),
    "OpenDocument": (".odt", ".odp"),
    "RTF": (".rtf",),
    "workbooks": (".xlsx", ".xlsb", ".xls"),
    "HTML": (".html",),
    "mail": (".eml", ".msg"),
}


class Case(NamedTuple):
    """A document of a kind.

    Attributes:
        shown: the text that must be found, in this order.
        hidden: words that must not be found.
    """

    kind: str
    name: str
    data: bytes
    shown: str
    hidden: str = ""


def cases() -> Iterator[Case]:
    """Yield all documents."""
    for kind, endings in _KINDS.items():
        for path in sorted(_CORPUS.iterdir()):
            if path.name.endswith(endings):
                expected = _CORPUS / "expected" / f"{path.name}.txt"
                yield Case(kind, path.name, path.read_bytes(), expected.read_text("utf-8"))
    yield from _SMALL


def _run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def _item(list_id: int, level: int, text: str) -> str:
    return (
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
        f"</w:pPr>{_run(text)}</w:p>"
    )


def _levels(key: int, *levels: tuple[str, str]) -> str:
    rows = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for n, (style, text) in enumerate(levels)
    )
    return f'<w:abstractNum w:abstractNumId="{key}">{rows}</w:abstractNum>'


def _slides(texts: list[tuple[str, int, int]], hidden: str = "", description: str = "") -> bytes:
    """Return a slide with texts at places in inches, drawn in this order, and a hidden slide."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for text, left, top in texts:
        box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(0.8))
        box.text_frame.text = text
    if description:
        dot = io.BytesIO()
        Image.new("RGB", (8, 8)).save(dot, "PNG")
        picture = slide.shapes.add_picture(dot, Inches(0), Inches(7))
        picture._element.nvPicPr.cNvPr.set("descr", description)
    if hidden:
        other = deck.slides.add_slide(deck.slide_layouts[6])
        box = other.shapes.add_textbox(Inches(0), Inches(0), Inches(1), Inches(1))
        box.text_frame.text = hidden
        other._element.set("show", "0")
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()


_NUMBERING: Final = (
    _levels(0, ("decimal", "§ %1"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
    + _levels(1, ("upperRoman", "%1."))
    + '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    + '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
)
_BOX: Final = (
    '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr>'
    "<w:sdtContent><w:r><w:t>{}</w:t></w:r></w:sdtContent></w:sdt>"
)
_HIDDEN_STYLE: Final = (
    '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/>'
    "</style:style>"
)
_SMALL: Final = (
    Case(
        "fields and furigana",
        "fields.docx",
        docx(
            f'<w:p>{_run("Table ")}<w:fldSimple w:instr="SEQ T">{_run("3")}</w:fldSimple>'
            f'{_run(": fees of ")}<w:fldSimple w:instr="DOCPROPERTY C">{_run("Nordlicht GmbH")}'
            f"</w:fldSimple></w:p><w:p><w:r><w:ruby><w:rt>{_run('yomi')}</w:rt><w:rubyBase>"
            f'{_run("東京")}</w:rubyBase></w:ruby></w:r>{_run(" station")}<w:bdo w:val="rtl">'
            f"{_run(' שלום')}</w:bdo></w:p>"
        ),
        "Table 3 fees of Nordlicht GmbH 東京 station שלום",
    ),
    Case(
        "hidden text",
        "hidden.docx",
        docx(
            f"<w:p>{_run('Offer to Brix ')}{_run('internalprice', '<w:vanish/>')}"
            f"{_run('9000')}<w:del><w:r><w:delText>olddeal</w:delText></w:r></w:del></w:p>"
        ),
        "Offer to Brix 9000",
        "internalprice olddeal",
    ),
    Case(
        "hidden text",
        "hidden.odt",
        opendocument(
            "text",
            '<text:p>Offer to Brix <text:span text:style-name="H">internalprice</text:span> 9000'
            "</text:p>",
            _HIDDEN_STYLE,
        ),
        "Offer to Brix 9000",
        "internalprice",
    ),
    Case(
        "hidden text",
        "hidden.rtf",
        rb"{\rtf1\ansi Offer to Brix {\v internalprice }9000{\deleted olddeal}}",
        "Offer to Brix 9000",
        "internalprice olddeal",
    ),
    Case(
        "hidden text",
        "hidden.pptx",
        _slides([("Offer to Brix", 0, 0)], hidden="internalprice"),
        "Offer to Brix",
        "internalprice",
    ),
    Case(
        "hidden text",
        "hidden.html",
        b"<html><body><p>Offer to Brix<p hidden>internalprice</body></html>",
        "Offer to Brix",
        "internalprice",
    ),
    Case(
        "forms",
        "form.docx",
        docx(f"<w:p>{_BOX.format(1, '☒')}{_run(' yes')}{_BOX.format(0, '☐')}{_run(' no')}</w:p>"),
        "☒ yes ☐ no",
    ),
    Case(
        "forms",
        "form.html",
        b"<html><body><form><input type=checkbox checked> yes <input type=checkbox> no "
        b"Name <input value='Ines'> Size <select><option>small<option selected>large</select>"
        b"</form></body></html>",
        "☒ yes ☐ no Name Ines Size large",
        "small",
    ),
    Case(
        "numbers of clauses",
        "clauses.docx",
        docx(
            _item(1, 0, "Scope")
            + _item(1, 1, "Duty")
            + _item(1, 1, "Care")
            + _item(1, 2, "First")
            + _item(1, 0, "Term")
            + _item(2, 0, "Annex"),
            numbering=_NUMBERING,
        ),
        "§ 1 Scope 1.1 Duty 1.2 Care (a) First § 2 Term I. Annex",
    ),
    Case(
        "slides",
        "slides.pptx",
        _slides(
            [
                *(("last", 0, 6), ("third", 4, 1), ("second", 0, 2), ("first", 0, 1)),
                ("fourth", 4, 2),
            ],
            description="harbor map",
        ),
        "first second third fourth last harbor map",
    ),
    Case(
        "templates",
        "page.html.twig",
        b'<!doctype html>\n<body class="home">{% for p in posts %}<b>{{ p.name }}</b>{% endfor %}',
        'doctype html body class "home" {% for p in posts %} {{ p.name }} {% endfor %}',
    ),
    Case(
        "RTF",
        "picture.rtf",
        rb"{\rtf1\ansi Before {\pict\jpegblip\bin ffd8ffe0}after.}",
        "Before after",
        "ffd8ffe0",
    ),
)
