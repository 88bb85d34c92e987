#!/usr/bin/env python3
"""Writes resources/licences.txt: the licenses of everything that is shipped.

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

from parts import (
    ROOT,
    TEXTS,
    NativePart,
    ShippedDistribution,
    identifiers,
    native_parts,
    shipped_distributions,
    standard_text,
)

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
    license: str
    note: str = ""
    texts: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)


def main() -> int:
    """Write the file, or return 1 if a part has no license text."""
    parts = [
        *map(part_of_distribution, shipped_distributions()),
        *map(part_of_native, native_parts()),
    ]
    parts.append(Part("Python", "", "PSF-2.0", texts=python_licenses()))
    parts.sort(key=lambda part: part.name.lower())
    problems = [
        f"{part.name}: {identifier}"
        for part in parts
        for identifier in sorted(part.named)
        if not standard_text(identifier).exists()
    ]
    problems += [f"{part.name}: no text" for part in parts if not part.texts and not part.named]
    if problems:
        print("License texts are missing:", *problems, sep="\n  ", file=sys.stderr)
        return 1
    OUTPUT.write_text(document(parts), encoding="utf-8")
    print(f"{OUTPUT.relative_to(ROOT)}: {len(parts)} parts, {OUTPUT.stat().st_size / 1000:.0f} KB")
    return 0


def part_of_distribution(dist: ShippedDistribution) -> Part:
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


def part_of_native(part: NativePart) -> Part:
    """Return the entry for a part of native.toml."""
    texts = [(TEXTS / part.text).read_text("utf-8")] if part.text else []
    holders = f"\nInside {', '.join(part.inside)}." if part.inside else ""
    named = identifiers(part.license)
    return Part(part.name, "", part.license, part.copyright + holders, texts, named)


def python_licenses() -> list[str]:
    """Return the running Python's license and those of the code bundled in Debian's."""
    own = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    return [path.read_text(encoding="utf-8") for path in (own, TEXTS / "python.txt")]


def document(parts: list[Part]) -> str:
    """Return the whole file: Repartee, an overview, then every part, each text once."""
    blocks = [
        "Repartee ships with the work of many others. Their licenses, and its own:",
        (ROOT / "LICENSE").read_text(encoding="utf-8").strip(),
        "\n".join(f"{part.name} {part.version}".ljust(36) + f"  {part.license}" for part in parts),
    ]
    seen: dict[str, str] = {}
    for part in parts:
        blocks.append(f"{RULE}\n{part.name} {part.version}".rstrip() + f"\n{part.license}\n{RULE}")
        if part.note.strip():
            blocks.append(part.note.strip("\n"))
        blocks += [text_or_reference(text, part.name, seen) for text in part.texts]
        if not part.texts:
            texts = ", ".join(sorted(identifiers(part.license)))
            blocks.append(f"(The text stands at the end of this file: {texts}.)")
    for path in sorted((ROOT / "resources").rglob("LICENSE*")):
        folder = str(path.parent.relative_to(ROOT))
        text = text_or_reference(path.read_text("utf-8"), folder, seen)
        blocks += [f"{RULE}\n{folder}\n{RULE}", text]
    named = {identifier for part in parts for identifier in part.named}
    for path in sorted({standard_text(identifier) for identifier in named}):
        text = text_or_reference(path.read_text("utf-8"), path.stem, seen)
        blocks.append(f"{RULE}\n{path.stem}\n{RULE}\n\n{text}")
    return "\n\n".join(blocks) + "\n"


def text_or_reference(text: str, owner: str, seen: dict[str, str]) -> str:
    """Return the text, or a reference to the part that already shows it.

    Args:
        seen: the owner of each text so far; the text is added.
    """
    lines = "\n".join(line.rstrip() for line in text.replace("\f", "").strip().splitlines())
    first = seen.setdefault(" ".join(text.split()), owner)
    return lines if first == owner else f"(The text is the one of {first}.)"


if __name__ == "__main__":
    sys.exit(main())
