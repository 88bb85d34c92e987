"""The composition of the window by its areas: each creates its controllers and connects them.

Besides these modules, only those directly in `app`, `state.window_state` and `quick.quick_host`
know the whole window.
"""
