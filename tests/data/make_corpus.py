#!/usr/bin/env python3
"""Makes the files of `corpus/`: small files with the difficult features of each format.

    python tests/data/make_corpus.py [FOLDER]

The files are committed; the tests do not run this. The expected text of FILE is in
`expected/FILE.txt`, which was checked and is maintained by hand. Needs reportlab, pypdf,
python-docx, openpyxl and Pillow, and LibreOffice's `soffice`. `house-rules.fodt` is written by
hand. `numbers.xls` and `numbers.xlsb` are `numbers.xlsx`, converted with SheetJS (`xlsx` 0.18.5 of
npm: `writeFile` of what `readFile` returns with `cellNF`, `cellStyles` and `cellFormula`), which
leaves out uncalculated formulas. `outlook.msg` comes from the tests of python-oxmsg (MIT, Steve
Canny). The texts may be used for any purpose.
"""

# The libraries that write documents are no part of the tests' environment.
# mypy: ignore-errors

from __future__ import annotations

import datetime
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import docx
import openpyxl
import pypdf
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

CORPUS = Path(__file__).parent / "corpus"

ROWS = [
    (
        ["The gate must be shut at night and", "locked whenever nobody is near it."],
        ["Das Tor muss nachts geschlossen und", "versperrt sein, wenn niemand da ist."],
    ),
    (
        ["Dogs are kept on a lead at all times", "between the first of March and July."],
        ["Hunde sind stets an der Leine, vom", "ersten März bis Ende Juli jeden Tag."],
    ),
    (
        ["Fires are allowed in the iron basket", "beside the hut, and nowhere else here."],
        ["Feuer ist nur im eisernen Korb neben", "der Hütte erlaubt, sonst nirgends hier."],
    ),
]


def _canvas() -> tuple[io.BytesIO, Canvas]:
    target = io.BytesIO()
    return target, Canvas(target, pagesize=A4, invariant=1)


def rows_pdf(*, ruled: bool) -> bytes:
    """Make a table of running text in two languages, whose rows must stay rows."""
    target, canvas = _canvas()
    canvas.setFont("Helvetica", 11)
    y = 760
    for cells in ROWS:
        for number in range(2):
            for x, cell in zip((72, 310), cells, strict=True):
                canvas.drawString(x, y - 14 * number, cell[number])
        if ruled:
            canvas.line(66, y - 20, 540, y - 20)
        y -= 34 if ruled else 42
    canvas.save()
    return target.getvalue()


def prices_pdf() -> bytes:
    """Return a list with a column of figures at the right."""
    target, canvas = _canvas()
    for number in range(12):
        canvas.drawString(72, 760 - 16 * number, f"Pallet of size {number}, frozen")
        canvas.drawString(400, 760 - 16 * number, f"{number * 7}.50 a week")
    canvas.save()
    return target.getvalue()


def form_pdf() -> bytes:
    """Make a filled-in form."""
    target, canvas = _canvas()
    canvas.drawString(72, 780, "Application for a key")
    form = canvas.acroForm
    form.textfield(
        name="name", tooltip="Name", value="Ines Okafor", x=150, y=740, width=200, height=20
    )
    form.textfield(name="since", tooltip="Since", value="", x=150, y=710, width=200, height=20)
    form.checkbox(name="night", tooltip="Night shift", checked=True, x=150, y=680)
    form.checkbox(name="car", tooltip="With a car", checked=False, x=150, y=650)
    form.choice(
        name="depot",
        tooltip="Depot",
        value="Harrow",
        options=["Harrow", "Selby"],
        x=150,
        y=610,
        width=100,
        height=20,
    )
    canvas.drawString(72, 560, "Signed in the office.")
    canvas.linkURL("https://alder-finch.example/keys", (72, 555, 200, 575))
    canvas.save()
    return target.getvalue()


def cjk_pdf() -> bytes:
    """Make a PDF with lines in Japanese, Chinese and Korean."""
    target, canvas = _canvas()
    for y, font, line in (
        (780, "HeiseiMin-W3", "冷蔵倉庫の報告書：圧縮機の軸受けは十一月までに交換します。"),
        (750, "STSong-Light", "冷库报告：压缩机的轴承将在十一月之前更换。"),
        (720, "HYSMyeongJo-Medium", "냉동 창고 보고서: 압축기 베어링은 11월까지 교체합니다."),
    ):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
        canvas.setFont(font, 12)
        canvas.drawString(72, y, line)
    canvas.save()
    return target.getvalue()


def partly_scanned_pdf() -> bytes:
    """Make a page with text, a scan, a scan with stamped text, and an empty page."""
    target, canvas = _canvas()
    canvas.drawString(72, 780, "The letter is attached below, as it came by post on 3 August 2026.")
    canvas.showPage()
    for stamp in ("", "Received 2026-08-03"):
        canvas.drawImage(ImageReader(_scan()), 0, 0, *A4)
        if stamp:
            canvas.drawString(400, 20, stamp)
        canvas.showPage()
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _scan() -> Image.Image:
    page = Image.new("L", (620, 877), 255)
    ImageDraw.Draw(page).text((60, 80), "Dear Ms Okafor, the bearing has arrived.", fill=0)
    return page


