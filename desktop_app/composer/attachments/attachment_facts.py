"""The chips of attachments: text, tooltip and actions, for the model that would answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop_app.chat.attachments.file_attachments import (
    can_be_file,
    file_refusal,
    file_tokens,
    is_file,
)
from desktop_app.chat.attachments.image_attachments import (
    NAME_TOKENS,
    attached_image_tokens,
    page_tokens,
)
from desktop_app.chat.cost_estimate import accepted_input
from desktop_app.composer.attachment_chips import PREVIEW_ACTION, Chip, ChipAction
from desktop_app.domain.conversations.message_facts import image_pages_fact, pages_fact, token_count
from desktop_app.domain.conversations.message_parts import (
    TEXT_ONLY,
    ChosenPages,
    DocumentPart,
    DraftPart,
    ImagePart,
)
from desktop_app.domain.cost import FREE, Usage
from desktop_app.domain.documents.document_sections import unit_of
from desktop_app.domain.documents.document_types import EDITABLE_TYPES
from desktop_app.domain.models.token_counts import DETAILS, TokenCount, sent_size
from desktop_app.domain.tools.tool import CODE_INTERPRETER
from desktop_app.i18n.formatting import number, percent, rough_money
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls.hosted_tools import hosted_refusal

if TYPE_CHECKING:
    from desktop_app.app.session import Session

# While many files are read, the first has a chip of its own. This is the id of the chip that stands
# for all others.
OTHER_READINGS_CHIP: Final = "rest"
# The ids of the actions in the menu of a chip.
OPEN_ACTION: Final = "open-document"
AS_TEXT_ACTION: Final = "open-as-text"
CHOOSE_ACTION: Final = "choose-pages"
SEND_ALL_ACTION: Final = "send-all-pages"
WITH_HIDDEN_ACTION: Final = "send-with-hidden"
AS_FILE_ACTION: Final = "send-as-file"
FOR_CODE_ACTION: Final = "give-to-code"
BY_TOOLS_ACTION: Final = "send-the-beginning"
# Facts on a chip, and a sentence of its tooltip.
BEGINNING: Final = N_("only the beginning, tools read the rest")
AGAIN: Final = N_("already in this conversation")
PROTECTED: Final = N_("Password-protected. Only the extracted text is saved, not the password.")
_SHOWN_SHARE: Final = 0.5
_CHOOSE_LABELS: Final = {
    "page": N_("Choose pages…"),
    "slide": N_("Choose slides…"),
    "sheet": N_("Choose sheets…"),
    "chapter": N_("Choose chapters…"),
}
_DETAIL_LABELS: Final = {
    "auto": N_("Auto detail"),
    "low": N_("Low detail"),
    "high": N_("High detail"),
    TEXT_ONLY: N_("Text only"),
}


def document_chip(part: DocumentPart, resolved: ResolvedChoice) -> Chip:
    """Return the chip of a document as it would be sent now."""
    refusal = _refusal_text(part, resolved)
    facts = []
    if pages := pages_fact(part):
        facts.append(pages)
    if part.for_code:
        facts.append(tr("for code at {provider}", provider=resolved.profile.short_name))
    elif part.by_tools:
        facts.append(tr(BEGINNING))
    elif refusal:
        facts.append(refusal)
    elif part.again_as:
        facts.append(tr(AGAIN))
    elif part.sent_tokens is not None:
        facts.append(room_fact(_count_tokens(part, resolved), resolved))
    elif part.chosen is not None:  # choosing pages starts a count of their text
        facts.append(tr("counting…"))
    if is_file(part, resolved.files):
        facts.append(tr("as a file"))
    return Chip(
        id=part.sha256,
        name=part.name,
        summary=" · ".join(filter(None, facts)),
        state="failed" if refusal else "large" if exceeds_window([part], resolved) else "ready",
        progress=None,
        icon="file-text",
        tooltip=_tooltip_text(part, resolved),
        detail_levels=_detail_levels(part, resolved),
        detail_level=part.detail,
        actions=_menu_actions(part, resolved),
        has_preview=True,
    )


def image_chip(part: ImagePart, resolved: ResolvedChoice, thumbnail: QImage | None) -> Chip:
    """Return the chip of an image as the model would see it."""
    model = resolved.model
    lacks_vision = model.sees_images is False
    facts = [f"{part.width} × {part.height}"] if part.dimensions else []
    notes = []
    if part.animated:
        notes.append(tr("Animation: only the first frame is sent"))
    if lacks_vision:
        facts.append(tr("{model} doesn’t support images", model=model.name))
    else:
        if part.dimensions:
            width, height = sent_size(part.dimensions, part.detail, model.image_tokens)
            size = f"{width} × {height}"
            is_scaled = (width, height) != part.dimensions
            notes.append(
                tr("Sent at {size}, without metadata", size=size)
                if is_scaled
                else tr("Sent without metadata")
            )
        count = attached_image_tokens(part, model)
        facts.append(room_fact(count, resolved))
        notes.append(cost_note(count, resolved))
    return Chip(
        id=part.sha256,
        name=part.name,
        summary=" · ".join(filter(None, facts)),
        state="failed" if lacks_vision else "ready",
        progress=None,
        icon="image",
        tooltip="\n".join(filter(None, notes)),
        thumbnail=thumbnail,
        detail_levels=tuple(
            _detail_level(detail, attached_image_tokens(replace(part, detail=detail), model))
            for detail in DETAILS
        ),
        detail_level=part.detail,
        actions=(ChipAction(PREVIEW_ACTION, tr("Preview")),),
        has_preview=True,
    )


def exceeds_window(parts: Iterable[DraftPart], resolved: ResolvedChoice) -> bool:
    """Return True if the documents that would be sent whole do not fit the model's window."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    whole = [p for p in documents if not (p.in_parts or p.by_tools or p.for_code or p.again_as)]
    limit = accepted_input(resolved.model)
    return limit is not None and sum(_count_tokens(p, resolved).tokens for p in whole) > limit


