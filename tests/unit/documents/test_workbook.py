"""Workbooks as text: empty sheets, numbers, dates and times, formulas."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.spreadsheets import sheet_table
from desktop_app.documents.spreadsheets.workbook import read
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents.document_sections import find_sections

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = f"""<styleSheet {MAIN}><numFmts count="1"><numFmt numFmtId="170" formatCode='0 "days"'/>\
</numFmts><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>\
<cellXfs count="7">
<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="20" applyNumberFormat="1"/>
<xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="10" applyNumberFormat="1"/>
<xf numFmtId="46" applyNumberFormat="1"/><xf numFmtId="170" applyNumberFormat="1"/></cellXfs>\
</styleSheet>"""


def relations(kind: str, *targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="{target}"/>'
        for n, target in enumerate(targets, 1)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{rows}</Relationships>'


def workbook(**cells: str) -> bytes:
    """Return a workbook; `cells` maps a sheet's name to the XML of its first row's cells."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("_rels/.rels", relations(f"{RELATIONS}/officeDocument", "xl/workbook.xml"))
        package.writestr("xl/styles.xml", STYLES)
        sheets = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(cells, 1)
        )
        package.writestr(
            "xl/workbook.xml",
            f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        )
        targets = [f"worksheets/s{n}.xml" for n in range(1, len(cells) + 1)]
        rows = relations(f"{RELATIONS}/worksheet", *targets)
        package.writestr("xl/_rels/workbook.xml.rels", rows)
        for n, row in enumerate(cells.values(), 1):
            data = f'<row r="1">{row}</row>' if row else ""
            package.writestr(
                f"xl/worksheets/s{n}.xml",
                f"<worksheet {MAIN}><sheetData>{data}</sheetData></worksheet>",
            )
    return target.getvalue()


def text_of(**cells: str) -> str:
    return read("x.xlsx", workbook(**cells), Limits(), LeftOut())


def test_empty_sheets_are_listed() -> None:
    word = '<c r="A1" t="inlineStr"><is><t>word</t></is></c>'
    text = text_of(None_yet="", First=word, Between="", R_amp_D=word, Last="")
    found = find_sections(text, "sheet")
    assert [section.name for section in found] == [
        "None_yet",
        "First",
        "Between",
        "R_amp_D",
        "Last",
    ]
    assert text[found[3].start :].startswith("## R_amp_D\n\n| word |")


def test_a_workbook_of_empty_sheets_is_empty() -> None:
    assert text_of(One="", Two="") == ""


def test_dates_times_and_errors_are_formatted() -> None:
    cells = (
        '<c r="A1" s="1"><v>46085</v></c><c r="B1" s="2"><v>0.3368055555555556</v></c>'
        '<c r="C1" s="3"><v>46085.645833333336</v></c><c r="D1" t="e"><v>#DIV/0!</v></c>'
        '<c r="E1" t="e"><v>#N/A</v></c>'
    )
    assert text_of(S=cells).split("\n")[2] == (
        "| 2026-03-04 | 08:05:00 | 2026-03-04 15:30:00 | #DIV/0! | #N/A |"
    )


def test_a_hidden_sheet_is_left_out_or_marked() -> None:
    word = '<c r="A1" t="inlineStr"><is><t>word</t></is></c>'
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(Seen=word, Unseen=word))) as given,
        zipfile.ZipFile(target, "w") as changed,
    ):
        for name in given.namelist():
            content = given.read(name).replace(b'"Unseen"', b'"Unseen" state="hidden"')
            changed.writestr(name, content)
    left_out = LeftOut()
    text = read("x.xlsx", target.getvalue(), Limits(), left_out)
    assert text == "## Seen\n\n| word |\n| --- |"
    assert left_out.hidden == 1
    full_text = read("x.xlsx", target.getvalue(), Limits(), LeftOut(takes_hidden=True))
    assert "\n\n## Unseen (hidden)\n\n| word |" in full_text


