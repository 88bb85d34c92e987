"""Markdown without Qt: source to blocks.

May import domain, markdown-it-py and its plug-ins, Pygments and ziamath.
"""
