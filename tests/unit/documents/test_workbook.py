"""Workbooks as Excel shows them: empty sheets count, days and times are no numbers, formulas stay."""

from __future__ import annotations

import io
import zipfile

from desktop_app.documents.office import read_workbook
from desktop_app.documents.protocol import Limits
from desktop_app.domain.sections import sections

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = f"""<styleSheet {MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5">
<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="20" applyNumberFormat="1"/>
<xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="10" applyNumberFormat="1"/></cellXfs></styleSheet>"""


def relations(kind: str, *targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="{target}"/>'
        for n, target in enumerate(targets, 1)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{rows}</Relationships>'


def workbook(**cells: str) -> bytes:
    """A workbook; each sheet by its name, its cells of the first row as XML."""
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
    return read_workbook("x.xlsx", workbook(**cells), Limits())


def test_empty_sheets_count() -> None:
    word = '<c r="A1" t="inlineStr"><is><t>word</t></is></c>'
    text = text_of(None_yet="", First=word, Between="", R_amp_D=word, Last="")
    found = sections(text, "sheet")
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


def test_days_times_and_errors_as_excel_shows_them() -> None:
    cells = (
        '<c r="A1" s="1"><v>46085</v></c><c r="B1" s="2"><v>0.3368055555555556</v></c>'
        '<c r="C1" s="3"><v>46085.645833333336</v></c><c r="D1" t="e"><v>#DIV/0!</v></c>'
        '<c r="E1" t="e"><v>#N/A</v></c>'
    )
    assert text_of(S=cells).split("\n")[2] == (
        "| 2026-03-04 | 08:05:00 | 2026-03-04 15:30:00 | #DIV/0! | #N/A |"
    )


def test_a_formula_that_nobody_calculated_is_shown() -> None:
    cells = (
        '<c r="A1"><v>2</v></c><c r="B1"><f>IF(A1&gt;1,A1*2,"R&amp;D")</f><v></v></c>'
        '<c r="C1" t="n"><f>SUM(A1:B1)</f><v/></c><c r="D1"><f>A1</f></c>'
        '<c r="E1"><f>A1*3</f><v>6</v></c>'
    )
    assert text_of(S=cells).split("\n")[2] == (
        '| 2 | =IF(A1>1,A1*2,"R&D") | =SUM(A1:B1) | =A1 | 6 |'
    )


def test_a_hidden_sheet_is_read_and_said_to_be_hidden() -> None:
    word = '<c r="A1" t="inlineStr"><is><t>word</t></is></c>'
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(Seen=word, Unseen=word))) as given,
        zipfile.ZipFile(target, "w") as changed,
    ):
        for name in given.namelist():
            content = given.read(name).replace(b'"Unseen"', b'"Unseen" state="hidden"')
            changed.writestr(name, content)
    text = read_workbook("x.xlsx", target.getvalue(), Limits())
    assert text.startswith("## Seen\n\n| word |")
    assert "\n\n## Unseen (hidden)\n\n| word |" in text


def test_percentages_are_shown_as_such() -> None:
    cells = (
        '<c r="A1" s="4"><v>0.978</v></c><c r="B1" s="4"><f>A1/2</f><v>0.489</v></c>'
        '<c r="C1"><v>0.978</v></c><c r="D1" s="4" t="inlineStr"><is><t>none</t></is></c>'
        '<c r="E1" s="4"><v>-1.0E-2</v></c>'
    )
    assert text_of(S=cells).split("\n")[2] == "| 97.8% | 48.9% | 0.978 | none | -1% |"
