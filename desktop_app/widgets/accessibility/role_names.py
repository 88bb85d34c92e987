"""The names of the roles in `accessible_role`, in a module that loads fast."""

from __future__ import annotations

from typing import Final

DIALOG: Final = "Dialog"
GROUP: Final = "Grouping"
GRAPHIC: Final = "Graphic"
CHART: Final = "Chart"
