"""A session whose controllers record their calls, for widgets that are shown without a program."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app import session as session_module
from desktop_app.app.features import FEATURES, PLACES
from desktop_app.app.session import Session
from desktop_app.app.window.settings_panel import SettingsPanel
from desktop_app.features import imported
from desktop_app.settings.ui.settings_controller import SettingsController


class RecordedCall:
    """A stand-in for a method, which takes only arguments that the method takes.

    Attributes:
        calls: the arguments of each call, without names.
        effect: called with the arguments of each call; None for nothing.
        result: what a call returns without an effect.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._signature = inspect.signature(method)
        self.calls: list[tuple[Any, ...]] = []
        self.effect: Callable[..., Any] | None = None
        self.result: Any = object()

    def __call__(self, *args: Any, **named: Any) -> Any:
        self._signature.bind(None, *args, **named)
        self.calls.append(args)
        return self.result if self.effect is None else self.effect(*args)


class RecordedController:
    """A stand-in for an object of a class: it has the methods and signals of the class only."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._kind, name)
        made = SimpleNamespace(connect=lambda _slot: None)
        recorded = self.__dict__[name] = made if isinstance(found, Signal) else RecordedCall(found)
        return recorded


class RecordedSession:
    """A session whose objects are recorded controllers, but for those that are given."""

    def __init__(self, **given: Any) -> None:
        vars(self).update(make_sections=lambda _page: [], **given)

    def of(self, kind: type) -> Any:
        """Return a stand-in for the session's object of a class."""
        return vars(self).setdefault(kind.__name__, RecordedController(kind))

    def __getattr__(self, name: str) -> Any:
        kinds = Session.__annotations__
        if name in kinds:
            made = self.__dict__[name] = RecordedController(_class_of(kinds[name]))
        else:
            made = self.__dict__[name] = RecordedCall(getattr(Session, name))
        if name == "tasks":
            made.slot.result = lambda *_arguments: None
        return made


@cache
def _class_of(name: str) -> Any:
    """Return a class that the session's module imports for its types."""
    imports = ast.walk(ast.parse(inspect.getsource(session_module)))
    for node in imports:
        if isinstance(node, ast.ImportFrom) and name in [each.name for each in node.names]:
            return getattr(import_module(str(node.module)), name)
    return getattr(session_module, name)


def record_session(panel: SettingsPanel, **given: Any) -> Any:
    """Give a panel a session that records all calls, and return it."""
    session: Any = RecordedSession(window=SimpleNamespace(settings=panel), **given)
    panel.pages.session = session  # type: ignore[attr-defined]
    classes = {name: place for feature in FEATURES for name, place in feature.pages.items()}
    panel.make_pages_with(lambda name: imported(classes[name])(session), PLACES)
    sections = [
        feature.sections["library"] for feature in FEATURES if "library" in feature.sections
    ]
    session.make_sections = lambda page: (
        [imported(place)(session) for place in sections] if page == "library" else []
    )
    settings = session.of(SettingsController)
    panel.pages.changed.connect(lambda *changed: settings.set(*changed))
    panel.pages.shortcut_changed.connect(lambda *changed: settings.set_shortcut(*changed))
    return session


def session_in(window: QWidget) -> Any:
    """Return a session of a window for a page that reads no store."""
    return RecordedSession(window=window, backend=SimpleNamespace(settings=None))


@contextmanager
def called(method: RecordedCall) -> Iterator[Any]:
    """Check that a recorded method is called; `args` has its last arguments at the end."""
    method.calls.clear()
    seen = SimpleNamespace(args=None)
    yield seen
    assert method.calls
    seen.args = list(method.calls[-1])


@contextmanager
def not_called(method: RecordedCall) -> Iterator[None]:
    """Check that a recorded method is not called."""
    method.calls.clear()
    yield
    assert not method.calls
