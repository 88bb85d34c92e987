"""Asking: prompt assembly, the start and the resumption of answers, compaction, titles.

May import domain, `ports` and the other services.
"""
