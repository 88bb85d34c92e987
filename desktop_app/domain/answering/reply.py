"""Folds StreamEvents into a growing reply, as a pure function.

A reply has one round for each request: after tool calls, another request sends their results. Each
round grows as a sequence of segments, which become the parts of the message.

`accumulate` never changes its argument, and the cost of a delta does not depend on the length of
the reply. Text is a tuple of pieces. As in a binomial heap, each piece below a megabyte is at most
half as long as the piece before it. So each character is copied O(log n) times. Pieces of a
megabyte or more are never copied by a delta, which would block the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from typing import Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    RoundEnded,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import MessageStatus, RemoteRun
from desktop_app.domain.conversations.message_parts import (
    ImagePart,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.errors import ContentFilteredError, ProviderError
from desktop_app.domain.spending.cost import Usage

CONTENT_FILTER: Final = "content_filter"
"""The reason of `Incomplete` for an answer that the provider's filter stopped."""
MAX_CALL_ID_CHARS: Final = 64
"""The APIs' limit. Longer ids are replaced, because any provider may get the conversation later."""
_MAX_PIECE_CHARS: Final = 1024 * 1024


class GrowingText:
    """An immutable text that is cheap to extend."""

    __slots__ = ("_length", "_pieces")

    def __init__(self, text: str = "") -> None:
        self._pieces: tuple[str, ...] = (text,) if text else ()
        self._length = len(text)

    def with_text(self, text: str) -> GrowingText:
        """Return a copy with `text` appended."""
        pieces = self._pieces
        last_piece = text
        while (
            pieces
            and len(last_piece) < _MAX_PIECE_CHARS
            and len(pieces[-1]) < min(2 * len(last_piece), _MAX_PIECE_CHARS)
        ):
            last_piece = pieces[-1] + last_piece
            pieces = pieces[:-1]
        grown_text = GrowingText()
        grown_text._pieces = (*pieces, last_piece) if last_piece else pieces
        grown_text._length = self._length + len(text)
        return grown_text

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ("".join(self._pieces),)  # the same text in one piece
        return self._pieces[0] if self._pieces else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GrowingText) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"GrowingText({str(self)!r})"


ENDED_BY_PROVIDER: Final = (MessageStatus.COMPLETE, MessageStatus.INCOMPLETE, MessageStatus.REFUSED)
"""The final statuses of answers that neither failed nor were stopped."""


class _Kind(Enum):
    TEXT = auto()
    REASONING = auto()
    REFUSAL = auto()
    TOOL_CALL = auto()
    IMAGE = auto()


_NO_INDEX: Final = -1
"""The key of a call that the provider runs: no delta belongs to it."""


@dataclass(frozen=True)
class _Segment:
    """A growing part of the answer.

    Attributes:
        text: of a tool call, its arguments; empty for an image.
        key: of reasoning, its section; of a tool call, its index in the deltas, or _NO_INDEX.
        item_id, encrypted: of reasoning, see `ReasoningPart`.
        call_id, name, round: of a tool call.
        call: of a tool call, the other fields of its part.
        image_part: of an image.
    """

    kind: _Kind
    text: GrowingText
    key: int = 0
    item_id: str = ""
    encrypted: str = ""
    call_id: str = ""
    name: str = ""
    round: int = 0
    call: ToolCallPart | None = None
    image_part: ImagePart | None = None

    @cached_property
    def part(self) -> Part:
        """Return the segment as a message part.

        Cached, because each step of a tool call needs all parts: 500 calls would take 10 s.
        """
        if self.image_part is not None:
            return self.image_part
        text = str(self.text)
        match self.kind:
            case _Kind.TEXT:
                return TextPart(text)
            case _Kind.REASONING:
                return ReasoningPart(text, self.item_id, self.encrypted)
            case _Kind.REFUSAL:
                return RefusalPart(text)
            case _:
                return replace(
                    self.call or ToolCallPart("", "", ""),
                    call_id=self.call_id,
                    name=self.name,
                    arguments=text,
                    round=self.round,
                )


