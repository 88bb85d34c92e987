"""The library of prompts, put together from the program's files and the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.prompts import (
    CLIPBOARD,
    DATE,
    SELECTION,
    Prompt,
    filled_names,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.paths import resource_path
from desktop_app.services.chat.prompt_library import (
    Entry,
    filled,
    library,
    named,
    prompt_from_markdown,
)

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def built_in_prompts() -> tuple[Prompt, ...]:
    """The prompts that ship with the program; reads files."""
    files = sorted(resource_path("templates").glob("*.md"))
    return tuple(
        prompt_from_markdown(file.stem, file.read_text("utf-8"), position)
        for position, file in enumerate(files)
    )


async def prompt_library(backend: Backend) -> tuple[Entry, ...]:
    """Every prompt, hidden ones too.

    Raises:
        StorageError: the store cannot be read.
    """
    stored = await backend.prompts.prompts()
    return library(await asyncio.to_thread(built_in_prompts), stored)


def today() -> str:
    """The person's day, as `{{date}}` is filled: 2026-01-31."""
    return date.today().isoformat()  # noqa: DTZ011 — the person's day


async def from_template(backend: Backend, name: str, given: Sequence[str], text: str) -> str:
    """A prompt of the library, filled for a command.

    Args:
        given: what it asks for, each as "name=value".
        text: stands where {{selection}} does, else below the prompt.

    Raises:
        IllegalChoiceError: no such prompt, or it is not filled rightly.
        StorageError: the store cannot be read.
    """
    values = dict(_pair(pair) for pair in given)
    prompt = named(name, await prompt_library(backend))
    by_program = {SELECTION: text.strip(), CLIPBOARD: "", DATE: today()}
    question = filled(prompt, values, by_program)
    takes_it = SELECTION in filled_names(prompt.text)
    return question if takes_it or not text.strip() else f"{question}\n\n{text.strip()}"


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise IllegalChoiceError(
            f"--set {given} is not NAME=VALUE.",
            what_was_kept="Nothing was sent.",
            what_to_do="Try: --set language=Polish",
        )
    return name.strip(), value
