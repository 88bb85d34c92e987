"""The choice of tools and answer forms, for conversations, settings, presets and prompts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt

from desktop_app.app.session import Controller, Session
from desktop_app.backend.answer_settings import with_override
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.network.network_address import split_url
from desktop_app.domain.tools.image_settings import (
    AUTO,
    IMAGE_TOOL,
    QUALITY_NAMES,
    SHAPE_NAMES,
    USUAL_QUALITY,
    USUAL_SHAPE,
    image_price,
)
from desktop_app.domain.tools.tool import CODE_INTERPRETER, WEB_SEARCH
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import SEARCH_SERVER
from desktop_app.tools.calls.hosted_tools import hosted_price_text, hosted_refusal
from desktop_app.widgets.forms.schema_form import EditRequest, describe_form, describe_tools
from desktop_app.widgets.program_menu import ProgramMenu, add_choice

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop_app.domain.error_note import ErrorNote
    from desktop_app.tools.ui.tool_picker import ToolPicker

# The keys of the two settings.
TOOLS: Final = "answer.tools"
FORM: Final = "answer.form"


class ToolsController(Controller):
    """Controller of the list of tools and the window of forms."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._choice_row = session.window.prompt.row
        self._backend = session.backend
        self._choice_row.tools_button.clicked.connect(lambda: self.choose())
        self._choice_row.web_requested.connect(self.choose_web)
        self._choice_row.research_requested.connect(self.choose_research)
        self._choice_row.image_button.clicked.connect(lambda: self.offer_images())
        self._current.opened.connect(self._show)
        self._setup.choice_changed.connect(self._show)

    def _show(self) -> None:
        """Show the tools and the form that the open conversation uses, at its prompt."""
        parameters = self._setup.ask_settings.parameters
        lines = []
        resolved = self._setup.resolved
        may_search = resolved.model.takes_tools is not False or self._is_hosted
        searches_web = WEB_SEARCH in parameters.tools and self._can_search
        note = ""
        if self._is_hosted:
            prices = self._backend.catalog.hosted_tools
            note = hosted_price_text(WEB_SEARCH, prices, self._setup.profile)
        elif self._can_search:
            host = split_url(self._search_server).netloc
            note = tr("The search words go to {host}, which asks search engines.", host=host)
        makes_images = IMAGE_TOOL in parameters.tools and self._can_make_images is None
        hidden = {WEB_SEARCH} if searches_web else set()
        hidden |= {IMAGE_TOOL} if makes_images else set()
        tools = [name for name in parameters.tools if name not in hidden]
        if tools:
            lines.append(tr("Tools: {names}", names=describe_tools("\n".join(tools))))
        if parameters.form:
            lines.append(tr("Response format: {format}", format=describe_form(parameters.form)))
        self._show_images(is_on=makes_images)
        self._choice_row.set_tools(
            "\n".join(lines),
            searches_web=searches_web if may_search else None,
            researches=self._setup.is_research,
            web_note=note,
        )

    # -------------------------------------------------------------- images

    @property
    def _can_make_images(self) -> ErrorNote | None:
        """Return why the model cannot make images; None if it can."""
        return hosted_refusal(IMAGE_TOOL, self._setup.resolved)

    def _show_images(self, *, is_on: bool) -> None:
        """Show the shape, the quality and the price of images beside the prompt."""
        parameters = self._setup.ask_settings.parameters
        shape = tr(SHAPE_NAMES[parameters.image_shape or USUAL_SHAPE])
        quality = parameters.image_quality or USUAL_QUALITY
        price = self._image_price(parameters.image_shape, quality)
        words = self._price_words(price, is_limit=quality == AUTO)
        texts = (f"{shape}, {tr(QUALITY_NAMES[quality])}", words)
        self._choice_row.set_images(is_on=is_on, price=price, tooltip="\n".join(texts))

    def _image_price(self, shape: str | None, quality: str) -> str:
        price = image_price(self._backend.catalog.hosted_tools, shape, quality)
        if price is None:
            return ""
        return formatting.exact_money(price * self._setup.profile.price_multiplier)

    @staticmethod
    def _price_words(price: str, *, is_limit: bool) -> str:
        if not price:
            return tr("The price of an image is unknown.")
        if is_limit:
            return tr("At most {price} per image, besides the tokens.", price=price)
        return tr("{price} per image, besides the tokens.", price=price)

    def offer_images(self) -> QMenu | None:
        """Let the model make images, and let the user choose their shape and quality."""
        refusal = self._can_make_images
        if refusal is not None:
            self._notifications.notify(refusal.what_happened)
            return None
        if IMAGE_TOOL not in self._setup.ask_settings.parameters.tools:
            self.make_images(is_on=True)
        parameters = self._setup.ask_settings.parameters
        menu = ProgramMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shape = parameters.image_shape or USUAL_SHAPE
        for name, label in SHAPE_NAMES.items():
            choose = partial(self._setter_of("answer.image_shape"), name)
            add_choice(menu, tr(label), name == shape, choose)
        menu.addSeparator()
        for name, label in QUALITY_NAMES.items():
            price = self._image_price(shape, name)
            text = tr("{quality}, {price}", quality=tr(label), price=price) if price else tr(label)
            if price and name == AUTO:
                text = tr("{quality}, at most {price}", quality=tr(label), price=price)
            choose = partial(self._setter_of("answer.image_quality"), name)
            is_chosen = name == (parameters.image_quality or USUAL_QUALITY)
            add_choice(menu, text, is_chosen, choose)
        menu.addSeparator()
        menu.addAction(tr("Make no images"), partial(self.make_images, is_on=False))
        button = self._choice_row.image_button
        menu.aboutToHide.connect(self._prompt.focus_text)
        menu.popup(button.mapToGlobal(button.rect().topLeft()))
        return menu

    # -------------------------------------------------------------- tools

    @property
    def _is_hosted(self) -> bool:
        """Return True if the provider searches the web itself."""
        return hosted_refusal(WEB_SEARCH, self._setup.resolved) is None

    @property
    def _search_server(self) -> str:
        return str(self._session.values[SEARCH_SERVER]).strip()

    @property
    def _can_search(self) -> bool:
        """Return True if the open conversation's model has a web search, of whoever."""
        takes_tools = self._setup.takes_tools
        return self._is_hosted or (takes_tools and bool(self._search_server))

    def toggle_web(self) -> None:
        """Turn web search on or off in the open conversation."""
        self.choose_web(WEB_SEARCH not in self._setup.ask_settings.parameters.tools)

    def toggle_research(self) -> None:
        """Turn research on or off in the open conversation."""
        self.choose_research(not self._setup.is_research)

    def choose_research(self, is_on: bool) -> None:
        """Choose whether the questions of the open conversation are researched."""
        if is_on and not self._can_search:
            self._refuse_search()
        else:
            self._setup.choose_research(is_on)

    def _refuse_search(self) -> None:
        """Say how the model of the open conversation gets a web search."""
        self._notifications.notify(
            IllegalChoiceError(
                N_("{model} can’t search the web itself."),
                hint=N_(
                    "Enter the address of a SearXNG server in {advanced_page}, or choose "
                    "another model."
                ),
                model=self._setup.resolved.model.name,
            )
        )
        self._show()

    def choose_web(self, is_on: bool) -> None:
        """Choose whether the model may search the web in the open conversation."""
        if is_on and not self._can_search:
            self._refuse_search()
            return
        if not is_on and self._setup.is_research:
            self._setup.choose_research(False)  # it cannot do without
        self._choose_tool(WEB_SEARCH, is_on=is_on)

    def make_images(self, *, is_on: bool) -> None:
        """Choose whether the model may make images in the open conversation."""
        self._choose_tool(IMAGE_TOOL, is_on=is_on)

    def run_code(self) -> None:
        """Let the provider's code interpreter run in the open conversation."""
        self._choose_tool(CODE_INTERPRETER, is_on=True)

    def _choose_tool(self, name: str, *, is_on: bool) -> None:
        names = [n for n in self._setup.chosen_tools if n != name]
        if is_on:
            names.append(name)
        self._setup.override(
            self._current.id, lambda overrides: with_override(overrides, TOOLS, "\n".join(names))
        )

    def choose(self) -> ToolPicker:
        """Let the user choose the tools of the open conversation."""
        from desktop_app.tools.ui.tool_picker import ToolPicker

        value = "\n".join(self._setup.chosen_tools)
        request = EditRequest(TOOLS, value, self._setter_of(TOOLS), self._choice_row.attach_button)
        return ToolPicker(self._session, request, self.choose_form)

    def _setter_of(self, key: str) -> Callable[[str], None]:
        """Return a function that sets a value of the conversation that is open now."""
        conversation_id = self._current.id
        return lambda value: self._setup.override(
            conversation_id, lambda overrides: with_override(overrides, key, value)
        )

    def edit(self, request: EditRequest) -> None:
        """Let the user change a value of the settings, a preset or a prompt."""
        from desktop_app.tools.ui.tool_picker import ToolPicker

        if request.key == TOOLS:
            ToolPicker(self._session, request, None)
        else:
            self._open_form(request)

    # -------------------------------------------------------------- forms

    def choose_form(self) -> None:
        """Let the user choose the form of the open conversation's answers."""
        conversation_id = self._current.id

        def value_now() -> str:
            if self._current.id != conversation_id:  # only the open conversation's form is known
                return ""
            return self._setup.ask_settings.parameters.form

        anchor = self._choice_row.attach_button
        self._open_form(EditRequest(FORM, value_now(), self._setter_of(FORM), anchor, value_now))

    def _open_form(self, request: EditRequest) -> None:
        from desktop_app.tools.ui.answer_form_dialog import AnswerFormDialog

        def undo() -> None:
            if not request.value_now():  # no other format was chosen since
                request.on_changed(request.value)

        def apply(form: str) -> None:
            request.on_changed(form)
            if request.value and not form:  # it may be a schema that the user wrote
                self._notifications.notify_undo(tr("Response format removed"), undo)

        AnswerFormDialog(self._session, request.anchor.window(), request.value, apply).open()
