#!/usr/bin/env python3
"""Makes the documents of this folder: small files of every format that the program reads.

    python tests/data/make_documents.py [FOLDER]

The files are committed; the tests do not run this. Needs reportlab, pypdf, python-docx, openpyxl,
python-pptx and Pillow, and LibreOffice's `soffice` for RTF and ODS. The company and everyone in it
are fictitious. The texts may be used for any purpose.
"""

# The libraries that write documents are no part of the tests' environment.
# mypy: ignore-errors

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
from PIL import Image, ImageDraw
from pypdf.generic import NameObject, NumberObject
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

Block = str | list[list[str]]

TITLE = "Alder & Finch Cold Storage: report for the third quarter of 2026"

FIGURES = [
    ["Figure", "Q2 2026", "Q3 2026", "Change"],
    ["Revenue", "€4.10 million", "€4.62 million", "+12.7 %"],
    ["Operating profit", "€0.52 million", "€0.47 million", "-9.6 %"],
    ["Electricity", "€0.61 million", "€0.79 million", "+29.5 %"],
    ["Pallets in store", "31,400", "35,900", "+14.3 %"],
    ["Orders delivered on time", "97.8 %", "95.1 %", "-2.7 points"],
]

# A page is a list of blocks; "# " begins a heading, "- " an entry of a list, a list is a table.
REPORT: list[list[Block]] = [
    [
        "# 1. The quarter in brief",
        "Revenue rose to €4.62 million, the best quarter since the company was founded in 2011. "
        "The new contract with Brightwater Dairy brought €310,000 of it. Operating profit fell to "
        "€0.47 million all the same, because electricity cost €180,000 more than in the second "
        "quarter.",
        FIGURES,
        "Staff numbers rose from 118 to 124. Four of the six newcomers work in the Harrow depot, "
        "which has run a night shift since 3 August.",
    ],
    [
        "# 2. What went wrong",
        "The compressor of cold room 3 in Harrow failed on 19 August and stood still for 41 hours. "
        "212 pallets of Brightwater's yoghurt had to be destroyed. The insurer, Northgate Mutual, "
        "has accepted the claim of €96,000 less an excess of €10,000; payment is expected in "
        "November. The cause was a bearing whose replacement had been put off twice.",
        "Orders delivered on time fell to 95.1 %, below the 96 % that the contract with "
        "Brightwater demands. A second quarter below that mark allows Brightwater to give notice. "
        "Two thirds of the late orders left Harrow, most of them during the first three weeks of "
        "the night shift.",
        "# 3. Energy",
        "The fixed-price contract for electricity ended on 30 June. Since then the company has "
        "paid the market price, on average 31 cents a kilowatt-hour instead of 22. Solar panels "
        "on the roof of Harrow would cost €540,000 and cover about 18 % of the yearly demand; the "
        "grant that pays a quarter of it can be applied for until 15 December 2026.",
    ],
    [
        "# 4. Outlook",
        "For the fourth quarter the board expects revenue between €4.5 and €4.8 million. "
        "Operating profit should come back to at least €0.55 million if electricity is bought at "
        "a fixed price again. No further depot is planned before 2028.",
        "# 5. Decisions of the board on 12 October 2026",
        "- Ines Okafor (operations) has the bearings of all eleven compressors checked and "
        "replaced where needed by 30 November 2026.",
        "- Tomasz Wren (finance) brings three offers for a fixed electricity price for two years "
        "to the board by 6 November 2026.",
        "- Lena Marsh (facilities) applies for the solar grant by 15 December 2026.",
        "- Priya Nandakumar (Harrow depot) presents a plan that brings on-time delivery back above "
        "97 %, at the meeting on 9 November 2026.",
        "- Someone is to be named who speaks with Brightwater Dairy every month; the board has not "
        "decided who.",
    ],
]


def report_pdf() -> bytes:
    """Return three pages with a table and a list, as a word processor would write them."""
    styles = getSampleStyleSheet()
    story: list[object] = [Paragraph(TITLE.replace("&", "&amp;"), styles["Title"])]
    for page in REPORT:
        for block in page:
            story += [_flowable(block, styles), Spacer(1, 8)]
        story.append(PageBreak())
    target = io.BytesIO()
    SimpleDocTemplate(target, pagesize=A4, title=TITLE, invariant=1).build(story[:-1])
    return target.getvalue()


def _flowable(block: Block, styles) -> object:
    if isinstance(block, list):
        return Table(block, style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey)]))
    if block.startswith("# "):
        return Paragraph(block[2:], styles["Heading2"])
    if block.startswith("- "):
        return Paragraph(block[2:], styles["BodyText"], bulletText="•")
    return Paragraph(block, styles["BodyText"])


LEFT = [
    "Barnacle geese leave Svalbard in",
    "September and cross the Norwegian",
    "Sea without a stop. Their journey",
    "takes about three days.",
]
RIGHT = [
    "In Scotland they graze on the salt",
    "marshes of the Solway Firth until",
    "April. Some forty thousand birds",
    "winter there.",
]