@dataclass(frozen=True)
class Reply:
    """Everything that has arrived of a reply.

    Attributes:
        status: STREAMING until a terminal event.
        usage: of all rounds that reported one; None if none did.
        error, incomplete_reason: why the reply is incomplete.
        response_id: the provider's id of the current round; "" until it is named.
        run: the position in a background run; None for any other answer.
        service_tier: the requested tier, then the tier that answers; "" until one is named.
        round: the number of the current round, from 0.
        round_start: the index of the current round's first segment.
        earlier_usage: the usage of the rounds before the current one.
        is_uncounted: True if an earlier round reported no usage.
    """

    segments: tuple[_Segment, ...] = ()
    status: MessageStatus = MessageStatus.STREAMING
    usage: Usage | None = None
    error: ProviderError | None = None
    incomplete_reason: str = ""
    notices: tuple[NoticeText, ...] = ()
    response_id: str = ""
    model: str = ""
    run: RemoteRun | None = None
    service_tier: str = ""
    round: int = 0
    round_start: int = 0
    earlier_usage: Usage | None = None
    is_uncounted: bool = False

    @property
    def text(self) -> str:
        """Return the answer's Markdown so far."""
        return "".join(str(s.text) for s in self.segments if s.kind is _Kind.TEXT)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the reply so far as message parts."""
        return tuple(segment.part for segment in self.segments)

    @property
    def round_usage(self) -> Usage | None:
        """Return the usage of the current round; None if it was not reported."""
        # `usage` is of all rounds: it stays as it was if the current one reports none.
        if self.usage is None or self.usage == self.earlier_usage:
            return None
        return self.usage if self.earlier_usage is None else self.usage - self.earlier_usage

    @property
    def may_be_billed(self) -> bool:
        """Return True if the provider has started to answer the current round and may bill it."""
        has_begun = len(self.segments) > self.round_start or bool(self.response_id)
        ended_well = self.status in ENDED_BY_PROVIDER and self.error is None
        # In a later round, a limit of the tool loop may have ended the answer before a request.
        is_first_round = self.round == 0
        return has_begun or (ended_well and is_first_round)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing has arrived that a user could read or a provider needs."""
        return not self.segments


def accumulate(reply: Reply, event: StreamEvent) -> Reply:
    """Return the reply after `event`; events after a terminal one change nothing."""
    if reply.status is not MessageStatus.STREAMING:
        return reply
    match event:
        case TextDelta(text):
            return _extend_last(reply, _Kind.TEXT, text)
        case ReasoningDelta(text, section):
            return _extend_reasoning(reply, text, section)
        case RefusalDelta(text):
            return _extend_last(reply, _Kind.REFUSAL, text)
        case ToolCallDelta():
            return _extend_tool_call(reply, event)
        case ToolCallStep(call):
            return _with_step(reply, call)
        case HostedCall():
            return _with_hosted_call(reply, event)
        case ImageArrived(_, image_part):
            return reply if image_part is None else _with_image(reply, image_part)
        case RoundEnded():
            return _next_round(reply)
        case ReasoningItem() | TextWasReasoning():
            return _close_reasoning(reply, event)
        case Started(response_id, model, _, tier):
            return replace(
                reply,
                response_id=response_id or reply.response_id,
                model=model or reply.model,
                service_tier=tier or reply.service_tier,
            )
        case RunAdvanced() | UsageReported() | Notice():
            return _with_metadata(reply, event)
        case StatusChanged():
            return reply
        case Completed() | Incomplete() | Failed():
            return _end(reply, event)


def _with_metadata(reply: Reply, event: RunAdvanced | UsageReported | Notice) -> Reply:
    match event:
        case RunAdvanced(run):
            return replace(reply, run=run)
        case UsageReported(usage, tier):
            total = usage if reply.earlier_usage is None else reply.earlier_usage + usage
            return replace(reply, usage=total, service_tier=tier or reply.service_tier)
        case Notice(text) if text in reply.notices:
            return reply  # another request for the same answer repeats it
        case Notice(text):
            return replace(reply, notices=(*reply.notices, text))


