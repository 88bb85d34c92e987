"""Questions and answers in the window: turns, queue, edits, branches, choice of the model."""
