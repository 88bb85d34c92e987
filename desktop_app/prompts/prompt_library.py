"""The library of prompts: built-in prompts, and the user's, which may replace them.

A built-in prompt to insert is a Markdown file, `resources/templates/<id>.md`. It contains front
matter with the prompt's requirements (`documents: 2`, `grammar: summary`), the title as a heading,
a line `Folder: Name`, and the text. Only the title and the text are required. Built-in prompts that
only have settings are in `resources/presets.json`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import (
    NO_REQUIREMENTS,
    Prompt,
    PromptRequirements,
    fill,
    missing_names,
    variables,
)
from desktop_app.domain.prompt_json import prompt_from_json
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import resource_path

_ROLES: Final = N_("Roles")
BUILT_IN_NAMES: Final = (
    N_("Answer from documents only"),
    N_("Summarize by chapter"),
    N_("Summarize"),
    N_("Differences between two documents"),
    N_("Explain code"),
    N_("Extract to table"),
    N_("List facts, dates, and amounts"),
    N_("Fix grammar"),
    N_("Summarize in one paragraph"),
    N_("Review code"),
    N_("Translate"),
    N_("Write tests"),
    N_("Code"),
    N_("Documents"),
    N_("Writing"),
    N_("Careful coder"),
    N_("Code reviewer"),
    N_("Analyst"),
    N_("Editor"),
    N_("Translator"),
    N_("Tutor"),
    N_("Minutes"),
    N_("Summarizer"),
    N_("Researcher"),
    N_("Data extractor"),
    N_("Plain writer"),
    N_("Brainstormer"),
    _ROLES,
)
"""The titles and folders of the built-in prompts, marked for translation.

They are repeated here because texts are only collected for translation from Python files. A test
compares them with the files.
"""
HIDDEN_PRESETS: Final = "presets.hidden"
"""The setting with the ids of built-in presets that were deleted in an earlier version."""
_FOLDER_PREFIX: Final = "Folder:"
_FRONT_MATTER: Final = "---\n"


class PromptOrigin(StrEnum):
    """The source of a prompt.

    EDITED is the user's version of a built-in prompt; OWN is a prompt that replaces none.
    """

    BUILT_IN = "built-in"
    EDITED = "edited"
    OWN = "own"


class PromptEntry(NamedTuple):
    """A prompt and its origin."""

    prompt: Prompt
    origin: PromptOrigin

    @property
    def shown_title(self) -> str:
        """Return the title in the user's language, if it is that of a built-in prompt."""
        title = self.prompt.title
        is_built_in = self.origin is not PromptOrigin.OWN and title in BUILT_IN_NAMES
        return tr(title) if is_built_in else title


@cache
def built_in_prompts() -> tuple[Prompt, ...]:
    """Return the bundled prompts, with their English names. Blocking."""
    files = sorted(resource_path("templates").glob("*.md"))
    return (
        *(
            prompt_from_markdown(file.stem, file.read_text("utf-8"), position)
            for position, file in enumerate(files)
        ),
        *built_in_presets(),
    )


@cache
def built_in_presets() -> tuple[Prompt, ...]:
    """Return the bundled prompts that only have settings. Blocking."""
    rows = json.loads(resource_path("presets.json").read_text(encoding="utf-8"))
    return tuple(
        replace(prompt_from_json(row, is_preset=True), folder=_ROLES, position=position)
        for position, row in enumerate(rows)
    )


def preset_cases(name: str) -> list[dict[str, Any]]:
    """Return the evaluation cases of a built-in preset, by its name or id; [] for others."""
    found = find_all(name, merge_prompts(built_in_presets(), ()))
    if not found:
        return []
    rows = json.loads(resource_path("preset_cases.json").read_text(encoding="utf-8"))
    return list(rows[found[0].id])


@cache
def _requirements_by_id() -> Mapping[str, PromptRequirements]:
    return {prompt.id: prompt.requirements for prompt in built_in_prompts()}