def _end(reply: Reply, event: Completed | Incomplete | Failed) -> Reply:
    match event:
        case Completed():
            is_refused = any(s.kind is _Kind.REFUSAL for s in reply.segments)
            status = MessageStatus.REFUSED if is_refused else MessageStatus.COMPLETE
            return replace(reply, status=status)
        case Incomplete(reason):
            is_filtered = reason == CONTENT_FILTER
            status = MessageStatus.REFUSED if is_filtered else MessageStatus.INCOMPLETE
            return replace(reply, status=status, incomplete_reason=reason)
        case Failed(error):
            is_filtered = isinstance(error, ContentFilteredError)
            status = MessageStatus.REFUSED if is_filtered else MessageStatus.FAILED
            return replace(reply, status=status, error=error)


def _extend_last(reply: Reply, kind: _Kind, text: str) -> Reply:
    if not text:
        return reply
    if len(reply.segments) > reply.round_start and reply.segments[-1].kind is kind:
        # Segments of text and refusals have no other fields to keep.
        return _with_segment(reply, -1, _Segment(kind, reply.segments[-1].text.with_text(text)))
    return _with_new_segment(reply, _Segment(kind, GrowingText(text)))


def _with_segments(reply: Reply, segments: tuple[_Segment, ...]) -> Reply:
    """Return `replace(reply, segments=segments)`, three times as fast, for each delta."""
    new_reply = object.__new__(Reply)
    new_reply.__dict__.update(reply.__dict__, segments=segments)
    return new_reply


def _with_segment(reply: Reply, index: int, segment: _Segment) -> Reply:
    """Return the reply with `segment` at `index`; -1 is the last segment, as in a list."""
    segments = list(reply.segments)
    segments[index] = segment
    return _with_segments(reply, tuple(segments))


def _with_new_segment(reply: Reply, segment: _Segment) -> Reply:
    return _with_segments(reply, (*reply.segments, segment))


def _as_reasoning(reply: Reply) -> Iterator[_Segment]:
    """Yield the segments, with the text of the current round as reasoning."""
    for index, segment in enumerate(reply.segments):
        if index < reply.round_start or segment.kind is not _Kind.TEXT:
            yield segment
        elif thought := str(segment.text).strip():
            yield _Segment(_Kind.REASONING, GrowingText(thought))


def _extend_reasoning(reply: Reply, text: str, section: int) -> Reply:
    if not text:
        return reply
    last_segment = reply.segments[-1] if len(reply.segments) > reply.round_start else None
    if last_segment is None or last_segment.kind is not _Kind.REASONING or last_segment.item_id:
        return _with_new_segment(reply, _Segment(_Kind.REASONING, GrowingText(text), key=section))
    gap = "\n\n" if section != last_segment.key and len(last_segment.text) else ""
    return _with_segment(
        reply, -1, replace(last_segment, text=last_segment.text.with_text(gap + text), key=section)
    )


def _close_reasoning(reply: Reply, item: ReasoningItem | TextWasReasoning) -> Reply:
    """Put the item's data into the newest reasoning segment without an id, or into a new one."""
    if isinstance(item, TextWasReasoning):
        return _with_segments(reply, tuple(_as_reasoning(reply)))
    for index in range(len(reply.segments) - 1, reply.round_start - 1, -1):
        segment = reply.segments[index]
        if segment.kind is _Kind.REASONING and not segment.item_id:
            closed_segment = replace(segment, item_id=item.item_id, encrypted=item.encrypted)
            return _with_segment(reply, index, closed_segment)
    new_segment = _Segment(
        _Kind.REASONING, GrowingText(), item_id=item.item_id, encrypted=item.encrypted
    )
    return _with_new_segment(reply, new_segment)