def test_percentages_are_shown_as_percentages() -> None:
    cells = (
        '<c r="A1" s="4"><v>0.978</v></c><c r="B1" s="4"><f>A1/2</f><v>0.489</v></c>'
        '<c r="C1"><v>0.978</v></c><c r="D1" s="4" t="inlineStr"><is><t>none</t></is></c>'
        '<c r="E1" s="4"><v>-1.0E-2</v></c><c r="F1" s="4" t="str"><v>0.5</v></c>'
        '<c r="G1" s="4" t="n"><v>0.5</v></c>'
    )
    shown = "| 97.8% | 48.9% | 0.978 | none | -1% | 0.5 | 50% |"
    assert text_of(S=cells).split("\n")[2] == shown


def changed(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a workbook whose parts are what `change` makes of them."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(target, "w") as copy:
        for name in given.namelist():
            copy.writestr(name, change(name, given.read(name)))
    return target.getvalue()


def test_values_are_formatted_by_type_and_style() -> None:
    cells = (
        '<c r="A1" t="b"><v>1</v></c><c r="B1" s="5"><v>1.25</v></c><c r="C1" s="6"><v>5</v></c>'
        '<c r="D1"><v>0.30000000000000004</v></c><c r="E1"><v>1.2E-7</v></c>'
        '<c r="F1"><v>9007199254740993</v></c><c r="G1"><v>1E+300</v></c>'
        '<c r="H1" t="inlineStr"><is><t> a | b\nR&amp;D &lt;b&gt; "q" \\n </t></is></c>'
    )
    assert text_of(S=cells).split("\n")[2] == (
        "| TRUE | 30:00:00 | 5 days | 0.3 | 0.00000012 | 9007199254740992 | 1e+300 | a \\| b R&D "
        '<b> "q" \\n |'
    )


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", "2134", "02134"),
        ("00000", "2.134E3", "02134"),
        ("h:mm;-h:mm", "-0.25", "-6:00:00"),
        ("[$-409]h:mm AM/PM", "-1.5", "-36:00:00"),
        ("h:mm;-h:mm", "0.25", "06:00:00"),
        ("[$-407]dd\\.mm\\.yyyy", "-3", "-3"),
        ("00000", "1234567", "1234567"),
        ("00000", "-7", "-00007"),
        ("00000", "2134.5", "2134.5"),
        ("00000", "1E+300", "1e+300"),
        ("[$-407]00000", "2134", "02134"),
        ("0", "7", "7"),
        ("0" * 256, "7", "7"),
        ("00.0", "7", "7"),
        ("00E+00", "7", "7"),
        ("00/00", "7", "7"),
        ('0 "00"', "7", "7"),
        ('"R&amp;D-"000\\&lt;', "7", "R&D-007<"),
        ('"1."00', "7", "1.07"),
        ("\\1\\.0#", "7", "1.07"),
        ("#000", "7", "007"),
        ('"1."00', "-7", "-1.07"),
        ("0%", "0.07", "7%"),
        ('#,##0.00\\ "€"', "1234.5", "1234.5 €"),
        ("[$$-409]#,##0.00", "-1234.5", "-$1234.5"),
        ('0" kg"', "99", "99 kg"),
        ('General" m²"', "3.25", "3.25 m²"),
        ('_-* #,##0\\ "€"_-;\\-* #,##0\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', "0", "0 €"),
        ('_("£"* #,##0_);_("£"* \\(#,##0\\);_(@_)', "-5", "-£5"),
        ("#,##0;[Red]#,##0", "-5", "-5"),
        ('0.0,," M"', "1234567", "1.234567 M"),
        ('[&lt;1000]0" g";0.0," kg"', "1500", "1.5 kg"),
        ('"yes";;"no"', "0", "no"),
        ("000\\-000", "123456", "123456"),
    ],
)
def test_numbers_are_shown_in_custom_formats(code: str, value: str, shown: str) -> None:
    cells = f'<c r="A1" s="6"><v>{value}</v></c><c r="B1" s="6" t="str"><v>7</v></c>'
    data = changed(
        workbook(S=cells), lambda _, part: part.replace(b"""'0 "days"'""", f"'{code}'".encode())
    )
    assert read("x.xlsx", data, Limits(), LeftOut()) == f"## S\n\n| {shown} | 7 |\n| --- | --- |"


