"""Tools that a model may call, whoever runs them; the states of calls, and what a call may read."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import field

from desktop_app.domain.text_enum import TextEnum
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.error_note import ErrorNote

TOO_MANY_ROUNDS: Final = "tool_rounds"
TOO_LONG: Final = "tool_time"
TOO_EXPENSIVE: Final = "tool_cost"
"""Reasons why an answer with tool calls ends early, in addition to those of the APIs."""
MAX_RESULT_CHARS: Final = 200_000
"""The characters of a result that the model gets; a remark says that the rest is missing."""
IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""The types of images in results that models get."""
USUAL_TIMEOUT_S: Final = 60.0
MAX_WIRE_NAME_CHARS: Final = 64
PAGE_TOOL: Final = "fetch_page"
"""The built-in tool that fetches pages; a permission for it is for one host."""
SEARCH_TOOL: Final = "search_library"
"""The built-in tool that searches conversations; its result has a line for each that it found."""
REMEMBER_TOOL: Final = "remember"
"""The built-in tool that adds a note."""
EDIT_TOOL: Final = "edit_text"
"""The built-in tool that proposes changes to the open text."""
PROPOSED: Final = "Proposed {} of {} changes."
"""How its results begin."""
PYTHON_TOOL: Final = "python"
READ_SKILL: Final = "read_skill"
"""The tool that reads the chosen skills."""
SKILL_PREFIX: Final = "skill:"
"""Before the name of a skill that is chosen as a tool."""
WEB_SEARCH: Final = "web_search"
"""The hosted tool that searches the web."""
OWN_SEARCH: Final = "search_web"
"""The built-in tool that searches the web by a server that the user has entered."""
WEB_TOOLS: Final = (OWN_SEARCH, PAGE_TOOL)
"""The built-in tools that replace WEB_SEARCH for models without it."""
BAD_ARGUMENTS: Final = "The arguments"
"""How the results begin that tell a model what is wrong with the arguments of its call."""
NOTHING_FOUND: Final = "Nothing was found."
CODE_INTERPRETER: Final = "code_interpreter"
HOSTED_TOOLS: Final = (WEB_SEARCH, "file_search", "code_interpreter", "image_generation")
"""The names of the tools that a provider runs itself, without asking."""


def runs_without_asking(name: str) -> bool:
    """Return True for the name of a hosted tool, and for "/*".

    "/*" means all tools without a source: the built-in and the hosted ones.
    """
    return name in HOSTED_TOOLS or name == "/*"


class ToolKind(StrEnum):
    """The effect of a tool: it reads data here, changes something, or sends data elsewhere."""

    READS = "reads"
    WRITES = "writes"
    LEAVES = "leaves"


class Permission(StrEnum):
    """The user's decision on the calls of a tool. ASK: the user decides on each call."""

    ASK = "ask"
    CONVERSATION = "conversation"
    ALWAYS = "always"
    NEVER = "never"


class UserReply(NamedTuple):
    """The user's reply to a question that a server asked during a call.

    Attributes:
        action: "accept", "decline", or "cancel" if nobody was asked, in the words of MCP.
        content: the entered values by name.
    """

    action: str = "cancel"
    content: Mapping[str, Any] = {}


class ToolError(Exception):
    """A failure of a tool; the message is for the model."""


