"""Before the window and after it: garbage collection, Qt probe, work on a closed store.

May import `backend` and `ui.window`.
"""
