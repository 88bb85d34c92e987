"""Files and folders chosen in the desktop's own dialogs, which a portal of the test opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication, QDialog

from desktop_app.desktop.ui.portal_file_dialogs import INTERFACE
from desktop_app.desktop_session.portal.portal_requests import PATH, SERVICE
from desktop_app.widgets import file_dialogs
from desktop_app.widgets.file_dialogs import choose_file, choose_folder, choose_target
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, Reply, properties, session_bus
from tests.helpers.file_dialogs import file_dialog
from tests.helpers.file_dialogs import file_dialogs as qt_dialogs

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = "org.freedesktop.portal.Request"


class FileChooser:
    """The portal; its dialogs stay open until `choose` or `leave`."""

    def __init__(self, address: str, version: int = 4) -> None:
        self.methods: dict[tuple[str, str], Any] = {
            **properties(version=("u", version)),
            (INTERFACE, "OpenFile"): self._open,
            (INTERFACE, "SaveFile"): self._open,
            (REQUEST, "Close"): lambda: ("", ()),
        }
        self.service = BusService(address, SERVICE, self.methods)
        self.options: list[dict[str, Any]] = []
        self._request = ""

    def _open(self, _parent: str, _title: str, options: dict[str, Any]) -> Reply:
        sender = self.service.sender.removeprefix(":").replace(".", "_")
        self._request = f"{PATH}/request/{sender}/{options['handle_token'][1]}"
        self.options.append({name: value for name, (_, value) in options.items()})
        return "o", (self._request,)

    def choose(self, *paths: Path) -> None:
        self._respond(0, {"uris": ("as", [path.as_uri() for path in paths])})

    def leave(self, code: int) -> None:
        self._respond(code, {})

    def _respond(self, code: int, results: dict[str, Any]) -> None:
        self.service.emit(self._request, REQUEST, "Response", "ua{sv}", code, results)

    async def opened(self, count: int = 1) -> dict[str, Any]:
        """Return the options of a dialog, once so many were opened."""
        await until(lambda: len(self.options) >= count)
        return self.options[count - 1]


async def is_found() -> None:
    await until(lambda: file_dialogs._system_dialogs is not None)


async def test_files_are_attached_by_the_dialog_of_the_desktop(
    address: str, tmp_path: Path
) -> None:
    scan = tmp_path / "Lease 100%.PDF"
    scan.write_text("What the lease says")
    portal = FileChooser(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await is_found()
            app.session.actions["prompt.attach"].trigger()
            options = await portal.opened()
            assert not qt_dialogs()
            assert QApplication.activeModalWidget() is not None  # one dialog at a time
            assert options["multiple"]
            assert (0, "*.PDF") in options["filters"][0][1]
            assert options["filters"][1][1] == [(0, "*")]
            portal.choose(scan)
            await until(lambda: app.window.prompt.chips.count() == 1)
            assert QApplication.activeModalWidget() is None
        assert file_dialogs._system_dialogs is None


async def test_answers_of_the_dialog_of_the_desktop(address: str, tmp_path: Path) -> None:
    chosen: list[Path] = []
    left: list[bool] = []
    existing = tmp_path / "Letter.docx"
    existing.touch()
    portal = FileChooser(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await is_found()

            def save() -> QDialog:
                dialog = choose_target(
                    app.window, "Export", chosen.append, start=tmp_path / "Talk.docx",
                    filters="Word (*.docx)", suffix="docx",
                )  # fmt: skip
                dialog.rejected.connect(lambda: left.append(True))
                return dialog

            save()
            options = await portal.opened(1)
            assert options["current_name"] == "Talk.docx"
            assert options["current_folder"] == bytes(tmp_path) + b"\0"
            # A name without a suffix gets one, but overwrites no file that nobody asked about.
            portal.choose(tmp_path / "Letter")
            assert (await portal.opened(2))["current_name"] == "Letter.docx"
            portal.choose(existing)
            await until(lambda: chosen == [existing])
            save()
            await portal.opened(3)
            portal.choose(tmp_path / "New")
            await until(lambda: chosen == [existing, tmp_path / "New.docx"])
            for number, code in enumerate((1, 2), start=4):  # canceled, and closed by its frame
                save()
                await portal.opened(number)
                portal.leave(code)
                await until(lambda: len(left) == number - 3)  # noqa: B023
            choose_folder(app.window, "Folder", chosen.append, start=tmp_path)
            options = await portal.opened(6)
            assert options["directory"]
            assert options["current_folder"] == bytes(tmp_path) + b"\0"
            portal.choose(tmp_path)
            await until(lambda: chosen[2:] == [tmp_path])
            # The dialog closes with the window behind it.
            dialog = QDialog(app.window)
            dialog.open()
            choose_file(dialog, "Open", chosen.append)
            # Without a start, a dialog opens at the folder of the last one.
            assert (await portal.opened(7))["current_folder"] == bytes(tmp_path) + b"\0"
            dialog.reject()
            await until(lambda: "Close" in [call[0] for call in portal.service.calls])
            # A portal that opens no dialog: Qt's own.
            portal.methods.clear()
            choose_file(app.window, "Open", chosen.append, start=tmp_path)
            await until(lambda: bool(qt_dialogs()))
            file_dialog().reject()
            assert len(chosen) == 3


async def test_an_old_portal_that_asks_for_no_folders_is_not_used(
    address: str, tmp_path: Path
) -> None:
    with FileChooser(address, version=2).service as portal:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await until(lambda: (INTERFACE, "version") in [call[2] for call in portal.calls])
            choose_file(app.window, "Open", print, start=tmp_path)
            file_dialog().reject()
