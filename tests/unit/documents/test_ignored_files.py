"""What nobody wrote to be read is left out of folders and archives, as git leaves it out."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.ignored_files import IgnoredFiles
from desktop_app.documents.worker.protocol import Limits
from desktop_app.documents.worker.source_files import files_below
from desktop_app.domain.documents.document_notes import SkipReason

TABLE = f"Tasks {'0123456789abcdef' * 2}"
FILES = {
    ".gitignore": "*.log\n/secret.txt\n!keep.log\ncache/\n",
    "readme.md": "Read me",
    "a.log": "no",
    "keep.log": "Keep",
    "secret.txt": "no",
    "cache/a.txt": "no",
    "package.json": "{}",
    "build/a.txt": "no",
    "node_modules/x/index.js": "no",
    "docs/secret.txt": "Not this one",
    "docs/build/plan.txt": "A plan",
    "docs/.gitignore": "draft-?.md\n",
    "docs/draft-1.md": "no",
    "docs/draft-10.md": "Draft ten",
    "env/pyvenv.cfg": "no",
    "env/lib/a.py": "no",
    f"{TABLE}.csv": "no,no",
    f"{TABLE}_all.csv": "All,rows",
    "sales.csv": "Own,table",
    "sales_all.csv": "Other,table",
}
READ = [
    *("docs/build/plan.txt", "docs/draft-10.md", "docs/secret.txt", "keep.log", "package.json"),
    *("readme.md", "sales.csv", "sales_all.csv", f"{TABLE}_all.csv"),
]
LEFT_OUT = {
    "a.log": SkipReason.IGNORED,
    "secret.txt": SkipReason.IGNORED,
    "cache": SkipReason.IGNORED,
    "docs/draft-1.md": SkipReason.IGNORED,
    "build": SkipReason.MADE,
    "node_modules": SkipReason.MADE,
    "env": SkipReason.MADE,
    f"{TABLE}.csv": SkipReason.REPEATED,
}


def test_a_folder_leaves_out_what_nobody_wrote(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = {path.relative_to(tmp_path).as_posix(): why for path, why in files_below(tmp_path)}
    assert sorted(path for path, why in found.items() if why is None) == sorted(READ)
    left_out = {path: why for path, why in found.items() if why not in (None, SkipReason.HIDDEN)}
    assert left_out == LEFT_OUT
    # What the user attaches itself is read.
    inner = [path.name for path, why in files_below(tmp_path / "node_modules") if why is None]
    assert inner == ["index.js"]


def test_an_archive_leaves_out_what_a_folder_does() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in FILES.items():
            archive.writestr(f"project/{path}", text)
        for number in range(6000):
            archive.writestr(f"project/node_modules/y/{number}.js", "no")
    document = extract_bytes("a.zip", stream.getvalue(), Limits(), lambda _: None)
    heads = [line[2:] for line in document.text.split("\n") if line.startswith("# project/")]
    assert sorted(heads) == sorted(f"project/{path}" for path in READ)
    for path, why in LEFT_OUT.items():
        assert f"project/{path} ({why.value})" in document.text
    assert document.note is not None
    assert int(document.note.params["skipped"]) == len(LEFT_OUT) + 2  # two hidden files


NAMES = st.text("ab", min_size=1, max_size=2)
PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "**", "?", "/", "!", "[ab]", "\\a", "#", " "]))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(
    "rules",
    [
        "a\n!b\n", "/a\n", "a/\n", "a/b\n", "**/a\n", "a/**\n", "a/**/b\n", "*\n!a\n", "?\n",
        "[!a]\n", "\\!a\n", "#a\n", "a \n", "a*b\n", "[ab]b\n!ab\n", "a/**/\n", "**\n!*/\n!b\n",
        "*a*b\n", "*a*a*\n", "***\n", "b/*\n!b/a\n", "a\\ \n", "[z-a]\n",
    ],
)  # fmt: skip
def test_the_rules_are_those_of_git(rules: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(rules)
    for path in ("a", "b", "ab", "c/a", "c/b", "d/a/b", "!a", "aab"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / "e" / "a" / "b").mkdir(parents=True)
    (tmp_path / "e" / "a" / "b" / "a").write_text("x")
    (tmp_path / "e" / "b" / "a").mkdir(parents=True)
    (tmp_path / "e" / "b" / "a" / "b").write_text("x")
    command = ["git", "-C", tmp_path, "ls-files", "-o", "--exclude-standard", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = sorted(path for path in listed.split("\0") if path and path != ".gitignore")
    found = [
        path.relative_to(tmp_path).as_posix() for path, why in files_below(tmp_path) if not why
    ]
    assert sorted(found) == expected


@given(PATTERNS | st.lists(st.text(max_size=3)), st.lists(NAMES, min_size=1, max_size=4))
def test_any_rules_are_read(pieces: list[str], steps: list[str]) -> None:
    ignored = IgnoredFiles()
    ignored.add_rules("", "".join(pieces).encode("utf-8", "surrogatepass"))
    ignored.reason("/".join(steps), (), is_folder=True)


@pytest.mark.parametrize("rule", ["*a" * 30 + "b", "**/a" * 30 + "/b", "a/**/" * 30 + "b"])
def test_a_hostile_rule_takes_no_time(rule: str) -> None:
    ignored = IgnoredFiles()
    ignored.add_rules("", rule.encode())
    assert ignored.reason("a/" * 16 + "a" * 200, (), is_folder=False) is None
