"""The form for the user's facts about a model at one provider; empty fields are automatic."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from desktop_app.domain.models.model_entry import ModelRow
from desktop_app.domain.models.model_facts import MAX_PRICE, MAX_TOKENS, ModelFacts
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.formatting import editable_amount, parse_amount
from desktop_app.i18n.translation import N_, tr, tr_context, yes_no
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, dialog_button
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import Combo, Note, line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, window_title
from desktop_app.widgets.windows import fitting_size, scroll_area_of

_PRICES: Final = (
    ("input_price", N_("Input price")),
    ("cached_price", N_("Cached input price")),
    ("write_price", N_("Cache write price")),
    ("output_price", N_("Output price")),
)
_SIZE: Final = (460, 620)
_LIMITS: Final = (("window", N_("Context window")), ("max_output", N_("Output limit")))
_FLAGS: Final = (
    ("images", N_("Images")),
    ("tools", N_("Tools")),
    ("schema", N_("Structured output")),
)
_FLAG_VALUES: Final = (None, True, False)
"""The values of a flag, by their places in its list."""
_EFFORTS_AUTOMATIC, _EFFORTS_NONE, _EFFORTS_CHOSEN = range(3)
"""The places in the list of efforts."""


class ModelEditor(FormDialog):
    """The form for the user's facts about a model. See the module.

    Args:
        save: stores the entered facts.
    """

    def __init__(
        self, row: ModelRow, save: Callable[[ModelFacts], object], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._store = save
        self.setObjectName("model-editor")
        self.setWindowTitle(window_title(row.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._row = row
        self._user_entries = row.user_entries or ModelFacts(row.model)
        self.fields: dict[str, QLineEdit] = {}
        self.flags: dict[str, Combo] = {}
        self.efforts: dict[Effort, QCheckBox] = {}
        self.effort_choice = Combo(tr("Efforts"), object_name="model-efforts")
        self._problem = Note(object_name="model-problem")
        self.save_button = dialog_button(tr("Save"), "save-model")
        clear_button = dialog_button(tr("Clear all"), "clear-model")
        content = QWidget()
        self._form = QVBoxLayout(content)
        self._build_form()
        provider = tr("{model} – {provider}", model=row.name, provider=row.provider_name)
        head = row_of((PlainLabel(provider, role="strong", wraps=True), 1), HelpButton())
        note = tr(
            "What you enter is used for this provider, instead of what it reports. "
            "Empty fields stay automatic."
        )
        column_of(
            head,
            PlainLabel(note, role="note", wraps=True),
            (scroll_area_of(content), 1),
            self._problem,
            row_of(clear_button, STRETCH, self.save_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self._show_entries(self._user_entries)
        self.save_button.clicked.connect(self._save)
        clear_button.clicked.connect(lambda: self._show_entries(ModelFacts(row.model)))
        self.effort_choice.currentIndexChanged.connect(lambda _index: self._show_efforts())
        self.update_theme()
        self.resize(fitting_size(_SIZE, parent))
        self.fields["window"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _build_form(self) -> None:
        """Create a row for each fact, with its automatic value as the hint.

        That value is unknown if the user has entered another.
        """
        row, entries = self._row, self._user_entries
        unknown = tr_context("value", "unknown")
        automatic: dict[str, str] = {}
        if row.window is not None and entries.window is None:
            automatic["window"] = str(row.window)
        if row.max_output is not None and entries.max_output is None:
            automatic["max_output"] = str(row.max_output)
        if row.price is not None and entries.price is None:
            automatic["input_price"] = editable_amount(row.price.input)
            automatic["output_price"] = editable_amount(row.price.output)
            if row.price.cached_input is not None:
                automatic["cached_price"] = editable_amount(row.price.cached_input)
            if row.price.cache_write is not None:
                automatic["write_price"] = editable_amount(row.price.cache_write)
        units = dict.fromkeys(dict(_LIMITS), tr("tokens"))
        for name, label in (*_LIMITS, *_PRICES):
            unit = units.get(name, tr("US dollars per million tokens"))
            text = tr("{name} ({unit})", name=tr(label), unit=unit)
            field = self.fields[name] = line_field(text, f"model-{name}")
            field.setPlaceholderText(automatic.get(name, unknown))
            self._add_row(text, field)
        for name, _ in _LIMITS:
            self.fields[name].setValidator(QIntValidator(1, MAX_TOKENS, self.fields[name]))
        for label in (tr("Automatic"), tr("Takes none"), tr("Takes these")):
            self.effort_choice.addItem(label)
        self._add_row(tr("Efforts"), self.effort_choice)
        self._effort_boxes = QWidget()
        offered = (*Effort, *(row.efforts or ()), *(entries.efforts or ()))
        self.efforts = {effort: QCheckBox(menu_text(tr(effort.label))) for effort in offered}
        FlowLayout(*self.efforts.values(), parent=self._effort_boxes)
        self._form.addWidget(self._effort_boxes)
        for name, label in _FLAGS:
            combo = self.flags[name] = Combo(tr(label), object_name=f"model-{name}")
            known = {"images": row.images, "tools": row.tools, "schema": row.schema}[name]
            is_unknown = known is None or getattr(entries, name) is not None
            value = unknown if is_unknown else yes_no(bool(known))
            combo.addItem(tr("Automatic ({value})", value=value))
            combo.addItem(yes_no(True))
            combo.addItem(yes_no(False))
            self._add_row(tr(label), combo)

    def _add_row(self, text: str, field: QWidget) -> None:
        label = PlainLabel(text, wraps=True)
        label.setBuddy(field)
        self._form.addWidget(label)
        self._form.addWidget(field)

    def update_theme(self) -> None:
        self._form.setSpacing(current_theme().px(10))

    def _show_entries(self, entries: ModelFacts) -> None:
        for name, _ in _LIMITS:
            value = getattr(entries, name)
            self.fields[name].setText("" if value is None else str(value))
        for name, _ in _PRICES:
            value = getattr(entries, name)
            self.fields[name].setText("" if value is None else editable_amount(value))
        for name, _ in _FLAGS:
            self.flags[name].setCurrentIndex(_FLAG_VALUES.index(getattr(entries, name)))
        choice = _EFFORTS_CHOSEN if entries.efforts else _EFFORTS_NONE
        self.effort_choice.setCurrentIndex(
            _EFFORTS_AUTOMATIC if entries.efforts is None else choice
        )
        for effort, box in self.efforts.items():
            box.setChecked(effort in (entries.efforts or self._row.efforts or ()))
        self._show_efforts()

    def _show_efforts(self) -> None:
        self._effort_boxes.setVisible(self.effort_choice.currentIndex() == _EFFORTS_CHOSEN)

    def _save(self) -> None:
        try:
            entries = self._read_entries()
        except ValueError as problem:
            self._problem.set_text(str(problem), "error")
            return
        self._store(entries)
        self.accept()

    def _read_entries(self) -> ModelFacts:
        """Return the entered facts.

        Raises:
            ValueError: a value is missing or invalid; the message is a sentence for the user.
        """
        limits = {name: self._read_limit(name, tr(label)) for name, label in _LIMITS}
        prices = {name: self._read_amount(name, tr(label)) for name, label in _PRICES}
        entered_prices = {name for name, price in prices.items() if price is not None}
        if entered_prices and not {"input_price", "output_price"} <= entered_prices:
            raise ValueError(tr("Enter the prices of both input and output."))
        chosen_efforts = tuple(effort for effort, box in self.efforts.items() if box.isChecked())
        facts: dict[str, Any] = {**limits, **prices}
        facts |= {name: _FLAG_VALUES[combo.currentIndex()] for name, combo in self.flags.items()}
        return ModelFacts(
            self._row.model,
            efforts=(None, (), chosen_efforts)[self.effort_choice.currentIndex()],
            **facts,
        )

    def _read_limit(self, name: str, label: str) -> int | None:
        text = self.fields[name].text().strip()
        if not text:
            return None
        limit, is_number = QLocale().toInt(text)  # may have separators, as the validator allows
        if not is_number or not 0 < limit <= MAX_TOKENS:
            raise ValueError(tr("“{name}” isn’t a valid number of tokens.", name=label))
        return limit

    def _read_amount(self, name: str, label: str) -> Decimal | None:
        refusal = tr("“{name}” isn’t a valid price.", name=label)
        try:
            amount = parse_amount(self.fields[name].text())
        except ValueError as error:
            raise ValueError(refusal) from error
        if amount is not None and amount >= MAX_PRICE:
            raise ValueError(refusal)
        return amount
