"""PDF annotations: typed text, stamps and strokes, links and form fields."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_reader import NO_TEXT
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from tests.data.long_pdf import drawn_pdf

RECT = "/Rect [50 700 200 720]"
CONTRACT = "BT /F 10 Tf 60 790 Td (The contract.) Tj ET"


def read(page: str, *annotations: str, fields: str = "", forms: Sequence[str] = ()) -> ReaderResult:
    made = " ".join(
        f"<< /Type /Annot {each} {'' if '/Rect' in each else RECT} >>" for each in annotations
    )
    data = drawn_pdf([page], forms).replace(b"/MediaBox", f"/Annots [{made}] /MediaBox".encode())
    data = data.replace(b"/Type /Catalog", f"/Type /Catalog {fields}".encode())
    return pdf_reader.read("x.pdf", data, Limits(), lambda _: None)


def test_typed_annotations_follow_the_page_text() -> None:
    found = read(CONTRACT, "/Subtype /FreeText /Contents (Ines\rOkafor)", "/Subtype /FreeText")
    assert found.text == "[page 1]\nThe contract.\n[typed over the page]\nInes\nOkafor"
    assert found.pictured == ()


def test_a_page_with_only_a_stamp_is_sent_as_an_image() -> None:
    found = read("", "/Subtype /Stamp")
    assert found.text == f"[page 1]\n{NO_TEXT}"
    assert [page.number for page in found.pictured] == [1]


def test_hidden_annotations_and_shapes_are_left_out() -> None:
    with pytest.raises(errors.DocumentEmptyError):
        read("", "/Subtype /FreeText /Contents (secret) /F 2")
    with pytest.raises(errors.DocumentEmptyError):
        read("", "/Subtype /Stamp /F 2")
    with pytest.raises(errors.DocumentEmptyError):
        read("", "/Subtype /Square")


def test_a_hidden_form_field_is_left_out() -> None:
    field = "/Subtype /Widget /FT /Tx /T (Name) /V (Ines)"
    shown = [read(CONTRACT, f"{field} {flag}", fields="/AcroForm << >>") for flag in ("", "/F 2")]
    assert [each.text for each in shown] == [
        "[page 1]\nThe contract.\n[form]\nName: Ines",
        "[page 1]\nThe contract.",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("/Ff 131072 /V (de)", "Germany"),
        ("/Ff 393216 /V (Narnia)", "Narnia"),  # typed into a combo box
        ("/Ff 131072", "(empty)"),
        ("/Ff 2097152 /V [(de) (nl)]", "Germany, Netherlands"),
        ("/Ff 2097152 /V (nl)", "Netherlands"),
    ],
)
def test_all_selected_options_of_a_field_are_read_as_shown(field: str, value: str) -> None:
    options = "/Opt [[(de) (Germany)] [(fr) (France)] [(nl) (Netherlands)]]"
    choice = f"/Subtype /Widget /FT /Ch /T (Country) {options} {field}"
    found = read(CONTRACT, choice, fields="/AcroForm << >>")
    assert found.text == f"[page 1]\nThe contract.\n[form]\nCountry: {value}"


@pytest.mark.parametrize(
    ("flags", "signature"), [("", "\n[signature]\nSigned by Ines Okafor"), ("/F 2", "")]
)
def test_what_a_signature_shows_is_read(flags: str, signature: str) -> None:
    signed = "/FT /Sig /T (Buyer) /V << /Type /Sig >>"
    widget = f"/Subtype /Widget {signed} /AP << /N 6 0 R >> {flags}"
    shown = "/BBox [0 0 150 20] stream BT /F 10 Tf 5 5 Td (Signed by Ines Okafor) Tj ET"
    found = read(
        CONTRACT,
        "/Subtype /Text /Contents (Fine.)",
        widget,
        "/Subtype /FreeText /Contents (Paid) /AP << /N 6 0 R >>",
        fields=f"/AcroForm << /Fields [<< {signed} >>] >>",
        forms=[shown],  # object 6
    )
    others = "[typed over the page]\nPaid\nComment: Fine."
    assert found.text == f"[page 1]\nThe contract.\n{others}{signature}"


def test_the_fields_of_a_page_split_from_its_form_are_read() -> None:
    fields = ("/T (Name) /V (Ines)", "/T (Agree) /V /Yes", "/T (More) /V /Off", "/T (Note)")
    found = read(CONTRACT, *(f"/Subtype /Widget {field}" for field in fields))
    assert found.text == "[page 1]\nThe contract.\n[form]\nName: Ines\nAgree: Yes"


def test_empty_fields_with_internal_names_are_left_out() -> None:
    fields = [
        "/FT /Tx /T (form[0].page[0].f1[0]) /V (Ines)",
        "/FT /Tx /T (form[0].page[0].f2[0])",
        "/FT /Tx /T (form[0].page[0].f3[0]) /TU (City)",
        "/FT /Btn /T (form[0].page[0].c1)",
        "/FT /Btn /T (Agree)",
        "/FT /Tx /T (Note[0])",
    ]
    widgets = [f"/Subtype /Widget {field}" for field in fields]
    found = read(CONTRACT, *widgets, fields="/AcroForm << >>")
    assert found.text.splitlines()[2:] == [
        *("[form]", "form[0].page[0].f1[0]: Ines", "City: (empty)", "Agree: no"),
        "Note[0]: (empty)",
    ]


def link(address: str) -> str:
    return f"/Subtype /Link /A << /S /URI /URI ({address}) >>"


def test_at_most_twenty_missing_links_are_listed() -> None:
    addresses = [f"https://a.test/{number:02}" for number in range(21)]
    others = [
        link(addresses[3]),
        link("contract"),
        "/Subtype /Link /A << /S /JavaScript /JS (1) >>",
        "/Subtype /Link",
        "/Subtype /Link /Dest [4 0 R /Fit]",
    ]
    found = read(CONTRACT, *others, *map(link, addresses))
    named = " ".join([addresses[3], *addresses[:3], *addresses[4:20]])
    assert found.text == f"[page 1]\nThe contract.\n[links] {named}"


TABLE = "".join(
    [f"{x} 600 m {x} 660 l S " for x in (60, 160, 240)]
    + [f"60 {y} m 240 {y} l S " for y in (600, 620, 640, 660)]
    + [
        f"BT /F 9 Tf {x} {y} Td ({word}) Tj ET "
        for x, y, word in ((64, 646, "Room"), (164, 646, "Floor"), (64, 626, "East"), (164, 626, 1))
    ]
)


@pytest.mark.parametrize(
    ("annotation", "is_table"),
    [
        ("/Subtype /Square /Rect [100 620 120 640]", True),
        ("/Subtype /Widget /Rect [100 620 120 640]", False),
        ("/Subtype /Widget /Rect [62 622 70 626]", False),
        ("/Subtype /Widget /Rect [200 640 300 650]", True),  # its center is beside the table
        ("/Subtype /Widget /Rect [200 640 278 650]", False),
        ("/Subtype /Widget /Rect [20 640 98 650]", True),
        ("/Subtype /Widget /Rect [100 640 120 684]", True),
        ("/Subtype /Widget /Rect [100 640 120 676]", False),
        ("/Subtype /Widget /Rect [100 570 120 628]", True),
        ("/Subtype /Widget /Rect [300 500 320 520]", True),
    ],
)
def test_a_table_with_a_form_field_is_read_as_a_form(annotation: str, is_table: bool) -> None:
    assert ("| Room | Floor |" in read(TABLE, annotation).text) == is_table