def document_tokens(documents: Iterable[DocumentPart], resolved: ResolvedChoice) -> int:
    """Return the tokens of whole documents for a model."""
    return sum(_count_tokens(document, resolved).tokens for document in documents)


def room_fact(count: TokenCount, resolved: ResolvedChoice) -> str:
    """Return how much of the room for a question is taken, or the tokens if that is unknown.

    Return "" below half of the room, which needs no thought.
    """
    limit = accepted_input(resolved.model)
    if not limit:
        return token_count(count.tokens, is_exact=count.is_exact)
    name = resolved.variant.label if resolved.variant else resolved.model.name
    share = count.tokens / limit
    if share > 1:
        if (times := round(share)) > 1:
            return tr("{times}× too long for {model}", times=number(times), model=name)
        return tr("too long for {model}", model=name)
    if share < _SHOWN_SHARE:
        return ""
    return tr("{share} of what {model} can read", share=percent(round(100 * share)), model=name)


def cost_note(count: TokenCount, resolved: ResolvedChoice) -> str:
    """Return the tokens and the cost of an attachment as input, or why there is no cost."""
    tokens = token_count(count.tokens, is_exact=count.is_exact)
    if resolved.price and resolved.price != FREE:
        cost = rough_money(resolved.price.cost(Usage(input_tokens=count.tokens)))
        return tr("{tokens}, {cost} as input", tokens=tokens, cost=cost)
    if resolved.price == FREE:
        return "\n".join((tokens, tr("Free on this computer")))
    note = tr(
        "The price of {model} at {provider} is unknown.",
        model=resolved.model.name,
        provider=resolved.profile.name,
    )
    return f"{tokens}\n{note}"


def _refusal_text(part: DocumentPart, resolved: ResolvedChoice) -> str:
    """Return a short reason why the document cannot be sent as it is chosen; "" if it can."""
    if refusal := file_refusal(part, resolved):
        return refusal.what_happened
    sends_images = bool(part.image_pages) and not is_file(part, resolved.files)
    if sends_images and resolved.model.sees_images is False:  # None: it is unknown
        return tr("{model} doesn’t support images", model=resolved.model.name)
    return ""


def _count_tokens(part: DocumentPart, resolved: ResolvedChoice) -> TokenCount:
    if part.for_code:
        return TokenCount(NAME_TOKENS, is_exact=False)
    if is_file(part, resolved.files):
        tokens = file_tokens(part, part.tokens or 0, resolved.model)
        return TokenCount(tokens, is_exact=False)
    image_count = page_tokens(part, resolved.model)
    # OpenAI's tokenizer counts for every model, and is exact for OpenAI's own.
    is_exact = image_count.is_exact and resolved.profile.serves_gpt_family
    return TokenCount((part.sent_tokens or 0) + image_count.tokens, is_exact)


