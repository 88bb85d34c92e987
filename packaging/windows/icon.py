#!/usr/bin/env python3
"""Writes the icon of the programs for Windows: icon.py FILE.ico."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtSvg import QSvgRenderer

sys.path.insert(0, str(Path(__file__).parents[1]))
from share import SIZES, SOURCE, render

os.environ["QT_QPA_PLATFORM"] = "offscreen"
application = QGuiApplication([])
with tempfile.TemporaryDirectory() as folder:
    drawing = Path(folder) / "icon.png"
    render(QSvgRenderer(str(SOURCE)), max(SIZES)).save(str(drawing))
    Image.open(drawing).save(sys.argv[1], sizes=[(size, size) for size in SIZES])
