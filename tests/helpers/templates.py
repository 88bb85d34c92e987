"""The texts of built-in prompts, read from their files as a user sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from desktop_app.prompts.prompt_library import prompt_from_markdown

_FOLDER: Final = Path(__file__).parents[2] / "resources" / "templates"


def template(name: str) -> str:
    """Return the text of a built-in prompt without its last variable, `{{selection}}`."""
    prompt = prompt_from_markdown(name, (_FOLDER / f"{name}.md").read_text("utf-8"))
    return prompt.text.removesuffix("{{selection}}").rstrip()


def translate_into(language: str) -> str:
    """Return the prompt that translates into a language."""
    return template("translate").replace("{{language=English}}", language)
