"""Small Office files from their XML, with only the parts that readers need."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from xml.etree import ElementTree

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FLAT_PACKAGE = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{_R}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
_ODF = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in (
        *(("office", "office"), ("text", "text"), ("style", "style"), ("table", "table")),
        *(("draw", "drawing"), ("form", "form"), ("presentation", "presentation")),
        ("svg", "svg-compatible"),
    )
)


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a package of these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def _relationships(targets: dict[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{_R}/{key.rstrip("0123456789")}" Target="{target}"/>'
        for key, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def docx(body: str, *, styles: str = "", numbering: str = "", footer: str = "") -> bytes:
    """Return a Word file with this content of its body."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relationships({"officeDocument": "word/document.xml"}),
        "word/_rels/document.xml.rels": _relationships(
            {"styles": "styles.xml", "numbering": "numbering.xml", "footer": "footer.xml"}
        ),
        "word/document.xml": f"<w:document {_NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_NAMESPACES}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {_NAMESPACES}>{numbering}</w:numbering>",
        "word/footer.xml": f"<w:ftr {_NAMESPACES}>{footer}</w:ftr>",
    }
    return packed(parts)


def pptx(*slides: str, attributes: str = "") -> bytes:
    """Return a presentation whose slides have these shapes; the last one has `attributes`."""
    numbers = range(1, len(slides) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relationships({"officeDocument": "ppt/presentation.xml"}),
        "ppt/_rels/presentation.xml.rels": _relationships(
            {f"slide{number}": f"slides/slide{number}.xml" for number in numbers}
        ),
        "ppt/presentation.xml": (
            f"<p:presentation {_NAMESPACES}><p:sldIdLst>"
            + "".join(f'<p:sldId id="{n}" r:id="slide{n}"/>' for n in numbers)
            + "</p:sldIdLst></p:presentation>"
        ),
    }
    for number, shapes in zip(numbers, slides, strict=True):
        own = attributes if number == len(slides) else ""
        parts[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {_NAMESPACES} {own}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
    return packed(parts)


def slide_text(text: str, x: int = 0, y: int = 0, place: str = "") -> str:
    """Return a text box of a slide, an inch wide and high, at x and y inches."""
    placeholder = f'<p:nvPr><p:ph type="{place}"/></p:nvPr>' if place else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="t"/>{placeholder}</p:nvSpPr><p:spPr><a:xfrm>'
        f'<a:off x="{x * 914400}" y="{y * 914400}"/><a:ext cx="914400" cy="800000"/></a:xfrm>'
        f"</p:spPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def opendocument(kind: str, body: str, styles: str = "") -> bytes:
    """Return an OpenDocument file: `kind` is "text", "presentation" or "spreadsheet"."""
    content = (
        f"<office:document-content{_ODF}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return packed({"mimetype": mimetype, "content.xml": content})


def flat(data: bytes) -> bytes:
    """Return a document's package as one XML file, as office programs save it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if "mimetype" in parts:
        return _flat_opendocument(parts)
    content_types = ElementTree.fromstring(parts.pop("[Content_Types].xml"))
    type_by_name = {each.get("PartName"): each.get("ContentType", "") for each in content_types}
    package = ElementTree.Element(f"{_FLAT_PACKAGE}package")
    for name, content in parts.items():
        content_type = type_by_name.get(f"/{name}", "")
        attributes = {
            f"{_FLAT_PACKAGE}name": f"/{name}",
            f"{_FLAT_PACKAGE}contentType": content_type,
        }
        part = ElementTree.SubElement(package, f"{_FLAT_PACKAGE}part", attributes)
        if name.endswith((".xml", ".rels")):
            tree = ElementTree.SubElement(part, f"{_FLAT_PACKAGE}xmlData")
            tree.append(ElementTree.fromstring(content))
        else:
            binary = ElementTree.SubElement(part, f"{_FLAT_PACKAGE}binaryData")
            binary.text = base64.encodebytes(content).decode()
    return b'<?mso-application progid="Word.Document"?>' + ElementTree.tostring(package)


def _flat_opendocument(parts: dict[str, bytes]) -> bytes:
    stated_type = {f"{_OFFICE}mimetype": parts["mimetype"].decode()}
    document = ElementTree.Element(f"{_OFFICE}document", stated_type)
    for name in ("styles.xml", "content.xml"):
        if name in parts:
            document.extend(ElementTree.fromstring(parts[name]))
    return ElementTree.tostring(document)
