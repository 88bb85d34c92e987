"""The library of prompts: the built-in ones and the person's, which may stand in their place.

A built-in prompt is a Markdown file, `resources/templates/<id>.md`: the first line `# Title`, then,
if it has a folder, a line `Folder: Name`, then the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, Part
from desktop_app.domain.conversations.prompts import Prompt, fill, missing, variables
from desktop_app.domain.errors import NOTHING_SENT, IllegalChoiceError

SUMMARY = "executive-summary"
FOR_DOCUMENTS = (SUMMARY, "extract-table")
"""What is offered as soon as a document is attached, the first to be taken by Enter."""
FOR_TWO = (*FOR_DOCUMENTS, "differences")
"""What is offered where two are."""
_FOLDER = "Folder:"
_OF_SEVERAL = ("inode/directory", "application/zip")
_ATTACHED = re.compile(r"\battached document\b", re.I)
_SEVERAL = re.compile(r"\bdocuments\b", re.I)
_TWO = re.compile(r"\bthe two attached documents\b", re.I)
"""What the prompt for differences says, and nobody who means anything else."""


class Origin(StrEnum):
    """Whose a prompt is; EDITED: the person's, in the place of a built-in."""

    BUILT_IN = "built-in"
    EDITED = "edited"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Entry:
    """A prompt and whose it is."""

    prompt: Prompt
    origin: Origin


def for_each(task: str, parts: Iterable[Part]) -> str:
    """A task for one document, asked of several: one by one, and of all together. One that speaks
    of documents, such as that for their differences, knows of several by itself."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    holds_several = any(part.media_type in _OF_SEVERAL for part in documents)
    if not (len(documents) > 1 or holds_several) or _SEVERAL.search(task):
        return task
    count = "several" if holds_several else str(len(documents))
    return (
        f"{task}\n\nThere are {count} documents: do this for each of them, under a heading with "
        "its name, and then give an overview of them all."
    )


def is_of_a_document(task: str) -> bool:
    """Whether a task speaks of one document that is attached."""
    return _ATTACHED.search(task) is not None


def compares_two(task: str) -> bool:
    """Whether a task compares two documents."""
    return _TWO.search(task) is not None


def require_two_documents(task: str, attached: Iterable[Part], before: Iterable[Part] = ()) -> None:
    """See that a task which compares two documents has two; pictures may be of documents.

    Args:
        attached: what goes with the task.
        before: what the conversation holds already.

    Raises:
        IllegalChoiceError: it has fewer or more.
    """
    if not compares_two(task):
        return
    now = [part for part in attached if isinstance(part, DocumentPart | ImagePart)]
    there = [part for part in before if isinstance(part, DocumentPart | ImagePart)]
    holds_several = any(part.media_type in _OF_SEVERAL for part in (*now, *there))
    count = len(now) + len(there)
    if holds_several or 2 in (len(now), count):
        return
    there_is = ("no document is", "one is")[count] if count < 2 else f"{count} are"
    raise IllegalChoiceError(
        f"The prompt compares two documents; {there_is} attached.",
        what_was_kept=NOTHING_SENT,
        what_to_do="Attach the other one." if count == 1 else "Attach the two that are meant.",
    )


def prompt_from_markdown(prompt_id: str, source: str, position: int = 0) -> Prompt:
    """A built-in prompt out of its file.

    Raises:
        ValueError: the file does not begin with a heading or has no text.
    """
    heading, _, rest = source.partition("\n")
    folder = ""
    if rest.startswith(_FOLDER):
        line, _, rest = rest.partition("\n")
        folder = line.removeprefix(_FOLDER).strip()
    if not heading.startswith("# ") or not rest.strip():
        raise ValueError(f"prompt {prompt_id}: a heading and a text are needed")
    return Prompt(prompt_id, heading[2:].strip(), rest.strip(), folder, position)


def library(built_in: Iterable[Prompt], stored: Iterable[Prompt]) -> tuple[Entry, ...]:
    """Every prompt, hidden ones too: by folder (those in none first), place and title."""
    shipped = {prompt.id: prompt for prompt in built_in}
    entries = {id_: Entry(prompt, Origin.BUILT_IN) for id_, prompt in shipped.items()}
    for prompt in stored:
        entries[prompt.id] = Entry(prompt, _origin(prompt, shipped.get(prompt.id)))
    return tuple(sorted(entries.values(), key=_place))


def _origin(prompt: Prompt, shipped: Prompt | None) -> Origin:
    if shipped is None:
        return Origin.OWN
    # One that is only hidden, or only lies elsewhere, is still as it came.
    same = (prompt.title, prompt.text, prompt.folder) == (
        shipped.title,
        shipped.text,
        shipped.folder,
    )
    return Origin.BUILT_IN if same else Origin.EDITED


def _place(entry: Entry) -> tuple[str, int, str, str]:
    prompt = entry.prompt
    return (prompt.folder.casefold(), prompt.position, prompt.title.casefold(), prompt.id)


def named(name: str, entries: Iterable[Entry]) -> Prompt:
    """The prompt of this id, or of this title in any case; a hidden one, too.

    Raises:
        IllegalChoiceError: there is none, or more than one of this title.
    """
    prompts = [entry.prompt for entry in entries]
    if found := [p for p in prompts if p.id == name]:
        return found[0]
    found = [p for p in prompts if p.title.casefold() == name.strip().casefold()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(p.title for p in prompts if not p.hidden)
    raise IllegalChoiceError(
        f"There are several prompts “{name}”." if found else f"There is no prompt “{name}”.",
        what_was_kept="Nothing was sent.",
        what_to_do=f"There are: {known}.",
    )


def filled(prompt: Prompt, values: Mapping[str, str], by_program: Mapping[str, str]) -> str:
    """The prompt's text with the person's values, and what the program knows, in their places.

    Raises:
        IllegalChoiceError: a value is missing, or the prompt does not ask for one that was given, or
            does not offer it.
    """
    asked = {v.name: v for v in variables(prompt.text)}
    wrong = ""
    for name, value in values.items():
        if name not in asked:
            wrong = f"The prompt “{prompt.title}” does not ask for “{name}”."
        elif asked[name].choices and value not in asked[name].choices:
            offered = ", ".join(asked[name].choices)
            wrong = f"“{name}” cannot be “{value}”; it is one of: {offered}."
    if not wrong and (needed := missing(prompt.text, values)):
        wrong = f"The prompt “{prompt.title}” needs {', '.join(needed)}."
    if wrong:
        known = ", ".join(asked) or "nothing"
        raise IllegalChoiceError(
            wrong, what_was_kept="Nothing was sent.", what_to_do=f"It asks for: {known}."
        )
    return fill(prompt.text, {**values, **by_program}).text.strip()


def next_position(prompts: Iterable[Prompt], folder: str) -> int:
    """The place behind all others of a folder."""
    return max((p.position for p in prompts if p.folder == folder), default=-1) + 1


def copy_of(prompt: Prompt, prompt_id: str) -> Prompt:
    """A prompt of the person's own that begins as another one is."""
    return replace(prompt, id=prompt_id, title=f"{prompt.title} (copy)", hidden=False)
