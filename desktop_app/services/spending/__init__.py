"""Cost before and after: estimates, budget, shared usage.

May import domain, `ports` and the other services.
"""