def _extend_tool_call(reply: Reply, delta: ToolCallDelta) -> Reply:
    # Most deltas extend the newest call.
    for index in range(len(reply.segments) - 1, reply.round_start - 1, -1):
        segment = reply.segments[index]
        if segment.kind is _Kind.TOOL_CALL and segment.key == delta.index:
            grown_segment = replace(
                segment,
                text=segment.text.with_text(delta.arguments),
                call_id=segment.call_id or delta.call_id,
                name=segment.name or delta.name,
                call=_with_extra_content(segment.call, delta),
            )
            return _with_segment(reply, index, grown_segment)
    new_segment = _Segment(
        _Kind.TOOL_CALL,
        GrowingText(delta.arguments),
        key=delta.index,
        call_id=delta.call_id,
        name=delta.name,
        round=reply.round,
        call=_with_extra_content(ToolCallPart("", "", "", delta.is_custom), delta),
    )
    return _with_new_segment(reply, new_segment)


def _with_extra_content(call: ToolCallPart | None, delta: ToolCallDelta) -> ToolCallPart | None:
    if call is None or not delta.extra_content:
        return call
    return replace(call, extra_content=delta.extra_content, issuer=delta.issuer)


def _with_hosted_call(reply: Reply, event: HostedCall) -> Reply:
    call = event.call
    segment = _Segment(
        _Kind.TOOL_CALL,
        GrowingText(call.arguments),
        key=_NO_INDEX,
        call_id=call.call_id,
        name=call.name,
        round=reply.round,
        call=call,
    )
    for index in range(reply.round_start, len(reply.segments)):
        if _is_earlier_state(reply.segments[index], call):
            new_reply = _with_segment(reply, index, segment)
            break
    else:
        new_reply = _with_new_segment(reply, segment)
    return new_reply if event.image_part is None else _with_image(new_reply, event.image_part)


def _is_earlier_state(segment: _Segment, call: ToolCallPart) -> bool:
    """Return True for an earlier state of the hosted call `call`."""
    earlier = segment.call
    return earlier is not None and earlier.is_hosted and segment.call_id == call.call_id


def _with_image(reply: Reply, image_part: ImagePart) -> Reply:
    return _with_new_segment(reply, _Segment(_Kind.IMAGE, GrowingText(), image_part=image_part))


def _next_round(reply: Reply) -> Reply:
    return replace(
        _with_call_ids(reply),
        round=reply.round + 1,
        round_start=len(reply.segments),
        earlier_usage=reply.usage,
        is_uncounted=reply.is_uncounted or reply.round_usage is None,
        response_id="",
    )


def _with_call_ids(reply: Reply) -> Reply:
    """Give each call of this round a valid, unique id: some servers send none or duplicates.

    The ids of later rounds must differ from those of earlier ones, too.
    """
    used_ids = {s.call_id for s in reply.segments[: reply.round_start]}
    segments = list(reply.segments)
    call_indices = (
        index
        for index in range(reply.round_start, len(segments))
        if segments[index].kind is _Kind.TOOL_CALL
    )
    for number, index in enumerate(call_indices):
        sent_id = segments[index].call_id
        if not 0 < len(sent_id) <= MAX_CALL_ID_CHARS or sent_id in used_ids:
            new_id = f"call_{reply.round}_{number}"
            while new_id in used_ids:
                new_id += "_"
            segments[index] = replace(segments[index], call_id=new_id)
        used_ids.add(segments[index].call_id)
    return _with_segments(reply, tuple(segments))


def _with_step(reply: Reply, call: ToolCallPart) -> Reply:
    """Put the next state of a call into its segment, which keeps the arguments as its text."""
    for index, segment in enumerate(reply.segments):
        if segment.kind is _Kind.TOOL_CALL and segment.call_id == call.call_id:
            return _with_segment(reply, index, replace(segment, call=replace(call, arguments="")))
    return reply
