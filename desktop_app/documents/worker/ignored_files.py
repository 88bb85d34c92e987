"""Tells which files of a folder or an archive nobody wrote to be read.

These are what `.gitignore` names, by the rules of gitignore(5); folders that a program made, such
as `node_modules`; and the table that Notion exports twice. A folder named `build` is one that a
program made only beside the file of a project: people name folders so, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.lazy_pattern import lazy_pattern

GITIGNORE: Final = ".gitignore"
MAX_GITIGNORE_BYTES: Final = 1 << 20
_MADE_FOLDERS: Final = ("node_modules", "bower_components", "__pycache__", "site-packages")
_OUTPUT_FOLDERS: Final = ("build", "dist", "out", "target", "coverage", "obj")
_PROJECT_FILES: Final = (
    *("package.json", "pyproject.toml", "setup.py", "Cargo.toml", "pom.xml", "build.gradle"),
    *("build.gradle.kts", "CMakeLists.txt", "tsconfig.json", "composer.json"),
)
_MARKS_OF_MADE: Final = ("pyvenv.cfg", "CACHEDIR.TAG")
"""Files in folders that a program made: Python's environments, caches (bford.info/cachedir)."""
_MAX_DOUBLE_STARS: Final = 4  # each multiplies the time by the depth of the path
_NOTION_TABLE: Final = lazy_pattern(r"(.*[0-9a-f]{32})\.csv")
_TOKEN: Final = lazy_pattern(r"/\*\*/|^\*\*/|/\*\*$|\*+|\?|\[[!^]?\]?[^\]/]*\]|\\.|.", re.S)


class _Rule(NamedTuple):
    """A line of a .gitignore."""

    pattern: re.Pattern[str]
    is_negated: bool
    only_folders: bool


class IgnoredFiles:
    """The rules of a tree: its .gitignore files, and the names of its files.

    Paths are relative to the tree, with "/"; that of the tree itself is "".
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}

    def add_rules(self, folder: str, data: bytes) -> None:
        text = data.decode("utf-8-sig", "replace")
        self._rules[folder] = list(_rules_of(text))

    def reason(self, path: str, siblings: Collection[str], *, is_folder: bool) -> SkipReason | None:
        """Return why a file or folder is left out; None if it is not.

        Args:
            path: no folder above it is left out.
            siblings: the names in its folder.
        """
        name = PurePosixPath(path).name
        if is_folder and is_made_folder(name, siblings):
            return SkipReason.MADE
        if self._is_ignored(path, is_folder=is_folder):
            return SkipReason.IGNORED
        table = None if is_folder else _NOTION_TABLE.fullmatch(name)
        return SkipReason.REPEATED if table and f"{table[1]}_all.csv" in siblings else None

    def _is_ignored(self, path: str, *, is_folder: bool) -> bool:
        """Return what the last rule that fits says, of the nearest .gitignore that has one."""
        for folder in map(str, PurePosixPath(path).parents):
            folder = "" if folder == "." else folder
            inner = path[len(folder) + 1 :] if folder else path
            for rule in reversed(self._rules.get(folder, ())):
                if (is_folder or not rule.only_folders) and rule.pattern.fullmatch(inner):
                    return not rule.is_negated
        return False


def is_made_folder(name: str, siblings: Collection[str]) -> bool:
    """Return True if a program made a folder, by its name and those beside it."""
    is_output = name in _OUTPUT_FOLDERS and any(each in siblings for each in _PROJECT_FILES)
    return name in _MADE_FOLDERS or is_output


def contains_mark(names: Collection[str]) -> bool:
    """Return True if the names in a folder show that a program made it."""
    return any(mark in names for mark in _MARKS_OF_MADE)


def _rules_of(text: str) -> Iterator[_Rule]:
    for line in text.splitlines():
        line = re.sub(r"(?<!\\)[ \t]+$", "", line)
        is_negated = line.startswith("!")
        pattern = line[1:] if is_negated else line
        only_folders = pattern.endswith("/")
        pattern = pattern.rstrip("/") if only_folders else pattern
        if not pattern or line.startswith("#"):
            continue
        prefix = "" if "/" in pattern else "(?:.*/)?"
        tokens = [match[0] for match in _TOKEN.finditer(pattern.removeprefix("/"))]
        if sum("**" in token for token in tokens) > _MAX_DOUBLE_STARS:
            continue
        try:
            expression = re.compile(prefix + _expression_of_all(tokens), re.S)
        except re.error:  # a class such as [z-a], which fits nothing
            continue
        yield _Rule(expression, is_negated, only_folders)


def _expression_of_all(tokens: list[str]) -> str:
    """Return the expression of a pattern, which takes the first place of what is between two stars.

    Otherwise, a hostile line with ten stars would search a long name for years. Python's `fnmatch`
    does the same.
    """
    expressions: list[str] = []
    star = -1  # the place of the last star of this name
    for token in tokens:
        if token.startswith("*") and not token.endswith("/"):
            if star >= 0:
                expressions[star] = "(?>[^/]*?"
                expressions.append(")")
            star = len(expressions)
        elif "/" in token and not token.startswith("["):
            star = -1
        expressions.append(_expression_of(token))
    return "".join(expressions)


def _expression_of(token: str) -> str:
    match token:
        case "/**/":
            return "/(?:.*/)?"
        case "**/":
            return "(?:.*/)?"
        case "/**":
            return "/.*"
        case "?":
            return "[^/]"
    if token.startswith("*"):
        return "[^/]*"
    if token.startswith("[") and len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^/{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
