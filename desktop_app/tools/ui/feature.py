"""Tools and tool servers: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.domain.tools.tool import WEB_SEARCH
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.tools.ui.consent_card import ConsentController
    from desktop_app.tools.ui.tools_controller import FORM, TOOLS, ToolsController

    for key in (TOOLS, FORM):
        session.value_editors[key] = session.of(ToolsController).edit
    session.of(ConsentController)

    def load_prompts(*_: object) -> None:
        from desktop_app.tools.ui.servers_controller import ServersController

        session.tasks.start(session.of(ServersController).load_prompts())

    def show_servers(page: str) -> None:
        from desktop_app.tools.ui.servers_controller import ServersController

        if page == "servers":
            session.tasks.start(session.of(ServersController).show_servers())

    # Questions and other processes start servers, which may then offer other prompts.
    events = session.events
    for signal in (events.loaded, session.running.finished, events.store_changed):
        signal.connect(load_prompts)
    session.window.settings.page_shown.connect(show_servers)


FEATURE: Final = Feature(
    actions=(
        Action(
            "prompt.image",
            N_("Generate an image"),
            Category.PROMPT,
            run=call("tools.ui.tools_controller.ToolsController.offer_images"),
            uses_conversation=True,
            menu_label=N_("Image…"),
            words=N_("picture draw generate photo"),
            menu=(Menu.ATTACH, 4),
        ),
        Action(
            "tools.choose",
            N_("Choose tools…"),
            Category.PROMPT,
            run=call("tools.ui.tools_controller.ToolsController.choose"),
            uses_conversation=True,
            menu_label=N_("Tools…"),
            words=N_("MCP permissions functions"),
            menu=(Menu.MORE, 1),
        ),
        Action(
            "tools.resources",
            N_("Attach from a tool server…"),
            Category.PROMPT,
            run=call("tools.ui.servers_controller.ServersController.offer_resources"),
            uses_conversation=True,
            words=N_("MCP resources"),
        ),
        Action(
            "tools.form",
            N_("Choose response format…"),
            Category.PROMPT,
            run=call("tools.ui.tools_controller.ToolsController.choose_form"),
            uses_conversation=True,
            words=N_("structured output JSON Schema grammar regular expression"),
        ),
        Action(
            "prompt.web",
            N_("Search the web: on or off"),
            Category.PROMPT,
            run=call("tools.ui.tools_controller.ToolsController.toggle_web"),
            uses_conversation=True,
            menu_label=N_("Web search"),
            is_on=lambda session: WEB_SEARCH in session.setup.ask_settings.parameters.tools,
            words=N_("search the web internet browse online"),
        ),
        Action(
            "prompt.research",
            N_("Research: on or off"),
            Category.PROMPT,
            run=call("tools.ui.tools_controller.ToolsController.toggle_research"),
            uses_conversation=True,
            menu_label=N_("Research"),
            is_on=lambda session: session.setup.is_research,
            words=N_("deep research web report sources"),
        ),
    ),
    compose=_compose,
    pages={"servers": "tools.ui.servers_tab.ServersTab"},
    places=(SettingsPlace(N_("Tool servers"), "servers", words="MCP"),),
)
