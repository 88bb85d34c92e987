"""Folders of conversations, and the settings that apply to a folder.

It imports the presenter and the navigator of `library`.
"""