def turned_pdf() -> bytes:
    """Return four pages, turned by 0, 90, 180 and 270 degrees."""
    target, canvas = _canvas()
    for turn in (0, 90, 180, 270):
        canvas.drawString(72, 780, f"This page is turned by {turn} degrees.")
        canvas.drawString(72, 760, "Its second line comes after its first.")
        canvas.showPage()
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(target.getvalue()))
    for number, page in enumerate(writer.pages):
        page.rotate(90 * number)
    packed = io.BytesIO()
    writer.write(packed)
    return packed.getvalue()


def styled_docx() -> bytes:
    """Make a document with style-only headings, numbered styles, merged cells and changes."""
    document = docx.Document()
    document.add_paragraph("A title by its style", style="Title")
    document.add_heading("First chapter", 1)
    for text, style in (
        ("One", "List Number"),
        ("Two", "List Number"),
        ("A point", "List Bullet"),
        ("Another", "List Bullet"),
    ):
        document.add_paragraph(text, style=style)
    based = document.styles.add_style("My chapter", 1)
    based.base_style = document.styles["Heading 2"]
    document.add_paragraph("A heading by a style that is based on one", style="My chapter")
    outlined = document.styles.add_style("Outlined", 1)
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "2")
    outlined.element.get_or_add_pPr().append(level)
    document.add_paragraph("A heading by its outline level", style="Outlined")
    paragraph = document.add_paragraph("Before it was ")
    for kind, tag, text in (("w:del", "w:delText", "red"), ("w:ins", "w:t", "blue")):
        change, run, words = OxmlElement(kind), OxmlElement("w:r"), OxmlElement(tag)
        words.text = text
        run.append(words)
        change.append(run)
        paragraph._p.append(change)
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{'ABC'[column]}{row + 1}"
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    document.sections[0].header.paragraphs[0].text = "On every page"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def archive_zip() -> bytes:
    """Make an archive with documents, a nested archive, and files that are left out."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        _put(packed, "inner.txt", b"Deep inside.\n")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        _put(packed, "b/table.csv", b"Depot,Rooms\nHarrow,7\n")
        _put(packed, "A notes.md", b"# Visit\n\nDoor 2 does not close.\n")
        _put(packed, "c/more.zip", inner.getvalue())
        _put(packed, "report.docx", (CORPUS.parent / "report.docx").read_bytes()[:400])
        _put(packed, "../outside.txt", b"must not be read\n")
        _put(packed, ".hidden/key.txt", b"must not be read\n")
        _put(packed, "program.bin", bytes(range(256)))
        link = zipfile.ZipInfo("link.txt", (2026, 1, 1, 0, 0, 0))
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    return target.getvalue()


def _put(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)


def numbers_xlsx() -> bytes:
    """Make a workbook with number formats, errors, merged cells, gaps and hidden sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Depots & rooms"
    rows = [
        ("Depot", "Harrow", None),
        ("Rooms", 7, None),
        ("Share of the rooms", 0.978, "0.0%"),
        ("Price", 1234.5, '#,##0.00 "€"'),
        ("Sum of thirds", 0.1 + 0.2, None),
        ("Tiny", 1.2e-7, "0.00E+00"),
        ("Opened", datetime.date(1987, 3, 4), "d mmm yyyy"),
        ("Inspected", datetime.datetime(2026, 3, 4, 15, 30), "dd/mm/yyyy hh:mm"),  # noqa: DTZ001
        ("Gate opens", datetime.time(5, 30), "hh:mm"),
        ("Hours in use", datetime.timedelta(hours=30, minutes=15), "[h]:mm"),
        ("Shelf life", 5, '0 "days"'),
        ("Heated", False, None),
        ("Rooms per warden", "#DIV/0!", None),
        ("Not calculated", '=IF(B2>5,"R&D",B2*2)', None),
        ("Key", "007", None),
        ("Notes", 'a | b\n<R&D> "x" \\n', None),
    ]
    for number, (name, value, style) in enumerate(rows, start=2):
        sheet.cell(number, 2, name)
        cell = sheet.cell(number, 3, value)
        cell.number_format = style or "General"
    sheet["B22"], sheet["C22"], sheet["D22"] = "Warden", "Keys", "Since"
    sheet["B23"], sheet["D23"] = "Ines Okafor", 2019
    sheet.merge_cells("B23:C23")
    sheet.row_dimensions[4].hidden = True
    book.create_sheet("Empty")
    book.create_sheet("Old prices")["A1"] = 12
    book["Old prices"].sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


