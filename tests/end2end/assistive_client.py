"""An AT-SPI client that acts like a screen reader.

It runs under the system's Python, which has pyatspi, and knows nothing of Repartee but the names of
its widgets. It reads a JSON request per line from standard input and writes a JSON reply per line:

    {"do": "text" | "set_text" | "press" | "states" | "names" | "children" | "name" | "place",
     "id": …, "pid": …, …}

A widget is found by the last part of its accessible id, which is the path of Qt's object names.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import gi
import pyatspi

gi.require_version("Atspi", "2.0")
from gi.repository import GLib  # noqa: E402

DEEPEST = 40


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
    if depth < DEEPEST:
        for child in node:
            if child is not None:
                yield from walk(child, depth + 1)


def find(pid: int, identifier: str) -> Any:
    """Return the widget whose id ends in `identifier`, or raise LookupError."""
    application = application_of(pid)
    if application is None:
        raise LookupError("the program is not to be seen")
    for node in walk(application):
        if (node.get_accessible_id() or "").rsplit(".", 1)[-1] == identifier:
            return node
    raise LookupError(f"nothing is called {identifier}")


def answer(request: dict[str, Any]) -> Any:
    """Perform a request and return its result."""
    pid = request["pid"]
    if request["do"] == "names":
        application = application_of(pid)
        nodes = list(walk(application)) if application is not None else []
        return [[n.get_accessible_id(), n.name, n.getRoleName()] for n in nodes]
    node = find(pid, request["id"])
    match request["do"]:
        case "text":
            text = node.queryText()
            return text.getText(0, text.characterCount)
        case "set_text":
            return node.queryEditableText().setTextContents(request["text"])
        case "press":
            action = node.queryAction()
            names = [action.getName(i).lower() for i in range(action.nActions)]
            return action.doAction(names.index("press") if "press" in names else 0)
        case "states":
            return sorted(pyatspi.stateToString(state) for state in node.getState().getStates())
        case "children":
            return [child.name for child in node if child is not None]
        case "name":
            return node.name
        case "place":  # on the screen: x, y, width, height; of a child where one is named
            named = [c for c in node if c is not None and c.name.startswith(request["child"])]
            if request["child"] and not named:
                raise LookupError(f"no child is called {request['child']}")
            place = (named[0] if named and request["child"] else node).queryComponent()
            return list(place.getExtents(pyatspi.DESKTOP_COORDS))
    raise LookupError(f"unknown request {request['do']}")


def main() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        try:
            reply = {"ok": answer(json.loads(line))}
        except (LookupError, NotImplementedError, GLib.Error, ValueError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
