"""Summaries: which prompt a dropped document is offered with one click."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SummaryTemplate:
    """A prompt for documents; `prompt` is sent as the question, word for word."""

    id: str
    label: str
    prompt: str


def template_from_markdown(template_id: str, source: str) -> SummaryTemplate:
    """A template out of its file: the first line `# Label`, the prompt below it.

    Raises:
        ValueError: the file does not begin with a heading or has no prompt.
    """
    heading, _, prompt = source.partition("\n")
    if not heading.startswith("# ") or not prompt.strip():
        raise ValueError(f"template {template_id}: a heading and a prompt are needed")
    return SummaryTemplate(template_id, heading[2:].strip(), prompt.strip())
