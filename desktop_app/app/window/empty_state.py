"""An empty conversation: a question, examples, and without an account the two ways to begin.

The prompt editor sits between the examples and the ways, because one may type at once. So there
are two widgets: `EmptyState` (question and examples) and its `key_line` (the ways).
`ConversationPane` lays them out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QWidget

from desktop_app.i18n.translation import N_, language, tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.program_menu import run_command
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

# key (the id of a built-in prompt, or "summarize"), icon, title, description
_EXAMPLES: Final = (
    (
        "summarize",
        "file-text",
        N_("Summarize a document"),
        N_("Drop a PDF, a Word document, or any other file"),
    ),
    ("explain", "braces", N_("Explain code"), N_("Paste it or attach the file")),
    ("translate", "languages", N_("Translate text"), N_("Keeps the Markdown formatting")),
)
# Tried with SmolLM2: it answers plain questions in English. Its summaries, translations, rephrased
# sentences and letters are wrong, so there is no example of them.
_SMALL_EXAMPLES: Final = (
    ("What are three tips for better sleep?", "list", N_("Get tips")),
    ("What is photosynthesis?", "info", N_("Have a word explained")),
    ("Why is the sky blue?", "sparkles", N_("Ask why")),
)
"""Question, icon and title of the examples for the built-in model, which knows English only."""
_WAY_MARGIN: Final = 14
"""Pixels at the sides of a way to begin."""
MAX_SERVERS: Final = 2
"""The servers that the first way offers at most."""
Offer = tuple[str, Callable[[], object]]
"""The label of a button, and what it does."""


class EmptyState(QWidget):
    """The question and the examples above the prompt.

    Attributes:
        key_line: the ways to begin: a model on this computer, an account, or the trial model;
            hidden at first, and if there is no room for it.
        wants_key_line: whether the ways are shown if there is room.

    Signals:
        prompt_chosen(str): insert the built-in prompt of this id, or "summarize".
        question_chosen(str): insert this question.
        key_requested(): let the user enter an API key.
        tried(): the user wants to ask the built-in model.
    """

    prompt_chosen = Signal(str)
    question_chosen = Signal(str)
    key_requested = Signal()
    tried = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("empty-state")
        self._question = PlainLabel(tr("What are you working on?"), wraps=True, role="hero")
        self._question.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.cards = [_ExampleCard() for _ in _EXAMPLES]
        self._row = row_of(*((card, 1) for card in self.cards), spacing=12)
        for card in self.cards:
            card.clicked.connect(partial(self._choose, card))
        self._is_small: bool | None = None
        self._shows_examples = True
        parts = (self._question, self._row)
        self._column = column_of(*parts, parent=self, margins=(0, 0, 0, 8), spacing=22)
        self.key_line = _KeyLine()
        add_key, download = self.key_line.button, self.key_line.download_button
        add_key.clicked.connect(lambda: self._use_account())
        download.clicked.connect(lambda: self._get_model())
        self.key_line.models_button.clicked.connect(lambda: run_command(self, "models.local"))
        self.key_line.trial_button.clicked.connect(self._try_small_model)
        self._account: Offer | None = None
        self._download: Offer | None = None
        self.key_line.hide()
        self.wants_key_line = False
        self._key_line_fits = True
        self.set_small_model(False)

    def set_key_line(self, is_wanted: bool, text: str) -> None:
        """Set the words on a model here, and whether to show the ways if there is room."""
        self.key_line.set_text(text)
        self.wants_key_line = is_wanted
        self._update_key_line()

    def set_small_model(self, is_small: bool) -> None:
        """Show examples that the built-in model can do, or those for all other models."""
        if is_small is self._is_small:
            return
        self._is_small = is_small
        self._shows_examples = not is_small
        self._question.setText(
            tr("How do you want to begin?") if is_small else tr("What are you working on?")
        )
        self.key_line.trial_button.setVisible(is_small)
        if is_small:
            for card, (question, icon, title) in zip(self.cards, _SMALL_EXAMPLES, strict=True):
                card.set_content("", icon, tr(title), question)
        else:
            for card, (key, icon, title, text) in zip(self.cards, _EXAMPLES, strict=True):
                card.set_content(key, icon, tr(title), tr(text))
        self.update_theme()

    def _try_small_model(self) -> None:
        """Show questions that the built-in model can answer, if they are in the user's language."""
        self.key_line.trial_button.hide()
        if language().startswith("en"):
            self._shows_examples = True
            self._question.setText(tr("What are you working on?"))
        else:
            self._question.setText(tr("Ask in English. The trial model knows nothing else."))
        self.updateGeometry()  # the pane makes room
        self.tried.emit()

    def _choose(self, card: _ExampleCard, *_: object) -> None:
        if card.key:
            self.prompt_chosen.emit(card.key)
        else:
            self.question_chosen.emit(card.description)

    def _use_account(self) -> None:
        if self._account is not None:
            self._account[1]()
        else:
            self.key_requested.emit()

    def _get_model(self) -> None:
        if self._download is not None:
            self._download[1]()
        else:
            run_command(self, "models.local")

    def set_offers(self, account: Offer | None, download: Offer | None) -> None:
        """Offer a stored account in place of a new key, and a model that suits this computer."""
        self._account, self._download = account, download
        self.key_line.set_offers(account and account[0], download and download[0])
        self.updateGeometry()

    def show_download(self, text: str) -> None:
        """Show how far a download is, in place of those words; "" if none runs."""
        self.key_line.show_download(text)
        self.updateGeometry()

    def set_servers(self, offers: Sequence[Offer]) -> None:
        """Offer servers on this computer, in place of a download."""
        self.key_line.set_servers(offers)
        self.updateGeometry()  # the pane makes room

    def fit_key_line(self, width: int, height: int) -> int:
        """Show the key line only if it fits; return its height, 0 if it is hidden."""
        needed = self.key_line.height_for(width) if self.wants_key_line else 0
        self._key_line_fits = needed <= height
        self._update_key_line()
        return needed if self._key_line_fits else 0

    def _update_key_line(self) -> None:
        self.key_line.setVisible(self.wants_key_line and self._key_line_fits)

    def show_fitting_parts(self, width: int, height: int, *, has_files: bool) -> bool:
        """Show the question, and the examples unless files are attached, if they fit.

        Return True if the question fits.
        """
        question_height = (
            self._question.heightForWidth(width) + self._column.contentsMargins().bottom()
        )
        are_stacked, height_of_card = self._measure_cards(width)
        gaps = self._row.spacing() * (len(self.cards) - 1)
        cards_height = height_of_card * len(self.cards) + gaps if are_stacked else height_of_card
        examples_height = self._column.spacing() + cards_height
        self._question.setVisible(question_height <= height)
        for card in self.cards:
            fits = question_height + examples_height <= height
            card.setVisible(self._shows_examples and fits and not has_files)
        return question_height <= height

    def update_theme(self) -> None:
        self._equalize_heights()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adjust the examples: in a narrow window their lines wrap, or they are stacked."""
        super().resizeEvent(event)
        self._equalize_heights()

    def _equalize_heights(self) -> None:
        """Give all examples the height that the tallest needs at the current width."""
        are_stacked, height = self._measure_cards(self.width())
        _set_stacked(self._row, are_stacked)
        for card in self.cards:
            card.setFixedHeight(height)

    def _measure_cards(self, width: int) -> tuple[bool, int]:
        """Return whether the words are too long for columns, and the height of each example."""
        gaps = self._row.spacing() * (len(self.cards) - 1)
        column_width = max(1, (width - gaps) // len(self.cards))
        are_stacked = any(card.sizeHint().width() > column_width for card in self.cards)
        card_width = width if are_stacked else column_width
        return are_stacked, max(card.height_for(card_width) for card in self.cards)


class _ExampleCard(PlainButton):
    """An example: icon, title and description.

    Attributes:
        key: the id of a built-in prompt; "" for a question, which is the description.
    """

    def __init__(self) -> None:
        super().__init__(role="example")
        self.key = self.description = self._icon_name = ""
        self._icon = PlainLabel()
        self._heading = PlainLabel(role="strong", wraps=True)
        self._note = PlainLabel(role="note", wraps=True)
        parts = (self._icon, self._heading, self._note, STRETCH)
        self._column = column_of(*parts, parent=self, margins=(15, 13, 14, 13), spacing=7)
        for label in (self._icon, self._heading, self._note):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_content(self, key: str, icon_name: str, title: str, description: str) -> None:
        """Show an example."""
        self.setObjectName(f"example-{key or icon_name}")
        self.key, self._icon_name, self.description = key, icon_name, description
        self.setAccessibleName(spoken_text(title))
        self.setAccessibleDescription(spoken_text(description))
        self._heading.setText(title)
        self._note.setText(description)
        self.update_theme()

    def height_for(self, width: int) -> int:
        self.ensurePolished()
        return self._column.heightForWidth(width)

    def sizeHint(self) -> QSize:
        """Return the layout's size, because a button uses only that of its own, empty text."""
        return self._column.minimumSize()

    def minimumSizeHint(self) -> QSize:
        """Return no minimum, because lines wrap."""
        return QSize(0, 0)

    def update_theme(self) -> None:
        theme = current_theme()
        if self._icon_name:
            self._icon.setPixmap(icons.pixmap(self._icon_name, theme.accent, theme.px(20)))


