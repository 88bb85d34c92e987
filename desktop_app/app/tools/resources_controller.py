"""Resources of tool servers, which can be attached to a question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from desktop_app.domain.errors import UserFacingError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.services.tools.server_registry import ToolServers
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.tools.resource_dialog import ResourceChoice, ResourceDialog


class ResourcesController(QObject):
    """Connection of the servers' resources with their dialog.

    Args:
        servers: returns the servers; the start does not need them.

    Signals:
        content_attach_requested(DroppedData, str): attach a resource to the conversation in which
            it was chosen.
    """

    content_attach_requested = Signal(object, str)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        servers: Callable[[], ToolServers],
        *,
        current: OpenConversation,
        tasks: Tasks,
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._servers = servers
        self._current = current
        self._tasks = tasks

    def show(self) -> None:
        """List the resources of all servers, to attach one."""
        from desktop_app.ui.tools.resource_dialog import ResourceDialog

        dialog = ResourceDialog(self._theme.current, self._parent)
        dialog.chosen.connect(
            lambda choice: self._tasks.start(self._attach(choice, self._current.id))
        )
        dialog.open()
        self._tasks.start(self._list(dialog))

    async def _list(self, dialog: ResourceDialog) -> None:
        from desktop_app.ui.tools.resource_dialog import ResourceChoice

        choices: list[ResourceChoice] = []
        problems: list[str] = []
        for run in await self._servers().runs():
            try:
                rows = await run.fetch_list("resources")
            except UserFacingError as error:
                problems.append(error.sentences)
                continue
            name = run.server.name
            choices += [ResourceChoice(name, row["uri"], run.redact(row["name"])) for row in rows]
        if isValid(dialog):  # not closed meanwhile
            dialog.set_resources(choices, problems)

    async def _attach(self, choice: ResourceChoice, conversation_id: str) -> None:
        from desktop_app.ui.composer.dropped_content import DroppedData

        run = await self._servers().run(choice.server)
        resource = await run.read_resource(choice.uri)
        data, name = await asyncio.to_thread(_decode_resource, resource, choice.name)
        self.content_attach_requested.emit(DroppedData(name, data), conversation_id)


def _decode_resource(resource: Mapping[str, str], name: str) -> tuple[bytes, str]:
    """Return the bytes of a resource, and its file name with a suffix."""
    import base64
    import mimetypes

    if resource["kind"] == "text":
        data = resource["data"].encode()
        default_suffix = ".txt"
    else:
        data = base64.b64decode(resource["data"])
        default_suffix = ".bin"
    if Path(name).suffix:
        return data, name
    return data, name + (mimetypes.guess_extension(resource["media_type"]) or default_suffix)
