"""The row below the prompt's text: attach, model, effort, estimate, Send or Stop.

The row shows a `ChoiceView` and emits a signal for each choice of the user. If it is too narrow,
it hides these parts, in this order, until the rest fits:

- the caption "Effort",
- the label "Background",
- the segments of the variants, which are also in the menu behind ▾,
- the name of the effort,
- the button for tools while none is chosen, which is also in the command palette,
- the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QWidget

from desktop_app.composer.choice import choice_menus
from desktop_app.composer.choice.background_button import BackgroundButton
from desktop_app.composer.choice.choice_view import (
    EFFORT_BARS,
    ChoiceFigures,
    ChoiceView,
    no_choice,
)
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.buttons.menu_button import MenuButton
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.painting import text_width
from desktop_app.widgets.look.theme import SEND_SIZE, current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

# In pixels at the default text size (see `Theme.px`).
_GAP: Final = 9
_MINIMUM_WIDTH: Final = 280
_HIDEABLE_PARTS: Final = ("caption", "background", "variants", "effort", "tools")
"""The parts that are hidden if the row is too narrow, in this order; see the module."""


class EstimateTexts(NamedTuple):
    """The typical cost of the question, and what it is made of."""

    text: str
    tooltip: str


class ModelControl(QFrame):
    """The model: segments Instant · Thinking · Pro ▾, or the name of the model ▾."""

    def __init__(self, fill_menu: Callable[[QMenu], None]) -> None:
        super().__init__()
        set_role(self, "segments")
        options = [(variant.value, variant.label) for variant in Variant]
        self.variants = SegmentedControl(options, name=tr("Variant"))
        self.variants.setObjectName("variant")
        self.menu_button = MenuButton(fill_menu, has_background=False, object_name="model")
        self.menu_button.setToolTip(tr("Other models and providers"))
        row_of(self.variants, self.menu_button, parent=self, margins=0, spacing=0)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.choice = no_choice()

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer."""
        self.choice = choice
        self.variants.set_current(choice.variant.value if choice.variant else None)
        self.menu_button.setAccessibleName(spoken_text(tr("Model: {name}", name=choice.model_name)))

    def show_variants(self, is_wide: bool) -> None:
        """Show the variants as segments if `is_wide` is set, otherwise the current name."""
        shows_segments = is_wide and self.choice.offers_variants
        self.variants.setVisible(shows_segments)
        self.menu_button.setText("" if shows_segments else self.choice.short_name)

    def width_for(self, *, is_wide: bool) -> int:
        """Return the preferred width; `is_wide` as for `show_variants`."""
        if is_wide and self.choice.offers_variants:
            return self.variants.sizeHint().width() + self.menu_button.width_for(text="")
        return self.menu_button.width_for(text=self.choice.short_name)


