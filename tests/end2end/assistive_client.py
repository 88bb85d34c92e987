"""An AT-SPI client that acts like a screen reader.

It runs under the system's Python, which has pyatspi, and knows only the names of the widgets.
It reads a JSON request per line from standard input and writes a JSON reply per line:

    {"do": "text" | "set_text" | "press" | "toggle" | "states" | "children" | "name" | "place",
     "pid": …, "id": …, …}
    {"do": "names" | "heard", "pid": …}

A widget is found by the last part of its accessible id, which is the path of Qt's object names.
"name" and "role" instead of "id" find the first visible widget of the role whose name begins with
"name".

"heard" returns what a screen reader would have spoken since the last request of that kind:
announcements, and the name and role of each widget that got the focus or row that became current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import gi
import pyatspi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

MAX_DEPTH = 40
CALL_MS = 30_000  # without it, a busy program has no names after 0.8 s
# The widgets found, by process and id: another search takes hundreds of calls to the program.
widget_cache: dict[tuple[int, str], Any] = {}
SPOKEN_EVENTS = (
    "object:announcement",
    "object:state-changed:focused",
    "object:active-descendant-changed",
)


class SpeechLog:
    """Records what a screen reader would speak of each process, in order."""

    def __init__(self) -> None:
        self._spoken: list[tuple[int, str]] = []
        self._listener = Atspi.EventListener.new(self._hear)
        for event in SPOKEN_EVENTS:
            self._listener.register(event)

    def take(self, pid: int) -> list[str]:
        """Return what was spoken since the last call, and forget it."""
        while GLib.MainContext.default().iteration(False):
            pass
        spoken = [words for speaker, words in self._spoken if speaker == pid]
        self._spoken.clear()
        return spoken

    def _hear(self, event: Any) -> None:
        try:
            pid = event.source.get_process_id()
            if event.type.startswith("object:announcement"):
                self._spoken.append((pid, str(event.any_data)))
            elif event.detail1 or event.type.startswith("object:active"):
                node = event.source
                self._spoken.append((pid, f"{node.get_name()}, {node.get_role_name()}"))
        except GLib.Error:
            return  # the widget was deleted meanwhile


def application_of(pid: int) -> Any:
    """Return the root of the process's tree, or None if it has none yet."""
    desktop = pyatspi.Registry.getDesktop(0)
    for application in desktop:
        if application is not None and application.get_process_id() == pid:
            return application
    return None


def walk(node: Any, depth: int = 0) -> Iterator[Any]:
    """Yield a node and all its descendants."""
    yield node
    if depth < MAX_DEPTH:
        for child in node:
            if child is not None:
                yield from walk(child, depth + 1)


def find(request: dict[str, Any]) -> Any:
    """Return the widget that a request names, or raise LookupError."""
    key = (request["pid"], request.get("id", ""))
    if key in widget_cache and has_id(widget_cache[key], request["id"]):
        widget_cache[key].clear_cache()  # its states may have changed
        return widget_cache[key]
    application = application_of(request["pid"])
    if application is None:
        raise LookupError("the program has no accessible tree")
    for node in walk(application):
        if "id" in request:
            if has_id(node, request["id"]):
                widget_cache[key] = node
                return node
        elif (
            node.name.startswith(request["name"])
            and node.getRoleName() == request["role"]
            and node.getState().contains(pyatspi.STATE_SHOWING)
        ):
            return node
    raise LookupError(f"nothing is called {request.get('id') or request['name']}")


def has_id(node: Any, identifier: str) -> bool:
    """Return True if a widget still exists and its id ends in `identifier`."""
    try:
        return (node.get_accessible_id() or "").rsplit(".", 1)[-1] == identifier
    except GLib.Error:
        return False


def act(node: Any, wanted: str) -> Any:
    """Perform an action of the node, or its main one if it has none of this name."""
    action = node.queryAction()
    names = [action.getName(i).lower() for i in range(action.nActions)]
    return action.doAction(names.index(wanted) if wanted in names else 0)


def answer(request: dict[str, Any], log: SpeechLog) -> Any:
    """Perform a request and return its result."""
    match request["do"]:
        case "heard":
            return log.take(request["pid"])
        case "names":
            application = application_of(request["pid"])
            nodes = list(walk(application)) if application is not None else []
            return [[n.get_accessible_id(), n.name, n.getRoleName()] for n in nodes]
    return answer_of(find(request), request)


def answer_of(node: Any, request: dict[str, Any]) -> Any:
    """Perform a request about a widget and return its result."""
    match request["do"]:
        case "text":
            text = node.queryText()
            return text.getText(0, text.characterCount)
        case "set_text":
            return node.queryEditableText().setTextContents(request["text"])
        case "press" | "toggle" as wanted:
            return act(node, wanted)
        case "states":
            return sorted(pyatspi.stateToString(state) for state in node.getState().getStates())
        case "children":
            return [child.name for child in node if child is not None]
        case "name":
            return node.name
        case "place":  # x, y, width and height on the screen, of a child if the request names one
            named = [c for c in node if c is not None and c.name.startswith(request["child"])]
            if request["child"] and not named:
                raise LookupError(f"no child is called {request['child']}")
            place = (named[0] if named and request["child"] else node).queryComponent()
            return list(place.getExtents(pyatspi.DESKTOP_COORDS))
    raise LookupError(f"unknown request {request['do']}")


def main() -> None:
    """Answer until standard input ends."""
    Atspi.set_timeout(CALL_MS, CALL_MS)
    log = SpeechLog()
    for line in sys.stdin:
        try:
            reply = {"ok": answer(json.loads(line), log)}
        except (LookupError, NotImplementedError, GLib.Error, ValueError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
