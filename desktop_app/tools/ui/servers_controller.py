"""Tool servers in the settings: their list, forms, tests, logs, and imports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QTimer, QUrl
from shiboken6 import isValid

from desktop_app.app.session import Controller, Session
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.prompt_list import PromptList
from desktop_app.domain.errors import SignInNeededError, ToolServerError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.shortcuts.command_search import PaletteEntry
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.tools.servers.server_configuration import ConfiguredServer
    from desktop_app.tools.servers.server_registry import ToolServers
    from desktop_app.tools.servers.server_run import ServerRun
    from desktop_app.tools.servers.tool_server import ServerSecrets, ToolServer
    from desktop_app.tools.ui.servers_tab import EnteredServer, ServerForm, ServerRow

_MAX_LISTED_CHARS: Final = 20_000  # of the commands of an imported file, which are shown whole
# A longer list is shown in a field that scrolls: the question must fit a small screen.
_MAX_SHOWN_LINES: Final = 8
_MAX_SHOWN_CHARS: Final = 500
REFRESH_DELAY_MS = 200
"""The delay of an update of the list, because a server may write many log lines at once."""


class _Resource(NamedTuple):
    """A resource of a server, which can be attached to a question."""

    server: str
    uri: str
    name: str


class ServersController(Controller):
    """Connection of tool servers with their settings page, the prompt library and the prompt."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._page = session.window.settings.pages.by_name["servers"]
        self._results: dict[str, str] = {}  # name of a server -> the sentence on its last test
        self._refresh_timer = QTimer(self, singleShot=True, interval=REFRESH_DELAY_MS)
        self._refresh_timer.timeout.connect(self._tasks.slot(self.show_servers))

    @property
    def _servers(self) -> ToolServers:
        from desktop_app.tools.services import tool_servers

        return self._session.backend.of(tool_servers)

    def run(self, action: str, name: str) -> None:
        """Do what the page requests.

        Args:
            action: a key of the actions of `ServersTab`, or "add" or "import".
            name: of the server.
        """
        if action == "add":
            self._open_form(None)
        elif action == "import":
            filters = tr("JSON files ({pattern})", pattern="*.json")
            on_chosen = self._tasks.slot(self._import)
            choose_file(self._window, tr("Import tool servers"), on_chosen, filters=filters)
        elif action == "remove":
            self._confirm_removal(name)
        else:
            actions = {
                "edit": self._edit,
                "test": self.test,
                "sign-in": self._sign_in,
                "sign-out": self._sign_out,
                "log": self._show_log,
            }
            self._tasks.start(actions[action](name))

    async def load_prompts(self) -> None:
        """Offer the prompts that each server had when it was last asked."""
        from desktop_app.domain.prompt import Prompt
        from desktop_app.tools.services import server_store

        stored_prompts = await self._session.backend.of(server_store).prompts()
        self._session.of(PromptList).set_served(
            Prompt(f"server:{server}:{name}", f"{server}: {name}", text)
            for server, name, text in stored_prompts
        )

    async def show_servers(self) -> None:
        runs = await self._servers.runs()
        for run in runs:
            run.watch(self._refresh_timer.start)
        rows = [await self._make_row(run) for run in runs]
        self._page.set_content("servers", lambda page: page.set_servers(rows))

    async def _make_row(self, run: ServerRun) -> ServerRow:
        from desktop_app.tools.servers.server_run import ServerState
        from desktop_app.tools.ui.servers_tab import ServerRow

        server = run.server
        location = server.url or server.program
        if run.state is ServerState.FAILED and run.failure is not None:
            needs_sign_in = isinstance(run.failure, SignInNeededError)
            # If a sign-in is needed, a button says the rest.
            text = run.failure.what_happened if needs_sign_in else run.failure.sentences
            return ServerRow(server.name, location, text, tone="error", can_sign_in=needs_sign_in)
        status = {
            ServerState.STARTING: tr("Starting…"),
            ServerState.SIGNING_IN: tr("Sign in with your browser. The log has the address."),
            ServerState.RUNNING: self._results.get(server.name) or tr("Running"),
        }.get(run.state, tr("Not running. It starts when it’s needed."))
        is_signed_in = await self._servers.is_signed_in(server)
        return ServerRow(server.name, location, status, is_signed_in=is_signed_in)

    # -- adding and editing

    def _open_form(self, server: ToolServer | None) -> None:
        from desktop_app.tools.ui.servers_tab import ServerForm

        form = ServerForm(server, self._window)
        form.saved.connect(
            lambda entered: self._tasks.start(
                self._save(form, entered, replaces=server is not None)
            )
        )
        form.open()

    async def _edit(self, name: str) -> None:
        self._open_form((await self._servers.run(name)).server)

    async def _save(self, form: ServerForm, entered: EnteredServer, *, replaces: bool) -> None:
        try:
            server, secrets = await self._build_server(entered, replaces=replaces)
            await self._servers.add(server, secrets, replaces=replaces)
        except UserFacingError as error:
            if not isValid(form):  # closed meanwhile
                raise
            form.show_problem(error.sentences)
            return
        if isValid(form):
            form.accept()
        self._results.pop(server.name, None)
        await self.show_servers()
        await self.test(server.name)  # its tools can be chosen once they are known

    async def _build_server(
        self, entered: EnteredServer, *, replaces: bool
    ) -> tuple[ToolServer, ServerSecrets]:
        """Return the entered server and its secrets; unchanged values come from the store."""
        from desktop_app.tools.servers.tool_server import (
            ServerSecrets,
            has_keyring_arguments,
            server_of,
        )
        from desktop_app.tools.ui.servers_tab import STORED

        has_unchanged = (
            STORED
            in (*entered.environment.values(), *entered.headers.values(), entered.client_secret)
            or has_keyring_arguments(entered.command)
            or entered.url.endswith(f"?{STORED}")
        )
        stored_secrets = ServerSecrets()
        old_server = (await self._servers.run(entered.name)).server if replaces else None
        if old_server is not None and has_unchanged:
            stored_secrets = await self._servers.secrets_of(old_server)
        stored_environment = {} if old_server is None else old_server.environment
        unchanged_names = {
            variable
            for variable, value in entered.environment.items()
            if stored_environment.get(variable) == value
        }
        url = entered.url
        if stored_secrets:
            url = url.replace(f"?{STORED}", f"?{stored_secrets.query}")

        client_secret = entered.client_secret
        if client_secret == STORED:
            client_secret = stored_secrets.client_secret

        def fill_in(values: Mapping[str, str], stored_values: Mapping[str, str]) -> dict[str, str]:
            return {k: stored_values.get(k, "") if v == STORED else v for k, v in values.items()}

        return server_of(
            entered.name,
            command=entered.command,
            folder=entered.folder,
            url=url,
            environment=fill_in(entered.environment, stored_secrets.environment),
            headers=fill_in(entered.headers, stored_secrets.headers),
            arguments=stored_secrets.arguments,
            client_id=entered.client_id,
            client_secret=client_secret,
            timeout_s=old_server.timeout_s if old_server is not None else 0,
            plain_names=unchanged_names,
        )

    def _confirm_removal(self, name: str) -> None:
        async def remove() -> None:
            await self._servers.remove(name)
            await self.load_prompts()
            await self.show_servers()

        ask(
            self._window,
            "confirm-server-removal",
            tr("Remove the tool server “{server}”?", server=name),
            tr(
                "Its stored values and your permissions for its tools are removed, too. "
                "This can’t be undone."
            ),
            label=tr("Remove"),
            on_accepted=lambda: self._tasks.start(remove()),
        )

    # -- testing, log, import

    async def test(self, name: str) -> None:
        """Restart a server, and show whether it works and how many tools it has."""
        run = await self._servers.run(name)
        started_at = time.monotonic()
        try:
            await run.restart()
            await self._list_tools(run, started_at)
        except UserFacingError:
            await self.show_servers()  # the row says why

    async def _sign_in(self, name: str) -> None:
        run = await self._servers.run(name)
        started_at = time.monotonic()
        try:
            await self._servers.sign_in(name, _open_in_browser)
        except UserFacingError:
            if run.failure is not None:
                await self.show_servers()
                return
            await self._list_tools(run, started_at)
            raise  # the error says that the sign-in is not remembered
        await self._list_tools(run, started_at)

    async def _sign_out(self, name: str) -> None:
        await self._servers.sign_out(name)
        await self.show_servers()

    async def _list_tools(self, run: ServerRun, started_at: float) -> None:
        from desktop_app.tools.servers.server_source import store_lists

        tools = await store_lists(run, self._servers.storage)
        await self.load_prompts()
        self._results[run.server.name] = tr_plural(
            "Running, {count} tool, ready after {seconds} s",
            "Running, {count} tools, ready after {seconds} s",
            len(tools),
            seconds=formatting.decimal(time.monotonic() - started_at, 1),
        )
        await self.show_servers()

    async def _show_log(self, name: str) -> None:
        from desktop_app.tools.ui.servers_tab import ServerLog

        run = await self._servers.run(name)
        lines = [line.text for line in run.log]
        ServerLog(name, lines, self._window).open()

    async def _import(self, path: Path) -> None:
        """Read the servers in a file, show their commands, and add them if confirmed."""
        from desktop_app.tools.servers.server_configuration import read_servers
        from desktop_app.tools.servers.tool_server import launch_summary

        configured_servers = await asyncio.to_thread(read_servers, path)
        usable_servers = [
            (configured.server, configured.secrets)
            for configured in configured_servers
            if configured.server is not None
        ]
        if not usable_servers:
            await self._add_imported(configured_servers)
            return
        lines = [
            line for server, secrets in usable_servers for line in launch_summary(server, secrets)
        ]
        # A line that is cut at this length is still too long for the check below.
        launch_text = "\n".join(one_line(line, _MAX_LISTED_CHARS + 1) for line in lines)
        if len(launch_text) > _MAX_LISTED_CHARS:
            raise ToolServerError(
                N_("“{name}” has no configuration of tool servers."),
                hint=N_("It needs a JSON object with “mcpServers” or “servers”."),
                name=path.name,
            )
        note = tr("Programs have the same access to your files as you have.")
        is_long = len(lines) > _MAX_SHOWN_LINES or len(launch_text) > _MAX_SHOWN_CHARS
        ask(
            self._window,
            "confirm-server-import",
            tr_plural("Add {count} tool server?", "Add {count} tool servers?", len(usable_servers)),
            note if is_long else f"{note}\n\n{launch_text}",
            label=tr("Add"),
            on_accepted=lambda: self._tasks.start(self._add_imported(configured_servers)),
            details=launch_text if is_long else "",
        )

    async def _add_imported(self, configured_servers: Sequence[ConfiguredServer]) -> None:
        added_count, problems = 0, []
        for configured in configured_servers:
            try:
                await self._servers.add(*configured.require_usable())
                added_count += 1
            except UserFacingError as error:
                problems.append(error.sentences)
        message = tr_plural(
            "{count} tool server was added.", "{count} tool servers were added.", added_count
        )
        self._notifications.notify(paragraph(message, *problems))
        await self.show_servers()

    # -- resources

    @cached_property
    def _palette(self) -> CommandPalette:
        from desktop_app.app.window.command_palette import CommandPalette

        label = tr("Attach from a tool server")
        return CommandPalette(self._window, name="resource-palette", label=label, empty_text="")

    def offer_resources(self) -> None:
        """List the resources of all servers, to attach one."""
        self._tasks.start(self.show_resources())

    async def show_resources(self) -> None:
        """List the resources of all servers, to attach one."""
        palette = self._palette
        palette.empty_label.setText(tr("Loading…"))
        palette.open_with(())
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
            self._notifications.notify(paragraph(*problems))
        if palette.isVisible():  # not closed meanwhile
            palette.empty_label.setText(tr("No tool server offers a resource."))

            def attach(resource: _Resource) -> None:
                self._tasks.start(self._attach(resource, self._current.id))

            palette.open_with(
                [PaletteEntry(r.uri, r.name, r.server, run=partial(attach, r)) for r in resources]
            )

    async def _attach(self, resource: _Resource, conversation_id: str) -> None:
        from desktop_app.composer.dropped_content import DroppedData

        run = await self._servers.run(resource.server)
        content = await run.read_resource(resource.uri)
        data, name = await asyncio.to_thread(_decode_resource, content, resource.name)
        self._session.of(AttachmentsController).attach_content(
            DroppedData(name, data), conversation_id
        )


def _open_in_browser(address: str) -> None:
    open_link(QUrl(address))


def _decode_resource(resource: Mapping[str, str], name: str) -> tuple[bytes, str]:
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
