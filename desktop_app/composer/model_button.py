"""The button of the model, and the menus of variants, models and efforts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QMenu, QWidget, QWidgetAction
from shiboken6 import isValid

from desktop_app.composer.choice import ChoiceFigures, ChoiceView, no_choice
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import tokens
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton
from desktop_app.widgets.buttons.segmented_control import Segment
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.program_menu import STAYS_OPEN, ProgramMenu, add_choice
from desktop_app.widgets.text.foreign_text import (
    LONGEST_LINE,
    PlainLabel,
    menu_text,
    set_tooltip,
    spoken_text,
)

_MAX_FLAT_ENTRIES: Final = 18
"""With more models of several providers, each provider has a submenu."""


_MAX_UNGROUPED_ENTRIES: Final = 40
"""If a provider has more models, they are grouped by maker."""


_SEGMENT_PADDING: Final = 6
"""Pixels beside the label of an effort, at the default text size."""
_MENU_EDGE: Final = 8  # pixels beside a row of a menu

_MAX_NOTE_CHARACTERS: Final = 60
"""The width of a note, in average characters."""


class ModelButton(MenuButton):
    """The button "Thinking · Medium ▾".

    Attributes:
        choice: the choice that is shown.
        figures: the cost and duration of the message with each variant and effort.

    Signals:
        variant_requested(Variant), effort_requested(Effort), model_requested(ModelEntry): chosen
            by the user.
        message_model_requested(ModelEntry): chosen for the next message only.
        offer_requested(VariantOffer): let a model stand for a variant from now on.
        listing_requested(): the menu is about to open; list the models again.
        table_requested(): show the table of all models.
    """

    variant_requested = Signal(object)
    effort_requested = Signal(object)
    model_requested = Signal(object)
    message_model_requested = Signal(object)
    offer_requested = Signal(object)
    listing_requested = Signal()
    table_requested = Signal()

    def __init__(self) -> None:
        super().__init__(self._fill_menu, object_name="model")
        self.choice = no_choice()
        self.figures = ChoiceFigures()
        self.set_choice(self.choice)

    def set_choice(self, choice: ChoiceView) -> None:
        self.choice = choice
        name = " · ".join(filter(None, (choice.model_name, self._effort)))
        self.setAccessibleName(spoken_text(tr("Model: {name}", name=name)))
        set_tooltip(self, choice.notice or tr("Model and reasoning effort"))

    def label(self, *, with_effort: bool) -> str:
        effort = self._effort if with_effort else ""
        return " · ".join(filter(None, (self.choice.short_name, effort)))

    @property
    def _effort(self) -> str:
        effort = self.choice.display_effort
        return "" if effort is None else tr(effort.label)

    def _fill_menu(self, menu: QMenu) -> None:
        """Add the variants and efforts, or else the models, and the ways to all others."""
        self.listing_requested.emit()
        choice = self.choice
        choose_model = self.model_requested.emit
        if choice.offers_variants:
            fill_variants(menu, choice, self.variant_requested.emit, self.figures)
        else:
            fill_models(menu, choice.models, choice, choose_model)
        if choice.display_effort is not None:
            for action in menu.actions():  # the effort is chosen after the model
                action.setProperty(STAYS_OPEN, action.isCheckable())
                action.triggered.connect(lambda: QTimer.singleShot(0, partial(_fill_again, menu)))
            add_efforts(menu, choice, self.effort_requested.emit, self.figures)
        if choice.notice and choice.notice not in choice.effort_refusals.values():
            add_note(menu, choice.notice)
        self._add_successor(menu)
        menu.addSeparator()
        submenu = ProgramMenu(tr("Other models"), menu)
        others = [e for e in choice.models if not is_own_variant(e, choice)]
        if choice.offers_variants and others:
            fill_models(submenu, others, choice, choose_model)
            submenu.addSeparator()
        submenu.addAction(tr("All models…")).triggered.connect(lambda: self.table_requested.emit())
        menu.addMenu(submenu)

    def _add_successor(self, menu: QMenu) -> None:
        """Offer the successor of the chosen model: for a message, a conversation or permanently."""
        choice, successor = self.choice, self.choice.successor
        if successor is not None:
            add_note(menu, tr("Successor"))
            once = tr("{model} for this message", model=successor.name)
            menu.addAction(menu_text(once, keys=self.figures.successor)).triggered.connect(
                partial(self.message_model_requested.emit, successor)
            )
            now = tr("{model} for this conversation", model=successor.name)
            menu.addAction(menu_text(now)).triggered.connect(
                partial(self.model_requested.emit, successor)
            )
        for offer in choice.offers:
            text = tr(
                "Always use {model} for {variant}", model=offer.name, variant=offer.variant.label
            )
            menu.addAction(menu_text(text)).triggered.connect(
                partial(self.offer_requested.emit, offer)
            )


def _fill_again(menu: QMenu) -> None:
    """Show the efforts of the model that was chosen in an open menu."""
    if isValid(menu) and menu.isVisible():
        menu.aboutToShow.emit()
        checked = [action for action in menu.actions() if action.isChecked()]
        menu.setActiveAction(checked[0] if checked else menu.actions()[0])


def fill_variants(
    menu: QMenu, choice: ChoiceView, on_chosen: Callable[[Variant], None], figures: ChoiceFigures
) -> None:
    """Fill the menu with the three variants, each with its use and its figures."""
    notes = {e.variant: e.note for e in choice.models if is_own_variant(e, choice)}
    group = QActionGroup(menu)
    for variant in Variant:
        _add_entry(
            menu,
            group,
            f"{variant.label} · {notes.get(variant) or tr(variant.advice)}",
            partial(on_chosen, variant),
            is_checked=variant is choice.variant,
            figures=figures.variants.get(variant, ""),
        )


def fill_models(
    menu: QMenu,
    models: Sequence[ModelEntry],
    choice: ChoiceView,
    on_chosen: Callable[[ModelEntry], None],
) -> None:
    """Fill the menu with models.

    Providers are headings, or submenus if several providers have many models together.
    """
    by_provider: defaultdict[tuple[str, str], list[ModelEntry]] = defaultdict(list)
    for entry in models:
        by_provider[entry.provider_id, entry.provider_name].append(entry)
    group = QActionGroup(menu)

    def add_entries(parent: QMenu, entries: list[ModelEntry]) -> None:
        for entry, entry_menu in _group_by_maker(parent, entries):
            is_chosen = (entry.provider_id, entry.model) == (choice.provider_id, choice.model)
            choose = partial(on_chosen, entry)
            _add_entry(entry_menu, group, _model_label(entry), choose, is_checked=is_chosen)

    for (_, provider), entries in by_provider.items():
        parent: QMenu = menu
        if len(models) > _MAX_FLAT_ENTRIES and len(by_provider) > 1:
            submenu = ProgramMenu(menu_text(provider), menu)
            menu.addMenu(submenu)
            parent = submenu
        else:
            add_note(menu, provider)
        add_entries(parent, [entry for entry in entries if not entry.is_older])
        older = [entry for entry in entries if entry.is_older]
        if older:
            count = len(older)
            submenu = ProgramMenu(
                tr_plural("Older models ({count})", "Older models ({count})", count), menu
            )
            add_entries(submenu, older)
            parent.addMenu(submenu)


def is_own_variant(entry: ModelEntry, choice: ChoiceView) -> bool:
    """Return True for a variant of the chosen provider."""
    return entry.variant is not None and entry.provider_id == choice.provider_id


def _model_label(entry: ModelEntry) -> str:
    window = tr("{tokens} tokens", tokens=tokens(entry.window)) if entry.window else ""
    note = " · ".join(filter(None, (window, entry.note)))
    if not note and entry.variant is not None:
        note = tr(entry.variant.advice)
    if not note:
        return entry.name
    return f"{entry.name} · {note}"


def _group_by_maker(parent: QMenu, entries: list[ModelEntry]) -> Iterator[tuple[ModelEntry, QMenu]]:
    """Yield each entry with its menu.

    In a long list (an aggregator has hundreds of models), models go into submenus by the
    first word of their ids. A model that shares this word with no other goes into "Other".
    Variants stay in the menu itself.
    """
    if len(entries) <= _MAX_UNGROUPED_ENTRIES:
        for entry in entries:
            yield entry, parent
        return
    counts = Counter(_maker_of(entry) for entry in entries if entry.variant is None)
    # The submenus by maker; "" is the maker of "Other". They are added when their order is known.
    menus: dict[str, QMenu] = {}
    for entry in entries:
        if entry.variant is not None:
            yield entry, parent
            continue
        maker = _maker_of(entry)
        if counts[maker] == 1:
            maker = ""
        if maker not in menus:
            menus[maker] = ProgramMenu(menu_text(maker) or tr("Other"), parent)
        yield entry, menus[maker]
    for _, menu in sorted(menus.items(), key=lambda pair: (pair[0] == "", pair[0])):
        parent.addMenu(menu)  # "Other" is the last


def _maker_of(entry: ModelEntry) -> str:
    """Return the first word of a model's id: "gpt" of gpt-5.2, "claude" of anthropic/claude-4."""
    _, _, model_name = entry.model.rpartition("/")
    return re.split(r"[-_.:\d ]", model_name.casefold(), maxsplit=1)[0]


