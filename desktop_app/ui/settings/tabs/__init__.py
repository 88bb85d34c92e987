"""The pages of the settings panel, each created when it is first opened.

May import `ui.settings`, `ui.look`, `ui.widgets` and the paged text of `ui.viewer`.
"""
