"""Reads skills, as https://agentskills.io/specification describes their folders.

Their authors are strangers, who might want a file from outside of the folder sent to a provider:
no link is followed, and everything is bounded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.system_error import system_words
from desktop_app.domain.tools.tool import ToolError
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_

SKILL_FILE: Final = "SKILL.md"
MAX_FILE_BYTES: Final = 1 << 20
"""The longest of Anthropic's examples has 60 KB."""
_MAX_HEAD_CHARS: Final = 20_000
_MAX_SKILLS: Final = 1000
_MAX_FILES: Final = 500
_NAME: Final = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*\Z")
_HEAD: Final = re.compile(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)


class Skill(NamedTuple):
    """A skill, or a folder that is none.

    Attributes:
        refusal: why it cannot be used; then its name is the path of its folder.
    """

    name: str
    description: str
    folder: Path
    refusal: ErrorNote | None = None


def read_skills(folders: Iterable[Path]) -> list[Skill]:
    """Return the skills in folders, in order; of two of one name, the second is refused."""
    skills: dict[str, Skill] = {}
    for place in folders:
        for folder in _folders_in(place):
            skill = _read_skill(folder)
            if skill.name in skills:
                note = ErrorNote(
                    N_("Another skill has the name “{name}”."), params={"name": skill.name}
                )
                skill = Skill(str(folder), "", folder, note)
            skills[skill.name] = skill
    return list(skills.values())


def _folders_in(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            found = [Path(entry.path) for entry in entries if not entry.name.startswith(".")]
    except OSError:  # most users have no such folder
        return []
    return [path for path in sorted(found)[:_MAX_SKILLS] if os.path.lexists(path / SKILL_FILE)]


def _read_skill(folder: Path) -> Skill:
    try:
        name, description = _head(read_text(folder, SKILL_FILE))
    except ToolError as error:
        words = str(error)
    except ValueError as error:
        words = f"{SKILL_FILE}: {error}"
    else:
        return Skill(name, description, folder)
    return Skill(
        str(folder),
        "",
        folder,
        ErrorNote(N_("This skill can’t be read. {words}"), params={"words": words}),
    )


def _head(text: str) -> tuple[str, str]:
    """Return name and description of the front matter. Raises ValueError."""
    match = _HEAD.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if match is None or len(match[1]) > _MAX_HEAD_CHARS:
        raise ValueError("It does not begin with lines between “---”.")
    return _values(match[1])


@lru_cache(_MAX_SKILLS)
def _values(text: str) -> tuple[str, str]:
    """Return name and description, kept for the next question if they are unchanged."""
    import yaml

    try:
        # The parser in C takes a fifth of the time; a build of PyYAML may lack it.
        head: Any = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(
            f"Its first lines aren’t YAML ({' '.join(str(error).split())})."
        ) from error
    if not isinstance(head, dict):
        raise ValueError("Its first lines name no values.")
    name, description = head.get("name"), head.get("description")
    if not isinstance(name, str) or not _NAME.match(name):
        raise ValueError("Its name isn’t made of a-z, 0-9 and single hyphens, up to 64 characters.")
    if not isinstance(description, str) or not description.strip():
        raise ValueError("It has no description.")
    return name, " ".join(description.split())


def read_text(folder: Path, name: str) -> str:
    """Return the text of a file of a skill.

    Raises:
        ToolError: it is missing, outside of the folder, a link, too large, or no text.
    """
    parts = name.split("/")
    if "\\" in name or "\0" in name or ":" in name or {"", ".", ".."} & set(parts):
        raise ToolError("Name a file inside of the skill’s folder, such as references/forms.md.")
    path = folder
    if path.is_symlink():
        raise ToolError("The skill’s folder is a link, and links aren’t followed.")
    for part in parts:
        path /= part
        if path.is_symlink():
            raise ToolError("It is a link, and links aren’t followed.")
    try:
        with open_file(path, follows_link=False) as file:
            return read_all(file, MAX_FILE_BYTES).decode()
    except OSError as error:
        raise ToolError(f"It could not be read: {system_words(error)}.") from error
    except RefusedFileError as error:
        raise ToolError(str(error)) from error
    except UnicodeDecodeError as error:
        raise ToolError("It is not a text.") from error


def files_of(folder: Path) -> list[str]:
    """Return the names of a skill's other files, relative to its folder."""
    names: list[str] = []
    for name in _walk(folder):
        if len(names) == _MAX_FILES:
            names.append("…")
            break
        names.append(name)
    return names


def _walk(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):  # follows no links
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            relative = path.relative_to(folder).as_posix()
            if relative != SKILL_FILE and not path.is_symlink():
                yield relative
