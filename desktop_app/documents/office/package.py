"""Opens documents that are ZIP archives of XML: bounded, without external references."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final
from xml.etree import ElementTree

from desktop_app.documents import refusals
from desktop_app.documents.media_type import ZIP_ERRORS, part_key
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentDamagedError

# Strict files use other namespaces for the same elements (ISO/IEC 29500-1, annex A).
_STRICT_NAMESPACE: Final = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/([A-Za-z]+)")
_ENCRYPTED_ODF: Final = b"<manifest:encryption-data"
_MANIFEST: Final = "META-INF/manifest.xml"


class Package:
    """A document's parts by name; `limits` bounds their total size.

    A name is found as it stands, else without regard to case and slashes (`part_key`).
    """

    def __init__(self, name: str, data: bytes, limits: Limits) -> None:
        self.name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            members = self._archive.infolist()
        except ZIP_ERRORS as error:
            raise refusals.damaged_error(name, str(error)) from error
        if sum(member.file_size for member in members) > limits.unpacked_bytes:
            raise refusals.unpacks_too_large_error(name, limits)
        self._names = {part_key(member.filename): member.filename for member in members}
        self._names |= {member.filename: member.filename for member in members}
        is_encrypted_odf = _MANIFEST in self and _ENCRYPTED_ODF in self.content(_MANIFEST)
        if any(member.flag_bits & 1 for member in members) or is_encrypted_odf:
            raise refusals.encrypted_error(name)

    def __contains__(self, part: str) -> bool:
        return part in self._names or part_key(part) in self._names

    @property
    def keys(self) -> list[str]:
        """Return the names of all parts as `part_key` writes them, sorted."""
        return sorted(set(map(part_key, self._names)))

    def content(self, part: str) -> bytes:
        """Return the bytes of a part.

        Raises:
            DocumentDamagedError: it is missing or damaged.
        """
        try:
            return self._archive.read(self._names.get(part) or self._names[part_key(part)])
        except ZIP_ERRORS as error:
            raise refusals.damaged_error(self.name, f"{part}: {error}"[:300]) from error

    def xml(self, part: str) -> ElementTree.Element:
        """Parse a part: see `xml_bytes`."""
        try:
            return ElementTree.fromstring(self.xml_bytes(part))
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise refusals.damaged_error(self.name, f"{part}: {error}"[:300]) from error

    def xml_bytes(self, part: str) -> bytes:
        """Return a part to parse, with the usual namespaces in place of the strict ones."""
        return _STRICT_NAMESPACE.sub(
            rb"http://schemas.openxmlformats.org/\1/2006/\2", self.content(part)
        )

    def xml_if_present(self, part: str) -> ElementTree.Element:
        """Parse a part as `xml` does; return an empty element if it is missing."""
        return self.xml(part) if part in self else ElementTree.Element("none")

    def text_of(self, part: str, left_out: LeftOut) -> ElementTree.Element:
        """Parse a part that another one names; record in `left_out` that it can't be read.

        An empty element stands for a part that is missing or damaged.
        """
        reason = SkipReason.MISSING
        if part in self:
            try:
                return self.xml(part)
            except DocumentDamagedError:
                reason = SkipReason.DAMAGED
        left_out.unread.append((part, reason))
        return ElementTree.Element("none")

    def xml_if_readable(self, part: str) -> ElementTree.Element:
        """Parse a part as `xml` does; return an empty element if it is missing or damaged."""
        try:
            return self.xml_if_present(part)
        except DocumentDamagedError:
            return ElementTree.Element("none")

    def relationships(self, part: str) -> dict[str, str]:
        """Return the targets of an Office Open XML part's relationships by id.

        Internal targets are names of parts.
        """
        folder = part.rpartition("/")[0]
        target_by_id = {}
        for element in self._relationship_elements(part):
            target = element.get("Target", "")
            if element.get("TargetMode") != "External":
                target = resolve_part(folder, target)
            target_by_id[element.get("Id", "")] = target
        return target_by_id

    def related(self, part: str) -> list[tuple[str, str]]:
        """Return the kind ("header", "chart" …) and the name of each part that `part` uses."""
        folder = part.rpartition("/")[0]
        return [
            (
                element.get("Type", "").rpartition("/")[2],
                resolve_part(folder, element.get("Target", "")),
            )
            for element in self._relationship_elements(part)
            if element.get("TargetMode") != "External"
        ]

    def unread_objects(self, part: str) -> list[tuple[str, SkipReason]]:
        """Return the files that a part shows as pictures, and the documents that it includes."""
        objects = [
            (target.rpartition("/")[2], SkipReason.EMBEDDED)
            for kind, target in self.related(part)
            if kind in ("package", "oleObject")
        ]
        included = (
            (element.get("Target", ""), SkipReason.LINK)
            for element in self._relationship_elements(part)
            if element.get("Type", "").endswith("/subDocument")
        )
        return [*objects, *included]

    def main_part(self, usual: str) -> str:
        """Return the name of an Office Open XML file's main part; `usual` is its usual name."""
        if usual in self:
            return usual
        for element in self._relationship_elements(""):
            if element.get("Type", "").endswith("/officeDocument"):
                return resolve_part("", element.get("Target", ""))
        return usual

    def _relationship_elements(self, part: str) -> ElementTree.Element:
        folder, _, file = part.rpartition("/")
        return self.xml_if_present(resolve_part(folder, f"_rels/{file}.rels"))


def local_name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def whole_number(text: str | None, default: int = 0) -> int:
    """Return the number in an attribute; `default` if it is not a number, or too long."""
    return int(text) if text and text.removeprefix("-").isdecimal() and len(text) < 10 else default


def resolve_part(folder: str, target: str) -> str:
    """Return the name of the part at `target`, relative to `folder`."""
    target = target.replace("\\", "/")
    steps = [] if target.startswith("/") else [step for step in folder.split("/") if step]
    for step in target.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
