#!/usr/bin/env python3
"""Finds files of a package that no license covers.

    python packaging/contents.py FOLDER

FOLDER is an unpacked wheel, the frozen program, or the root of the unpacked Debian package.

Every file must belong to a part listed in resources/licences.txt: a distribution, a part of
native.toml, Python, or Repartee itself. A library bundled in a wheel must be named by that wheel's
licenses. Exits with 1 and names the files that are not covered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name
from parts import ROOT, ShippedDistribution, native_parts, shipped_distributions

OWN: Final = "Repartee"
PYTHON: Final = "Python"
_LIBRARY: Final = re.compile(r"lib[\w.+-]*\.so[\d.]*")
_ASSETS: Final = {".bin", ".dat", ".gguf", ".icc", ".onnx", ".otf", ".ttf", ".woff", ".woff2"}
_METADATA: Final = re.compile(r"([\w.]+)-[^-/]+\.(?:dist|egg)-info")
# Python's own files whose names are no modules of its standard library.
_PYTHON: Final = ("base_library.zip", "libpython3", "_sysconfigdata_", "python", "LICENSE.txt")
# The places of Debian files that are not part of the frozen program.
_STARTERS: Final = ("repartee.exe", "repartee-window.exe", "licences.txt", "repartee.cdx.json")
_SHARED: Final = ("usr/share/", "usr/bin/", "DEBIAN/")
# What contains the modules: PyInstaller's folder, or on Windows that of Python.
_FROZEN: Final = re.compile(
    r"^(?:(?:usr/lib/repartee/|repartee/)?_internal/|python/(?:Lib/site-packages/)?)"
)


def part_of(file: str, tops: Mapping[str, ShippedDistribution]) -> str:
    """Return the part that a file belongs to, or "" if it is unknown.

    Args:
        file: the path in the package.
        tops: distributions by the top-level folders and files that they install.
    """
    path = PurePosixPath(_FROZEN.sub("", file))
    for part in native_parts():
        if part.owns(str(path)):
            return part.name
    top = path.parts[0]
    if file.startswith(_SHARED) or file in _STARTERS or top in ("desktop_app", "resources"):
        return OWN
    if metadata := _METADATA.fullmatch(top):
        name = canonicalize_name(metadata[1])
        return OWN if name == "repartee" else _names().get(name, "")
    stem = top.partition(".")[0]
    if dist := tops.get(top) or tops.get(f"{stem}.py") or tops.get(stem):
        return dist.name if _covers(dist, path) else ""
    if stem in sys.stdlib_module_names or top.startswith(_PYTHON):
        return PYTHON
    return PYTHON if "lib-dynload" in path.parts else ""


def uncovered_files(files: Iterable[str], document: str) -> list[str]:
    """Return the files whose part is unknown or has no section in the licenses."""
    tops = _tops()
    sections = set(re.findall(r"^={78}\n(.+)\n.*\n={78}$", document, re.M))
    headings = {section.rpartition(" ")[0] or section for section in sections} | sections
    return [
        file for file in files if (found := part_of(file, tops)) != OWN and found not in headings
    ]


@cache
def _names() -> dict[str, str]:
    return {canonicalize_name(dist.name): dist.name for dist in shipped_distributions()}


@cache
def _tops() -> dict[str, ShippedDistribution]:
    tops = {}
    for dist in shipped_distributions():
        for file in dist.distribution.files or []:
            top = file.parts[0]
            if ".." not in file.parts:
                tops[top] = dist
                if top.endswith(".so"):  # on Windows, it has another ending
                    tops[top.partition(".")[0]] = dist
    return tops


def _covers(dist: ShippedDistribution, path: PurePosixPath) -> bool:
    """Return True unless the file is third-party and the distribution does not name it."""
    if path.suffix in _ASSETS:
        return False  # native.toml names them
    if not _LIBRARY.fullmatch(path.name):
        return True
    base = _plain(re.split(r"[-.]", path.name)[0])
    known = [_plain(dist.name), *(_plain(component.name) for component in dist.components)]
    return any(base.startswith(name) or name.startswith(base) for name in known)


def _plain(name: str) -> str:
    """Return the letters of a library's name, without the "lib" before them."""
    return re.sub(r"[^a-z]", "", name.lower().removeprefix("lib"))


def main() -> int:
    """Check a folder and return 1 if a file in it is not covered."""
    root = Path(sys.argv[1])
    files = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    document = (ROOT / "resources" / "licences.txt").read_text("utf-8")
    found = sorted(uncovered_files(files, document))
    for file in found:
        print(f"no license covers {file}", file=sys.stderr)
    print(f"{len(files):,} files, {len(found)} without a license", file=sys.stderr)
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
