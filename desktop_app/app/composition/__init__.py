"""The composition of the window by its areas: each creates its controllers and connects them.

Only these modules, `controllers.py` and those of the session know the whole window.
"""
