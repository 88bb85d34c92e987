"""Cost before and after: estimates, budget, shared usage.

May import domain and `ports`.
"""
