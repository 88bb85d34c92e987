"""What import-linter cannot say: Qt is absent at run time, and files name no foreign place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCT = "desktop_app"
ROOT = Path(__file__).parents[2]
PACKAGES_WITH_QT = {"app", "composer", "transcript", "widgets"}
"""Beside the subpackages `ui` of all others."""

IMPORT_WITHOUT_QT = """
import importlib, pkgutil, sys
for name in ("PySide6", "shiboken6", "qasync"):
    sys.modules[name] = None  # makes "import name" raise ImportError
def parts(package, paths):
    for part in pkgutil.iter_modules(paths, package + "."):
        if not part.name.endswith((".ui", ".child")):  # the child of the voice
            yield part.name
            if part.ispkg:
                yield from parts(part.name, importlib.import_module(part.name).__path__)
for package in sys.argv[1:]:
    module = importlib.import_module(package)
    for part in parts(package, getattr(module, "__path__", [])):
        importlib.import_module(part)
"""


def packages() -> list[str]:
    """Return the packages and modules right below `desktop_app`, without those of mere data."""
    product = ROOT / PRODUCT
    folders = [path.parent.name for path in product.glob("*/__init__.py")]
    return sorted(folders + [path.stem for path in product.glob("*.py") if path.stem[0] != "_"])


def test_everything_but_the_window_imports_without_qt(repartee_home: Path) -> None:
    without_qt = [
        f"{PRODUCT}.{package}" for package in packages() if package not in PACKAGES_WITH_QT
    ]
    assert len(without_qt) > 10
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_WITHOUT_QT, *without_qt],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not repartee_home.exists(), "importing wrote files"


# Patterns that do not match themselves.
FOREIGN_TO_THE_PROJECT = {
    "a package registry's host": r"pypi[.]org|python[h]osted[.]org|npmjs[.](org|com)",
    "a folder of one machine": r"(?<![\w.~-])/(work|home/(?!person/)\w+|root)/",
    "a folder outside the checkout": r"[.][.]/shared",
}


@pytest.mark.parametrize("what", FOREIGN_TO_THE_PROJECT)
def test_no_file_names_what_is_foreign_to_the_project(what: str) -> None:
    pattern = re.compile(FOREIGN_TO_THE_PROJECT[what].encode())
    found = [
        f"{path.relative_to(ROOT)}: {os.fsdecode(match.group())}"
        for path in tracked_files()
        for match in pattern.finditer(path.read_bytes())
    ]
    assert not found


def tracked_files() -> list[Path]:
    """Return every file of the checkout that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    found = [path for path in paths if path.is_file()]
    assert Path(__file__) in found
    return found
