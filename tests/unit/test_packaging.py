"""The packages' metadata agrees with their content."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
# Of packages that apt depends on, so that every Debian has them.
ON_EVERY_SYSTEM: Final = {
    *("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"),
    *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"),
}
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
    for name in ("pywin32", "pywin32-ctypes", "tzdata"):  # only on Windows, so in native.toml
        assert shipped.pop(name)
        assert re.search(rf"^{name}  +\S", text, re.M)
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


def test_every_library_of_the_project_file_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {re.split(r"[<>=~;\s\[]", text)[0].lower() for text in project["dependencies"]}
    assert named <= pins(path_of("app.txt")).keys(), "run packaging/lock.sh"


def test_the_scripts_install_every_system_library_that_wheels_link_to() -> None:
    """Qt's wheels are left out: they link to many libraries that the program does not load."""
    names = {**pins(path_of("app.txt")), **pins(path_of("model.txt"))}
    linked = {
        library
        for name in names
        if not name.startswith(("pyside6", "shiboken6"))
        for file in installed_files(name)
        if re.search(r"\.so(\.[\d.]+)?$", file.name)
        for library in system_libraries(Path(str(file.locate())))
    }
    script = (ROOT / "packaging" / "environment.sh").read_text("utf-8")
    listed = set(re.findall(r"^(lib\S+\.so\S*)\s+\S+$", script, re.M))
    assert "libgomp.so.1" in linked
    bundled = {file.name for name in names for file in installed_files(name)}
    assert linked - ON_EVERY_SYSTEM - bundled <= listed


def installed_files(name: str) -> list[metadata.PackagePath]:
    """Return the files of a distribution; [] if this version of Python does not need it."""
    try:
        return metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return []


def system_libraries(file: Path) -> set[str]:
    """Return the libraries that the file is linked to and no wheel contains."""
    output = subprocess.run(["ldd", file], capture_output=True, text=True, check=True).stdout
    paths = re.findall(r"^\s*(\S+) => (.*)", output, re.M)  # or "not found"
    return {name for name, path in paths if "site-packages" not in path}


def path_of(name: str) -> Path:
    return ROOT / "packaging" / "requirements" / name


@pytest.mark.parametrize("name", ["packaging/README.md", ".github/workflows/build.yml"])
def test_the_build_script_has_every_format_that_is_named(name: str) -> None:
    script = (ROOT / "packaging" / "build.sh").read_text("utf-8")
    named = re.findall(r"packaging/build\.sh ([a-z ]+)", (ROOT / name).read_text("utf-8"))
    formats = {word for words in named for word in words.split()}
    assert formats
    assert formats <= set(re.findall(r"^build_(\w+)\(\)", script, re.M))


# ---------------------------------------------------------------- the choice of Python


def add_python(path: Path, kind: str) -> None:
    """Write a Python of a version, "without venv", or a "starter" of none as pyenv has them."""
    version, _, lacks = kind.partition(" without ")
    changes = f"sys.modules[{lacks!r}] = None" if lacks else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#!/bin/sh\nexit 127\n"
        if kind == "starter"
        else f"""#!/bin/sh
case "$1 $2" in
    "-m venv") /bin/rm -r "$4"; /bin/mkdir -p "$4/bin"; /bin/cp "$0" "$4/bin/python" ;;
    -c*) exec {sys.executable} -c 'import sys; {changes}
sys.version_info = (*map(int, "{version}".split(".")), 0); exec(sys.argv[2])' "$@" ;;
esac
"""
    )
    path.chmod(0o755)


def run_in_environment(command: str, *arguments: Path | str) -> str:
    command = f"set -euo pipefail; source packaging/environment.sh; {command}"
    return subprocess.run(
        ["bash", "-c", command, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"a/python3": "3.11", "a/python3.11": "3.11"}, "a/python3.11"),
        ({"a/python3": "3.12"}, "a/python3"),
        ({"a/python3": "3.11", "b/python3.14": "3.14", "b/python3.13": "3.13"}, "b/python3.14"),
        ({"a/python3": "3.15", "a/python3.15": "3.15", "b/python3.12": "3.12"}, "b/python3.12"),
        ({"a/python3.13": "starter", "b/python3.13": "3.13", "b/python3": "3.11"}, "b/python3.13"),
        ({"a/python3.14": "starter", "a/python3.11": "3.11"}, "a/python3.11"),
        ({"a/python3.13": "3.13 without venv", "a/python3.11": "3.11"}, "a/python3.11"),
        ({"a/python3.13": "3.13 without sqlite3", "a/python3.12": "3.12"}, "a/python3.12"),
        ({"a/python3": "3.10", "a/python3.11": "3.11 without ensurepip"}, ""),
    ],
)
def test_the_newest_python_that_works_is_chosen(
    tmp_path: Path, found: dict[str, str], chosen: str
) -> None:
    for name, kind in found.items():
        add_python(tmp_path / name, kind)
    path = f"{tmp_path / 'a'}:{tmp_path / 'b'}"
    assert run_in_environment("PATH=$0; find_python", path) == (chosen and str(tmp_path / chosen))


@pytest.mark.parametrize(
    ("present", "is_kept"), [("3.11", True), ("3.10", False), ("starter", False)]
)
def test_an_environment_that_works_is_kept(tmp_path: Path, present: str, is_kept: bool) -> None:
    add_python(tmp_path / "a" / "python3.14", "3.14")
    add_python(tmp_path / "venv" / "bin" / "python", present)
    before = (tmp_path / "venv" / "bin" / "python").read_text("utf-8")
    run_in_environment(
        "install_into_venv() { :; }; PATH=$0:$PATH; venv=$1; make_venv app",
        tmp_path / "a",
        tmp_path / "venv",
    )
    after = (tmp_path / "venv" / "bin" / "python").read_text("utf-8")
    assert (after == before) == is_kept
    assert (tmp_path / "venv" / ".ready-app").exists()
