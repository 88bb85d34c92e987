"""Small widgets and models without knowledge of Repartee.

May import `ui.look` only.
"""
