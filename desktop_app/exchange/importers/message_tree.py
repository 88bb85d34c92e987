"""Builds a tree of messages from the nodes of another program's tree.

Other programs store nodes that are not messages here: system messages, tool calls and their
results, reasoning, empty nodes. A node without content is left out, and its children are attached
to its parent. Reasoning and tool calls are pending parts, which are added to the next answer below
their node; if no answer follows, they become an answer of their own. A message in which nothing was
found is kept in its place, and counted. Every id is derived from the source's ids, so importing a
file twice gives the same conversations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from desktop_app.domain import bounds
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    title_from,
)
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.graphemes import shorten
from desktop_app.exchange.importers.imported_conversation import (
    EPOCH,
    ImportedConversation,
    time_from_seconds,
)
from desktop_app.exchange.importers.written_documents import (
    DocumentChange,
    WrittenDocument,
    documents_at_end,
)

_MIN_DELAY: Final = timedelta(milliseconds=1)
"""The least time between a message and its child, so that their order is known."""
_MAX_TITLE_CHARS: Final = 1000  # an arbitrary number
_NOTHING_FOUND: Final = TextPart("[A message in which nothing was found]")

PendingPart = ReasoningPart | ToolCallPart


@dataclass(frozen=True)
class Node:
    """A node of the source's tree.

    Attributes:
        role: None if the node is not a message here (a root, a system message, a call).
        pending: parts to add to the next answer, which is this node or one below. A tool call
            without arguments is only the result of an earlier call: of the first call of the same
            tool that has no result yet.
        seconds: since 1970 in UTC; None if unknown.
        changes: of documents, in their order.
    """

    id: str
    parent: str | None
    role: Role | None = None
    parts: tuple[Part, ...] = ()
    pending: tuple[PendingPart, ...] = ()
    seconds: float | None = None
    model: str = ""
    is_complete: bool = True
    changes: tuple[DocumentChange, ...] = ()


@dataclass(frozen=True)
class SourceConversation:
    """A conversation of another program, without its nodes.

    Attributes:
        program: the program's name; ids are derived from it, too.
        created, updated: seconds since 1970 in UTC; None if unknown.
        leaf: the id of the last node of the shown path; None or "" if unknown.
        instructions: the conversation's own system prompt, "" for none.
    """

    program: str
    id: str
    title: str = ""
    created: float | None = None
    updated: float | None = None
    leaf: str | None = None
    model: str = ""
    pinned: bool = False
    archived: bool = False
    instructions: str = ""


def build_conversation(
    source: SourceConversation, nodes: Iterable[Node], files: Iterable[AttachmentFile] = ()
) -> ImportedConversation:
    """Build a conversation from a tree of nodes, given in any order, and its files.

    The documents of its path become texts beside it. The message that changed one last shows it.

    It begins at EPOCH if the source has no time at all.

    Args:
        files: is iterated after `nodes`, whose iteration may add to it.
    """
    ordered = _parents_first({node.id: node for node in nodes})
    documents: list[WrittenDocument] = []
    if any(node.changes for node in ordered):
        documents = _documents_of(source, ordered)
        ordered = _with_documents(ordered, documents)
    # A node with 0 seconds counts as one without a time.
    first_seconds = next((node.seconds for node in ordered if node.seconds), None)
    start_time = (
        time_from_seconds(source.created)
        or time_from_seconds(first_seconds)
        or time_from_seconds(source.updated)
        or EPOCH
    )
    tree = _Tree(source, start_time)
    parent_ids = {node.parent for node in ordered}
    for node in ordered:
        tree.add(node, is_leaf=node.id not in parent_ids)
    has_content = tree.unread < len(tree.messages)
    if not has_content:
        tree.messages.clear()
    parents = {message.parent_id for message in tree.messages}
    leaves = [message for message in tree.messages if message.id not in parents]
    newest = max(leaves, key=lambda message: message.created_at, default=None)
    last = (tree.message_at(source.leaf) if has_content else None) or newest
    latest_time = max((message.created_at for message in tree.messages), default=start_time)
    title = shorten(" ".join(source.title.split()), _MAX_TITLE_CHARS)
    conversation = Conversation(
        id=tree.conversation_id,
        title=title or _title_from_question(tree.messages) or "Imported conversation",
        created_at=start_time,
        updated_at=time_from_seconds(source.updated) or latest_time,
        choice=ModelChoice("", bounds.checked_name(source.model)),
        leaf_id=None if last is None else last.id,
        pinned=source.pinned,
        archived=source.archived,
        overrides=Overrides(source.instructions or None),
        title_is_automatic=not title,
    )
    texts = tuple(_text_of(document, conversation.id) for document in documents)
    return ImportedConversation(
        conversation, tuple(tree.messages), files=tuple(files), texts=texts, unread=tree.unread
    )


def _documents_of(source: SourceConversation, ordered: list[Node]) -> list[WrittenDocument]:
    """Return the documents of the shown path, or of that to the newest node."""
    nodes = {node.id: node for node in ordered}
    newest = max(reversed(ordered), key=lambda node: node.seconds or 0, default=None)
    current = nodes.get(source.leaf or "") or newest
    path: list[str] = []
    while current is not None:
        path.append(current.id)
        current = nodes.get(current.parent or "")
    return documents_at_end(reversed(path), {node.id: node.changes for node in ordered})


def _with_documents(ordered: list[Node], documents: Iterable[WrittenDocument]) -> list[Node]:
    """Return the nodes; each that changed a document last also shows the document."""
    shown: dict[str, list[Part]] = {}
    for document in documents:
        if not document.is_shown:
            shown.setdefault(document.node, []).append(TextPart(document.markdown))
    return [
        replace(node, role=node.role or Role.ASSISTANT, parts=(*node.parts, *shown[node.id]))
        if node.id in shown
        else node
        for node in ordered
    ]


def _text_of(document: WrittenDocument, conversation_id: str) -> WrittenText:
    """Return a document as a text, whose id another state of it does not have."""
    id_ = derived_id(conversation_id, document.id, document.body)
    title = shorten(" ".join(document.title.split()), _MAX_TITLE_CHARS)
    return WrittenText(id_, conversation_id, title, document.body)


class _Pending(NamedTuple):
    """The pending parts of a node that is not a message, and of such nodes directly above it.

    Attributes:
        node: the node, which becomes an answer with these parts if no answer follows.
    """

    node: Node
    parts: tuple[PendingPart, ...]


class _Tree:
    """The tree under construction; nodes are added parents first."""

    def __init__(self, source: SourceConversation, start_time: datetime) -> None:
        self._source = source
        self._start_time = start_time
        self.conversation_id = derived_id(source.program, source.id)
        self.messages: list[Message] = []
        self.unread = 0  # messages in which nothing was found
        # By node id: its message, or the nearest message above it.
        self._message_by_node: dict[str, Message | None] = {}
        # By the id of a node that is not a message.
        self._pending_by_node: dict[str, _Pending] = {}

    def message_at(self, node_id: str | None) -> Message | None:
        """Return the message of a node, or the nearest above it; None if there is none."""
        return self._message_by_node.get(node_id or "")

    def add(self, node: Node, *, is_leaf: bool) -> None:
        """Add a node, as a message if it has content, or parts that no later answer can get."""
        parts = (each for each in node.parts if not isinstance(each, TextPart) or each.text.strip())
        node = replace(node, parts=tuple(parts))
        above = self._pending_by_node.get(node.parent or "", _Pending(node, ()))
        parts_above = above.parts
        # The answer to a question has no use for the parts before the question.
        if parts_above and node.role is Role.USER:
            self._add_message(replace(above.node, role=Role.ASSISTANT, parts=()), parts_above)
            parts_above = ()
        pending = _with_results(parts_above, node.pending)
        if pending and node.role is None and is_leaf:
            node = replace(node, role=Role.ASSISTANT)
        is_answer = node.role is Role.ASSISTANT
        if node.role is not None and (node.parts or (pending and is_answer)):
            self._add_message(node, pending if is_answer else ())
        elif node.role is not None and not pending:
            self.unread += 1
            self._add_message(replace(node, parts=(_NOTHING_FOUND,)), ())
        else:
            self._message_by_node[node.id] = self.message_at(node.parent)
            self._pending_by_node[node.id] = _Pending(node, pending)

    def _add_message(self, node: Node, pending: tuple[PendingPart, ...]) -> None:
        """Add a node as a message that is later than its parent, whatever its own time."""
        parent = self.message_at(node.parent)
        earliest = self._start_time if parent is None else parent.created_at + _MIN_DELAY
        choice = None
        if node.role is Role.ASSISTANT:
            choice = ModelChoice("", bounds.checked_name(node.model or self._source.model))
        message = Message(
            id=derived_id(self._source.program, self._source.id, node.id),
            conversation_id=self.conversation_id,
            parent_id=None if parent is None else parent.id,
            role=node.role or Role.ASSISTANT,
            status=MessageStatus.COMPLETE if node.is_complete else MessageStatus.INCOMPLETE,
            parts=(*pending, *node.parts),
            created_at=max(time_from_seconds(node.seconds) or earliest, earliest),
            choice=choice,
        )
        self.messages.append(message)
        self._message_by_node[node.id] = message
        self._pending_by_node.pop(node.id, None)


def _with_results(
    parts_above: tuple[PendingPart, ...], new_parts: tuple[PendingPart, ...]
) -> tuple[PendingPart, ...]:
    """Return all parts, with each result in the first call of its tool without a result."""
    parts = list(parts_above)
    for part in new_parts:
        call = _call_of(part, parts)
        if call is not None and isinstance(part, ToolCallPart):
            parts[parts.index(call)] = replace(call, result=part.result, state=part.state)
        else:
            parts.append(part)
    return tuple(parts)


def _call_of(part: PendingPart, parts: list[PendingPart]) -> ToolCallPart | None:
    """Return the call that a part is the result of; None if it is no result.

    The part of a name before a "." is the tool; what follows is one of its functions.
    """
    if isinstance(part, ReasoningPart) or part.arguments:
        return None
    tool = part.name.partition(".")[0]
    calls = (call for call in parts if isinstance(call, ToolCallPart) and not call.result)
    return next((call for call in calls if call.name.partition(".")[0] == tool), None)


def _parents_first(nodes: Mapping[str, Node]) -> list[Node]:
    """Return parents before their children, otherwise in the given order.

    A node becomes a root if its parent does not exist. A cycle becomes a path.
    """
    ordered: dict[str, Node] = {}
    for start in nodes.values():
        chain: dict[str, Node] = {}
        current: Node | None = start
        # Up to a root, or to a node whose ancestors are in order already.
        while current is not None and current.id not in ordered and current.id not in chain:
            chain[current.id] = current
            current = nodes.get(current.parent or "")
        for node in reversed(chain.values()):
            has_parent = node.parent in ordered
            ordered[node.id] = node if has_parent else replace(node, parent=None)
    return list(ordered.values())


def _title_from_question(messages: Iterable[Message]) -> str:
    """Return the beginning of the first question; notes about its files precede its text."""
    for message in messages:
        if message.role is Role.USER:
            texts = [part.text for part in message.parts if isinstance(part, TextPart)]
            return title_from(texts[-1]) if texts else ""
    return ""
