"""Skills as tools to choose from, and the one tool by which a model reads the chosen ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.graphemes import shorten
from desktop_app.domain.tools.tool import (
    READ_SKILL,
    SKILL_PREFIX,
    ListedTool,
    ToolContext,
    ToolDefinition,
    ToolError,
)
from desktop_app.tools.skills.skill_folder import (
    SKILL_FILE,
    Skill,
    files_of,
    read_skills,
    read_text,
)

_MAX_CHARS: Final = 6500
"""Of all descriptions together, so that 50 skills take at most 2,500 tokens."""
_MIN_CHARS: Final = 60
_MAX_DESCRIPTION_CHARS: Final = 1024
_WHEN: Final = (
    "Reads a skill: instructions and files for a kind of task. Before a task that a skill below "
    "is for, read its instructions. Skills:"
)


class SkillSource:
    """The skills in the user's folders, each listed as a tool.

    Args:
        folders: the earlier wins if two skills have one name.
    """

    name = ""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)

    async def prepare(self) -> None:
        """Do nothing: skills are read whenever they are listed."""

    async def tools(self) -> Sequence[ListedTool]:
        skills = await self._skills()
        return [ListedTool(_definition(skill), skill.refusal) for skill in skills]

    async def call(self, tool: ToolDefinition, arguments: Any, _context: ToolContext) -> str:
        """Return instructions with the names of the files, or a file. Raises ToolError."""
        name, file = arguments["skill"], arguments["file"] or SKILL_FILE
        folders = {skill.name: skill.folder for skill in await self._skills() if not skill.refusal}
        if name not in tool.parameters["properties"]["skill"]["enum"] or name not in folders:
            raise ToolError("There is no such skill.")
        return await asyncio.to_thread(_read, folders[name], file)

    async def _skills(self) -> list[Skill]:
        return await asyncio.to_thread(read_skills, self._folders)


def _definition(skill: Skill) -> ToolDefinition:
    return ToolDefinition(
        SKILL_PREFIX + skill.name,
        shorten(skill.description, _MAX_DESCRIPTION_CHARS),
        needs_consent=False,
    )


def reading_tool(skills: Sequence[ToolDefinition]) -> ToolDefinition:
    """Return the tool that reads these skills; it names and describes each."""
    size = min(_MAX_DESCRIPTION_CHARS, max(_MIN_CHARS, _MAX_CHARS // len(skills)))
    described = {
        skill.name.removeprefix(SKILL_PREFIX): shorten(skill.description, size)
        for skill in sorted(skills, key=lambda skill: skill.name)
    }
    lines = [f"- {name}: {description}" for name, description in described.items()]
    return ToolDefinition(
        READ_SKILL,
        "\n".join([_WHEN, *lines]),
        {
            "type": "object",
            "properties": {
                "skill": {"type": "string", "enum": list(described)},
                "file": {
                    "type": ["string", "null"],
                    "description": "A file that the instructions name; null for the instructions.",
                },
            },
            "required": ["skill", "file"],
            "additionalProperties": False,
        },
        needs_consent=False,
    )


def _read(folder: Path, file: str) -> str:
    text = read_text(folder, file)
    if file != SKILL_FILE:
        return text
    names = files_of(folder)
    return f"{text}\n\nFiles of this skill: {', '.join(names)}" if names else text
