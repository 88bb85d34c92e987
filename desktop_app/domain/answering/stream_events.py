"""Events of a streamed answer, the same for every provider and API.

A stream ends with exactly one terminal event: Completed, Incomplete or Failed. The events are
structs, which Python makes in a fiftieth of the time of a dataclass at each start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from desktop_app.domain.answering.answer_status import Status
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    Source,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.value import PrivateValue


class Started(Struct, frozen=True):
    """The provider has started to answer; fields that the provider did not send are "".

    `service_tier` is the requested tier, or the tier that answers.
    """

    response_id: str = ""
    model: str = ""
    request_id: str = ""
    service_tier: str = ""


class RunAdvanced(Struct, frozen=True):
    """A background run has the id `run.response_id`, by which it can be found again."""

    run: RemoteRun


class MessageBegan(Struct, frozen=True):
    """Another message of the answer begins with the next text; `phase` is as in a TextPart."""

    phase: str = ""


class TextDelta(Struct, frozen=True):
    """More text of the answer, which came as so many `deltas`: about one token each."""

    text: str
    deltas: int = 1


class ReasoningDelta(Struct, frozen=True):
    """More of the reasoning or of its summary; a new `section` starts a new paragraph."""

    text: str
    section: int = 0


class TextWasReasoning(Struct, frozen=True):
    """The text of the current request so far was reasoning, as a closing tag shows."""


class ReasoningItem(Struct, frozen=True):
    """A finished reasoning item, with the data to replay on the next turn: see ReasoningPart."""

    item_id: str
    encrypted: str = ""
    details: str = ""
    issuer: str = ""


class RefusalDelta(Struct, frozen=True):
    """More of the model's refusal."""

    text: str


class ToolCallDelta(Struct, frozen=True):
    """More of a tool call; `index` identifies parallel calls. The id and the name come once.

    `extra_content` and `issuer` are as in a ToolCallPart.
    """

    index: int
    arguments: str = ""
    call_id: str = ""
    name: str = ""
    is_custom: bool = False
    extra_content: str = ""
    issuer: str = ""


class ToolCallStep(Struct, frozen=True):
    """The next step of a tool call.

    `call` replaces the earlier state of the call that has the same `call_id`. The name, the
    arguments and the round are kept. `is_awaited` means that a call runs, or results are used, only
    once this step and those before it are on disk; a checkpoint is enough for others.
    """

    call: ToolCallPart
    is_awaited: bool = True


class HostedCall(PrivateValue, frozen=True):
    """A call of a tool that the provider runs, in its current state.

    Attributes:
        image: the bytes of a generated image, until `image_part` names it in the attachment store.
    """

    call: ToolCallPart
    image: bytes = b""
    image_part: ImagePart | None = None


class ImageArrived(PrivateValue, frozen=True):
    """An image that is part of the answer.

    Attributes:
        image: its bytes, until `image_part` names it in the attachment store.
    """

    image: bytes
    image_part: ImagePart | None = None


class SourcesFound(Struct, frozen=True):
    """Sources of the answer; of those with the same name, the later one is the newer state.

    Attributes:
        marks: the names of the sources that the marks in the text cite, by the mark.
    """

    sources: tuple[Source, ...]
    marks: Mapping[str, tuple[str, ...]] = {}


class SourcesCited(Struct, frozen=True):
    """The text cites sources at a place before its end.

    Attributes:
        names: of the sources, which SourcesFound has named.
        before_end: the characters of the current request's text that follow the place.
        space: the text that follows the numbers: " " or "".
    """

    names: tuple[str, ...]
    before_end: int = 0
    space: str = ""


class ImagePreview(PrivateValue, frozen=True):
    """A partial image, which is shown until the next one or the image comes."""

    image: bytes


class FileCited(Struct, frozen=True):
    """A file in a container at the provider, which the answer cites."""

    container_id: str
    file_id: str
    name: str


class FileArrived(PrivateValue, frozen=True):
    """A file that the provider's code interpreter made.

    Attributes:
        data: its bytes, until `part` names it in the attachment store.
    """

    name: str
    data: bytes = b""
    part: DocumentPart | ImagePart | None = None


class RoundEnded(Struct, frozen=True):
    """A request of the answer has ended with tool calls; a request with their results follows."""


class UsageReported(Struct, frozen=True):
    """The tokens of the whole request so far; each report replaces the last.

    `service_tier` is the tier that answered and decides the price; "" if it is not known.
    """

    usage: Usage
    service_tier: str = ""


class Notice(Struct, frozen=True):
    """A remark for the user on how the answer was made."""

    text: NoticeText


class StatusChanged(Struct, frozen=True):
    """The status to show below the answer while nothing arrives.

    Attributes:
        seconds: until the client retries; 0 if it does not.
        status: the status; None clears the last one.
    """

    seconds: float = 0
    status: Status | None = None


class Completed(Struct, frozen=True):
    """Terminal: the answer is complete."""


class Incomplete(Struct, frozen=True):
    """Terminal: the answer ended early.

    `reason` is as the API names it (max_output_tokens, content_filter, …), a limit of tool calls
    (`domain/tools/tool.py`), FORM_NOT_FOLLOWED (`answer_form.py`),
    or REPEATED (`domain/conversations/conversation.py`).
    """

    reason: str


class Failed(Struct, frozen=True):
    """Terminal: an error ended the answer; the text that arrived is kept."""

    error: ProviderError


StreamEvent = (
    Started
    | RunAdvanced
    | MessageBegan
    | TextDelta
    | ReasoningDelta
    | TextWasReasoning
    | ReasoningItem
    | RefusalDelta
    | ToolCallDelta
    | ToolCallStep
    | HostedCall
    | ImageArrived
    | SourcesFound
    | SourcesCited
    | ImagePreview
    | FileCited
    | FileArrived
    | RoundEnded
    | UsageReported
    | Notice
    | StatusChanged
    | Completed
    | Incomplete
    | Failed
)


_MAX_TEXT_CHARS: Final = 8_192
"""Characters of one text, which is read and cleaned without a pause."""


def joined_texts(events: Iterable[StreamEvent]) -> Iterator[StreamEvent]:
    """Yield events that have come at once, with the texts that follow each other as one.

    A text of megabytes, as one event may have, is yielded in parts.
    """
    texts: list[TextDelta | ReasoningDelta] = []
    for event in events:
        if texts and not _is_same_text(texts[-1], event):
            yield from _in_parts(texts)
            texts = []
        if isinstance(event, TextDelta | ReasoningDelta):
            texts.append(event)
        else:
            yield event
    if texts:
        yield from _in_parts(texts)


def _is_same_text(text: TextDelta | ReasoningDelta, other: StreamEvent) -> bool:
    if isinstance(text, ReasoningDelta):
        return isinstance(other, ReasoningDelta) and text.section == other.section
    return isinstance(other, TextDelta)


def _in_parts(texts: list[TextDelta | ReasoningDelta]) -> Iterator[StreamEvent]:
    first = texts[0]
    whole = "".join([each.text for each in texts])
    for start in range(0, len(whole) or 1, _MAX_TEXT_CHARS):
        part = whole[start : start + _MAX_TEXT_CHARS]
        if isinstance(first, ReasoningDelta):
            yield ReasoningDelta(part, first.section)
        else:
            deltas = sum(each.deltas for each in texts if isinstance(each, TextDelta))
            yield TextDelta(part, 0 if start else deltas)
