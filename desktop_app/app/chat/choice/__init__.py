"""The choice of model, variant and effort: what is offered, and its cost.

Of the other features it imports nothing.
"""
