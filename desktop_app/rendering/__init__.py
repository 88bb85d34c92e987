"""Markdown without Qt: source to blocks.

May import domain, child_processes, sandbox, markdown-it-py and its plug-ins, Pygments and ziamath.
"""
