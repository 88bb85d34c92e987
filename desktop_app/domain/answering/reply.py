"""Folds StreamEvents into a growing reply, as a pure function.

A reply has one round for each request: after tool calls, another request sends their results. Each
round grows by parts of the message. `accumulate` never changes its argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    FileArrived,
    FileCited,
    HostedCall,
    ImageArrived,
    ImagePreview,
    Incomplete,
    MessageBegan,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    RoundEnded,
    RunAdvanced,
    SourcesCited,
    SourcesFound,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.answer_sources import citation, merged_sources
from desktop_app.domain.conversations.conversation import MessageStatus, RemoteRun
from desktop_app.domain.conversations.message_parts import (
    ImagePart,
    Part,
    ReasoningPart,
    RefusalPart,
    SourcesPart,
    TextPart,
    ToolCallPart,
    text_of,
    tool_calls,
)
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.cost import Received, Usage
from desktop_app.domain.errors import ContentFilteredError, ProviderError
from desktop_app.domain.value import Value

CONTENT_FILTER: Final = "content_filter"
"""The reason of `Incomplete` for an answer that the provider's filter stopped."""
MAX_CALL_ID_CHARS: Final = 64
"""The APIs' limit. Longer ids are replaced, because any provider may get the conversation later."""
MAX_ITEMS: Final = 200
"""The calls of the provider's tools and the images that an answer keeps, and the calls of own tools
that a request keeps: each checkpoint writes them all, and a model in a loop made thousands."""
_MAX_LEFT_OUT: Final = 10_000
ENDED_BY_PROVIDER: Final = (MessageStatus.COMPLETE, MessageStatus.INCOMPLETE, MessageStatus.REFUSED)
"""The final statuses of answers that neither failed nor were stopped."""


