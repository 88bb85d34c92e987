"""Print how large the program is and how its files depend on each other.

`.venv/bin/python -m tests.helpers.code_figures` counts the files of `desktop_app`; its lines of
code without blank lines, comments, docstrings, imports and signatures; the circles of files that
import each other, late imports and those for types included; and the imports from the window's part
of one feature to that of another. With `--names`, the files of the circles and these imports are
printed.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "desktop_app"
_IGNORED = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def code_lines(source: str) -> int:
    """Return the lines of code proper."""
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in _IGNORED
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines -= set(range(node.lineno, node.body[0].lineno))
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, ast.Import | ast.ImportFrom):
            lines -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


def module_name(path: Path) -> str:
    """Return the name by which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, modules: set[str]) -> Iterator[str]:
    """Yield the modules that a file imports, once for each statement."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in names if name in modules]
            yield from submodules
            if len(submodules) < len(names) and node.module in modules:
                yield node.module


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of several files, the largest first."""
    reached: dict[str, set[str]] = {}
    for name in graph:
        found: set[str] = set()
        waiting = list(graph[name])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting += graph[other]
        reached[name] = found
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(([*group] for group in groups if len(group) > 1), key=lambda g: (-len(g), g))


def _feature(name: str) -> str:
    """Return the feature whose part of the window a module is in; "" if it is in none."""
    parts = name.split(".")
    return parts[1] if parts[1:2] != ["app"] and parts[2:3] == ["ui"] else ""


def main() -> None:
    sources = {module_name(path): path.read_text() for path in ROOT.glob(f"{PACKAGE}/**/*.py")}
    modules = set(sources)
    imports = {name: Counter(imports_of(source, modules)) for name, source in sources.items()}
    found = circles({name: set(counted) - {name} for name, counted in imports.items()})
    between = [
        (name, other)
        for name, counted in sorted(imports.items())
        for other in counted
        if _feature(name) and _feature(other) not in ("", _feature(name))
    ]
    total = sum(len(source.splitlines()) for source in sources.values())
    print(f"files               {len(sources)}")
    print(f"lines               {total}")
    print(f"code proper         {sum(map(code_lines, sources.values()))}")
    print(f"circles of files    {', '.join(str(len(circle)) for circle in found) or 'none'}")
    print(f"from ui to ui       {len(between)}")
    if "--names" in sys.argv:
        for circle in found:
            print(f"\ncircle of {len(circle)}:", *circle, sep="\n  ")
        print("\nfrom ui to ui:", *(f"{name} -> {other}" for name, other in between), sep="\n  ")


if __name__ == "__main__":
    main()
