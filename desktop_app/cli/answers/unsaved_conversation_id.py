"""The id of an unsaved conversation, made so that providers' caches serve repeated documents."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart


def unsaved_conversation_id(
    instructions: str, attachments: Iterable[DocumentPart | ImagePart], question: str
) -> str:
    """Return an id for a conversation that is not saved.

    It is a hash of the instructions and attachments, or of the question if there are neither. The
    provider's cache key and the tags around documents are made from the id. So questions about the
    same documents begin with the same bytes, which the provider's cache can serve.
    """
    hashes = [part.sha256 for part in attachments]
    lone_question = "" if instructions or hashes else question
    content = json.dumps([instructions, hashes, lone_question])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
