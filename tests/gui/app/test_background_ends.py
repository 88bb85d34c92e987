"""Answers that end behind another program: notifications, marks in the list, and links."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.app.navigator import Navigator
from desktop_app.app.window_request import LinkRequest, request_for
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.desktop.core import NOTIFICATIONS
from desktop_app.desktop.ui.desktop_controllers import DesktopControllers
from desktop_app.desktop_session.notifier import PORTAL_INTERFACE, SERVICE
from desktop_app.desktop_session.portal.portal_requests import PATH
from desktop_app.desktop_session.portal.portal_requests import SERVICE as PORTAL
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_link import MessageLink
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.transcript.copying import menu_for
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, Method, properties, session_bus
from tests.helpers.menus import entry_text

LONG_S = 11.0


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the focus to another program."""
    monkeypatch.setattr(QGuiApplication, "focusWindow", staticmethod(lambda: None))


def service(address: str) -> BusService:
    numbers = iter(range(1, 99))
    methods: dict[tuple[str, str], Method] = {
        (SERVICE.interface, "Notify"): lambda *_: ("u", (next(numbers),)),
        (SERVICE.interface, "CloseNotification"): lambda _number: ("", ()),
    }
    return BusService(address, SERVICE.service, methods)


async def answered(app: AppHarness, seconds: float, title: str = "Why <b>?") -> tuple[str, str]:
    """Have a question answered after some seconds; return the ids of conversation and answer."""
    times = iter((0.0, seconds, seconds))
    app.session.of(DesktopControllers).notifier._clock = lambda: next(times, seconds)
    turn = await app.ask(title)
    turn.end("Because of a secret.")
    await app.settled()
    current = app.state.current
    return current.id, current.path[-1].id


@pytest.mark.usefixtures("behind")
async def test_a_long_answer_is_notified_by_its_title_until_it_is_opened(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service(address) as desktop:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            conversation, answer = await answered(app, LONG_S)
            await until(lambda: desktop.calls[-1:] and desktop.calls[-1][0] == "Notify")
            _, _, icon, title, words, actions, hints, _ = desktop.calls[-1][2]
            assert (title, words) == ("Why <b>?", "Response ready")
            assert "secret" not in str(desktop.calls)
            assert actions == ["default", "Open"]
            assert hints["desktop-entry"] == ("s", icon)
            app.controllers.of(Navigator).open_new()
            opened: list[tuple[str, str]] = []
            open_it = app.session.of(Navigator).open_in_front
            monkeypatch.setattr(
                app.session.of(Navigator),
                "open_in_front",
                lambda *ids: (opened.append(ids), open_it(*ids)),
            )
            desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 1, "default")
            await until(lambda: opened)
            assert opened == [(conversation, answer)]
            await until(lambda: app.state.current.id == conversation)

            # Opening the conversation withdraws the notification.
            await app.start_over()
            conversation, _ = await answered(app, LONG_S)
            await until(lambda: desktop.calls[-1][0] == "Notify")
            app.controllers.of(Navigator).open_new()
            await app.controllers.of(Navigator).open(conversation)
            await until(lambda: desktop.calls[-1] == ("CloseNotification", SERVICE.path, (2,)))

            # That of a temporary conversation has no title.
            app.controllers.of(TemporaryController).open()
            await answered(app, LONG_S, "zanzibarquix")
            await until(lambda: desktop.calls[-1][0] == "Notify")
            assert "zanzibarquix" not in str(desktop.calls)


