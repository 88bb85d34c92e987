"""The quick prompt: a field in the middle of the screen, with the answer below."""
