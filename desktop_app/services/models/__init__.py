"""Models that providers serve: listings, the model menu, and the resolution of choices.

May import domain, `ports` and the other services.
"""