def fill_efforts(menu: QMenu, choice: ChoiceView, on_chosen: Callable[[Effort], None]) -> None:
    """Fill the menu with the efforts, each with its use.

    Refused efforts are disabled, with the reasons below.
    """
    group = QActionGroup(menu)
    reasons: list[str] = []
    for effort in choice.listed_efforts:
        label = " · ".join(tr(text) for text in (effort.label, effort.advice) if text)
        is_checked, choose = effort is choice.effort, partial(on_chosen, effort)
        action = _add_entry(menu, group, label, choose, is_checked=is_checked)
        if reason := choice.effort_refusals.get(effort, ""):
            action.setEnabled(False)
            set_tooltip(action, reason)
            reasons.append(reason)
    for reason in dict.fromkeys(reasons):  # several efforts may have the same reason
        add_note(menu, reason)


def add_efforts(
    menu: QMenu, choice: ChoiceView, on_chosen: Callable[[Effort], None], figures: ChoiceFigures
) -> None:
    """Add the efforts as one row of segments, with what the marked one is for and its figures."""
    row = EffortRow(choice, figures, menu)
    row.chosen.connect(on_chosen)
    row.chosen.connect(menu.close)
    action = QWidgetAction(menu)
    action.setDefaultWidget(row)
    action.setText(tr("Reasoning effort"))  # screen readers read this text
    menu.addAction(action)
    reasons = (choice.effort_refusals.get(effort, "") for effort in choice.listed_efforts)
    for reason in dict.fromkeys(filter(None, reasons)):  # several efforts may have the same reason
        add_note(menu, reason)


