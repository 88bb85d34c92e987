"""The text field of both prompts: keys, pasted and dropped content, spelling, height."""
