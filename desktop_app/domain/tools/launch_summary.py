"""What a tool server of a foreign file would run or contact: what the user agrees to."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from desktop_app.domain.tools.tool_server import filled_command, referenced_variables
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.tools.tool_server import ServerSecrets, ToolServer

_KEY_LIKE: Final = re.compile(r"[\w.-]+")
"""A secret that can be neither a path nor a command of a shell, so that it need not be shown."""


def launch_summary(server: ToolServer, secrets: ServerSecrets) -> list[str]:
    """Return lines: the name and the command or address, then, indented, what else matters.

    The command is complete, except for secret arguments that look like keys. Of headers and
    variables, only the names are shown. Line breaks in these are for the caller to replace.
    """
    if server.url:
        start = server.url + ("?…" if server.has_query else "")
    else:
        hidden = [
            "…" if _KEY_LIKE.fullmatch(argument) else argument for argument in secrets.arguments
        ]
        start = shlex.join(filled_command(server.command, hidden))
    facts = []
    if server.folder:
        facts.append(tr("Folder: {folder}", folder=server.folder))
    if server.environment:
        facts.append(tr("Sets variables: {names}", names=_joined(server.environment)))
    if server.headers:
        facts.append(tr("Sends headers: {names}", names=_joined(server.headers)))
    if read := referenced_variables(server, secrets):
        facts.append(tr("Gets your variables: {names}", names=_joined(read)))
    return [f"{server.name}: {start}", *(f"    {fact}" for fact in facts)]


def _joined(names: Iterable[str]) -> str:
    return ", ".join(map(shlex.quote, names))
