#!/usr/bin/env python3
"""Writes the bill of materials of a build, as CycloneDX 1.6 in JSON.

    python packaging/sbom.py OUTPUT            the wheel's requirements, as pinned here
    python packaging/sbom.py OUTPUT FOLDER     the contents of the frozen program in FOLDER, with
                                               the SHA-256 of its libraries, fonts and weights

The output is reproducible: the timestamp is SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from parts import (
    ROOT,
    WEIGHTS,
    Component,
    NativePart,
    ShippedDistribution,
    identifiers,
    native_parts,
    shipped_distributions,
    standard_text,
)

from packaging.requirements import Requirement

SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
OWN: Final = "repartee"
# Third-party data in resources/ with its own license.
_RESOURCES: Final = (("Lucide icons", "ISC", "icons/lucide"), ("o200k_base", "MIT", "tokenizer"))

Row = dict[str, Any]


def bill_of_materials(folder: Path | None) -> Row:
    """Return the bill of materials.

    Without `folder`, parts that only the frozen program contains are left out.
    """
    own = {"type": "application", "bom-ref": OWN, "name": OWN, "version": version(OWN)}
    if folder is not None and not any(folder.rglob("resources")):
        return _finished(own | {"name": f"{OWN}-model"}, _weights_rows(folder))
    has_weights = folder is None or any(folder.rglob("*.gguf"))
    rows = [
        _distribution(dist)
        for dist in shipped_distributions()
        if has_weights or dist.name != WEIGHTS
    ]
    shipped = {canonicalize_name(dist.name) for dist in shipped_distributions()}
    for part in native_parts():
        if part.inside and not shipped & set(map(canonicalize_name, part.inside)):
            continue  # of the extra "voice", which the wheel does not bring
        files = [] if folder is None else sorted(_files(folder, part))
        if files or (part.inside and (has_weights or part.inside != (WEIGHTS,))):
            rows.append(_native(part, files))
    rows += [_resource(*resource) for resource in _RESOURCES]
    if folder is not None:
        python = _component("platform", "Python", platform.python_version(), "PSF-2.0")
        rows.append({**python, "bom-ref": "python"})
    return _finished(own, rows)


def _weights_rows(folder: Path) -> list[Row]:
    """Return the rows of a package that has only the weights."""
    rows = [_distribution(dist) for dist in shipped_distributions() if dist.name == WEIGHTS]
    parts = [part for part in native_parts() if part.inside == (WEIGHTS,)]
    return rows + [_native(part, sorted(_files(folder, part))) for part in parts]


def _finished(own: Row, rows: list[Row]) -> Row:
    moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    bill: Row = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**own, "licenses": _licenses("MIT")},
        },
        "components": rows,
        "dependencies": _dependencies(rows),
    }
    content = hashlib.sha256(json.dumps(bill, sort_keys=True).encode()).hexdigest()
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    return bill


def _distribution(dist: ShippedDistribution) -> Row:
    name = canonicalize_name(dist.name)
    row = _component("library", dist.name, dist.version, dist.license)
    row |= {"bom-ref": name, "purl": f"pkg:pypi/{name}@{dist.version}"}
    if dist.author:
        row["author"] = dist.author
    inside: dict[str, Row] = {}
    for component in dist.components:
        part = _inside(component, name)
        inside.setdefault(part["bom-ref"], part)
    if inside:
        row["components"] = [inside[ref] for ref in sorted(inside)]
    return row


def _inside(component: Component, holder: str) -> Row:
    row = _component("library", component.name, component.version, component.license)
    row["bom-ref"] = f"{holder}/{component.name}@{component.version}"
    if component.authors:
        row["author"] = component.authors
    if component.purl:
        row["purl"] = component.purl
    return row


def _native(part: NativePart, files: list[tuple[str, Path]]) -> Row:
    # Files directly in _internal come from the system that froze the program.
    system = [path for _, path in files if path.parent.name == "_internal"]
    package, number = next(filter(None, map(_debian, system)), ("", ""))
    row = _component("library", part.name, number, part.license)
    row |= {"bom-ref": f"native/{part.name}", "copyright": part.copyright}
    if package:
        row["purl"] = f"pkg:deb/debian/{package}@{number}"
    if files:
        row["components"] = [_file(name, path, part.name) for name, path in files]
    return row


def _resource(name: str, license_: str, path: str) -> Row:
    folder = ROOT / "resources" / path
    row = _component("data", name, "", license_) | {"bom-ref": f"resources/{path}"}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    whole = hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files))
    row["hashes"] = [{"alg": "SHA-256", "content": whole.hexdigest()}]
    return row


def _file(name: str, path: Path, owner: str) -> Row:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    hashes = [{"alg": "SHA-256", "content": digest}]
    return {"type": "file", "bom-ref": f"native/{owner}/{name}", "name": name, "hashes": hashes}


def _component(kind: str, name: str, number: str, license_: str) -> Row:
    row: Row = {"type": kind, "name": name}
    if number:
        row["version"] = number
    if license_:
        row["licenses"] = _licenses(license_)
    return row


def _licenses(expression: str) -> list[Row]:
    """Return an SPDX expression as "expression" and any other text as a license name."""
    if all(standard_text(identifier).exists() for identifier in identifiers(expression)):
        known = identifiers(expression)
        return [{"expression": known.pop() if len(known) == 1 else expression}]
    return [{"license": {"name": expression}}]


def _files(folder: Path, part: NativePart) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and part.owns(name):
            yield name, path


def _debian(file: Path) -> tuple[str, str] | None:
    """Return a library's Debian package and its version, or None if unknown."""
    if shutil.which("dpkg-query") is None:
        return None
    found = _output("dpkg-query", "--search", f"*/{file.name}")
    package = found.partition(": ")[0].partition(",")[0]
    if not package:
        return None
    return package.partition(":")[0], _output("dpkg-query", "-f", "${Version}", "-W", package)


def _output(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else ""


def _dependencies(rows: list[Row]) -> list[Row]:
    refs = {row["bom-ref"] for row in rows}
    needed: dict[str, set[str]] = {OWN: refs}
    for dist in shipped_distributions():
        texts = [Requirement(text) for text in dist.distribution.requires or []]
        names = {
            canonicalize_name(requirement.name)
            for requirement in texts
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        }
        needed[canonicalize_name(dist.name)] = names & refs
    for part in native_parts():
        for holder in part.inside:
            needed.setdefault(canonicalize_name(holder), set()).add(f"native/{part.name}")
    return [
        {"ref": ref, "dependsOn": sorted(on & (refs | {OWN}))}
        for ref, on in sorted(needed.items())
        if ref in refs | {OWN}
    ]


def main() -> None:
    """Write the file."""
    output = Path(sys.argv[1])
    bill = bill_of_materials(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    output.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output}: {len(bill['components'])} components", file=sys.stderr)


if __name__ == "__main__":
    main()