def _menu_actions(part: DocumentPart, resolved: ResolvedChoice) -> tuple[ChipAction, ...]:
    actions = [
        ChipAction(PREVIEW_ACTION, tr("Preview")),
        ChipAction(OPEN_ACTION, tr("Open document")),
    ]
    if part.media_type in EDITABLE_TYPES:
        actions.append(ChipAction(AS_TEXT_ACTION, tr("Open as text")))
    if unit := unit_of(part):
        actions.append(ChipAction(CHOOSE_ACTION, tr(_CHOOSE_LABELS[unit])))
    if part.chosen is not None:
        actions.append(ChipAction(SEND_ALL_ACTION, _send_all_label(part.chosen)))
    if part.hidden:
        label = tr("Also hidden parts ({count})", count=part.hidden)
        actions.append(ChipAction(WITH_HIDDEN_ACTION, label, is_checked=part.with_hidden))
    if part.by_tools:
        actions.append(ChipAction(BY_TOOLS_ACTION, tr("Send only the beginning"), is_checked=True))
    if can_be_file(part, resolved.files) or part.as_file:
        actions.append(
            ChipAction(AS_FILE_ACTION, tr("Send original file"), is_checked=part.as_file)
        )
    if part.for_code or (
        hosted_refusal(CODE_INTERPRETER, resolved) is None and not part.is_protected
    ):
        actions.append(ChipAction(FOR_CODE_ACTION, tr("Give to code"), is_checked=part.for_code))
    return tuple(actions)


def _detail_levels(part: DocumentPart, resolved: ResolvedChoice) -> tuple[tuple[str, str], ...]:
    """Return the detail levels of a document's page images, with labels; () without images."""
    # With the detail "text only", `part` itself would have no image pages.
    with_auto_detail = replace(part, detail="auto")
    if not with_auto_detail.image_pages or is_file(part, resolved.files):
        return ()
    levels = [*DETAILS]
    # If every page is sent as an image, none has text to send without it.
    if len(with_auto_detail.image_pages) < (part.sent_pages or 0):
        levels.append(TEXT_ONLY)
    return tuple(
        _detail_level(level, _count_tokens(replace(part, detail=level), resolved))
        for level in levels
    )


def _detail_level(detail: str, count: TokenCount) -> tuple[str, str]:
    tokens = token_count(count.tokens, is_exact=count.is_exact)
    return (detail, f"{tr(_DETAIL_LABELS[detail])} · {tokens}")


def _send_all_label(chosen: ChosenPages) -> str:
    if chosen.unit == "slide":
        return tr_plural("Send {count} slide", "Send all {count} slides", chosen.of)
    if chosen.unit == "sheet":
        return tr_plural("Send {count} sheet", "Send all {count} sheets", chosen.of)
    if chosen.unit == "chapter":
        return tr_plural("Send {count} chapter", "Send all {count} chapters", chosen.of)
    return tr_plural("Send {count} page", "Send all {count} pages", chosen.of)


def _tooltip_text(part: DocumentPart, resolved: ResolvedChoice) -> str:
    """Return notes on how a document is sent, one a line."""
    lines = []
    if part.as_file and part.chosen is not None:
        lines.append(tr("The selection is sent as text, not as a file."))
    if part.for_code:
        note = tr(
            "The file goes to {provider} for its code, and is deleted there after the response. "
            "Its text isn’t sent.",
            provider=resolved.profile.short_name,
        )
        lines.append(note)
    elif part.again_as:
        lines.append(
            tr("Already in this conversation as “{name}”. Not sent again.", name=part.again_as)
        )
    elif is_file(part, resolved.files):
        lines.append(tr("{provider} reads the original file.", provider=resolved.profile.name))
    elif images_note := image_pages_fact(part):
        lines.append(images_note)
    if part.is_protected:
        lines.append(tr(PROTECTED))
        if part.image_pages:
            lines.append(tr("After a restart, its pages need the password again."))
    if part.sent_tokens is not None and not part.again_as:
        lines.append(cost_note(_count_tokens(part, resolved), resolved))
    return "\n".join(lines)


class ChipText(NamedTuple):
    """The text on the chip of a collection.

    Attributes:
        exists: False if this computer does not have the collection.
    """

    text: str
    exists: bool = True


class CollectionFacts(QObject):
    """Facts about collections by id: their size as text, and whether they still exist.

    Signals:
        changed(): the text or state of an attached collection has changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._facts: dict[str, ChipText] = {}

    def facts(self, collection_id: str) -> ChipText:
        # Before the collections are loaded, none is reported as missing.
        return self._facts.get(collection_id, ChipText(tr("project")))

    def set(self, facts: Mapping[str, ChipText], *, report: bool) -> None:
        """Replace all facts; emit `changed` if `report` is True."""
        self._facts = dict(facts)
        if report:
            self.changed.emit()