class EffortRow(QWidget):
    """The efforts of a model as segments: a click chooses one, and so do arrows with Enter.

    Signals:
        chosen(Effort): the user has chosen.
    """

    chosen = Signal(object)

    def __init__(self, choice: ChoiceView, figures: ChoiceFigures, menu: QMenu) -> None:
        super().__init__(menu)
        self.setObjectName("efforts")
        self.accessible_role = "Grouping"
        self.setAccessibleName(spoken_text(tr("Reasoning effort")))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._menu = menu
        self._figures = figures
        self.buttons: dict[Effort, Segment] = {}
        frame = QFrame()
        set_role(frame, "segments")
        for effort in choice.listed_efforts:
            button = Segment(tr(effort.label), _SEGMENT_PADDING, is_small=True)
            button.setObjectName(f"effort-{effort}")
            button.setEnabled(effort not in choice.effort_refusals)
            set_tooltip(button, choice.effort_refusals.get(effort, ""))
            button.clicked.connect(partial(self.chosen.emit, effort))
            button.installEventFilter(self)
            self.buttons[effort] = button
        row_of(*((button, 1) for button in self.buttons.values()), parent=frame, margins=0)
        self._note = PlainLabel(name="effort-note", role="note")
        column_of(frame, self._note, parent=self, margins=(8, 4, 8, 4), spacing=4)
        # On a narrow screen the labels move closer together, instead of leaving the menu.
        self.setMaximumWidth(menu.screen().availableSize().width() - 2 * _MENU_EDGE)
        self._marked = choice.effort if choice.effort in self.buttons else next(iter(self.buttons))
        self._mark(self._marked)

    def _mark(self, effort: Effort) -> None:
        """Mark an effort, and say what it is for and what it costs."""
        self._marked = effort
        button = self.buttons[effort]
        button.setChecked(True)
        self.setFocusProxy(button)
        self._note.setText(self.words_of(effort))
        button.setAccessibleDescription(spoken_text(self.words_of(effort)))

    def words_of(self, effort: Effort) -> str:
        """Return what an effort is for, and its figures."""
        advice = tr(effort.advice) if effort.advice else tr(effort.label)
        return " · ".join(filter(None, (advice, self._figures.efforts.get(effort, ""))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of a segment, and show the figures of the one under the mouse."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            entered = event.type() == QEvent.Type.Enter
            for effort, button in self.buttons.items():
                if button is watched and button.isEnabled():
                    self._note.setText(self.words_of(effort if entered else self._marked))
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._take_key(event)
            return True
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> None:
        """Mark the next or the previous effort, choose the marked one, or let the menu act."""
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()), 0)
        efforts = [effort for effort, button in self.buttons.items() if button.isEnabled()]
        if step and efforts:
            at = efforts.index(self._marked) + (-step if is_mirrored() else step)
            self._mark(efforts[min(max(at, 0), len(efforts) - 1)])
            self.setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._marked)
        else:
            QApplication.sendEvent(self._menu, event)


def _add_entry(
    menu: QMenu,
    group: QActionGroup,
    label: str,
    choose: Callable[[], None],
    *,
    is_checked: bool,
    figures: str = "",
) -> QAction:
    action = add_choice(menu, label, is_checked, choose)
    action.setText(menu_text(label, keys=figures))  # at the right, where other menus show keys
    group.addAction(action)
    return action


def add_note(menu: QMenu, text: str) -> None:
    """Add a text that cannot be chosen: a single line if it fits."""
    label = PlainLabel(text, menu, name="menu-note", role="note", wraps=True)
    label.setContentsMargins(12, 6, 12, 4)
    label.ensurePolished()
    # The size that Qt suggests for a wrapped text is much narrower than the menu.
    metrics = label.fontMetrics()
    max_width = metrics.averageCharWidth() * _MAX_NOTE_CHARACTERS
    margins = label.contentsMargins()
    text_width = metrics.horizontalAdvance(label.text()) + 1  # 1 for fractions of a pixel
    width = min(text_width + margins.left() + margins.right(), max_width)
    label.setMinimumWidth(width)
    if not is_mirrored():  # where a menu would put a narrower label on the wrong side
        label.setMaximumWidth(max_width)
    label.setFixedHeight(label.heightForWidth(width))
    action = QWidgetAction(menu)
    action.setDefaultWidget(label)
    action.setText(menu_text(text, LONGEST_LINE))  # screen readers read this text
    action.setEnabled(False)
    menu.addAction(action)
