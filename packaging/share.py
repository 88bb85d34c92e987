#!/usr/bin/env python3
"""Writes what a package has in /usr/share for the desktop.

    python packaging/share.py FOLDER [COMMAND]

FOLDER is /usr/share of the package: the files of `repartee desktop install`, the icon in the sizes
that desktops ask for, and the metainfo of software centers. COMMAND starts the program if that is
not /usr/bin/repartee.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from desktop_app.desktop.command.desktop_command import install_files  # noqa: E402
from desktop_app.desktop_session.application_object import APP_ID  # noqa: E402

SOURCE = ROOT / "resources" / "icons" / "repartee.svg"
METAINFO = ROOT / "packaging" / "linux" / f"{APP_ID}.metainfo.xml"
SIZES = (16, 32, 48, 64, 128, 256)


def main() -> None:
    share = Path(sys.argv[1])
    install_files(share, sys.argv[2:])
    (share / "metainfo").mkdir(exist_ok=True)
    shutil.copy(METAINFO, share / "metainfo")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    renderer = QSvgRenderer(str(SOURCE))
    for size in SIZES:
        target = share / f"icons/hicolor/{size}x{size}/apps/{APP_ID}.png"
        target.parent.mkdir(parents=True)
        if not render(renderer, size).save(str(target)):
            sys.exit(f"{target} could not be written")
    application.quit()


def render(renderer: QSvgRenderer, size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


if __name__ == "__main__":
    main()
