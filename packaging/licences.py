#!/usr/bin/env python3
"""Collects the licenses of everything that is shipped in resources/licences.txt.

    .venv/bin/python packaging/licences.py

Run it after packaging/lock.sh. The About dialog shows the file, and the Debian package installs it
as its copyright file. Each part is followed by its own license files. The standard texts of all
licenses that the parts name are at the end. Exits with 1 if a part has no license text.
"""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from parts import ROOT, TEXTS, Native, Shipped, identifiers, natives, shipped, standard_text

OUTPUT = ROOT / "resources" / "licences.txt"
RULE = "=" * 78


@dataclass
class Part:
    """A shipped part as listed in the file.

    Attributes:
        named: SPDX identifiers whose standard texts apply in addition to `texts`.
    """

    name: str
    version: str
    licence: str
    note: str = ""
    texts: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)


def main() -> int:
    """Write the file, or return 1 if a part has no license text."""
    parts = [of_distribution(dist) for dist in shipped()] + [of_native(part) for part in natives()]
    parts.append(Part("Python", "", "PSF-2.0", texts=python_licences()))
    parts.sort(key=lambda part: part.name.lower())
    wanting = [
        f"{part.name}: {identifier}"
        for part in parts
        for identifier in sorted(part.named)
        if not standard_text(identifier).exists()
    ]
    wanting += [f"{part.name}: no text" for part in parts if not part.texts and not part.named]
    if wanting:
        print("License texts are missing:", *wanting, sep="\n  ", file=sys.stderr)
        return 1
    OUTPUT.write_text(document(parts), encoding="utf-8")
    print(f"{OUTPUT.relative_to(ROOT)}: {len(parts)} parts, {OUTPUT.stat().st_size / 1000:.0f} KB")
    return 0


def of_distribution(dist: Shipped) -> Part:
    """Return a distribution with the components that its wheel contains."""
    # If the wheel has no license file, the metadata may still name the author.
    notes = [f"By {dist.author}"] if dist.author and not dist.texts else []
    if dist.components:
        lines = {
            f"  {c.name} {c.version} - {c.license or 'see the text below'}"
            + (f" - {c.authors}" if c.authors else "")
            for c in dist.components
        }
        notes.append("It contains:\n" + "\n".join(sorted(lines)))
    named = set() if dist.texts else identifiers(dist.license)
    for component in dist.components:
        named |= identifiers(component.license)
    return Part(dist.name, dist.version, dist.license, "\n".join(notes), dist.texts, named)


def of_native(part: Native) -> Part:
    """Return the entry for a part of native.toml."""
    texts = [(TEXTS / part.text).read_text("utf-8")] if part.text else []
    where = f"\nInside {', '.join(part.inside)}." if part.inside else ""
    named = identifiers(part.license)
    return Part(part.name, "", part.license, part.copyright + where, texts, named)


def python_licences() -> list[str]:
    """Return the running Python's license and those of the code bundled in Debian's."""
    own = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    return [path.read_text(encoding="utf-8") for path in (own, TEXTS / "python.txt")]


def document(parts: list[Part]) -> str:
    """Return the whole file: Repartee, an overview, then every part, each text once."""
    blocks = [
        "Repartee ships with the work of many others. Their licenses, and its own:",
        (ROOT / "LICENSE").read_text(encoding="utf-8").strip(),
        "\n".join(f"{part.name} {part.version}".ljust(36) + f"  {part.licence}" for part in parts),
    ]
    seen: dict[str, str] = {}
    for part in parts:
        blocks.append(f"{RULE}\n{part.name} {part.version}".rstrip() + f"\n{part.licence}\n{RULE}")
        if part.note.strip():
            blocks.append(part.note.strip("\n"))
        blocks += [once(text, part.name, seen) for text in part.texts]
        if not part.texts:
            texts = ", ".join(sorted(identifiers(part.licence)))
            blocks.append(f"(The text stands at the end of this file: {texts}.)")
    for path in sorted((ROOT / "resources").rglob("LICENSE*")):
        where = path.parent.relative_to(ROOT)
        blocks += [f"{RULE}\n{where}\n{RULE}", once(path.read_text("utf-8"), str(where), seen)]
    named = {identifier for part in parts for identifier in part.named}
    for path in sorted({standard_text(identifier) for identifier in named}):
        text = once(path.read_text("utf-8"), path.stem, seen)
        blocks.append(f"{RULE}\n{path.stem}\n{RULE}\n\n{text}")
    return "\n\n".join(blocks) + "\n"


def once(text: str, owner: str, seen: dict[str, str]) -> str:
    """Return the text, or a reference to the part that already shows it."""
    lines = "\n".join(line.rstrip() for line in text.replace("\f", "").strip().splitlines())
    first = seen.setdefault(" ".join(text.split()), owner)
    return lines if first == owner else f"(The text is the one of {first}.)"


if __name__ == "__main__":
    sys.exit(main())
