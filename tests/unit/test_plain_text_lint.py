"""Every widget of the product gets text in an explicit format.

Qt guesses if a text is HTML, and turns "&" into shortcuts and "[*]" into markers. Foreign text must
have none of these effects. So it passes through the classes and functions of `foreign_text.py` and
`sealed_document.py` in `widgets/text`, and `Combo`. This test reads the source and
finds code that bypasses them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCT: Final = Path(__file__).parents[2] / "desktop_app"

HOMES: Final = {
    "QLabel": "widgets/text/foreign_text.py",
    "QPushButton": "widgets/text/foreign_text.py",
    "QToolButton": "widgets/text/foreign_text.py",
    "QMenu": "widgets/program_menu.py",
    "QMessageBox": "widgets/text/foreign_text.py",
    "QPlainTextEdit": "widgets/text/foreign_text.py",
    "QTextDocument": "widgets/text/sealed_document.py",
    "QTextBrowser": "widgets/text/sealed_document.py",
    "QTextEdit": "widgets/text/sealed_document.py",
    "QComboBox": "widgets/forms/form_widgets.py",
    "QListWidget": "widgets/rows/row_view.py",  # its rows are names of pages and settings
    "QSystemTrayIcon": "desktop/ui/tray_controller.py",  # its only text is the program's name
}
"""Classes that only one module may create, call or inherit, because it makes them safe."""

UNUSED: Final = {
    "QCommandLinkButton",
    "QDockWidget",
    "QErrorMessage",
    "QGroupBox",
    "QInputDialog",
    "QProgressDialog",
    "QRadioButton",
    "QStatusBar",
    "QTabBar",
    "QTabWidget",
    "QToolBox",
    "QTreeWidget",
    "QWhatsThis",
    "QWizard",
}
"""Widgets that take text and have no safe kind yet: whoever needs one makes one."""

RICH: Final = {
    "appendHtml",
    "insertHtml",
    "insertMarkdown",
    "setDetailedText",
    "setHtml",
    "setInformativeText",
    "setMarkdown",
    "setStatusTip",
    "setTextFormat",
    "setWhatsThis",
    "showMessage",
}
"""Methods that take HTML, or what Qt may take for it."""

ALLOWED: Final = {
    ("widgets/text/foreign_text.py", "setDetailedText"): "shown in a plain field; a test looks",
    ("widgets/text/foreign_text.py", "setInformativeText"): "its label is set to plain text",
    ("widgets/text/foreign_text.py", "setTextFormat"): "sets plain text",
    ("widgets/text/linked_label.py", "setTextFormat"): "escapes all but its links; a test looks",
    ("exchange/ui/printing/pages.py", "setHtml"): "a sealed document with HTML of our own",
    ("widgets/text/clipboard.py", "setHtml"): "fills the clipboard, which shows nothing",
    ("desktop/ui/tray_controller.py", "QMenu"): "over the bus marks differ; a test looks",
}

ROLES: Final = {
    "providers/ui/models/model_columns.py",
    "tables/ui/grid_model.py",
    "widgets/rows/rows_model.py",
    "widgets/rows/table_model.py",
}
"""The models with tooltips; each hands them through `tooltip_text`."""

SAFE: Final = {
    "menu_text",
    "one_line",
    "multiline_text",
    "spoken_text",
    "tooltip_text",
    "window_title",
    "_tray_text",
}
TRANSLATORS: Final = {"tr", "tr_context", "tr_plural"}
# method or class -> the function that its text must come from, unless it is the program's own
TEXT_OF: Final = {
    "QAction": "menu_text",
    "QCheckBox": "menu_text",
    "ProgramMenu": "menu_text",
    "QMenu": "menu_text",
    "QTableWidgetItem": "one_line",
    "addAction": "menu_text",
    "addMenu": "menu_text",
    "addSection": "menu_text",
    "setAccessibleDescription": "spoken_text",
    "setAccessibleName": "spoken_text",
    "setTabText": "menu_text",
    "setToolTip": "set_tooltip",
    "setWindowTitle": "window_title",
    "showText": "tooltip_text",
}
TEXT_MAKERS: Final = {
    "widgets/text/foreign_text.py",
    "widgets/program_menu.py",  # changes only the marks of texts that entries have
}
HINT: Final = re.compile("|".join({*HOMES, *UNUSED, *RICH, *TEXT_OF, "ToolTipRole", "setText"}))
"""In every file with a problem: parsing all files takes two seconds."""
ICONS: Final = {"_icon", "icon"}
OBJECTS: Final = {"action", "menu", "self", "made"}
"""Names of objects that have a text; a name that ends in "menu" is one too."""


def name_of(node: ast.expr) -> str:
    """Return the last part of what is called or named."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_own(node: ast.expr) -> bool:
    """Return True if a text is a literal, made of numbers, or from a safe function."""
    match node:
        case ast.Constant():
            return True
        case ast.Name() | ast.Attribute():
            return name_of(node).isupper()
        case ast.Call(func=func, args=args) if name_of(func) in TRANSLATORS:
            messages = args[:2] if name_of(func) == "tr_plural" else args  # without the count
            return all(map(is_own, [*messages, *(value.value for value in node.keywords)]))
        case ast.Call():
            return name_of(node.func) in SAFE
        case ast.IfExp():
            return is_own(node.body) and is_own(node.orelse)
        case ast.BoolOp():
            return all(map(is_own, node.values))
        case ast.BinOp():
            return is_own(node.left) and is_own(node.right)
        case ast.JoinedStr():
            return all(map(is_own, node.values))
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=form)])):
            return str(form)[-1:] in ",%dfY"
        case ast.FormattedValue():
            return is_own(node.value)
    return False


