"""The model choice as the widgets show it, the model button, its menus, and the row around it.

The values are built by the controllers. The menus are filled whenever they open, with the reasons
of refusals.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget, QWidgetAction

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value
from desktop_app.i18n.formatting import tokens
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import ROW_HEIGHT, SEND_SIZE, current_theme
from desktop_app.widgets.program_menu import ProgramMenu, add_choice
from desktop_app.widgets.text.foreign_text import (
    LONGEST_LINE,
    PlainLabel,
    PlainToolButton,
    menu_text,
    set_tooltip,
    spoken_text,
)

_VARIANT_EFFORTS: Final = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
"""The efforts of the GPT-5.2 family: a menu shows why a variant does not take some of them."""


class ModelEntry(Value, frozen=True):
    """An entry of the model menu.

    `variant` is set for the three variants of GPT-5.2. `note` is shown after the name ("ends
    23 July 2026") and the tokens of the context `window`. Older models are folded.
    """

    provider_id: str
    provider_name: str
    model: str
    name: str
    variant: Variant | None
    note: str = ""
    window: int | None = None
    is_older: bool = False


class VariantOffer(Value, frozen=True):
    """A model that the user can choose for a variant for good; `model` is "" for its own."""

    variant: Variant
    model: str
    name: str


class ChoiceView(Value, frozen=True):
    """The model that answers, and the alternatives.

    Attributes:
        variant: None if another model than the three variants is chosen.
        effort: the effort in use; None if the model takes none.
        offers_variants: whether a variant is chosen and the provider offers all three.
        offers_effort: whether an effort may be chosen.
        efforts: those that the model takes, least first; all known ones if that is unknown.
        effort_refusals: a sentence for each effort that cannot be chosen now.
        models: the models of all providers, in order.
        notice: a sentence if the chosen model is shut down or answers in place of another
            model; otherwise "".
        background: whether the next answers run in the background; None if that is not offered.
        provider_name: the name of the provider.
        provider_id, model: the entry to check in the menu; "" for none.
        end: that the model ends, or has ended, in a few words; "" if neither is near.
        successor: the model that the provider lists in place of the chosen one.
        offers: the models that may stand for a variant from now on.
    """

    variant: Variant | None
    model_name: str
    effort: Effort | None
    offers_variants: bool
    effort_refusals: Mapping[Effort, str] = {}
    offers_effort: bool = False
    efforts: tuple[Effort, ...] = tuple(Effort)
    models: tuple[ModelEntry, ...] = ()
    notice: str = ""
    background: bool | None = None
    provider_name: str = ""
    provider_id: str = ""
    model: str = ""
    end: str = ""
    successor: ModelEntry | None = None
    offers: tuple[VariantOffer, ...] = ()

    @property
    def short_name(self) -> str:
        """Return the variant's name, otherwise the model's."""
        return self.model_name if self.variant is None else self.variant.label

    @property
    def display_effort(self) -> Effort | None:
        """Return the effort, or None if the model offers no choice of effort."""
        return self.effort if self.offers_effort else None

    @property
    def listed_efforts(self) -> tuple[Effort, ...]:
        """Return the model's efforts; with a variant, also those of the other variants."""
        if self.variant is None:
            return self.efforts
        return tuple(sorted({*self.efforts, *_VARIANT_EFFORTS}, key=lambda effort: effort.rank))

    def effort_beside(self, step: int) -> Effort | None:
        """Return the next higher (+1) or lower (-1) effort that can be chosen; None for none."""
        accepted_efforts = [
            effort for effort in self.listed_efforts if effort not in self.effort_refusals
        ]
        if not self.offers_effort or self.effort not in accepted_efforts:
            return None
        index = accepted_efforts.index(self.effort) + step
        return accepted_efforts[index] if 0 <= index < len(accepted_efforts) else None


class ChoiceFigures(Value, frozen=True):
    """Cost and duration of the typed message with each variant and effort, as words.

    `successor` has the costs with the chosen model's successor and with itself.
    """

    variants: Mapping[Variant, str] = {}
    efforts: Mapping[Effort, str] = {}
    successor: str = ""


def no_choice() -> ChoiceView:
    """Return the view of a choice before any model is known."""
    return ChoiceView(None, tr("Loading…"), None, offers_variants=False)


_MAX_FLAT_ENTRIES: Final = 18
"""With more models of several providers, each provider has a submenu."""
_MAX_UNGROUPED_ENTRIES: Final = 40
"""If a provider has more models, they are grouped by maker."""
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
        offer_requested(VariantOffer): let a model stand for a variant from now on.
        listing_requested(): the menu is about to open; list the models again.
        table_requested(): show the table of all models.
        comparison_requested(): ask several models at once.
    """

    variant_requested = Signal(object)
    effort_requested = Signal(object)
    model_requested = Signal(object)
    offer_requested = Signal(object)
    listing_requested = Signal()
    table_requested = Signal()
    comparison_requested = Signal()

    def __init__(self) -> None:
        super().__init__(self._fill_menu, object_name="model")
        self.choice = no_choice()
        self.figures = ChoiceFigures()
        self.set_choice(self.choice)

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer."""
        self.choice = choice
        name = " · ".join(filter(None, (choice.model_name, self._effort)))
        self.setAccessibleName(spoken_text(tr("Model: {name}", name=name)))
        set_tooltip(self, choice.notice or tr("Model and reasoning effort"))

    def label(self, *, with_effort: bool) -> str:
        """Return the text of the button."""
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
            add_note(menu, tr("Reasoning effort"))
            fill_efforts(menu, choice, self.effort_requested.emit, self.figures)
        if choice.notice and choice.notice not in choice.effort_refusals.values():
            add_note(menu, choice.notice)
        self._add_successor(menu)
        menu.addSeparator()
        others = [e for e in choice.models if not is_own_variant(e, choice)]
        if choice.offers_variants and others:
            submenu = ProgramMenu(tr("Other models"), menu)
            fill_models(submenu, others, choice, choose_model)
            menu.addMenu(submenu)
        menu.addAction(tr("All models…")).triggered.connect(lambda: self.table_requested.emit())
        menu.addAction(tr("Compare models…")).triggered.connect(
            lambda: self.comparison_requested.emit()
        )

    def _add_successor(self, menu: QMenu) -> None:
        """Offer the successor of the chosen model, for now or for good."""
        choice, successor = self.choice, self.choice.successor
        if successor is not None:
            add_note(menu, tr("Successor"))
            action = menu.addAction(menu_text(successor.name, keys=self.figures.successor))
            action.triggered.connect(lambda: self.model_requested.emit(successor))
        for offer in choice.offers:
            text = tr(
                "Always use {model} for {variant}", model=offer.name, variant=offer.variant.label
            )
            menu.addAction(menu_text(text)).triggered.connect(
                partial(self.offer_requested.emit, offer)
            )


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


def fill_efforts(
    menu: QMenu,
    choice: ChoiceView,
    on_chosen: Callable[[Effort], None],
    figures: ChoiceFigures | None = None,
) -> None:
    """Fill the menu with the efforts, each with its use, and its figures, if given.

    Refused efforts are disabled, with the reasons below.
    """
    group = QActionGroup(menu)
    reasons: list[str] = []
    for effort in choice.listed_efforts:
        label = " · ".join(tr(text) for text in (effort.label, effort.advice) if text)
        entry_figures = "" if figures is None else figures.efforts.get(effort, "")
        is_checked, choose = effort is choice.effort, partial(on_chosen, effort)
        action = _add_entry(
            menu, group, label, choose, is_checked=is_checked, figures=entry_figures
        )
        if reason := choice.effort_refusals.get(effort, ""):
            action.setEnabled(False)
            set_tooltip(action, reason)
            reasons.append(reason)
    for reason in dict.fromkeys(reasons):  # several efforts may have the same reason
        add_note(menu, reason)


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
    label = PlainLabel(text, menu, role="note", wraps=True)
    label.setContentsMargins(12, 6, 12, 4)
    label.ensurePolished()
    # The size that Qt suggests for a wrapped text is much narrower than the menu.
    metrics = label.fontMetrics()
    max_width = metrics.averageCharWidth() * _MAX_NOTE_CHARACTERS
    margins = label.contentsMargins()
    text_width = metrics.horizontalAdvance(label.text()) + 1  # 1 for fractions of a pixel
    width = min(text_width + margins.left() + margins.right(), max_width)
    label.setMinimumWidth(width)
    label.setMaximumWidth(max_width)
    label.setFixedHeight(label.heightForWidth(width))
    action = QWidgetAction(menu)
    action.setDefaultWidget(label)
    action.setText(menu_text(text, LONGEST_LINE))  # screen readers read this text
    action.setEnabled(False)
    menu.addAction(action)


# In pixels at the default text size (see `Theme.px`).
_GAP: Final = 9
_MINIMUM_WIDTH: Final = 280


class EstimateTexts(NamedTuple):
    """The typical cost of the question, and what it is made of."""

    text: str
    tooltip: str


class _StopButton(PlainToolButton):
    """The button that stops an answer.

    Attributes:
        detail: returns what its tooltip shows below "Stop"; "" for nothing.
    """

    def __init__(self) -> None:
        super().__init__(name="stop", label=tr("Stop"), role="stop")
        self.detail: Callable[[], str] = str

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            set_tooltip(self, "\n".join(filter(None, (tr("Stop"), self.detail()))))
        return super().event(event)


class ChoiceRow(QWidget):
    """The controls below the prompt's text: add, Web, Research, model, tools, estimate, Send, Stop.

    If the row is too narrow, it hides the labels of the switches, the effort, the end of the model
    and the estimate, in this order, until the rest fits.

    Attributes:
        attach_button, web_button, research_button, model_button, send_button, stop_button: the
            buttons.
        end_label: visible while the chosen model ends soon, or has ended.
        image_button, tools_button, background_button: visible while the model may make images,
            tools are chosen, or answers run in the background.
        choice: the choice that is shown.
        estimate: the estimate that is shown.

    Signals:
        web_requested(bool): whether the model may search the web in this conversation.
        research_requested(bool): whether the questions of this conversation are researched.
        background_requested(bool): whether the next answers run in the background.
    """

    web_requested = Signal(bool)
    research_requested = Signal(bool)
    background_requested = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.choice = no_choice()
        self.estimate = EstimateTexts(text="", tooltip="")
        self.attach_button = _button("attach", tr("Add files, collections and tools"))
        self.web_button = _button("web", _web_label())
        self.web_button.setCheckable(True)
        self.web_button.hide()
        self.web_button.clicked.connect(self.web_requested)
        self.research_button = _button("research", _research_label())
        self.research_button.setCheckable(True)
        self.research_button.hide()
        self.research_button.clicked.connect(self.research_requested)
        self.model_button = ModelButton()
        self.end_label = PlainLabel(name="model-end", role="note")
        self.tools_button = _button("tools", tr("Tools"))
        self.tools_button.setText(tr("Tools"))
        self.tools_button.hide()
        self.image_button = _button("image", tr("Image"))
        self.image_button.hide()
        self.background_button = _button("background", tr("Run in background: on"))
        self.background_button.setText(tr("Background"))
        self.background_button.clicked.connect(lambda: self.background_requested.emit(False))
        self.estimate_label = PlainLabel(name="estimate", role="note")
        self.send_button = PlainToolButton(name="send", label=tr("Send"), role="send")
        self.stop_button = _StopButton()
        self.stop_button.hide()
        self._groups = (
            row_of(self.attach_button, self.web_button, self.research_button, spacing=0),
            row_of(self.image_button, self.tools_button, self.background_button, spacing=0),
        )
        self._row = row_of(
            self._groups[0],
            self.model_button,
            self.end_label,
            self._groups[1],
            STRETCH,
            self.estimate_label,
            self.send_button,
            self.stop_button,
            parent=self,
            margins=0,
        )
        self.update_theme()
        self.set_choice(no_choice())

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer, and the alternatives."""
        self.choice = choice
        self.model_button.set_choice(choice)
        set_tooltip(self.end_label, choice.notice)
        self.background_button.setVisible(bool(choice.background))
        self._fit()

    def set_tools(
        self, names: str, *, searches_web: bool | None, researches: bool = False, web_note: str = ""
    ) -> None:
        """Show what the model may use.

        Args:
            names: the names of chosen tools, schema or grammar; "" for none.
            searches_web: whether it may search the web; None if it can call no tools.
            researches: whether questions are researched, which includes web search.
            web_note: what a search costs, or where the words go.
        """
        self.tools_button.setVisible(bool(names))
        set_tooltip(self.tools_button, names)
        self.tools_button.setAccessibleName(spoken_text(names))
        self.web_button.setVisible(searches_web is not None)
        self.web_button.setChecked(bool(searches_web))
        set_tooltip(self.web_button, "\n".join(filter(None, (_web_label(), web_note))))
        self.web_button.setAccessibleDescription(spoken_text(web_note))
        self.research_button.setVisible(searches_web is not None)
        self.research_button.setChecked(researches)
        lines = (_research_label(), research_note(), web_note)
        set_tooltip(self.research_button, "\n".join(filter(None, lines)))
        self.research_button.setAccessibleDescription(spoken_text(research_note()))
        self._color_buttons()
        self._fit()

    def set_images(self, *, is_on: bool, price: str, tooltip: str) -> None:
        """Show whether the model may make images, and what one costs; "" if that is unknown."""
        self.image_button.setVisible(is_on)
        self.image_button.setText(tr("Image, {price}", price=price) if price else tr("Image"))
        set_tooltip(self.image_button, tooltip)
        self.image_button.setAccessibleDescription(spoken_text(tooltip))
        self._fit()

    def set_estimate(self, text: str, tooltip: str) -> None:
        """Show the estimated cost; see `EstimateTexts`."""
        self.estimate = EstimateTexts(text=text, tooltip=tooltip)
        set_tooltip(self.estimate_label, tooltip)
        self._fit()

    def set_streaming(self, is_streaming: bool) -> None:
        """Show Stop while an answer streams, otherwise Send."""
        self.send_button.setVisible(not is_streaming)
        self.stop_button.setVisible(is_streaming)
        self._fit()

    def update_theme(self) -> None:
        theme = current_theme()
        self.estimate_label.setFont(theme.note())
        self.end_label.setFont(theme.note())
        self._row.setSpacing(theme.px(_GAP))
        for button, name, color, size in (
            (self.send_button, "arrow-up", theme.on_accent, 18),
            (self.stop_button, "square", theme.ground, 14),
        ):
            set_icon(button, name, color, theme.px(size), disabled=theme.faint)
        for button in (self.attach_button, *self._labeled_buttons):
            button.setMinimumHeight(theme.px(ROW_HEIGHT))
        self._color_buttons()
        self._fit()

    @property
    def _labeled_buttons(self) -> tuple[PlainToolButton, ...]:
        return (
            self.web_button,
            self.research_button,
            self.image_button,
            self.tools_button,
            self.background_button,
        )

    def _color_buttons(self) -> None:
        """Paint the icons: those of what is on in the color of links."""
        theme = current_theme()
        web = theme.accent if self.web_button.isChecked() else theme.dim
        research = theme.accent if self.research_button.isChecked() else theme.dim
        for button, name, color in (
            (self.attach_button, "plus", theme.dim),
            (self.web_button, "globe", web),
            (self.research_button, "search", research),
            (self.image_button, "image", theme.accent),
            (self.tools_button, "wrench", theme.accent),
            (self.background_button, "cloud", theme.accent),
        ):
            set_icon(button, name, color, theme.px(18), disabled=theme.faint)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest usable width; the row adapts to any larger width."""
        return QSize(current_theme().px(_MINIMUM_WIDTH), current_theme().px(SEND_SIZE))

    def sizeHint(self) -> QSize:
        return QSize(self._row.sizeHint().width(), current_theme().px(SEND_SIZE))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show everything, then less and less until it fits."""
        estimate = self.estimate.text
        beside_icon = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        icon_only = Qt.ToolButtonStyle.ToolButtonIconOnly
        end = self.choice.end
        for labels, effort, text, end_text in (
            (True, True, estimate, end),
            (False, True, estimate, end),
            (False, False, estimate, end),
            (False, False, estimate, ""),
            (False, False, "", ""),
        ):
            self.web_button.setText(tr("Web") if labels else "")
            self.research_button.setText(tr("Research") if labels else "")
            for button in self._labeled_buttons:
                button.setToolButtonStyle(beside_icon if labels else icon_only)
            self.model_button.setText(self.model_button.label(with_effort=effort))
            self.end_label.setText(end_text)
            self.end_label.setVisible(bool(end_text))
            self.estimate_label.setText(text)
            self.estimate_label.setVisible(bool(text))
            for layout in (*self._groups, self._row):  # Qt invalidates the inner ones later
                layout.invalidate()
            if self._row.sizeHint().width() <= self.width():
                break


def _research_label() -> str:
    return tr("Research on the web, at high effort")


def research_note() -> str:
    """Return what research does, and that its cost is unknown before."""
    return tr(
        "The model may ask back once, then searches and reads for some minutes. If the provider "
        "runs it in the background, it stores the request and the response. Often costs many "
        "times as much as a response."
    )


def _web_label() -> str:
    return tr("Let the model search the web")


def _button(name: str, label: str) -> PlainToolButton:
    return PlainToolButton(name=name, label=label, role="quiet")
