"""A contract of import-linter: a feature is used only through the modules that it names."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class PublicModulesContract(Contract):
    """Imports from another package of desktop_app reach only what its `__all__` names."""

    type_name = "public_modules"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find imports of modules that are not public, and public modules that nobody imports."""
        broken = []
        used = set()
        for importer in sorted(graph.modules):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                names = imported.split(".")
                if len(names) < 3 or importer.split(".")[:2] == names[:2]:
                    continue
                used.add((names[1], names[2]))
                if names[2] not in _public_modules(names[1]):
                    broken.append(f"{importer} imports {imported}")
        features = {name.split(".")[1] for name in graph.modules if name.count(".") > 1}
        broken += [
            f"no other package imports desktop_app.{feature}.{name}, which __all__ names"
            for feature in sorted(features)
            for name in sorted(_public_modules(feature))
            if (feature, name) not in used
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import or name that breaks the contract."""
        for line in check.metadata["broken"]:
            output.print_error(line)


@cache
def _public_modules(feature: str) -> frozenset[str]:
    return frozenset(getattr(importlib.import_module(f"desktop_app.{feature}"), "__all__", ()))