def text_in(call: ast.Call) -> ast.expr | None:
    """Return the argument of a call that is shown, or None."""
    name, arguments = name_of(call.func), list(call.args)
    if name == "showText":
        return arguments[1] if len(arguments) > 1 else None
    if name in ("ProgramMenu", "QMenu") and len(arguments) < 2:  # its parent
        return None
    if arguments and isinstance(arguments[0], ast.Call) and name_of(arguments[0].func) in ICONS:
        del arguments[0]
    if not arguments or isinstance(arguments[0], ast.Starred):
        return None
    first = arguments[0]
    called = name_of(first.func) if isinstance(first, ast.Call) else name_of(first)
    is_object = called in OBJECTS or called.endswith("menu")
    return None if is_object and name != "setToolTip" else first


def problems(source: str, path: str) -> Iterator[str]:
    """Yield the places that pass text to a widget without the safe kinds."""
    for node in ast.walk(ast.parse(source)):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ClassDef):
            for base in map(name_of, node.bases):
                if HOMES.get(base, path) != path or base in UNUSED:
                    yield f"{where} inherits {base}"
        if isinstance(node, ast.Attribute) and node.attr == "ToolTipRole" and path not in ROLES:
            yield f"{where} has a tooltip of its own: hand it through tooltip_text"
        if not isinstance(node, ast.Call):
            continue
        name, owner = name_of(node.func), ""
        if isinstance(node.func, ast.Attribute) and name[:1].islower():
            owner = name_of(node.func.value)
        for made in (name, owner):
            is_elsewhere = HOMES.get(made, path) != path and (path, made) not in ALLOWED
            if is_elsewhere or made in UNUSED:
                yield f"{where} makes or calls {made}"
        if name in RICH and (path, name) not in ALLOWED:
            yield f"{where} calls {name}"
        is_of_action = name == "setText" and owner == "action"
        if (name in TEXT_OF or is_of_action) and path not in TEXT_MAKERS:
            text = text_in(node)
            if text is not None and not is_own(text):
                yield f"{where} {name}({ast.unparse(text)}): use {TEXT_OF.get(name, 'menu_text')}"


@pytest.mark.attack("plain-text")
def test_every_text_has_an_explicit_format() -> None:
    found = [
        problem
        for file in sorted(PRODUCT.rglob("*.py"))
        if HINT.search(source := file.read_text("utf-8"))
        for problem in problems(source, file.relative_to(PRODUCT).as_posix())
    ]
    assert found == []
