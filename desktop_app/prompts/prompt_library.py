"""The library of prompts: built-in prompts, and the user's, which may replace them.

A built-in prompt is a Markdown file, `resources/templates/<id>.md`. It contains front matter with
the prompt's requirements (`documents: 2`, `grammar: summary`), the title as a heading, a line
`Folder: Name`, and the text. Only the title and the text are required.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from desktop_app.domain import hints
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.documents import document_types
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import (
    NO_REQUIREMENTS,
    Prompt,
    PromptRequirements,
    fill,
    missing_names,
    variables,
)
from desktop_app.i18n.translation import N_, tr

SUMMARY = "executive-summary"
FOR_DOCUMENTS = (SUMMARY, "extract-table")
"""The prompts offered once a document is attached; Enter takes the first."""
FOR_TWO_DOCUMENTS = (*FOR_DOCUMENTS, "differences")
"""The prompts offered if two documents are attached."""
FOR_CODE = ("explain", "review-code", "write-tests")
"""The prompts that are not offered for a passage of a text."""
BUILT_IN_NAMES = (
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
)
"""The titles and folders of the built-in prompts, marked for translation."""
_FOLDER_PREFIX = "Folder:"
_CONTAINER_TYPES = (document_types.FOLDER, document_types.ZIP)
_FRONT_MATTER = "---\n"


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


def has_several_documents(parts: Iterable[Part]) -> bool:
    """Return True for several documents, or for one file that contains several."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    return len(documents) > 1 or any(part.media_type in _CONTAINER_TYPES for part in documents)


def task_for_each(task: str, requirements: PromptRequirements, parts: Iterable[Part]) -> str:
    """Return the text of a prompt about a single document, extended if there are several."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    if requirements.documents != 1 or not has_several_documents(documents):
        return task
    # The text states no number, because the user may attach or remove documents before sending.
    return (
        f"{task}\n\nIf there are several documents, do this for each, under a heading with its "
        "name, then give an overview of all of them."
    )


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
    built_in_prompts: Iterable[Prompt], stored_prompts: Iterable[Prompt]
) -> tuple[PromptEntry, ...]:
    """Return all prompts, even if hidden, sorted by folder, position and title.

    Prompts without a folder come first. The user's version of a built-in prompt has the
    requirements of the built-in prompt.
    """
    built_in_by_id = {prompt.id: prompt for prompt in built_in_prompts}
    entries = {
        prompt_id: PromptEntry(prompt, PromptOrigin.BUILT_IN)
        for prompt_id, prompt in built_in_by_id.items()
    }
    for prompt in stored_prompts:
        built_in = built_in_by_id.get(prompt.id)
        requirements = NO_REQUIREMENTS if built_in is None else built_in.requirements
        entries[prompt.id] = PromptEntry(
            replace(prompt, requirements=requirements), _origin_of(prompt, built_in)
        )

    def sort_key(entry: PromptEntry) -> tuple[str, int, str, str]:
        prompt = entry.prompt
        return (prompt.folder.casefold(), prompt.position, prompt.title.casefold(), prompt.id)

    return tuple(sorted(entries.values(), key=sort_key))


def translate_names(prompt: Prompt, built_in: Prompt) -> Prompt:
    """Return `prompt` with a translated title and folder, if the user has not changed them.

    Args:
        built_in: the built-in prompt of which `prompt` is the user's version.
    """
    title = prompt.title
    folder = prompt.folder
    return replace(
        prompt,
        title=tr(title) if title == built_in.title else title,
        folder=tr(folder) if folder == built_in.folder else folder,
    )


def _origin_of(prompt: Prompt, built_in: Prompt | None) -> PromptOrigin:
    if built_in is None:
        return PromptOrigin.OWN
    # A built-in prompt that was only hidden or moved has not been edited.
    is_unchanged = (prompt.title, prompt.text, prompt.folder, prompt.form) == (
        built_in.title,
        built_in.text,
        built_in.folder,
        built_in.form,
    )
    return PromptOrigin.BUILT_IN if is_unchanged else PromptOrigin.EDITED


def find_prompt(name: str, entries: Iterable[PromptEntry]) -> Prompt:
    """Return the prompt with this id, or with this title in any case, even if hidden.

    The title may be the stored one, or the one in the user's language. The beginning of an id is
    enough if no title is the same and no other id begins so.

    Raises:
        IllegalChoiceError: no prompt or several prompts have this title.
    """
    shown_titles = {entry.prompt: _shown_title(entry) for entry in entries}
    if matches := [p for p in shown_titles if p.id == name]:
        return matches[0]
    folded_name = name.strip().casefold()
    matches = [p for p in shown_titles if p.title.casefold() == folded_name]
    if not matches:
        matches = [p for p, title in shown_titles.items() if title.casefold() == folded_name]
    beginning = [p for p in shown_titles if folded_name and p.id.startswith(folded_name)]
    if not matches and len(beginning) == 1:
        return beginning[0]
    if len(matches) == 1:
        return matches[0]
    known_titles = ", ".join(title for p, title in shown_titles.items() if not p.hidden)
    raise IllegalChoiceError(
        N_("Several prompts are named “{name}”.")
        if matches
        else N_("There is no prompt “{name}”."),
        hint=hints.LIST_AVAILABLE,
        name=name,
        known=known_titles,
    )


def _shown_title(entry: PromptEntry) -> str:
    title = entry.prompt.title
    is_built_in = entry.origin is not PromptOrigin.OWN and title in BUILT_IN_NAMES
    return tr(title) if is_built_in else title


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