async def built_in_requirements(prompt_id: str) -> PromptRequirements:
    """Return the requirements of a built-in prompt; NO_REQUIREMENTS for any other."""
    if not prompt_id:
        return NO_REQUIREMENTS
    return (await asyncio.to_thread(_requirements_by_id)).get(prompt_id, NO_REQUIREMENTS)


def prompt_from_markdown(prompt_id: str, source: str, position: int = 0) -> Prompt:
    """Return the built-in prompt of a file."""
    requirements = NO_REQUIREMENTS
    if source.startswith(_FRONT_MATTER):
        front_matter, _, source = source.removeprefix(_FRONT_MATTER).partition(_FRONT_MATTER)
        fields = dict(line.split(": ") for line in front_matter.splitlines())
        requirements = PromptRequirements(int(fields.get("documents", 0)))
    heading, _, body = source.partition("\n")
    folder = ""
    if body.startswith(_FOLDER_PREFIX):
        line, _, body = body.partition("\n")
        folder = line.removeprefix(_FOLDER_PREFIX).strip()
    return Prompt(
        prompt_id,
        title=heading.removeprefix("# "),
        text=body.strip(),
        folder=folder,
        position=position,
        requirements=requirements,
    )


def merge_prompts(
    built_in_prompts: Iterable[Prompt],
    stored_prompts: Iterable[Prompt],
    hidden_ids: Collection[str] = (),
) -> tuple[PromptEntry, ...]:
    """Return all prompts, even if hidden, sorted by folder, position and title.

    Prompts without a folder come first. The user's version of a built-in prompt has the
    requirements of the built-in prompt. A built-in prompt that only has settings is left out if
    the user's has its name.

    Args:
        hidden_ids: built-in prompts that are hidden unless the user has another version.
    """
    built_in_by_id = {prompt.id: prompt for prompt in built_in_prompts}
    stored = {prompt.id: prompt for prompt in stored_prompts}
    names = {p.title.casefold() for p in stored.values() if p.has_settings}
    entries = []
    for built_in in built_in_by_id.values():
        is_replaced = built_in.has_settings and _has_name(built_in, names)
        if built_in.id not in stored and not is_replaced:
            is_hidden = built_in.id in hidden_ids
            entries.append(PromptEntry(replace(built_in, hidden=is_hidden), PromptOrigin.BUILT_IN))
    for prompt in stored.values():
        replaced = built_in_by_id.get(prompt.id)
        requirements = NO_REQUIREMENTS if replaced is None else replaced.requirements
        prompt = replace(prompt, requirements=requirements)
        entries.append(PromptEntry(prompt, _origin_of(prompt, replaced)))

    def sort_key(entry: PromptEntry) -> tuple[str, int, str, str]:
        prompt = entry.prompt
        return (prompt.folder.casefold(), prompt.position, prompt.title.casefold(), prompt.id)

    return tuple(sorted(entries, key=sort_key))


def _has_name(built_in: Prompt, names: Collection[str]) -> bool:
    """Return True if a built-in prompt's name, in English or translated, is among folded ones."""
    return any(name.casefold() in names for name in (built_in.title, tr(built_in.title)))


def replaces_built_in(prompt: Prompt) -> bool:
    """Return True if the library would show this prompt in place of a built-in preset."""
    names = {prompt.title.casefold()}
    return any(prompt.id == each.id or _has_name(each, names) for each in built_in_presets())


def _origin_of(prompt: Prompt, built_in: Prompt | None) -> PromptOrigin:
    if built_in is None:
        return PromptOrigin.OWN
    # A built-in prompt that was only hidden or moved has not been edited.
    unchanged = replace(prompt, position=built_in.position, created_at=None, hidden=built_in.hidden)
    return PromptOrigin.BUILT_IN if unchanged == built_in else PromptOrigin.EDITED


def translate_names(entry: PromptEntry, built_in: Prompt) -> PromptEntry:
    """Return an entry with a translated title and folder, if the user has not changed them.

    Args:
        built_in: the built-in prompt of which the entry is the user's version.
    """
    title, folder = entry.prompt.title, entry.prompt.folder
    return entry._replace(
        prompt=replace(
            entry.prompt,
            title=tr(title) if title == built_in.title else title,
            folder=tr(folder) if folder == built_in.folder else folder,
        )
    )


