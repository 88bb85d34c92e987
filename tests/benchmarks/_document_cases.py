"""Documents for the benchmark of readers, by kind: what must be found, and what must not.

Those of the corpus have their texts in `tests/data/corpus/expected`. The others are small files
about one kind, as the programs that people use write it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final, NamedTuple

from PIL import Image
from pptx import Presentation
from pptx.util import Inches

from tests.data.long_pdf import LINES, drawn_pdf, fields_pdf, line, long_pdf, xfa_pdf
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


def _drawn(texts: list[tuple[str, int, int]], rest: str = "") -> str:
    """Return the operators that draw texts at places in points, in this order."""
    shown = "".join(f"1 0 0 1 {left} {top} Tm ({text}) Tj " for text, left, top in texts)
    return f"{rest} BT /F 10 Tf {shown}ET"


def _columns(count: int, *, alternate: bool, ragged: bool) -> bytes:
    """Return a PDF of `_TEXT` in columns.

    Args:
        alternate: they are drawn line by line, not one by one.
        ragged: some lines end although the next word would fit. Without, the letters have one
            width, so that lines of so many letters end where a layout program ends them.
    """
    lines = wrap(_TEXT, (92 if ragged else 74) // count)
    height = -(-len(lines) // count)
    drawn = [
        (text, 60 + row // height * 480 // count, 700 - 14 * (row % height))
        for row, text in enumerate(lines)
    ]
    if alternate:
        drawn.sort(key=lambda text: -text[2])
    return drawn_pdf([_drawn(drawn)], font="Helvetica" if ragged else "Courier")


def _ruled(rows: list[list[str]]) -> bytes:
    """Return a PDF with a ruled table of three columns. A "|" in a cell begins a line."""
    texts, top = [], 700
    rules = f"60 {top} m 510 {top} l S "
    for row in rows:
        lines = [cell.split("|") for cell in row]
        for column, cell in enumerate(lines):
            for number, text in enumerate(cell):
                texts.append((text, 64 + 150 * column, top - 12 - 12 * number))
        top -= 12 * max(map(len, lines)) + 6
        rules += f"60 {top} m 510 {top} l S "
    rules += "".join(f"{x} {top} m {x} 700 l S " for x in (60, 210, 360, 510))
    return drawn_pdf([_drawn(texts, rules)])


def _form() -> bytes:
    """Return a filled PDF form: texts, boxes of both kinds, and a group of buttons."""
    labels = ["Application for a key", "Name", "Depot", "Nights", "Van", "Consent", "Size"]
    drawn = [(label, 60, 760 - 30 * row) for row, label in enumerate(labels)]
    states = "/AP << /N << /{0} 6 0 R /Off /Off >> >>"
    agreed = "/Opt [(I agree) (I agree)]"

    def widget(row: int, entries: str, left: int = 160) -> str:
        rect = f"[{left} {756 - 30 * row} {left + 100} {772 - 30 * row}]"
        return f"<< /Type /Annot /Subtype /Widget /F 4 /P 4 0 R /Rect {rect} {entries} >>"

    return fields_pdf(
        _drawn(drawn),
        [
            "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 >>\nstream\n\nendstream",
            widget(1, "/FT /Tx /T (Name) /V (Ines Okafor)"),
            widget(2, "/FT /Tx /T (Depot) /V (Harrow)"),
            widget(3, f"/FT /Btn /T (Nights) /V /Yes /AS /Yes {states.format('Yes')}"),
            widget(4, f"/FT /Btn /T (Van) /V /Off /AS /Off {states.format('Yes')}"),
            widget(5, f"/FT /Btn /T (Consent) /V /on /AS /on {agreed} {states.format('on')}"),
            "<< /FT /Btn /Ff 32768 /T (Size) /V /1 /Kids [13 0 R 14 0 R] >>",
            widget(6, f"/Parent 12 0 R /TU (small) /AS /Off {states.format('0')}"),
            widget(6, f"/Parent 12 0 R /TU (large) /AS /1 {states.format('1')}", 300),
        ],
    )


_TEXT: Final = (
    "Barnacle geese leave Svalbard in September and cross a cold sea without one stop. Their "
    "journey takes about three days, while families stay close together. Young birds tire sooner "
    "than parents, especially during storms. Scotland offers them grazing on salt marshes until "
    "late April. Some forty thousand winter there, nearly half this population. Farmers receive "
    "money for grass eaten, and shooting has been forbidden since 1954. Counts from aircraft began "
    "twelve years afterwards; volunteers with telescopes still check every estuary each November. "
    "Numbers fell sharply after avian influenza reached northern colonies, but recovered within "
    "four seasons, because most adults had survived. Ringed individuals return to identical fields "
    "year by year, sometimes accompanied by last summer's goslings, whose plumage looks duller."
)
_XFA_DATA: Final = (
    '<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form1>'
    "<Applicant>Ines Okafor</Applicant><Depot>Harrow</Depot><Amount>1250</Amount>"
    "</form1></xfa:data></xfa:datasets>"
)
_ROWS: Final = [
    ["Part", "Fault", "Price"],
    ["Bearing", "noisy", "140"],
    ["Compressor", "leaks", "2300"],
    ["Fan", "none", "85"],
]
_WRAPPED_ROWS: Final = [
    ["Part", "Fault", "Remedy"],
    ["Bearing of|the compressor", "noisy when|it starts", "replace before|winter"],
    ["Fan", "none", "clean"],
]
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
    Case(
        "PDF, paragraphs",
        "paragraphs.pdf",
        long_pdf(10),
        " ".join(line(page, row) for page in range(1, 11) for row in range(1, LINES + 1)),
    ),
    *(
        Case(
            kind,
            f"columns-{count}.pdf",
            _columns(count, alternate="alternate" in kind, ragged="ragged" in kind),
            _TEXT,
        )
        for kind in (
            "PDF, columns",
            "PDF, ragged columns",
            "PDF, lines alternate",
            "PDF, ragged lines alternate",
        )
        for count in (2, 3)
    ),
    Case(
        "PDF, form",
        "form.pdf",
        _form(),
        "Application for a key Name Ines Okafor Depot Harrow Nights yes Van no Consent yes "
        "Size large",
        "small",
    ),
    Case(
        "PDF, XFA form",
        "xfa.pdf",
        xfa_pdf({"datasets": _XFA_DATA}),
        "Applicant Ines Okafor Depot Harrow Amount 1250",
    ),
    *(
        Case(
            "PDF, ruled table",
            name,
            _ruled(rows),
            " ".join(cell.replace("|", " ") for row in rows for cell in row),
        )
        for name, rows in (("table.pdf", _ROWS), ("wrapped.pdf", _WRAPPED_ROWS))
    ),
)
