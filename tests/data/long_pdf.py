"""Generates PDF files of any length, so that long files need not be in the repository."""

from __future__ import annotations

from collections.abc import Sequence

WORDS = (
    "The compressor of the cold room in Harrow was checked and found in order; the bearing has run "
    "without a fault since August and is to be replaced in November at the latest"
).split()
LINES = 45


def line(page: int, number: int) -> str:
    """Return the words of a line, which differ by line and page."""
    start = (page * 7 + number * 3) % len(WORDS)
    return f"{page}.{number} " + " ".join((WORDS[start:] + WORDS[:start])[:14])


def long_pdf(pages: int) -> bytes:
    """Return a PDF of `pages` pages with 45 lines each."""
    numbers = range(1, LINES + 1)
    return pdf_of([[line(page, number) for number in numbers] for page in range(1, pages + 1)])


def pdf_of(pages: list[list[str]]) -> bytes:
    """Return a PDF of these lines in Helvetica. They must have no brackets or backslashes."""
    drawn = ("".join(f"({words}) ' " for words in lines) for lines in pages)
    return drawn_pdf([f"BT /F 10 Tf 14 TL 60 790 Td {lines}ET" for lines in drawn])


def drawn_pdf(
    pages: list[str], forms: Sequence[str] = (), *, glyphs: str = "", font: str = "Helvetica"
) -> bytes:
    """Return a PDF whose pages are drawn by these operators.

    /F is the font. `forms` are the entries and operators of the form objects /X0, /X1 and so on,
    as in "/Matrix [1 0 0 1 0 0] stream 0 0 m 9 9 l S". `glyphs` are the names of those that replace
    A, B and so on.
    """
    encoding = f" /Encoding << /Type /Encoding /Differences [65 {glyphs}] >>" if glyphs else ""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    names = " ".join(f"/X{n} {4 + 2 * len(pages) + n} 0 R" for n in range(len(forms)))
    resources = "/Resources << /Font << /F 3 0 R >>"
    resources += f" /XObject << {names} >> >>" if forms else " >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{font}{encoding} >>",
    ]
    for index, stream in enumerate(pages):
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"{resources} /Contents {5 + 2 * index} 0 R >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    for form in forms:
        entries, _, stream = form.partition("stream ")
        objects.append(
            f"<< /Type /XObject /Subtype /Form /BBox [-2000 -2000 2000 2000] {resources} {entries} "
            f"/Length {len(stream)} >>\nstream\n{stream}\nendstream"
        )
    return _file(objects)


def form_pdf() -> bytes:
    """Return a PDF whose page of 100 by 100 points is a black form field, except for its border."""
    return _file(
        [
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R "
            "/Annots [5 0 R] >>",
            "<< /Length 0 >>\nstream\n\nendstream",
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /F 4 /P 3 0 R "
            "/Rect [10 10 90 90] /AP << /N 6 0 R >> >>",
            "<< /Type /XObject /Subtype /Form /BBox [0 0 80 80] /Length 14 >>\n"
            "stream\n0 0 80 80 re f\nendstream",
        ]
    )


def fields_pdf(page: str, objects: Sequence[str]) -> bytes:
    """Return a PDF with a page and these objects of form fields, which are numbered from 6."""
    numbered = list(enumerate(objects, start=6))
    fields = " ".join(f"{number} 0 R" for number, each in numbered if "/FT" in each)
    widgets = " ".join(f"{number} 0 R" for number, each in numbered if "/Widget" in each)
    return _file(
        [
            f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] >> >>",
            "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R "
            f">> >> /Contents 5 0 R /Annots [{widgets}] >>",
            f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
            *objects,
        ]
    )


def xfa_pdf(
    packets: dict[str, str],
    pages: Sequence[str] = ("BT /F 10 Tf 60 790 Td (Please wait...) Tj ET",),
    *,
    is_static: bool = False,
) -> bytes:
    """Return a PDF with a form of these XML packets by name.

    It needs Adobe's program, unless it is static: its pages then show the form.
    """
    numbers = range(100, 100 + len(packets))
    form = " ".join(f"({name}) {n} 0 R" for name, n in zip(packets, numbers, strict=True))
    streams = "".join(
        f"{n} 0 obj\n<< /Length {len(xml.encode())} >>\nstream\n{xml}\nendstream\nendobj\n"
        for xml, n in zip(packets.values(), numbers, strict=True)
    )
    rendering = "" if is_static else "/NeedsRendering true"
    catalog = f"/Type /Catalog {rendering} /AcroForm << /Fields [] /XFA [{form}] >>"
    # Without a valid table at the end, readers look for the objects.
    return (
        drawn_pdf(list(pages))
        .replace(b"/Type /Catalog", catalog.encode())
        .replace(b"xref\n0", streams.encode() + b"xref\n0")
    )


def _file(objects: list[str]) -> bytes:
    written = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = len(written)
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    written += f"xref\n0 {size}\n0000000000 65535 f \n{entries}".encode()
    written += f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(written)
