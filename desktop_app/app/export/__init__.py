"""Export and printing, in processes of their own.

Controllers take the window and `ui.printing`.
"""
