"""The names of roles that widgets take in `accessible_role`: apart, for a fast start."""

from __future__ import annotations

from typing import Final

TAB: Final = "PageTab"
TABS: Final = "PageTabList"
RADIO: Final = "RadioButton"
DIALOG: Final = "Dialog"
GROUP: Final = "Grouping"
GRAPHIC: Final = "Graphic"
CHART: Final = "Chart"
