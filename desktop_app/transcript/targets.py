"""The links and buttons in the text of a message, as the keyboard and screen readers reach them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QUrl

from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import ADDED_MARK, PICTURE, Block, Kind, Runs
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.parsing.own_links import (
    is_link_to_mark,
    is_note_link,
    link_to_mark,
    linked_file,
    note_label_of,
)
from desktop_app.transcript.message_items import ACTION, Item, LineKind, can_open, prefix_length
from desktop_app.transcript.segment import Place, texts_of
from desktop_app.widgets.text.foreign_text import one_line
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.shown_message import ShownMessage

COPY_CODE: Final = f"{ACTION}copy-code"
"""The link of the target on the head of a code block, which copies the code."""
OPEN_CODE: Final = f"{ACTION}open-code"
"""The link of the target beside it, which shows the code as the page or picture that it is."""
CODE_MARKS: Final = (COPY_CODE, OPEN_CODE)
"""The links of both, which are painted and have no text."""
_INVISIBLE: Final = {ord(PICTURE): None, ord(ADDED_MARK): None}
_FOLD_SIGNS: Final = "›⌄ \u2003"
_MAX_ADDRESS_CHARACTERS: Final = 300
"""Maximum characters of a displayed address; a longer one is cut."""


class Target(NamedTuple):
    """A link or a button in the text.

    Attributes:
        place: where it begins.
        end: the UTF-16 unit at which it ends, in the same item and cell.
        link: its address or action.
        text: its words.
        expanded: of a link that folds a section: True if the section is shown. None for others.
    """

    place: Place
    end: int
    link: str
    text: str
    expanded: bool | None = None


def targets_of(shown: ShownMessage, items: range | None = None) -> Iterator[Target]:
    """Yield the targets of a message, or of some of its items, in reading order."""
    for index in items if items is not None else range(len(shown.items)):
        item = shown.items[index]
        if not has_target(item) or shown.is_hidden(index):
            continue
        place = Place(shown.key, index)
        if isinstance(item, Block):
            if item.kind is Kind.CODE_HEAD:
                yield Target(place._replace(unit=-prefix_length(item)), 0, COPY_CODE, item.language)
                if can_open(item.language):
                    yield Target(place, 1, OPEN_CODE, item.language)
            if item.note:
                unit = -prefix_length(item)
                link = link_to_mark(item.marker)
                yield Target(place._replace(unit=unit), -1, link, item.marker)
        for cell, runs in texts_of(item):
            yield from _targets_in(
                runs, place._replace(cell=cell), is_answer=isinstance(item, Block)
            )


def has_target(item: Item) -> bool:
    if isinstance(item, Block) and (item.kind is Kind.CODE_HEAD or item.note):
        return True
    return any(run.link for _cell, runs in texts_of(item) for run in runs)


def _targets_in(runs: Runs, place: Place, *, is_answer: bool) -> Iterator[Target]:
    unit = 0
    for link, group in groupby(runs, key=lambda run: run.link):
        members = list(group)
        text = "".join(run.text for run in members)
        end = unit + utf16_length(text)
        # A link in an answer must not trigger an action on the message.
        is_foreign_action = is_answer and link.lower().startswith(ACTION)
        if link and not is_foreign_action and any(run.text for run in members):
            target_link = link.partition("#")[0] if members[0].image and not is_answer else link
            yield Target(place._replace(unit=unit), end, target_link, text, members[0].expanded)
        unit = end


class TargetDescription(NamedTuple):
    """The accessible name of a target, and the address or source to show for it; "" for none."""

    name: str
    address: str = ""


def describe(shown: ShownMessage, target: Target, source: str = "") -> TargetDescription:
    """Return the description of a target; `source` is the name of a citation's passage."""
    if source:
        return TargetDescription(source, source)
    text = one_line(target.text.translate(_INVISIBLE).strip(_FOLD_SIGNS))
    if target.link == COPY_CODE:
        return TargetDescription(
            tr("Copy code, {language}", language=text) if text else tr("Copy code")
        )
    if target.link == OPEN_CODE:
        return TargetDescription(tr("Open, {language}", language=text))
    if target.link.startswith(ACTION):
        if target.expanded is not None:  # of a line whose words lead elsewhere
            text = text or tr("Details")
        if target.expanded:  # Qt has no role for a fold
            return TargetDescription(tr("{name}, expanded", name=text))
        if target.expanded is False:
            return TargetDescription(tr("{name}, collapsed", name=text))
        if not text:  # an image, which the lines of attachments below name
            below = shown.items[target.place.item + 1 :]
            files = (line.runs[0] for line in below if line.kind is LineKind.ATTACHMENT)
            file = next((run.text for run in files if run.link == target.link), "")
            text = tr("Image {file}", file=file) if file else tr("Image")
        return TargetDescription(text)
    if linked_file(target.link):
        return TargetDescription(text)
    if is_note_link(target.link):
        return TargetDescription(note_name(target.link))
    # Cut, and encoded so that no letter can look like another.
    address = QUrl(target.link).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    if len(address) > _MAX_ADDRESS_CHARACTERS:
        address = f"{address[: _MAX_ADDRESS_CHARACTERS - 1]}…"
    name = text or tr("Image")
    if is_openable(target.link):
        name = tr("{name}, link to {address}", name=name, address=address)
    else:
        name = tr("{name}, blocked link: {address}", name=name, address=address)
    return TargetDescription(name, address)


def note_name(link: str) -> str:
    """Return the name of a link between a footnote's mark and its definition."""
    if is_link_to_mark(link):
        return tr("Back from footnote {label}", label=note_label_of(link))
    return tr("Footnote {label}", label=note_label_of(link))
