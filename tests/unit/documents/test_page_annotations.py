"""PDF annotations: typed text, stamps and strokes, links and form fields."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits
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


BOX = "/Subtype /Widget /FT /Btn /T (consent)"
SHOWN = "/AP << /N << /Yes 5 0 R /Off 5 0 R >> >>"


@pytest.mark.parametrize(
    ("box", "value"),
    [
        (f"/V /Yes /AS /Yes {SHOWN}", "yes"),
        (f"/V /Off /AS /Off {SHOWN}", "no"),
        ("/V /on /AS /on /AP << /N << /on 5 0 R /Off /Off >> >> /Opt [(I agree) (I agree)]", "yes"),
        ("/AS /Off /AP << /N << /Off 5 0 R >> >> /Opt [(I agree) (I agree)]", "no"),
        ("/V /yes /AS /yes /AP << /N << /Off 5 0 R >> >>", "yes"),  # no appearance for the state
        ("/V /Yes", "yes"),  # a program sets only the value
        ("/V /Off", "no"),
        ("", "no"),
        (f"/V /Yes /AS /Off {SHOWN}", "yes"),  # the value is newer than the appearance
    ],
)
@pytest.mark.parametrize("form", ["/AcroForm << >>", "/AcroForm << /NeedAppearances true >>"])
def test_a_box_is_ticked_by_its_state_then_its_value(box: str, value: str, form: str) -> None:
    found = read(CONTRACT, f"{BOX} {box}", fields=form)
    assert found.text == f"[page 1]\nThe contract.\n[form]\nconsent: {value}"


def group(flags: int, *buttons: str) -> str:
    """Return the text of a page with the buttons of a field, without that of the page."""
    kids = " ".join(f"{200 + n} 0 R" for n in range(len(buttons)))
    field = f"199 0 obj\n<< /FT /Btn /Ff {flags} /T (size) /Kids [{kids}] >>\nendobj\n"
    widgets = "".join(
        f"{200 + n} 0 obj\n<< /Type /Annot /Subtype /Widget /Parent 199 0 R {RECT} {each} >>\n"
        "endobj\n"
        for n, each in enumerate(buttons)
    )
    data = drawn_pdf([CONTRACT]).replace(b"/MediaBox", f"/Annots [{kids}] /MediaBox".encode())
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog /AcroForm << /Fields [199 0 R] >>")
    data = data.replace(b"xref\n0", f"{field}{widgets}xref\n0".encode())
    text = pdf_reader.read("x.pdf", data, Limits(), lambda _: None).text
    return text.removeprefix("[page 1]\nThe contract.")


def state(name: str, *, is_on: bool, caption: str = "") -> str:
    shown = f"/AP << /N << /{name} 5 0 R /Off 5 0 R >> >>"
    return f"/AS /{name if is_on else 'Off'} {shown} {f'/TU ({caption})' if caption else ''}"


@pytest.mark.parametrize(
    ("flags", "buttons", "line"),
    [
        (1 << 15, [state("S", is_on=False), state("L", is_on=True)], "size: L"),
        (
            1 << 15,
            [state("0", is_on=True, caption="Small"), state("1", is_on=False)],
            "size: Small",
        ),
        (1 << 15, [state("S", is_on=False), state("L", is_on=False)], ""),
        (0, [state("S", is_on=False), state("L", is_on=True)], "size: L"),  # boxes as radio buttons
        (0, [state("S", is_on=False), state("L", is_on=False)], "size: no"),
    ],
)
def test_the_chosen_button_of_a_group_is_named(flags: int, buttons: list[str], line: str) -> None:
    assert group(flags, *buttons) == (f"\n[form]\n{line}" if line else "")