class Reply(Value, frozen=True):
    """Everything that has arrived of a reply.

    Attributes:
        status: STREAMING until a terminal event.
        error, incomplete_reason: why the reply is incomplete.
        response_id: the provider's id of the current round; "" until it is named.
        run: the position in a background run; None for any other answer.
        service_tier: the requested tier, then the tier that answers; "" until one is named.
        round: the number of the current round, from 0.
        round_start: the index of the current round's first part.
        call_keys: the indices by which deltas name the calls of this round, in their order.
        section: of the newest delta of the reasoning.
        round_usage: the usage of the current round as reported; None if it was not.
        begun_phase: the phase of a message that has begun and has no text yet; None if there is
            none.
        earlier_usages: the usage of each round before the current one that reported it. A price
            depends on the size of a request, so that of a sum is not the sum of prices.
        is_uncounted: True if an earlier round reported no usage.
        left_out: the calls beyond MAX_ITEMS, which are billed, but not stored.
    """

    parts: tuple[Part, ...] = ()
    status: MessageStatus = MessageStatus.STREAMING
    error: ProviderError | None = None
    incomplete_reason: str = ""
    notices: tuple[NoticeText, ...] = ()
    response_id: str = ""
    model: str = ""
    run: RemoteRun | None = None
    service_tier: str = ""
    round: int = 0
    round_start: int = 0
    call_keys: tuple[int, ...] = ()
    section: int = 0
    round_usage: Usage | None = None
    begun_phase: str | None = None
    earlier_usages: tuple[Usage, ...] = ()
    is_uncounted: bool = False
    left_out: tuple[ToolCallPart, ...] = ()

    @property
    def text(self) -> str:
        return text_of(part for part in self.parts if isinstance(part, TextPart))

    @property
    def calls(self) -> list[ToolCallPart]:
        return [*tool_calls(self.parts), *self.left_out]

    @property
    def takes_images(self) -> bool:
        """Return True if another image is kept."""
        return sum(isinstance(part, ImagePart) for part in self.parts) < MAX_ITEMS

    @property
    def received(self) -> Received:
        """Return what came of the current round."""
        left_out = (call for call in self.left_out if call.round == self.round)
        return Received.of(_written_texts((*self.parts[self.round_start :], *left_out)))

    @property
    def usages(self) -> tuple[Usage, ...]:
        """Return the usage of each round that reported one, with at least the output that came."""
        if self.round_usage is None:
            return self.earlier_usages
        return (*self.earlier_usages, self.received.counted(self.round_usage))

    @property
    def usage(self) -> Usage | None:
        """Return the sum of `usages`; None if there are none."""
        usages = self.usages
        return sum(usages, Usage()) if usages else None

    @property
    def may_be_billed(self) -> bool:
        """Return True if the provider has started to answer the current round and may bill it."""
        has_begun = len(self.parts) > self.round_start or bool(self.response_id)
        ended_well = self.status in ENDED_BY_PROVIDER and self.error is None
        # In a later round, a limit of the tool loop may have ended the answer before a request.
        is_first_round = self.round == 0
        return has_begun or (ended_well and is_first_round)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing has arrived that a user could read or a provider needs."""
        return not self.parts


def accumulate(reply: Reply, event: StreamEvent) -> Reply:
    """Return the reply after `event`; events after a terminal one change nothing."""
    if reply.status is not MessageStatus.STREAMING:
        return reply
    match event:
        case TextDelta(text) | RefusalDelta(text):
            is_text = isinstance(event, TextDelta)
            return _extend_text(reply, TextPart if is_text else RefusalPart, text)
        case ReasoningDelta(text, section):
            return _extend_reasoning(reply, text, section)
        case ToolCallDelta():
            return _extend_tool_call(reply, event)
        case ToolCallStep(call):
            return _with_step(reply, call)
        case HostedCall():
            return _with_hosted_call(reply, event)
        case ImageArrived(_, part) | FileArrived(part=part):
            # An image of code may have arrived as one before it comes as a file.
            is_known = isinstance(event, FileArrived) and part in reply.parts
            return reply if part is None or is_known else _with_new_part(reply, part)
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
        case RunAdvanced() | MessageBegan() | UsageReported() | Notice():
            return _with_metadata(reply, event)
        case SourcesFound() | SourcesCited():
            return _with_sources(reply, event)
        case StatusChanged() | FileCited() | ImagePreview():
            return reply
        case Completed() | Incomplete() | Failed():
            return _end(reply, event)


def _with_metadata(
    reply: Reply, event: RunAdvanced | MessageBegan | UsageReported | Notice
) -> Reply:
    match event:
        case MessageBegan(phase):
            return replace(reply, begun_phase=phase)
        case RunAdvanced(run):
            return replace(reply, run=run)
        case UsageReported(usage, tier):
            return replace(reply, round_usage=usage, service_tier=tier or reply.service_tier)
        case Notice(text) if text in reply.notices:
            return reply  # another request for the same answer repeats it
        case Notice(text):
            return replace(reply, notices=(*reply.notices, text))


def _written_texts(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the texts that the model wrote."""
    for part in parts:
        if isinstance(part, TextPart | ReasoningPart | RefusalPart):
            yield part.text
        elif isinstance(part, ToolCallPart):
            yield part.arguments


def _end(reply: Reply, event: Completed | Incomplete | Failed) -> Reply:
    match event:
        case Completed():
            is_refused = any(isinstance(part, RefusalPart) for part in reply.parts)
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


def _extend_text(reply: Reply, kind: type[TextPart | RefusalPart], text: str) -> Reply:
    if not text:
        return reply
    last_part = reply.parts[-1] if len(reply.parts) > reply.round_start else None
    phase = reply.begun_phase
    if isinstance(last_part, kind) and phase is None:
        return _with_part(reply, -1, replace(last_part, text=last_part.text + text))
    new_part = TextPart(text, phase or "") if kind is TextPart else RefusalPart(text)
    return replace(_with_new_part(reply, new_part), begun_phase=None)