class ChoiceRow(QWidget):
    """The controls below the prompt's text. See the module.

    Attributes:
        attach_button, attach_menu_button, tools_button, send_button, stop_button: the buttons.
        choice: the choice that is shown.
        estimate: the estimate that is shown while no answer streams.

    Signals:
        variant_requested(Variant), effort_requested(Effort), model_requested(ModelEntry): chosen
            by the user.
        model_listing_requested(): the menu of models is about to open; list them again.
        model_table_requested(): show the table of all models.
        comparison_requested(): ask several models at once.
        background_requested(bool): whether the next answers run in the background.
    """

    variant_requested = Signal(object)
    effort_requested = Signal(object)
    model_requested = Signal(object)
    model_listing_requested = Signal()
    model_table_requested = Signal()
    comparison_requested = Signal()
    background_requested = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.choice = no_choice()
        self.estimate = EstimateTexts(text="", tooltip="")
        self._choice_figures = ChoiceFigures()
        self._rate = ""
        self._is_streaming = False
        self.attach_button = PlainToolButton(name="attach", label=tr("Attach files"), role="quiet")
        self.attach_menu_button = PlainToolButton(
            name="attach-more", label=tr("More attachment options"), role="quiet"
        )
        self.attach_menu_button.setToolTip(tr("Attach folders and collections"))
        self.tools_button = PlainToolButton(name="tools", label=tr("Tools"), role="quiet")
        self._has_tools = False
        self.models = ModelControl(self._fill_models)
        self.effort = MenuButton(self._fill_efforts, object_name="effort")
        self.effort.setToolTip(tr("Reasoning effort: how long the model thinks before it responds"))
        self.background = BackgroundButton()
        self.background.background_requested.connect(self.background_requested)
        self.estimate_label = PlainLabel(name="estimate", role="note")
        self.send_button = PlainToolButton(name="send", label=tr("Send"), role="send")
        self.stop_button = PlainToolButton(name="stop", label=tr("Stop"), role="stop")
        self.stop_button.hide()
        self.models.variants.chosen.connect(lambda key: self.variant_requested.emit(Variant(key)))
        self._lay_out()
        self.update_theme()
        self.set_choice(no_choice())
        self.set_choice_figures(ChoiceFigures())

    def _lay_out(self) -> None:
        self._row = row_of(
            row_of(self.attach_button, self.attach_menu_button, self.tools_button, spacing=0),
            self.models,
            self.effort,
            self.background,
            STRETCH,
            self.estimate_label,
            self.send_button,
            self.stop_button,
            parent=self,
            margins=0,
        )

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer, and the alternatives."""
        self.choice = choice
        self.models.set_choice(choice)
        effort = choice.display_effort
        self.effort.setVisible(effort is not None)
        if effort is not None:
            self.effort.set_bars(EFFORT_BARS[effort])
            self.effort.setAccessibleName(
                spoken_text(tr("Effort: {effort}", effort=tr(effort.label)))
            )
        self.background.set_choice(choice)
        self._fit()

    def set_tools(self, names: str) -> None:
        """Show the names of the chosen tools, schema or grammar; "" for none."""
        self._has_tools = bool(names)
        set_tooltip(self.tools_button, names or tr("Choose tools"))
        self.tools_button.setAccessibleName(spoken_text(names or tr("Tools")))
        self._show_tools_icon()
        self._fit()

    def _show_tools_icon(self) -> None:
        theme = current_theme()
        color = theme.accent if self._has_tools else theme.dim
        set_icon(self.tools_button, "wrench", color, theme.px(18), disabled=theme.faint)

    def set_estimate(self, text: str, tooltip: str) -> None:
        """Show the estimated cost; see `EstimateTexts`."""
        self.estimate = EstimateTexts(text=text, tooltip=tooltip)
        self._show_estimate_or_rate()

    def set_choice_figures(self, figures: ChoiceFigures) -> None:
        """Show the possible cost and duration of the message for each variant and effort."""
        self._choice_figures = figures
        for variant in Variant:
            figure = figures.variants.get(variant, "")
            lines = [tr(variant.advice)]
            if figure:
                lines.append(figure)
            set_tooltip(self.models.variants.button(variant.value), "\n".join(lines))

    def set_rate(self, text: str) -> None:
        """Show the speed of the answer ("38 tok/s"), visible while the answer streams."""
        self._rate = text
        self._show_estimate_or_rate()

    def set_streaming(self, is_streaming: bool) -> None:
        """Show Stop and the rate while an answer streams, otherwise Send and the estimate."""
        self._is_streaming = is_streaming
        self.send_button.setVisible(not is_streaming)
        self.stop_button.setVisible(is_streaming)
        if not is_streaming:
            self._rate = ""
        self._show_estimate_or_rate()

    def update_theme(self) -> None:
        theme = current_theme()
        self.estimate_label.setFont(theme.note())
        self._row.setSpacing(theme.px(_GAP))
        for button, name, color, size in (
            (self.attach_button, "paperclip", theme.dim, 18),
            (self.attach_menu_button, "chevron-down", theme.dim, 12),
            (self.send_button, "arrow-up", theme.on_accent, 18),
            (self.stop_button, "square", theme.ground, 14),
        ):
            set_icon(button, name, color, theme.px(size), disabled=theme.faint)
        self._show_tools_icon()
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Return the smallest usable width; the row adapts to any larger width."""
        min_width = self._total_width("", hidden=_HIDEABLE_PARTS)
        return QSize(
            min(min_width, current_theme().px(_MINIMUM_WIDTH)), current_theme().px(SEND_SIZE)
        )

    def sizeHint(self) -> QSize:
        return QSize(
            self._total_width(self._rate or self.estimate.text), current_theme().px(SEND_SIZE)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _show_estimate_or_rate(self) -> None:
        set_tooltip(self.estimate_label, "" if self._is_streaming else self.estimate.tooltip)
        self._fit()

    def _fit(self) -> None:
        """Hide parts in order, then hide the estimate, until all fits."""
        estimate_text = self._rate if self._is_streaming else self.estimate.text
        hidden: list[str] = []
        for part in _HIDEABLE_PARTS:
            if self._total_width(estimate_text, hidden) <= self.width():
                break
            hidden.append(part)
        if self._total_width(estimate_text, hidden) > self.width():
            estimate_text = ""
        self.estimate_label.setText(estimate_text)
        self.estimate_label.setVisible(bool(estimate_text))
        self.models.show_variants("variants" not in hidden)
        self.effort.set_caption("" if "caption" in hidden else tr("Effort"))
        self.background.show_label("background" not in hidden)
        # Chosen tools stay visible, because they change what an answer may do.
        self.tools_button.setVisible("tools" not in hidden or self._has_tools)
        self.effort.setText("" if "effort" in hidden else self._effort_label())

    def _total_width(self, estimate_text: str, hidden: Sequence[str] = ()) -> int:
        """Return the width of the row with this estimate, without the `hidden` parts."""
        gap = current_theme().px(_GAP)
        total = self.attach_button.sizeHint().width() + self.attach_menu_button.sizeHint().width()
        if "tools" not in hidden or self._has_tools:
            total += self.tools_button.sizeHint().width()
        total += current_theme().px(SEND_SIZE)
        total += 2 * gap  # after the buttons for attachments and tools, and before Send or Stop
        total += self.models.width_for(is_wide="variants" not in hidden)
        if self.choice.display_effort is not None:
            label = "" if "effort" in hidden else self._effort_label()
            caption = "" if "caption" in hidden else tr("Effort")
            total += gap + self.effort.width_for(text=label, caption=caption)
        if self.choice.background is not None:
            total += gap + self.background.width_for(is_wide="background" not in hidden)
        if estimate_text:
            total += gap + text_width(estimate_text, current_theme().note())
        return total

    def _effort_label(self) -> str:
        effort = self.choice.display_effort
        return "" if effort is None else tr(effort.label)

    def _fill_models(self, menu: QMenu) -> None:
        self.model_listing_requested.emit()
        choice_menus.fill_models(menu, self.choice, self.model_requested.emit, self._choice_figures)
        choice_menus.add_model_actions(
            menu, self.model_table_requested.emit, self.comparison_requested.emit
        )

    def _fill_efforts(self, menu: QMenu) -> None:
        choice_menus.fill_efforts(
            menu, self.choice, self.effort_requested.emit, self._choice_figures
        )
