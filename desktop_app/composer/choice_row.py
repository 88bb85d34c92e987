"""The row of controls below the text of the prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop_app.composer.choice import ChoiceView, no_choice
from desktop_app.composer.model_button import ModelButton
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import ROW_HEIGHT, SEND_SIZE, current_theme
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

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
    """The controls below the prompt's text: add, model, what is on, estimate, Send, Stop.

    If the row is too narrow, it hides the labels of what is on, the effort, the end of the model
    and the estimate, in this order, until the rest fits.

    Attributes:
        attach_button, model_button, send_button, stop_button: the buttons.
        searches_web: whether the model may search the web; None if it can call no tools.
        web_button, research_button: visible while the model searches, or researches; a click ends
            that.
        end_label: visible while the chosen model ends soon, has ended, or answers one message.
        image_button, tools_button, background_button: visible while the model may make images,
            tools are chosen, or answers run in the background.
        helpers: the row of what features add for writing.
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
        self.attach_button = _button("attach", tr("Add files, projects and tools"))
        self.searches_web: bool | None = None
        self.web_button = _button("web", tr("Stop searching the web"))
        self.web_button.clicked.connect(lambda: self.web_requested.emit(False))
        self.research_button = _button("research", tr("Stop researching"))
        self.research_button.clicked.connect(lambda: self.research_requested.emit(False))
        for button in (self.web_button, self.research_button):
            button.hide()
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
        self.helpers = row_of(spacing=0)
        self._groups = (
            row_of(self.web_button, self.research_button, spacing=0),
            row_of(self.image_button, self.tools_button, self.background_button, spacing=0),
            self.helpers,
        )
        self._row = row_of(
            self.attach_button,
            self._groups[0],
            self.model_button,
            self.end_label,
            self._groups[1],
            STRETCH,
            self.estimate_label,
            self.helpers,
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
        self.searches_web = searches_web
        self.web_button.setVisible(bool(searches_web) and not researches)
        set_tooltip(
            self.web_button, "\n".join(filter(None, (tr("Stop searching the web"), web_note)))
        )
        self.web_button.setAccessibleDescription(spoken_text(web_note))
        self.research_button.setVisible(researches)
        lines = (tr("Stop researching"), research_note(), web_note)
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
        for button, name, color in (
            (self.attach_button, "plus", theme.dim),
            (self.web_button, "globe", theme.accent),
            (self.research_button, "search", theme.accent),
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
            self.web_button.setText(f"{tr('Web')} ×" if labels else "")
            self.research_button.setText(f"{tr('Research')} ×" if labels else "")
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


def research_note() -> str:
    """Return what research does, and that its cost is unknown before."""
    return tr(
        "The model may ask back once, then searches and reads for some minutes. If the provider "
        "runs it in the background, it stores the request and the response. Often costs many "
        "times as much as a response."
    )


def _button(name: str, label: str) -> PlainToolButton:
    return PlainToolButton(name=name, label=label, role="quiet")
