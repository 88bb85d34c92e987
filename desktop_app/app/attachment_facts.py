"""What a document's chip says: pages, tokens, share of the window, and what is done with pages that
are pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.facts import pages_text
from desktop_app.domain.image_tokens import DETAILS
from desktop_app.domain.parts import TEXT_ALONE
from desktop_app.services.pictures import page_tokens
from desktop_app.ui.attachment_chips import Chip

if TYPE_CHECKING:
    from desktop_app.domain.model_catalog import ModelInfo
    from desktop_app.domain.parts import DocumentPart


def document_chip(part: DocumentPart, model: ModelInfo) -> Chip:
    """A document in a prompt, as `model` would be sent it."""
    facts = [pages_text(part)] if part.pages else []
    is_blind = bool(part.seen_pages) and model.sees_images is False
    if is_blind:
        facts.append(f"{model.name} does not see pictures")
    elif part.tokens is not None:
        tokens, mark = _tokens(part, model)
        facts.append(f"{mark}{tokens:,} tokens")
        if model.input_limit:
            facts.append(f"{max(1, round(100 * tokens / model.input_limit))} %")
    return Chip(
        part.sha256,
        part.name,
        " · ".join(facts),
        "failed" if is_blind else "ready",
        None,
        "file-text",
        about=_about(part),
        details=_details(part, model),
        chosen=part.detail,
    )


def _tokens(part: DocumentPart, model: ModelInfo) -> tuple[int, str]:
    """Of the text and of the pages that are pictures; "≈ " where the latter are a guess."""
    of_pages, is_known = page_tokens(part, model)
    return (part.tokens or 0) + of_pages, "" if is_known else "≈ "


def _details(part: DocumentPart, model: ModelInfo) -> tuple[tuple[str, str], ...]:
    """How its pages without text may be sent; () where all hold text."""
    if not part.pictured:
        return ()
    ways = [*DETAILS]
    if len(part.pictured) < (part.pages or 0):
        ways.append(TEXT_ALONE)
    return tuple((way, _label(replace(part, detail=way), model)) for way in ways)


def _label(part: DocumentPart, model: ModelInfo) -> str:
    tokens, mark = _tokens(part, model)
    name = "Text alone" if part.detail == TEXT_ALONE else f"{part.detail.capitalize()} detail"
    return f"{name} · {mark}{tokens:,} tokens"


def _about(part: DocumentPart) -> str:
    if not part.pictured:
        return ""
    shown = ", ".join(str(page.number) for page in part.pictured[:12])
    more = " …" if len(part.pictured) > 12 else ""
    left = "left out" if part.detail == TEXT_ALONE else "sent as pictures"
    return f"Pages without text are {left}: {shown}{more}."
