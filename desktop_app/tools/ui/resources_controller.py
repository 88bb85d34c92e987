"""Resources of tool servers, which can be attached to a question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.app.session import Controller, Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command_search import PaletteEntry

if TYPE_CHECKING:
    from desktop_app.app.window.command_palette import CommandPalette


class _Resource(NamedTuple):
    """A resource of a server."""

    server: str
    uri: str
    name: str


class ResourcesController(Controller):
    """Palette of the servers' resources, of which one is attached."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._servers = session.backend.tool_servers
        self._palette: CommandPalette | None = None
        self._resources: list[_Resource] = []

    def show(self) -> None:
        """List the resources of all servers, to attach one."""
        from desktop_app.app.window.command_palette import CommandPalette  # not for the start

        if self._palette is None:
            palette = self._palette = CommandPalette(
                self._window,
                name="resource-palette",
                label=tr("Attach from a tool server"),
                empty_text="",
            )
            palette.chosen.connect(
                lambda row: self._tasks.start(
                    self._attach(self._resources[int(row)], self._current.id)
                )
            )
        self._palette.empty_label.setText(tr("Loading…"))
        self._palette.open_with(())
        self._tasks.start(self._list(self._palette))

    async def _list(self, palette: CommandPalette) -> None:
        resources: list[_Resource] = []
        problems: list[str] = []
        for run in await self._servers.runs():
            try:
                rows = await run.fetch_list("resources")
            except UserFacingError as error:
                problems.append(error.sentences)
                continue
            name = run.server.name
            resources += [_Resource(name, row["uri"], run.redact(row["name"])) for row in rows]
        if problems:
            self._notifications.notify("\n".join(problems))
        if palette.isVisible():  # not closed meanwhile
            self._resources = resources
            palette.empty_label.setText(tr("No tool server offers a resource."))
            palette.open_with(
                [PaletteEntry(str(n), each.name, each.server) for n, each in enumerate(resources)]
            )

    async def _attach(self, resource: _Resource, conversation_id: str) -> None:
        from desktop_app.composer.dropped_content import DroppedData

        run = await self._servers.run(resource.server)
        content = await run.read_resource(resource.uri)
        data, name = await asyncio.to_thread(_decode_resource, content, resource.name)
        self._session.attachments.attach_content(DroppedData(name, data), conversation_id)


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
