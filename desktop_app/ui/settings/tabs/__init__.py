"""The pages of the settings panel, each created when it is first opened.

May import `ui.settings.sections` and the form widgets.
"""