def _with_part(reply: Reply, index: int, part: Part) -> Reply:
    """Return the reply with `part` at `index`; -1 is the last part, as in a list."""
    parts = list(reply.parts)
    parts[index] = part
    return replace(reply, parts=tuple(parts))


def _with_new_part(reply: Reply, part: Part) -> Reply:
    return replace(reply, parts=(*reply.parts, part))


def _as_reasoning(reply: Reply) -> Iterator[Part]:
    """Yield the parts, with the text of the current round as reasoning."""
    for index, part in enumerate(reply.parts):
        if index < reply.round_start or not isinstance(part, TextPart):
            yield part
        elif thought := part.text.strip():
            yield ReasoningPart(thought)


def _extend_reasoning(reply: Reply, text: str, section: int) -> Reply:
    if not text:
        return reply
    last_part = reply.parts[-1] if len(reply.parts) > reply.round_start else None
    if not isinstance(last_part, ReasoningPart) or last_part.item_id:
        return replace(_with_new_part(reply, ReasoningPart(text)), section=section)
    if section != reply.section:
        gap = "\n\n" if last_part.text else ""
        reply = replace(reply, section=section)
        text = gap + text
    return _with_part(reply, -1, replace(last_part, text=last_part.text + text))


def _close_reasoning(reply: Reply, item: ReasoningItem | TextWasReasoning) -> Reply:
    """Put the item's data into the newest reasoning without an id, or into a new part."""
    if isinstance(item, TextWasReasoning):
        return replace(reply, parts=tuple(_as_reasoning(reply)))
    data = {name: getattr(item, name) for name in ReasoningItem.__struct_fields__}
    for index in range(len(reply.parts) - 1, reply.round_start - 1, -1):
        part = reply.parts[index]
        if isinstance(part, ReasoningPart) and not (part.item_id or part.has_data):
            return _with_part(reply, index, replace(part, **data))
    new_part = ReasoningPart("", **data)
    if not item.details:
        return _with_new_part(reply, new_part)
    # They come at the end of a request, and stand before the calls that they belong to.
    parts = reply.parts
    start = reply.round_start
    return replace(reply, parts=(*parts[:start], new_part, *parts[start:]))


def _calls_of_round(reply: Reply) -> Iterator[tuple[int, ToolCallPart]]:
    """Yield the calls of the current round, with their indices among the parts."""
    for index in range(reply.round_start, len(reply.parts)):
        part = reply.parts[index]
        if isinstance(part, ToolCallPart):
            yield index, part


def _extend_tool_call(reply: Reply, delta: ToolCallDelta) -> Reply:
    if delta.index not in reply.call_keys:
        call = ToolCallPart(
            delta.call_id, delta.name, delta.arguments, delta.is_custom, round=reply.round
        )
        if len(reply.call_keys) >= MAX_ITEMS:
            return _leave_out(reply, call, delta.index)
        reply = replace(reply, call_keys=(*reply.call_keys, delta.index))
        return _with_new_part(reply, _with_extra_content(call, delta))
    if reply.call_keys.index(delta.index) >= MAX_ITEMS:
        return reply
    calls = [(index, call) for index, call in _calls_of_round(reply) if not call.is_hosted]
    index, call = calls[reply.call_keys.index(delta.index)]
    grown_call = replace(
        call,
        arguments=call.arguments + delta.arguments,
        call_id=call.call_id or delta.call_id,
        name=call.name or delta.name,
    )
    return _with_part(reply, index, _with_extra_content(grown_call, delta))


def _leave_out(reply: Reply, call: ToolCallPart, *keys: int) -> Reply:
    if len(reply.left_out) >= _MAX_LEFT_OUT:
        return reply
    return replace(reply, left_out=(*reply.left_out, call), call_keys=(*reply.call_keys, *keys))


def _with_extra_content(call: ToolCallPart, delta: ToolCallDelta) -> ToolCallPart:
    if not delta.extra_content:
        return call
    return replace(call, extra_content=delta.extra_content, issuer=delta.issuer)


