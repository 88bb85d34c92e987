"""The packages' metadata agrees with their content."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted((ROOT / "packaging" / "requirements").glob("*.txt"))


def pins(path: Path) -> dict[str, str]:
    """Return the versions in a requirements file by distribution name."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", path.read_text("utf-8"), re.M))


def test_the_licences_of_every_pinned_library_are_shipped() -> None:
    text = (ROOT / "resources" / "licences.txt").read_text("utf-8")
    overview = {
        (name.lower().replace("_", "-").replace(".", "-"), version)
        for name, version in re.findall(r"^(\S+) (\S+)  +\S", text, re.M)
    }
    shipped = {**pins(path_of("app.txt")), **pins(path_of("model.txt"))}
    assert set(shipped.items()) <= overview, "run packaging/licences.py"


def test_the_shipped_versions_are_those_tested_and_built() -> None:
    app = pins(path_of("app.txt")).items()
    assert app <= pins(path_of("test.txt")).items()
    assert app <= pins(path_of("build.txt")).items()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)
    assert "://" not in text
    assert not re.search(r"--(find-links|index-url|extra-index-url)", text)


@pytest.mark.parametrize(
    "path", sorted(REQUIREMENTS[0].parent.glob("*.npm")), ids=lambda path: path.name
)
def test_every_npm_package_has_its_hash_and_no_address(path: Path) -> None:
    (line,) = (line for line in path.read_text("utf-8").splitlines() if line[0] != "#")
    assert re.fullmatch(r"@?[\w/.-]+@\d+\.\d+\.\d+ [0-9a-f]{128}", line)
    assert "://" not in path.read_text("utf-8")


def test_every_library_of_the_project_file_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {re.split(r"[<>=~;\s\[]", text)[0].lower() for text in project["dependencies"]}
    assert named <= pins(path_of("app.txt")).keys(), "run packaging/lock.sh"


def path_of(name: str) -> Path:
    return ROOT / "packaging" / "requirements" / name
