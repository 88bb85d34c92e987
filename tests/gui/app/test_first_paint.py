"""Limits the modules imported before the first paint and until ready: each delays the start.

Before the first paint, Python receives no widget that Qt created (`viewport()`) and no `style()`:
PySide would build all classes of widgets then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Package: its modules that the first paint needs. Each addition slows every start, so the review
# must say why it cannot wait. Most code that is not on screen yet can be imported at its use.
ALLOWED_BEFORE_PAINT = {
    "app": "application import_hook_removal",
    "app.desktop": "window_request",
    "app.startup": "gc_policy",
    "commands": "command keymap shortcut",
    "domain": "errors remedy text_enum",
    "domain.answering": "answer_limits",
    "domain.conversations": "list_filter",
    "domain.models": "variants",
    "i18n": "formatting pseudo translation",
    "rendering": "color_tokens",
    "settings": "schema setting values",
    "storage.settings": "startup_settings",
    "ui.composer": """
        attachment_chips attachment_picker editor_height prompt_editor prompt_hint send_action
        suggestions
    """,
    "ui.composer.choice": "background_button choice_menus choice_row choice_view",
    "ui.composer.completion": "completion_fields prompt_completer",
    "ui.composer.text": "prompt_keys prompt_text text_height text_insertion",
    "ui.look": "icons locale_formats mirroring painting shortcut_text theme window_language",
    "ui.settings": "lazy_page settings_frame settings_pages settings_panel",
    "ui.sidebar": """
        conversation_list conversation_view filter_bars list_pages list_selection name_editing
        sidebar_footer
    """,
    "ui.sidebar.rows": "conversation_model date_groups day_change row_marks row_order sorted_rows",
    "ui.sidebar.search": "hit_model list_search search_field",
    "ui.widgets": "boxes flow_layout program_menu",
    "ui.widgets.accessibility": "role_names",
    "ui.widgets.rows": "row_view rows_model",
    "ui.widgets.text": "elided_label foreign_text utf16",
    "ui.widgets.buttons": "menu_button painted_button segmented_control",
    "ui.window": "conversation_pane header main_window outer_panes overlays",
}

# Modules of the standard library and of others that must not be imported before the first paint.
NOT_BEFORE_PAINT = {
    *("asyncio", "qasync", "httpx", "ssl", "keyring", "pygments", "markdown_it", "tiktoken"),
    *(
        "python_calamine",
        "decimal",
        "email",
        "logging.handlers",
        "PySide6.QtNetwork",
        "PySide6.QtDBus",
    ),
}
# To wrap an object that Qt created, PySide looks up its class. The first lookup builds all widget
# classes and takes 15 ms: a `viewport()` that the program did not set, or a `style()`.
CLASSES_BUILT_BY_LOOKUP = {"QMdiArea", "QTabBar", "QStyle"}

# Modules that must not be imported until the program is ready.
NOT_UNTIL_READY = {
    *("csv", "hmac", "html", "httpx", "jeepney", "jsonschema", "keyring", "lark", "pygments"),
    "shlex",
    "PySide6.QtDBus",
    "desktop_app.app.desktop.answer_notifier",
    "desktop_app.app.desktop.hotkey_controller",
    "desktop_app.app.desktop.tray_controller",
    "desktop_app.app.palette",
    "desktop_app.app.startup.closed_store",
    "desktop_app.cli",
    "desktop_app.domain.batch",
    "desktop_app.domain.conversations.legacy.legacy_sentences",
    "desktop_app.domain.conversations.review",
    "desktop_app.domain.tools.tool_server",
    "desktop_app.exchange.writers",
    "desktop_app.hotkey",
    "desktop_app.rendering.search.match_count",
    "desktop_app.services.batch",
    "desktop_app.services.models.model_table",
    "desktop_app.services.structured.requested_form",
    "desktop_app.services.structured.schema_check",
    "desktop_app.session",
    "desktop_app.storage.conversations.review_store",
    "desktop_app.storage.spending.spending_groups",
    "desktop_app.storage.tools.server_store",
    "desktop_app.tool_servers",
    "desktop_app.tools",
    "desktop_app.ui.batch",
    "desktop_app.ui.help.help_book",
    "desktop_app.ui.spending",
    "desktop_app.ui.tools",
    "desktop_app.ui.transcript.search.find_bar",
    "desktop_app.ui.viewer",
    "desktop_app.ui.window.cards.temporary_bar",
}

PROGRAM = """
import json, linecache, sys
from desktop_app.app.desktop.window_request import OpenRequest
from desktop_app.app.application import Application

class Measured(Application):
    def on_ready(self):
        print(json.dumps(list(sys.modules)))
        self.session.shutdown.begin()

application = Measured(OpenRequest())
application.show()
from PySide6 import QtWidgets

sources_read = len(linecache.cache)
can_send = application.window.prompt.row.send_button.isEnabled()
facts = [sources_read, can_send, __import__ is __feature_import__]
print(json.dumps([list(sys.modules), list(vars(QtWidgets)), *facts]))
application.run()
"""


def test_the_start_waits_only_for_what_it_needs(tmp_path: Path) -> None:
    environment = {**os.environ, "REPARTEE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
    )
    painted, until_ready = map(json.loads, done.stdout.splitlines()[-2:])
    assert not NOT_UNTIL_READY.intersection(until_ready)
    modules, widgets, sources_read, can_send, has_pyside_hook = painted
    allowed = {
        f"desktop_app.{package}.{name}"
        for package in ALLOWED_BEFORE_PAINT
        for name in ALLOWED_BEFORE_PAINT[package].split()
    }
    allowed |= {"desktop_app.paths"}
    allowed |= {
        str(package).replace("/", ".")
        for name in allowed
        for package in Path(name.replace(".", "/")).parents
    }
    ours = {name for name in modules if name.partition(".")[0] == "desktop_app"}
    assert ours <= allowed, f"imported before the first paint: {sorted(ours - allowed)}"
    assert not NOT_BEFORE_PAINT.intersection(modules)
    assert not CLASSES_BUILT_BY_LOOKUP.intersection(widgets)
    assert not can_send  # no conversation is open yet
    # PySide's import hook looks for `__feature__`, with three calls for every import statement.
    assert not has_pyside_hook
    assert sources_read < 5  # PySide's hook has read a few before `import_hook_removal` removes it
