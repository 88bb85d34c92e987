"""Focus targets, the caret, jumps to footnotes, and the actions of a message."""