TEXTS = {
    "semicolons.csv": 'Depot;Räume;Preis\nHarrow;7;1,5\nSelby;4;„zwei"\n',
    "rooms.tsv": "Depot\tRooms\nHarrow\t7\nSelby\t4\n",
    "config.yaml": "depots:\n  - name: Harrow   # the old one\n    rooms: 7\n",
    "data.json": '{"depots": [{"name": "Harrow", "rooms": 7}],\n "größe": null}\n',
    "data.xml": '<?xml version="1.0"?>\n<depots><depot rooms="7">R&amp;D</depot></depots>\n',
    "table.html": "<html><head><title>x</title></head><body><h2>Rooms</h2>"
    "<table><thead><tr><th>Room</th><th>Warden</th></tr></thead>"
    "<tbody><tr><td>1</td><td>Ines <b>Okafor</b><br>and more</td></tr>"
    "<tr><td colspan=2>both | none</td></tr></tbody></table>"
    "<script>never()</script></body></html>\n",
    "newsletter.html": """<html><head><title>News</title><style>p { margin: 0 }</style></head>
<body bgcolor="#eeeeee"><div style="display:none; max-height:0">Seen in a list of mails alone.</div>
<table width="100%" cellpadding="0"><tr><td align="center"><table width="600"><tr><td><img
src="http://127.0.0.1:9/logo.png" alt="Alder &amp; Finch" width="100"></td><td align="right"><a
href="https://alder-finch.example/view">View online</a></td></tr><tr><td colspan="2"><h1>Autumn
prices</h1><p>Dear Ines,</p><p>from 1 October the prices <b>fall</b> by 20&nbsp;%.<br>Until then all
stays.</p><table><tr><td>Depot</td><td>per pallet</td></tr><tr><td rowspan="2">Harrow</td><td>7.30
€</td></tr><tr><td>6.10 €</td></tr></table><ol start="3"><li>Ring<li><p>Wait</p><p>for the light</p>
</ol></td></tr><tr><td><img src="http://127.0.0.1:9/p.gif" width="1" height="1" alt="seen"></td>\
</tr>
</table></td></tr></table><p><small>Unsubscribe <a \
href="mailto:news@alder-finch.example">here</a>, or
<a href="javascript:leave()">at once</a>.</small></p><script>never()</script></body></html>
""",
    "attached.eml": "From: a@alder-finch.example\nTo: b@alder-finch.example\n"
    "Subject: =?utf-8?q?K=C3=BChlraum?=\nMIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    "See the plan.\n--b\nContent-Type: application/pdf\n"
    "Content-Disposition: attachment; filename=plan.pdf\n\n%PDF\n--b--\n",
    "hebrew.fodt": 'שלום עולם, זה מסמך בעברית.|המחיר הוא 250 שקלים (כולל מע"מ).',
    "arabic-ligatures.fodt": (
        "السلام عليكم، لا إله إلا الأرض والآلات.|الإنتاجية في خلال الأسبوع 12."
    ),
    "arabic.fodt": "تقرير المخزن البارد للربع الثالث.|الحرارة 18 درجة تحت الصفر.",
}
_FLAT = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" office:version="1.2" '
    'office:mimetype="application/vnd.oasis.opendocument.text"><office:automatic-styles>'
    '<style:style style:name="R" style:family="paragraph"><style:paragraph-properties '
    'style:writing-mode="rl-tb"/></style:style></office:automatic-styles><office:body><office:text>'
    "{}</office:text></office:body></office:document>"
)


def converted(source: bytes, name: str, endings: tuple[str, ...]) -> dict[str, bytes]:
    """Convert a file with LibreOffice and return the results by name."""
    made = {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, name)
        path.write_bytes(source)
        for ending in endings:
            subprocess.run(
                ["soffice", f"-env:UserInstallation=file://{scratch}/profile", "--headless"]
                + ["--convert-to", ending, "--outdir", scratch, str(path)],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            made[f"{path.stem}.{ending}"] = path.with_suffix(f".{ending}").read_bytes()
    return made


def documents() -> dict[str, bytes]:
    """Return all files of the folder by name."""
    made = {
        "rows-ruled.pdf": rows_pdf(ruled=True),
        "rows-plain.pdf": rows_pdf(ruled=False),
        "prices.pdf": prices_pdf(),
        "form.pdf": form_pdf(),
        "numbers.xlsx": numbers_xlsx(),
        "cjk.pdf": cjk_pdf(),
        "partly-scanned.pdf": partly_scanned_pdf(),
        "turned.pdf": turned_pdf(),
        "styled.docx": styled_docx(),
        "archive.zip": archive_zip(),
    }
    made |= converted(
        (CORPUS / "house-rules.fodt").read_bytes(),
        "house-rules.fodt",
        ("odt", "docx", "rtf", "pdf"),
    )
    made |= converted((CORPUS.parent / "slides.pptx").read_bytes(), "slides.pptx", ("odp",))
    made |= converted((CORPUS.parent / "report.docx").read_bytes(), "report.docx", ("odt",))
    for name, text in TEXTS.items():
        if name.endswith(".fodt"):
            lines = "".join(
                f'<text:p text:style-name="R">{line}</text:p>' for line in text.split("|")
            )
            made |= converted(_FLAT.format(lines).encode(), name, ("odt", "pdf"))
        else:
            made[name] = text.encode()
    return made


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    for name, data in documents().items():
        (target / name).write_bytes(data)
        print(f"{len(data):8} {name}")
