"""Models that providers serve: listings and the model menu.

May import domain, `ports` and the other services.
"""
