"""Tools: their sources, the user's consent, the loop that runs them.

May import domain, `ports` and the other services.
"""
