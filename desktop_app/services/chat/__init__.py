"""Asking: model choice, prompt assembly, the answer's run, compaction, titles.

May import domain, `ports` and the other services.
"""