class _KeyLine(QWidget):
    """The ways to begin: a model on this computer, an account, and the trial model."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("key-line")
        self.words = PlainLabel(role="note", wraps=True)
        self.button = PlainButton(name="add-key")
        self.download_button = PlainButton(name="download-first-model")
        self.models_button = PlainButton(tr("Other models"), name="other-models", role="plain")
        self.trial_button = PlainButton(
            tr("Or try a tiny English model"), name="try-built-in", role="link"
        )
        self._text = self._progress = ""
        self._account = self._download = ""
        self.server_buttons = [
            PlainButton(name=f"use-server-{number}", role="primary")
            for number in range(MAX_SERVERS)
        ]
        self.buttons = (
            *self.server_buttons,
            self.download_button,
            self.models_button,
            self.button,
            self.trial_button,
        )
        self._offers: Sequence[Offer] = ()
        for number, button in enumerate(self.server_buttons):
            button.clicked.connect(lambda _=False, number=number: self._offers[number][1]())
        here = (*self.server_buttons, self.download_button, self.models_button)
        self._button_row = row_of(*here, STRETCH, spacing=8)
        makers = PlainLabel(tr("OpenAI, Anthropic, …"), role="note")
        self._ways = row_of(
            (_way(tr("Free, on this computer"), self.words, self._button_row), 1),
            (_way(tr("With an account"), makers, row_of(self.button, STRETCH)), 1),
            spacing=12,
        )
        trial = row_of(STRETCH, self.trial_button, STRETCH)
        self._column = column_of(self._ways, trial, parent=self, margins=0, spacing=8)
        self.set_servers(())

    def set_servers(self, offers: Sequence[Offer]) -> None:
        """Show a button for each server; beside them, adding a key is not the first choice."""
        self._offers = offers
        for button, offer in zip_longest(self.server_buttons, offers[:MAX_SERVERS]):
            button.setText(offer[0] if offer else "")
            button.setVisible(offer is not None)
        self._show_buttons()

    def set_offers(self, account: str | None, download: str | None) -> None:
        """Label the buttons of the stored account and of the model that suits; None for none."""
        self._account, self._download = account or "", download or ""
        self._show_buttons()

    def set_text(self, text: str) -> None:
        """Set the words on the model that suits this computer; shown while no download runs."""
        self._text = text
        self._show_words()

    def show_download(self, text: str) -> None:
        """Show how far a download is; "" if none runs."""
        self._progress = text
        self._show_words()
        self._show_buttons()

    def focus(self, reason: Qt.FocusReason) -> None:
        """Focus the first button."""
        next(button for button in self.buttons if button.isVisible()).setFocus(reason)

    def _show_words(self) -> None:
        self.words.setText(self._progress or self._text)
        self.words.setVisible(bool(self.words.text()))

    def _show_buttons(self) -> None:
        """Label the buttons. The first of server, account, model and key is the main one."""
        self.button.setText(self._account or tr("Add a key"))
        self.download_button.setText(self._download or tr("Download a model"))
        is_offered = bool(self._download)
        self.download_button.setHidden(bool(self._progress or self._offers))
        self.models_button.setVisible(bool(self._progress))
        is_download_main = is_offered and not self._offers and not self._account
        is_key_main = not self._offers and not is_download_main
        set_role(self.download_button, "primary" if is_download_main else "plain")
        set_role(self.button, "primary" if is_key_main else "plain")

    def height_for(self, width: int) -> int:
        """Return the height at this width; the ways are stacked if they are too wide."""
        buttons = (*self.server_buttons, self.download_button, self.models_button)
        widths = [each.sizeHint().width() for each in buttons if not each.isHidden()]
        widest = max([self.button.sizeHint().width(), *widths]) + 2 * _WAY_MARGIN
        _set_stacked(self._ways, 2 * widest + self._ways.spacing() > width)
        is_stacked = self._ways.direction() is QBoxLayout.Direction.TopToBottom
        room = (width if is_stacked else (width - self._ways.spacing()) // 2) - 2 * _WAY_MARGIN
        gaps = self._button_row.spacing() * max(0, len(widths) - 1)
        _set_stacked(self._button_row, sum(widths) + gaps > room)
        return self.heightForWidth(width)


def _way(title: str, words: PlainLabel, buttons: QBoxLayout) -> QFrame:
    card = QFrame()
    card.setProperty("role", "note-card")
    heading = PlainLabel(title, role="strong", wraps=True)
    margins = (_WAY_MARGIN, 10, _WAY_MARGIN, 10)
    column_of(heading, words, STRETCH, buttons, parent=card, margins=margins, spacing=6)
    return card


def _set_stacked(row: QBoxLayout, is_stacked: bool) -> None:
    direction = QBoxLayout.Direction
    row.setDirection(direction.TopToBottom if is_stacked else direction.LeftToRight)
