"""Plain values that every other room speaks in; the standard library only."""