def two_columns_pdf() -> bytes:
    """Make two columns, each written in full, as word processors do."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    canvas.drawString(72, 780, "The winter of the barnacle goose")
    for x, lines in ((72, LEFT), (320, RIGHT)):
        for number, line in enumerate(lines):
            canvas.drawString(x, 740 - 16 * number, line)
    canvas.save()
    return target.getvalue()


def rotated_pdf() -> bytes:
    """Make two pages. Only the second's dictionary says that it is rotated by 90 degrees."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    canvas.drawString(72, 780, "This page stands upright.")
    canvas.showPage()
    canvas.drawString(72, 780, "This page lies on its side.")
    canvas.drawString(72, 760, "Its second line comes after its first.")
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(target.getvalue()))
    writer.pages[1][NameObject("/Rotate")] = NumberObject(90)
    return _written(writer)


def encrypted_pdf() -> bytes:
    """Make the report encrypted with the password "alder"."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(report_pdf()))
    writer.encrypt("alder", algorithm="AES-128")
    return _written(writer)


def protected_pdf() -> bytes:
    """Make a PDF that anyone may open but only the owner may print."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(two_columns_pdf()))
    writer.encrypt("", owner_password="finch", algorithm="AES-128")
    return _written(writer)


def _written(writer: pypdf.PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def damaged_pdf() -> bytes:
    """Make the truncated report of a broken download, with its objects overwritten."""
    return report_pdf()[:700].replace(b"obj", b"o j")


def empty_pdf() -> bytes:
    """Make a page without content."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def scanned_pdf() -> bytes:
    """Make two pages that are images of text."""
    pages = []
    for number in (1, 2):
        page = Image.new("L", (620, 877), 255)
        ImageDraw.Draw(page).text((60, 80), f"Page {number} of a letter that was scanned", fill=0)
        pages.append(page)
    target = io.BytesIO()
    pages[0].save(target, "PDF", save_all=True, append_images=pages[1:])
    return target.getvalue()


def report_docx() -> bytes:
    """Return the report with real headings, a real table and a real list."""
    document = docx.Document()
    document.add_heading(TITLE, level=0)
    for block in (block for page in REPORT for block in page):
        if isinstance(block, list):
            table = document.add_table(rows=0, cols=len(block[0]))
            table.style = "Table Grid"
            for row in block:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        elif block.startswith("# "):
            document.add_heading(block[2:], level=1)
        elif block.startswith("- "):
            document.add_paragraph(block[2:], style="List Bullet")
        else:
            document.add_paragraph(block)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def figures_xlsx() -> bytes:
    """Return two sheets, the second with numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Figures"
    for row in FIGURES:
        sheet.append(row)
    depots = book.create_sheet("Depots")
    for row in (["Depot", "Rooms", "Pallets"], ["Harrow", 7, 21500], ["Selby", 4, 14400]):
        depots.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def slides_pptx() -> bytes:
    """Make two slides: a list, then a table with speaker notes."""
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The quarter in brief"
    first.placeholders[1].text = "Revenue rose by 12.7 %\nElectricity cost €180,000 more"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Depots"
    inch = 914400
    shape = second.shapes.add_table(3, 2, inch, 2 * inch, 6 * inch, 2 * inch)
    for row, cells in enumerate((("Depot", "Pallets"), ("Harrow", "21,500"), ("Selby", "14,400"))):
        for column, text in enumerate(cells):
            shape.table.cell(row, column).text = text
    second.notes_slide.notes_text_frame.text = "Say that Selby is full."
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()


def book_epub() -> bytes:
    """Make two chapters whose order is set by the package, not by the file names."""
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>'
        "<h1>{}</h1><p>{}</p></body></html>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Ice</dc:title>'
        '<dc:identifier id="i">ice</dc:identifier><dc:language>en</dc:language></metadata>'
        '<manifest><item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
    )
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="book.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", container)
        book.writestr("book.opf", package)
        book.writestr("a.xhtml", chapter.format("Melting", "Ice melts at 0 °C."))
        book.writestr("b.xhtml", chapter.format("Salt &amp; ice", "Salt &lt; 5 % is enough."))
    return target.getvalue()


def message_eml() -> bytes:
    """Return a mail with umlauts in its subject and a quoted-printable body."""
    message = EmailMessage()
    message["From"] = "Ines Okafor <ines@alder-finch.example>"
    message["To"] = "Tomasz Wren <tomasz@alder-finch.example>"
    message["Subject"] = "Kühlraum 3: bearings"
    message["Date"] = "Fri, 21 Aug 2026 09:12:00 +0200"
    message.set_content(
        "Hello Tomasz,\n\nthe compressor runs again since nine o'clock. The bearing cost "
        "€1,140.\n\nInes\n"
    )
    return message.as_bytes()


