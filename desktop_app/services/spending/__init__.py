"""Cost: estimates before anything is sent, and the monthly budget.

May import domain, `ports` and the other services.
"""
