#!/usr/bin/env python3
"""Renders the application icon in the sizes that desktops ask for.

    python packaging/icons.py FOLDER

Writes FOLDER/hicolor/{16x16 … 256x256,scalable}/apps/io.github.repartee.Repartee.{png,svg}.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SOURCE = Path(__file__).parents[1] / "resources" / "icons" / "repartee.svg"
NAME = "io.github.repartee.Repartee"
SIZES = (16, 32, 48, 64, 128, 256)


def main() -> None:
    theme = Path(sys.argv[1]) / "hicolor"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    renderer = QSvgRenderer(str(SOURCE))
    for size in SIZES:
        target = make_apps_folder(theme, f"{size}x{size}") / f"{NAME}.png"
        if not render(renderer, size).save(str(target)):
            sys.exit(f"{target} could not be written")
    shutil.copy(SOURCE, make_apps_folder(theme, "scalable") / f"{NAME}.svg")
    application.quit()


def make_apps_folder(theme: Path, size: str) -> Path:
    folder = theme / size / "apps"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def render(renderer: QSvgRenderer, size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


if __name__ == "__main__":
    main()