# A portal that knows the program's name calls it, also after its end. Others send a signal.
@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(("is_known", "action"), [(False, "open"), (True, "app.open")])
async def test_the_portal_is_preferred(
    address: str, is_known: bool, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods: dict[tuple[str, str], Method] = {
        **properties(version=("u", 2)),
        (PORTAL_INTERFACE, "AddNotification"): lambda _id, _shown: ("", ()),
    }

    with BusService(address, PORTAL, methods) as portal:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            bus.is_activatable = is_known
            conversation, answer = await answered(app, LONG_S)
            await until(lambda: portal.calls[-1:] and portal.calls[-1][0] == "AddNotification")
            key, shown = portal.calls[-1][2]
            assert key == str(MessageLink(conversation))
            target = shown["default-action-target"]
            assert target == ("s", str(MessageLink(conversation, answer)))
            assert shown["default-action"] == ("s", action)
            assert shown["buttons"][1] == [
                {"label": ("s", "Open"), "action": ("s", action), "target": target}
            ]
            assert (shown["title"], shown["body"]) == (("s", "Why <b>?"), ("s", "Response ready"))
            opened: list[tuple[str, str]] = []
            open_it = app.session.of(Navigator).open_in_front
            monkeypatch.setattr(
                app.session.of(Navigator),
                "open_in_front",
                lambda *ids: (opened.append(ids), open_it(*ids)),
            )
            clicked = (key, action, [target])
            portal.emit(PATH, PORTAL_INTERFACE, "ActionInvoked", "ssav", *clicked)
            await until(lambda: opened)
            assert opened == [(conversation, answer)]


async def test_short_answers_and_those_in_front_are_not_notified(address: str) -> None:
    with service(address) as desktop:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await answered(app, LONG_S)  # in front
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(QGuiApplication, "focusWindow", staticmethod(lambda: None))
                await answered(app, 9.0)
                await app.state.values.set(NOTIFICATIONS, False)
                await answered(app, LONG_S)
            await bus.has_owner("x.y")  # whatever was sent before has arrived
            assert desktop.calls == []


def unread(app: AppHarness) -> set[str]:
    """Return the ids of the conversations that are marked in the list."""
    model = app.window.conversations.model
    rows = [model.index(row) for row in range(model.rowCount())]
    return {row.data(Roles.IDENTIFIER) for row in rows if row.data(Roles.UNREAD)}


async def test_links_open_their_target_and_unread_answers_are_marked() -> None:
    async with AppHarness() as app:
        # Links open their target or report that it is deleted.
        conversation, answer = await answered(app, 1.0)
        app.session.actions["conversation.copy-link"].trigger()
        copied = QGuiApplication.clipboard().text()
        assert copied == f"repartee://conversation/{conversation}"
        app.controllers.of(Navigator).open_new()
        app.session.serve(request_for([f"{copied.upper()}/{answer}"]))
        await until(lambda: app.state.current.id == conversation)
        await app.settled()
        await until(lambda: bool(app.transcript))
        view = app.window.transcript
        menu = menu_for(view.commands, view.place_near(QPoint(20, 20)), "", view.follow_link)
        entries = {entry_text(entry): entry for entry in menu.actions()}
        entries["Copy link to message"].trigger()
        ids = [message.id for message in app.state.current.path]
        links = [f"repartee://conversation/{conversation}/{id_}" for id_ in ids]
        assert QGuiApplication.clipboard().text() in links
        for address, words in (
            (f"repartee://conversation/{new_id()}", "deleted conversation"),
            (f"{copied}/{new_id()}", "deleted message"),
            ("repartee://conversation/../../etc", "isn’t valid"),
            ("repartee:", "isn’t valid"),
        ):
            app.session.serve(LinkRequest(address))
            await until(lambda words=words: words in app.said)  # type: ignore[misc]

        # An answer that nobody saw is marked until it is opened.
        await app.start_over()
        turn = await app.ask("Why?")
        conversation = app.state.current.id
        app.controllers.of(Navigator).open_new()
        turn.end("Because.")
        await until(lambda: unread(app) == {conversation})
        row = app.window.conversations.model.index(1, 0)
        assert row.data(Qt.ItemDataRole.AccessibleTextRole) == "Why?, unread response, Today"
        await app.settled()
    async with AppHarness() as app:
        assert unread(app) == {conversation}
        await app.controllers.of(Navigator).open(conversation)
        await until(lambda: not unread(app))
    async with AppHarness() as app:
        assert not unread(app)