def _with_hosted_call(reply: Reply, event: HostedCall) -> Reply:
    """Put the state of a call into the place of its earlier state, or at the end."""
    call = replace(event.call, round=reply.round)
    for index, earlier in _calls_of_round(reply):
        if earlier.is_hosted and earlier.call_id == call.call_id:
            reply = _with_part(reply, index, call)
            break
    else:
        if sum(kept.is_hosted for kept in tool_calls(reply.parts)) >= MAX_ITEMS:
            is_known = any(other.call_id == call.call_id for other in reply.left_out)
            return reply if is_known or not call.state.has_ended else _leave_out(reply, call)
        reply = _with_new_part(reply, call)
    return reply if event.image_part is None else _with_new_part(reply, event.image_part)


def _with_sources(reply: Reply, event: SourcesFound | SourcesCited) -> Reply:
    """Add sources to those so far, of which a reply has one part; or cite some in the text."""
    if isinstance(event, SourcesCited):
        return _with_citation(reply, event)
    found = SourcesPart(event.sources)
    for index, part in enumerate(reply.parts):
        if isinstance(part, SourcesPart):
            merged = SourcesPart(merged_sources(part.sources, found.sources))
            return _with_part(reply, index, merged)
    # Before the newest part of this round, which the next delta may extend.
    at = max(reply.round_start, len(reply.parts) - 1)
    return replace(reply, parts=(*reply.parts[:at], found, *reply.parts[at:]))


def _with_citation(reply: Reply, event: SourcesCited) -> Reply:
    """Insert the numbers of sources; at a border of two texts, at the end of the first."""
    numbers = citation(reply.parts, event.names)
    if not numbers:
        return reply
    numbers += event.space
    after = event.before_end
    texts = [
        (index, part)
        for index, part in enumerate(reply.parts)
        if index >= reply.round_start and isinstance(part, TextPart)
    ]
    if not texts:
        return _extend_text(reply, TextPart, numbers)
    for index, part in reversed(texts):
        if after < len(part.text) or index == texts[0][0]:
            at = max(0, len(part.text) - after)
            return _with_part(
                reply, index, replace(part, text=part.text[:at] + numbers + part.text[at:])
            )
        after -= len(part.text)
    return reply


def _next_round(reply: Reply) -> Reply:
    return replace(
        _with_call_ids(reply),
        round=reply.round + 1,
        round_start=len(reply.parts),
        call_keys=(),
        round_usage=None,
        begun_phase=None,
        earlier_usages=reply.usages,
        is_uncounted=reply.is_uncounted or reply.round_usage is None,
        response_id="",
    )


def _with_call_ids(reply: Reply) -> Reply:
    """Give each call of this round a valid, unique id: some servers send none or duplicates.

    The ids of later rounds must differ from those of earlier ones, too.
    """
    earlier_parts = reply.parts[: reply.round_start]
    used_ids = {part.call_id for part in earlier_parts if isinstance(part, ToolCallPart)}
    parts = list(reply.parts)
    for number, (index, call) in enumerate(_calls_of_round(reply)):
        call_id = call.call_id
        if not 0 < len(call_id) <= MAX_CALL_ID_CHARS or call_id in used_ids:
            call_id = f"call_{reply.round}_{number}"
            while call_id in used_ids:
                call_id += "_"
            parts[index] = replace(call, call_id=call_id)
        used_ids.add(call_id)
    return replace(reply, parts=tuple(parts))


def _with_step(reply: Reply, call: ToolCallPart) -> Reply:
    """Put the next state of a call into its place, with the arguments as they are there."""
    for index, part in enumerate(reply.parts):
        if isinstance(part, ToolCallPart) and part.call_id == call.call_id:
            step = replace(call, name=part.name, arguments=part.arguments, round=part.round)
            return _with_part(reply, index, step)
    return reply
