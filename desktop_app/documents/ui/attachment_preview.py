"""A preview of the content of an attachment that is sent, with a choice of its pages.

Images are shown one at a time in another tab. A field holds the
pages, slides, sheets or chapters to send. Enter applies a new choice; an invalid one is explained
below the field and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QStackedWidget, QWidget

from desktop_app.documents.ui.viewer_text import ViewerText
from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.document_text import DocumentText
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.form_widgets import CollapsibleSection, Combo
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.clipboard import copyable
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.windows import fitting_size

_SIZE: Final = (760, 620)
_TABS: Final = (("text", N_("Text")), ("images", N_("Images")))
SENT_CONTENT: Final = N_("Content to send")
EXTRACTED_TEXT: Final = N_("Extracted text, for reference. The file itself is sent.")

# The label of the field for pages, and its accessible name.
_UNITS: Final = {
    "page": (N_("Pages"), N_("Pages to send")),
    "slide": (N_("Slides"), N_("Slides to send")),
    "chapter": (N_("Chapters"), N_("Chapters to send")),
    "sheet": (N_("Sheets"), N_("Sheets to send")),
}


class ImageView(QWidget):
    """An image scaled down to the available space, never enlarged.

    Attributes:
        image: the image to paint; null for none.
        theme: the theme with the color of the hairline.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("preview-image")
        self.image = QImage()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the image centered, with a hairline around it."""
        if self.image.isNull():
            return
        ratio = self.devicePixelRatioF()
        size = self.image.size()
        available_size = self.size() * ratio
        if size.width() > available_size.width() or size.height() > available_size.height():
            size = size.scaled(available_size, Qt.AspectRatioMode.KeepAspectRatio)
        box = QRect(QPoint(0, 0), size / ratio)
        box.moveCenter(self.rect().center())
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(box, self.image)
            painter.setPen(current_theme().line)
            painter.drawRect(box.adjusted(0, 0, -1, -1))


class AttachmentPreview(Sheet):
    """A dialog with the text and images of an attachment. Esc closes it.

    Attributes:
        content: the text that is sent, or that was read from a file sent as is.
        text: shows it.
        find_bar: searches it.
        field: the chosen pages, as typed.

    Signals:
        selected(str): the id of another attachment to show.
        pages_chosen(str): the pages to send, as typed.
        image_requested(int): the index of an image to show, from 0.
    """

    selected = Signal(str)
    pages_chosen = Signal(str)
    image_requested = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("attachment-preview")
        self.setWindowTitle(tr(SENT_CONTENT))
        self._attachments = Combo(tr("Attachment"), object_name="previewed-attachment")
        self._attachments.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._name = ElidedLabel(role="strong", elide_mode=Qt.TextElideMode.ElideMiddle)
        self._facts = PlainLabel(name="preview-facts", role="dim", wraps=True)
        self._note = PlainLabel(name="preview-note", role="note", wraps=True)
        self._unit = PlainLabel()
        self.field = QLineEdit()
        self.field.setObjectName("pages-to-send")
        self.field.setAccessibleName(tr("Pages to send"))
        self._pages_error = PlainLabel(name="pages-error", role="error", wraps=True)
        self._apply_button = dialog_button(tr("Apply"), "apply-pages")
        self._tabs = SegmentedControl(
            [(tab, tr(label)) for tab, label in _TABS], name=tr("Text or images")
        )
        self.content = ""
        self.text = ViewerText("preview-text")
        self.text.setAccessibleName(tr(SENT_CONTENT))
        self.find_bar = FindBar(self, tr("Find in content"))
        self._introduction = CollapsibleSection(tr("Explanation for the model"), "introduction")
        self._introduction_text = PlainLabel(name="introduction-text", role="note", wraps=True)
        self._introduction.body.addWidget(self._introduction_text)
        self._introduction.hide()
        self._image_view = ImageView()
        self._caption = ElidedLabel(name="image-caption", role="note")
        self._previous_button = dialog_button(tr("Previous"), "previous-image")
        self._next_button = dialog_button(tr("Next"), "next-image")
        self._copy_button = dialog_button(tr("Copy"), "copy-preview")
        # Not the default button: Enter in the field for pages applies them.
        self._close_button = dialog_button(tr("Close"), "close-preview")
        self._captions: Sequence[str] = ()
        self._image_index = 0
        self._pages = QWidget()
        row_of(self._unit, (self.field, 1), self._apply_button, parent=self._pages, margins=0)
        images = QWidget()
        row = row_of(self._previous_button, self._next_button, (self._caption, 1))
        column_of((self._image_view, 1), row, parent=images, margins=0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.text)
        self._stack.addWidget(images)
        column_of(
            self._name,
            self._attachments,
            self._facts,
            self._pages,
            self._pages_error,
            self._note,
            self._introduction,
            self.find_bar,
            (self._stack, 1),
            row_of(self._tabs, STRETCH, self._copy_button, self._close_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=8,
        )
        self._attachments.activated.connect(
            lambda index: self.selected.emit(self._attachments.itemData(index))
        )
        self.field.returnPressed.connect(lambda: self.pages_chosen.emit(self.field.text()))
        self._apply_button.clicked.connect(lambda: self.pages_chosen.emit(self.field.text()))
        self.field.textEdited.connect(lambda _: self.show_pages_error(""))
        self._tabs.chosen.connect(self._show_tab)
        self._previous_button.clicked.connect(lambda: self._step_image(-1))
        self._next_button.clicked.connect(lambda: self._step_image(+1))
        self._copy_button.clicked.connect(self._copy)
        self._close_button.clicked.connect(self.reject)
        self.find_bar.close_requested.connect(self._stop_finding)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._begin_finding)
        QShortcut(QKeySequence("F3"), self, lambda: self.find_bar.step(+1))
        QShortcut(QKeySequence("Shift+F3"), self, lambda: self.find_bar.step(-1))
        self.resize(fitting_size(_SIZE, parent))

    # -------------------------------------------------------------- content

    def set_attachments(self, names: Sequence[tuple[str, str]], shown_id: str) -> None:
        if shown_id != self._attachments.currentData():
            self._show_tab("text")
        self._attachments.clear()
        for id_, name in names:
            self._attachments.addItem(name, id_)
        self._attachments.setCurrentIndex([id_ for id_, _ in names].index(shown_id))
        self._attachments.setVisible(len(names) > 1)
        self._name.setVisible(len(names) == 1)
        self._name.setText(dict(names)[shown_id])

    def show_facts(self, facts: str, note: str) -> None:
        """Show the size of the content, and a note on how it is sent; "" for no note."""
        self._facts.setText(facts)
        self._facts.setAccessibleName(spoken_text(facts))
        self._note.setText(note)
        self._note.setAccessibleName(spoken_text(note))
        self._note.setVisible(bool(note))

    def show_pages_field(self, unit: str, spans: str, hint: str) -> None:
        """Show the field for pages; a `unit` of "" hides it.

        Args:
            unit: the singular of the parts to choose, such as "page".
            spans: the pages chosen so far; "" for all.
            hint: a description of valid input.
        """
        self._pages.setVisible(bool(unit))
        label, name = _UNITS.get(unit, _UNITS["page"])
        self._unit.setText(tr(label))
        self.field.setAccessibleName(spoken_text(tr(name)))
        self.field.setAccessibleDescription(spoken_text(hint))
        self.field.setPlaceholderText(one_line(hint))
        set_tooltip(self.field, hint)
        self.field.setText(spans)
        self.show_pages_error("")

    def show_pages_error(self, message: str) -> None:
        """Show why the typed pages are invalid; "" hides the line."""
        self._pages_error.setText(message)
        self._pages_error.setVisible(bool(message))
        if message:
            self._pages_error.setAccessibleName(spoken_text(message))
            announce(self._pages_error, message)
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self.field.selectAll()

    def show_text(
        self,
        text: str,
        document: DocumentText | None,
        *,
        introduction: str = "",
        is_sent: bool = True,
    ) -> None:
        """Show the text that is sent, or that was read from a file sent as is.

        Args:
            text: the whole text.
            document: the text after the introduction, in slices; None for no text.
            introduction: the explanation for the model with which the text begins, to be folded.
            is_sent: False if the file itself is sent.
        """
        self.content = text
        self._introduction_text.setText(introduction)
        self._introduction.setVisible(bool(introduction))
        self.text.setAccessibleName(tr(SENT_CONTENT) if is_sent else tr(EXTRACTED_TEXT))
        self.text.show_document(document)
        self._copy_button.setEnabled(bool(text))

    def _copy(self) -> None:
        """Copy the selection, or exactly the whole text if nothing is selected."""
        if not self.text.copy_selected():
            QGuiApplication.clipboard().setText(copyable(self.content))

    def show_images(self, captions: Sequence[str], *, has_text: bool) -> None:
        """Set the captions of the images that are sent. Keep the current tab if it has content."""
        self._captions = captions
        self._tabs.setVisible(bool(captions) and has_text)
        if not captions:
            self._show_tab("text")
        elif not has_text:
            self._show_tab("images")
        self._image_index = 0
        if captions:
            self._step_image(0)

    def show_image(self, index: int, image: QImage, caption: str) -> None:
        """Show a requested image, unless another was requested since."""
        if index == self._image_index:
            self._image_view.image = image
            self._image_view.update()
            self._caption.setText(caption)
            self._image_view.setAccessibleName(spoken_text(caption))

    def focus_pages(self) -> None:
        """Focus the field for pages, or the text if there is none."""
        target = self.field if self._pages.isVisibleTo(self) else self.text
        target.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def focus_text(self) -> None:
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    # -------------------------------------------------------------- images

    def _show_tab(self, tab: str) -> None:
        self._tabs.set_current(tab)
        self._stack.setCurrentIndex([name for name, _ in _TABS].index(tab))
        self._copy_button.setVisible(tab == "text")

    def _step_image(self, by: int) -> None:
        self._image_index = max(0, min(self._image_index + by, len(self._captions) - 1))
        self._previous_button.setEnabled(self._image_index > 0)
        self._next_button.setEnabled(self._image_index < len(self._captions) - 1)
        self._caption.setText(tr("{caption} – loading…", caption=self._captions[self._image_index]))
        self._image_view.image = QImage()
        self._image_view.update()
        self.image_requested.emit(self._image_index)

    # -------------------------------------------------------------- finding

    def _begin_finding(self) -> None:
        if not self.content:
            return  # only images and no tabs: the user could not get back to the images
        self._show_tab("text")
        self.find_bar.open(self.text.selection.words())

    def _stop_finding(self) -> None:
        self.find_bar.hide()
        self.text.mark(None)
        self.focus_text()