class ToolDefinition(Value, frozen=True):
    """A tool as models see it and as the user judges it.

    Attributes:
        name: of the tool at its source; in snake_case for built-in tools.
        description: for the model, in English.
        parameters: the JSON Schema of the arguments; an object.
        source: the server that runs it; "" for built-in tools.
        touches: a sentence that tells the user what it can access; marked for translation.
        needs_consent: False for tools that only compute.
        asks_each_time: True if no permission is stored: the user decides on each call.
        is_limited: False if its calls have no effect until the user accepts it: neither they nor
            the rounds of such calls alone are counted.
        timeout_s: the time limit of a call, in seconds.
        hosted: the request's fields with which the provider runs it; None if it runs here.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kind: ToolKind = ToolKind.READS
    source: str = ""
    touches: str = ""
    needs_consent: bool = True
    asks_each_time: bool = False
    is_limited: bool = True
    timeout_s: float = USUAL_TIMEOUT_S
    hosted: Mapping[str, Any] | None = None

    @property
    def full_name(self) -> str:
        """Return the name that users see and type: TOOL, or SOURCE/TOOL."""
        return f"{self.source}/{self.name}" if self.source else self.name

    @property
    def display_description(self) -> str:
        """Return the translated `touches`; without it, or for a server's tool, `description`."""
        return tr(self.touches) if self.touches and not self.source else self.description

    @property
    def wire_name(self) -> str:
        """Return the name that is sent: the APIs take letters, digits, _ and - only.

        A changed name ends with a hash, so that different names stay different.
        """
        unchecked_name = f"{self.source}__{self.name}" if self.source else self.name
        wire_name = re.sub(r"[^A-Za-z0-9_-]", "_", unchecked_name)
        if wire_name == unchecked_name and len(wire_name) <= MAX_WIRE_NAME_CHARS:
            return wire_name
        import hashlib

        digest = hashlib.sha256(unchecked_name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        max_beginning = MAX_WIRE_NAME_CHARS - len("_") - len(digest)
        return f"{wire_name[:max_beginning]}_{digest}"

    @property
    def sent_text(self) -> str:
        """Return approximately the text that is sent, for estimates; "" for a hosted tool."""
        if self.hosted is not None:
            return ""
        return f"{self.wire_name}\n{self.description}\n{json.dumps(dict(self.parameters))}"


class ListedTool(NamedTuple):
    """A tool in a list.

    Attributes:
        refusal: why the tool cannot be used here; None if it can.
    """

    definition: ToolDefinition
    refusal: ErrorNote | None = None

    @property
    def is_available(self) -> bool:
        return self.refusal is None


class ToolLimits(NamedTuple):
    """Limits of all tool calls of one answer. The defaults are arbitrary.

    Attributes:
        rounds: the number of requests in which the model may call tools; one more request lets it
            answer. Those that only proposed changes of a text are not counted.
        seconds: from the first request, without the time in which the user decides.
        cost: US dollars; None for no limit.
    """

    rounds: int = 10
    seconds: float = 600
    cost: float | None = None


class ToolCallState(TextEnum):
    """The state of a tool call, stored before the next step begins.

    REQUESTED: the model asks for it. ALLOWED: the user allowed it; it has not started. RUNNING: it
    may have had an effect. DONE, FAILED: it ended with a result or an error. DENIED: the user or
    the settings denied it. INTERRUPTED: the answer ended while the call ran.
    """

    REQUESTED = "requested", N_("Not run")
    ALLOWED = "allowed", N_("Not run")
    RUNNING = "running", N_("Running")
    DONE = "done", N_("Done")
    FAILED = "failed", N_("Failed")
    DENIED = "denied", N_("Denied")
    INTERRUPTED = "interrupted", N_("Interrupted")

    @property
    def has_ended(self) -> bool:
        return self in _FINAL


_FINAL = frozenset(
    {ToolCallState.DONE, ToolCallState.FAILED, ToolCallState.DENIED, ToolCallState.INTERRUPTED}
)


TextOf = Callable[[str], Awaitable[str]]
"""Returns the text of an attached document by its hash. Raises StorageError."""
Report = Callable[[float, float | None, str], None]
"""Reports the progress of a call: the amount done, the total (None if unknown), and a message."""
Cite = Callable[[str, str], int]
"""Adds a page by address and title to the answer's sources. Returns its number; 0 for none."""
ShowImage = Callable[[str, bytes], None]
"""Shows an image of a result to the model, with its media type."""
ShowUser = Callable[[str], None]
"""Keeps a text of a result for the user, which the model does not get."""
AskUser = Callable[[str, Mapping[str, Any]], Awaitable[UserReply]]
"""Asks the user for a server: the question, and the schema of the values to enter."""


async def _no_text(_sha256: str) -> str:
    return ""


def _no_report(_done: float, _total: float | None, _message: str) -> None:
    """Drop a report."""


def _no_image(_media_type: str, _data: bytes) -> None:
    """Drop an image."""


def _no_text_for_user(_text: str) -> None:
    """Drop a text."""


async def _nobody_asked(_question: str, _schema: Mapping[str, Any]) -> UserReply:
    return UserReply()


def _no_source(_address: str, _title: str) -> int:
    return 0


class ToolContext(NamedTuple):
    """The conversation that a call belongs to.

    Attributes:
        messages: up to the question, oldest first.
        report: called while the call runs.
        show_image: called with each image of the result.
        show_user: called with each text that only the user gets.
        ask_user: called with each question of the tool's server.
        cite: called with each page of the result.
    """

    conversation_id: str
    messages: tuple[Message, ...] = ()
    text_of: TextOf = _no_text
    report: Report = _no_report
    show_image: ShowImage = _no_image
    show_user: ShowUser = _no_text_for_user
    ask_user: AskUser = _nobody_asked
    cite: Cite = _no_source