def notebook_ipynb() -> bytes:
    """Return a Markdown cell and a code cell with its output."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Pallets\n", "Both depots."]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "source": ["print(21500 + 14400)"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["35900\n"]}],
        },
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, indent=1) + "\n").encode()


PAGE_HTML = """<!doctype html>
<html><head><title>Opening hours</title><style>p { color: red }</style>
<script>alert("never shown")</script></head>
<body><h1>Opening hours</h1><p>The gate in <b>Harrow</b> is open &ndash; except on Sundays.</p>
<table><tr><th>Day</th><th>From</th></tr><tr><td>Monday</td><td>05:30</td></tr></table>
<ul><li>Ring the bell</li><li>Wait for the light</li></ul>
<img src="http://127.0.0.1:9/pixel.png" alt="The gate"></body></html>
"""

FIGURES_CSV = 'Depot,Rooms,Remark\nHarrow,7,"night shift, since August"\nSelby,4,Größe unbekannt\n'

NOTES_MD = """# Visit to Selby

| Room | Degrees |
|------|---------|
| 1    | -22     |
| 2    | -18     |

- **Door 2** does not close.
- The guard is called Zoë.
"""

CODE_PY = '''"""Counts pallets."""


def pallets(rooms: dict[str, int]) -> int:
    """Sum over all rooms; a room without an entry is empty."""
    return sum(rooms.values())
'''

# name -> encoding and a text long enough to be told apart by its letters.
TEXTS = {
    "utf-8.txt": ("utf-8", "Grüße aus Selby – 35 900 Paletten, naïve Pläne, żółw, 東京.\n"),
    "utf-8-bom.txt": ("utf-8-sig", "Grüße aus Selby – mit einem BOM davor.\n"),
    "utf-16.txt": ("utf-16", "Grüße aus Selby – in UTF-16, wie Windows es schreibt. 東京\n"),
    "latin-1.txt": (
        "latin-1",
        "Die Kühlräume in Harrow müssen über Nacht geöffnet bleiben, weil die Verdichter sonst "
        "überhitzen. Frau Größl prüft täglich, ob die Türen schließen. Das Gerät für die Messung "
        "hängt im Büro; es gehört zurück an seinen Platz. Für Schäden haftet die Gesellschaft.\n",
    ),
    "cp1250.txt": (
        "cp1250",
        "Chłodnia w Selby jest pełna. Sprężarka w Harrow została naprawiona w piątek, łożysko "
        "kosztowało tysiąc sto czterdzieści euro. Każdy pracownik nocnej zmiany dostanie dodatek. "
        "Proszę zamykać drzwi, bo inaczej temperatura wzrośnie powyżej dozwolonej granicy.\n",
    ),
    "shift-jis.txt": (
        "shift_jis",
        "冷蔵倉庫の報告書です。第三四半期の売上高は四百六十二万ユーロでした。電気代が上がった"
        "ため、利益は減りました。圧縮機の軸受けは十一月までに交換します。\n",
    ),
}


def converted(source: bytes, name: str, ending: str) -> bytes:
    """Convert a file with LibreOffice."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, name)
        path.write_bytes(source)
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{scratch}/profile", "--headless"]
            + ["--convert-to", ending, "--outdir", scratch, str(path)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return path.with_suffix(f".{ending}").read_bytes()


def documents() -> dict[str, bytes]:
    """Return all files of the folder by name."""
    plain = {
        "report.pdf": report_pdf(),
        "two-columns.pdf": two_columns_pdf(),
        "rotated.pdf": rotated_pdf(),
        "encrypted.pdf": encrypted_pdf(),
        "protected.pdf": protected_pdf(),
        "damaged.pdf": damaged_pdf(),
        "empty.pdf": empty_pdf(),
        "scanned.pdf": scanned_pdf(),
        "report.docx": report_docx(),
        "figures.xlsx": figures_xlsx(),
        "slides.pptx": slides_pptx(),
        "book.epub": book_epub(),
        "message.eml": message_eml(),
        "notebook.ipynb": notebook_ipynb(),
        "page.html": PAGE_HTML.encode(),
        "figures.csv": FIGURES_CSV.encode(),
        "notes.md": NOTES_MD.encode(),
        "pallets.py": CODE_PY.encode(),
        "binary.txt": bytes(range(256)) * 8,
    }
    texts = {name: text.encode(encoding) for name, (encoding, text) in TEXTS.items()}
    made = plain | texts
    for name, ending in (("report.docx", "rtf"), ("figures.xlsx", "ods")):
        made[f"{Path(name).stem}.{ending}"] = converted(plain[name], name, ending)
    return made


if __name__ == "__main__":
    if not shutil.which("soffice"):
        sys.exit("LibreOffice's soffice is needed and was not found.")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, data in documents().items():
        (target / name).write_bytes(data)
        print(f"{len(data):8} {name}")
