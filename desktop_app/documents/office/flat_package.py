"""Packs Word's and PowerPoint's XML documents: the parts of a package in one file.

Source: “Transforming Open XML Documents to Flat OPC Format”, Microsoft, November 2026.
"""

from __future__ import annotations

import binascii
import io
import zipfile
from typing import Final
from xml.etree import ElementTree

from desktop_app.documents import refusals

NAMESPACE: Final = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_CONTENT_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"


def packed(name: str, data: bytes) -> bytes:
    """Return the package as a ZIP archive. Raises DocumentDamagedError."""
    types = ElementTree.Element(f"{{{_CONTENT_TYPES}}}Types")
    archive_data = io.BytesIO()
    try:
        with zipfile.ZipFile(archive_data, "w") as archive:
            for part in ElementTree.fromstring(data):
                part_name = part.get(f"{NAMESPACE}name", "")
                content_type = part.get(f"{NAMESPACE}contentType", "")
                override = {"PartName": part_name, "ContentType": content_type}
                ElementTree.SubElement(types, f"{{{_CONTENT_TYPES}}}Override", override)
                archive.writestr(part_name.lstrip("/"), _content(part))
            archive.writestr("[Content_Types].xml", ElementTree.tostring(types))
    except (ElementTree.ParseError, ValueError) as error:
        raise refusals.damaged_error(name, str(error)) from error
    return archive_data.getvalue()


def _content(part: ElementTree.Element) -> bytes:
    tree = part.find(f"{NAMESPACE}xmlData/*")
    if tree is not None:
        return ElementTree.tostring(tree)
    return binascii.a2b_base64(part.findtext(f"{NAMESPACE}binaryData") or "")
