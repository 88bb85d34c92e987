"""Dictation, reading aloud and the spoken conversation in the window."""
