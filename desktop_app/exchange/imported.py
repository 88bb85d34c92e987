"""What was read out of a file from elsewhere: conversations as our own tree of messages.

Other programs keep what we do not: system messages, the calls of tools and what they gave back,
reasoning as a message of its own, empty nodes. `grow` makes our tree of such nodes: what a person
reads stays, in its place; what carries nothing is left out, and what hung on it hangs on what is
above it. Every id is derived from the ids of the source, so the same file twice gives the same
conversations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from desktop_app.domain.compaction import Compaction
from desktop_app.domain.conversation import (
    Conversation,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.generation import Overrides
from desktop_app.domain.parts import (
    AttachmentFile,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
)
from desktop_app.domain.presets import Preset

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOST_PICTURE: Final = "[A picture that is not in the export]"
_PICTURES: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class ImportedConversation:
    """A conversation as it is to be kept.

    Attributes:
        conversation: with a choice of the provider "" where the file names none of ours.
        messages: parents before their children.
        folder: what it lies in, if anything.
        files: what its messages speak of, where the file brought it along.
        compactions: what is sent in place of its beginning.
        preset: the one that was put into force in it last.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    folder: Folder | None = None
    files: tuple[AttachmentFile, ...] = ()
    compactions: tuple[Compaction, ...] = ()
    preset: Preset | None = None


@dataclass(frozen=True)
class Node:
    """One node of the source's tree.

    Attributes:
        role: None for what is no message of ours (a root, a system message, empty).
        reasoning: shown with the next answer below.
        seconds: since 1970 in UTC; None where not told.
    """

    id: str
    parent: str | None
    role: Role | None = None
    parts: tuple[Part, ...] = ()
    reasoning: tuple[ReasoningPart, ...] = ()
    seconds: float | None = None
    model: str = ""
    is_whole: bool = True


def grow(
    source: str,
    source_id: str,
    nodes: Iterable[Node],
    *,
    title: str,
    created: float | None,
    updated: float | None,
    leaf: str | None,
    model: str = "",
    pinned: bool = False,
    archived: bool = False,
    instructions: str = "",
) -> tuple[Conversation, tuple[Message, ...]]:
    """Our conversation and messages out of a tree of nodes, given in any order.

    Args:
        source: names the kind of file; part of every id.
        leaf: the node that the path shown ends in.
        instructions: the conversation's own system prompt, "" for none.
    """
    conversation_id = _id(source, source_id)
    ordered = _in_order({node.id: node for node in nodes})
    began = moment(created) or moment(next((n.seconds for n in ordered if n.seconds), None))
    began = began or _EPOCH
    messages: dict[str, Message] = {}
    kept_above: dict[str, str | None] = {}  # node -> the nearest one, itself included, that is kept
    thoughts: dict[str, tuple[ReasoningPart, ...]] = {}
    for node in ordered:
        above = kept_above.get(node.parent or "")
        pending = thoughts.get(node.parent or "", ()) + node.reasoning
        if node.role is None or not (node.parts or (pending and node.role is Role.ASSISTANT)):
            kept_above[node.id], thoughts[node.id] = above, pending
            continue
        kept_above[node.id] = node.id
        is_answer = node.role is Role.ASSISTANT
        thoughts[node.id] = () if is_answer else pending
        parent = None if above is None else messages[above]
        earliest = began if parent is None else parent.created_at + _TICK
        messages[node.id] = Message(
            id=_id(source, source_id, node.id),
            conversation_id=conversation_id,
            parent_id=None if parent is None else parent.id,
            role=node.role,
            status=MessageStatus.COMPLETE if node.is_whole else MessageStatus.INTERRUPTED,
            parts=(*pending, *node.parts) if is_answer else node.parts,
            created_at=max(moment(node.seconds) or earliest, earliest),
            choice=ModelChoice("", node.model or model) if is_answer else None,
        )
    last = messages.get(kept_above.get(leaf or "") or "") or _newest(messages)
    ended = max((m.created_at for m in messages.values()), default=began)
    conversation = Conversation(
        id=conversation_id,
        title=" ".join(title.split()) or "Imported conversation",
        created_at=began,
        updated_at=moment(updated) or ended,
        choice=ModelChoice("", model),
        leaf_id=None if last is None else last.id,
        pinned=pinned,
        archived=archived,
        overrides=Overrides(instructions or None),
    )
    return conversation, tuple(messages.values())


def picture(name: str, data: bytes, files: dict[str, AttachmentFile]) -> Part:
    """A picture that came along, put to `files`; words in its place where it is none we know."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    kinds = (kind for magic, kind in _PICTURES.items() if data.startswith(magic))
    media_type = "image/webp" if is_webp else next(kinds, "")
    if not media_type:
        return TextPart(LOST_PICTURE)
    sha256 = hashlib.sha256(data).hexdigest()
    files[sha256] = AttachmentFile(sha256, name, media_type, data)
    return ImagePart(sha256, name, media_type, len(data))


def moment(seconds: float | None) -> datetime | None:
    """Seconds since 1970 (or milliseconds, micro- or nanoseconds, as some programs write them) as a
    moment in UTC."""
    if seconds is None:
        return None
    for _ in range(3):
        if abs(seconds) > 1e11:
            seconds /= 1000
    try:
        return _EPOCH + timedelta(seconds=round(seconds, 6))
    except (OverflowError, ValueError):
        return None


def seconds_of(value: Any) -> float | None:
    """A time as any of these programs writes it: a number, or ISO 8601."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def text_at(value: Mapping[str, Any], key: str) -> str:
    """The text under a key; "" where there is none or something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def mapping_at(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def is_any(value: Any, is_one: Callable[[Any], bool]) -> bool:
    """Whether it is a conversation of some program's, or a list in which one is."""
    return any(map(is_one, value)) if isinstance(value, list) else is_one(value)


def objects_at(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in the list under a key."""
    found = value.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def refused(
    why: str, details: str = "", what_to_do: str = "Export it again where it comes from."
) -> ImportRefusedError:
    """The error for a file that is not what it seems to be."""
    return ImportRefusedError(
        why,
        what_was_kept="Nothing was imported from it.",
        what_to_do=what_to_do,
        details=details,
    )


def _in_order(nodes: Mapping[str, Node]) -> list[Node]:
    """Parents before children, otherwise as they came. Whoever names a parent that is not there,
    or is its own ancestor, is a root."""
    ordered: list[Node] = []
    done: set[str] = set()
    for start in nodes.values():
        chain: list[Node] = []
        on_chain: set[str] = set()
        at: Node | None = start
        while at is not None and at.id not in done and at.id not in on_chain:
            chain.append(at)
            on_chain.add(at.id)
            at = nodes.get(at.parent or "")
        if at is not None and at.id in on_chain:  # a ring: it is opened where it was entered
            chain[-1] = replace(chain[-1], parent=None)
        for node in reversed(chain):
            ordered.append(node if node.parent in nodes else replace(node, parent=None))
            done.add(node.id)
    return ordered


def _newest(messages: Mapping[str, Message]) -> Message | None:
    parents = {message.parent_id for message in messages.values()}
    leaves = [message for message in messages.values() if message.id not in parents]
    return max(leaves, key=lambda message: message.created_at, default=None)


def _id(*names: str) -> str:
    return hashlib.sha256("\0".join(names).encode("utf-8", "replace")).hexdigest()[:32]
