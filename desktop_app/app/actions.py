"""The actions of the window, one for each command of a feature that the window runs.

The same action is in menus, in the search of everything, and, added to a window, has its keys
there. The quick prompt has its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget

from desktop_app.app.feature import Action
from desktop_app.app.features import ACTIONS
from desktop_app.app.help.help_places import place_of
from desktop_app.app.session import Session
from desktop_app.app.tasks import RUNNING_COMMAND
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command import CommandScope
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.buttons.dialog_button import HelpButton
from desktop_app.widgets.key_modifiers import digit_on, is_sign_with_alt, without_keypad
from desktop_app.widgets.text.foreign_text import menu_text

_ESCAPE: Final = "Esc"
# On many keyboards, + is Shift and the key of =; that key alone also counts as +.
_PLUS: Final = "Ctrl++"
_PLUS_WITHOUT_SHIFT: Final = "Ctrl+="


def make_actions(session: Session) -> dict[str, QAction]:
    """Return the actions of a window by the ids of their commands, and add them to the window."""
    window = session.window

    def make(row: Action) -> QAction:
        def trigger() -> None:
            if row.uses_conversation:
                window.pane.close_page()  # it covers the conversation
            token = RUNNING_COMMAND.set(tr(row.title))
            row.run(session)
            RUNNING_COMMAND.reset(token)  # what it raises is reported later, with its name

        action = QAction(menu_text(tr(row.menu_label or row.title)), window)
        action.setObjectName(row.id)
        action.setShortcutVisibleInContextMenu(True)
        action.triggered.connect(lambda: trigger())
        return action

    actions = {row.id: make(row) for row in ACTIONS}
    if (use_preset := actions.get("presets.use")) is not None:
        use_preset.setMenu(window.header.preset.menu())
    window.addActions(list(actions.values()))
    return actions


def set_shortcuts(actions: Mapping[str, QAction], keymap: Keymap) -> QAction | None:
    """Give the actions their keys, and return the action of Esc, if one has it.

    Keys of several commands run none of them. The prompt handles those that apply only there. As a
    shortcut, Esc would not reach the panel, drawer or menu that it should close.
    """
    in_prompt = {c.id for c in keymap if c.scope is CommandScope.PROMPT}
    keys_by_id = {id_: keymap.shortcut_of(id_) for id_ in actions if id_ not in in_prompt}
    counts = Counter(keys_by_id.values())
    on_escape = None
    for id_, action in actions.items():
        keys = keys_by_id.get(id_, "")
        is_plus = keys == _PLUS and not counts[_PLUS_WITHOUT_SHIFT]
        if not keys or counts[keys] > 1:
            action.setShortcuts([])
        elif keys == _ESCAPE:
            action.setShortcuts([])
            on_escape = action
        else:
            spellings = (keys, _PLUS_WITHOUT_SHIFT) if is_plus else (keys,)
            action.setShortcuts([QKeySequence(each) for each in spellings])
    return on_escape


class DialogActions(QObject):
    """The help, “?” and context menus by keyboard in every window without keys of its own."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow_focus)
        self._follow_focus(None, QApplication.focusWidget())

    def _follow_focus(self, _old: QWidget | None, focused: QWidget | None) -> None:
        """Add the actions to a window when it first has the focus."""
        window = None if focused is None else focused.window()
        if window is not None and (handle := window.windowHandle()) is not None:
            handle.installEventFilter(self)
        if (
            window is None
            or isinstance(window, QMenu)
            or window.objectName() in ("main", "quick-prompt")
            or self._session.actions["help.open"] in window.actions()
        ):
            return
        window.addActions([self._session.actions[id_] for id_ in ("help.open", "menu.open")])
        for button in window.findChildren(HelpButton):
            button.clicked.connect(partial(self._open_help_of, button))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Run a shortcut by the key of its digit; drop signs with Alt, which a line would take."""
        focused: QWidget | None = QApplication.focusWidget()
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress or not focused:
            return super().eventFilter(watched, event)
        window, digit = focused.window(), digit_on(event)
        keys = QKeySequence(QKeyCombination(without_keypad(event), digit or Qt.Key.Key_unknown))
        for action in window.actions() if digit else ():
            if action.isEnabled() and keys in action.shortcuts():
                action.trigger()
                return True
        return isinstance(focused, QLineEdit) and is_sign_with_alt(event)

    def _open_help_of(self, button: QWidget, *_: object) -> None:
        from desktop_app.app.help.help_window import help_of

        help_of(self._session).open_at(place_of(button))