def find_all(name: str, entries: Iterable[PromptEntry]) -> list[Prompt]:
    """Return the prompts with this id, else with this title in any case, even if hidden.

    The title may be the stored one, the one in the user's language, or, of a prompt that replaces
    a built-in one, the English title of that. The beginning of an id is enough if no title is the
    same and no other id begins so.
    """
    entries = tuple(entries)
    folded_name = name.strip().casefold()
    built_in_ids = {p.id for p in built_in_prompts() if p.title.casefold() == folded_name}
    for matches in (
        [e.prompt for e in entries if e.prompt.id.casefold() == folded_name],
        [e.prompt for e in entries if e.prompt.title.casefold() == folded_name],
        [e.prompt for e in entries if e.shown_title.casefold() == folded_name],
        [e.prompt for e in entries if e.prompt.id in built_in_ids],
    ):
        if matches:
            return matches
    starts = [e.prompt for e in entries if e.prompt.id.casefold().startswith(folded_name)]
    return starts if folded_name and len(starts) == 1 else []


def known_titles(entries: Iterable[PromptEntry]) -> str:
    """Return the titles of the prompts that are not hidden, for an error."""
    return ", ".join(entry.shown_title for entry in entries if not entry.prompt.hidden)


def find_prompt(name: str, entries: Iterable[PromptEntry]) -> Prompt:
    """Return the prompt to insert that `find_all` finds.

    Raises:
        IllegalChoiceError: no prompt or several prompts have this title.
    """
    entries = [entry for entry in entries if entry.prompt.is_text]
    matches = find_all(name, entries)
    if len(matches) == 1:
        return matches[0]
    raise IllegalChoiceError(
        N_("Several prompts are named “{name}”.")
        if matches
        else N_("There is no prompt “{name}”."),
        hint=hints.LIST_AVAILABLE,
        name=name,
        known=known_titles(entries),
    )


def fill_prompt(
    prompt: Prompt, values: Mapping[str, str], program_values: Mapping[str, str]
) -> str:
    """Return the prompt's text with the user's and the program's values inserted.

    Raises:
        IllegalChoiceError: a value is missing or not allowed.
    """
    variables_by_name = {v.name: v for v in variables(prompt.text)}
    field_names = ", ".join(variables_by_name)
    for name, value in values.items():
        if name not in variables_by_name:
            raise IllegalChoiceError(
                N_("The prompt “{prompt}” has no field “{field}”."),
                hint=N_("Fields: {known}.") if variables_by_name else "",
                prompt=prompt.title,
                field=name,
                known=field_names,
            )
        if variables_by_name[name].choices and value not in variables_by_name[name].choices:
            choices = ", ".join(variables_by_name[name].choices)
            raise IllegalChoiceError(
                N_("“{value}” isn’t valid for “{field}”."),
                hint=N_("Choose one of {offered}."),
                field=name,
                value=value,
                offered=choices,
                known=field_names,
            )
    if unfilled_names := missing_names(prompt.text, values):
        fields = ", ".join(unfilled_names)
        raise IllegalChoiceError(
            N_("The prompt “{prompt}” needs {fields}."),
            hint=N_("Fields: {known}."),
            prompt=prompt.title,
            fields=fields,
            known=field_names,
        )
    return fill(prompt.text, {**values, **program_values}).text.strip()


def next_position(prompts: Iterable[Prompt], folder: str) -> int:
    """Return the position after all other prompts of a folder."""
    return max((p.position for p in prompts if p.folder == folder), default=-1) + 1


def copy_of(prompt: Prompt, prompt_id: str) -> Prompt:
    """Return a copy, as a prompt of the user: shown, and without requirements."""
    title = tr("{name} (copy)", name=prompt.title)
    return replace(prompt, id=prompt_id, title=title, hidden=False, requirements=NO_REQUIREMENTS)