def test_links_of_cells_are_kept() -> None:
    cells = "".join(
        f'<c r="{cell}3" t="str"><v>{text}</v></c>'
        for cell, text in (("B", "a"), ("C", "b"), ("D", "https://b.example/"), ("E", "e"))
    )
    links = "".join(
        f'<hyperlink ref="{cell}" r:id="{key}"/>'
        for cell, key in (("B3:B4", "r1"), ("D3", "r2"), ("E3", "r3"), ("F3", "r1"), ("A3", "r1"))
    )
    targets = relations("", "https://a.example/?q=1|2", "https://b.example/", "mailto:e@b.example")
    space = f'<hyperlinks xmlns:r="{RELATIONS}">'

    def linked(_: str, part: bytes) -> bytes:
        end = f'</row><row r="3">{cells}</row></sheetData>{space}{links}</hyperlinks>'
        return part.replace(b"</row></sheetData>", end.encode())

    target = io.BytesIO(changed(workbook(S='<c r="B1"><v>1</v></c>'), linked))
    with zipfile.ZipFile(target, "a") as package:
        external = targets.replace("<Relationship Id", '<Relationship TargetMode="External" Id')
        package.writestr("xl/worksheets/_rels/s1.xml.rels", external)
    assert read("x.xlsx", target.getvalue(), Limits(), LeftOut()).split("\n")[5] == (
        "| [a](https://a.example/?q=1%7C2) | b | https://b.example/ | [e](mailto:e@b.example) |"
    )


def test_cells_whose_format_shows_nothing_are_hidden() -> None:
    cells = '<c r="A1"><v>1</v></c><c r="B1" s="6"><v>7</v></c>'
    data = changed(workbook(S=cells), lambda _, part: part.replace(b"""'0 "days"'""", b"';;;'"))
    left_out = LeftOut()
    assert read("x.xlsx", data, Limits(), left_out) == "## S\n\n| 1 |\n| --- |"
    assert left_out.hidden == 1
    assert "| 1 | 7 |" in read("x.xlsx", data, Limits(), LeftOut(takes_hidden=True))


def test_merged_cells_are_read_and_hidden_rows_if_wanted() -> None:
    rows = (
        '<c r="B2" t="str"><v>both</v></c></row><row r="3" hidden="1"><c r="B3"><v>1</v></c>'
        '<c r="C3"><v>2</v></c>'
    )
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="B2:C2"/></mergeCells>'
    data = changed(workbook(S=rows), lambda _, part: part.replace(b"</sheetData>", merged))
    assert read("x.xlsx", data, Limits(), LeftOut()) == "## S\n\n| both |\n| --- |"
    full_text = read("x.xlsx", data, Limits(), LeftOut(takes_hidden=True))
    assert full_text == "## S\n\n| both |  |\n| --- | --- |\n| 1 | 2 |"


def test_work_and_text_depend_on_the_filled_cells_only() -> None:
    cells = (
        '<c r="A1"><v>1</v></c><c r="B1" s="1"/></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c>'
    )
    assert text_of(S=cells) == "## S\n\n| 1 |  |  |\n| --- | --- | --- |\n|  |  |  |\n|  |  | 2 |"


def test_cells_without_references_follow_each_other() -> None:
    cells = "<c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c>"
    assert text_of(S=cells) == "## S\n\n| 1 | 2 |\n| --- | --- |\n| 3 |  |"


def test_a_table_with_too_many_empty_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_table, "MAX_TEXT_BYTES", 12)
    square = '<c r="A1"><v>1</v></c><c r="B1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c>'
    assert text_of(S=square)
    with pytest.raises(errors.DocumentTooLargeError, match="of text"):
        text_of(S=square.replace("B1", "C1"))


def test_dates_since_1904_are_converted() -> None:
    data = workbook(S='<c r="A1" s="1"><v>44623</v></c>')
    since_1904 = b'<workbookPr date1904="1"/><sheets>'
    data = changed(data, lambda _, part: part.replace(b"<sheets>", since_1904))
    assert "2026-03-04" in read("x.xlsx", data, Limits(), LeftOut())


@pytest.mark.parametrize(
    "sheet", [b"", b"<worksheet><sheetData><row", b"\xff\xfe<"], ids=["empty", "cut", "no text"]
)
def test_a_damaged_sheet_is_refused(sheet: bytes) -> None:
    data = changed(workbook(S="<c/>"), lambda name, part: sheet if "worksheets" in name else part)
    with pytest.raises(errors.DocumentDamagedError, match="is damaged"):
        read("x.xlsx", data, Limits(), LeftOut())
