"""Error replies of servers: their shapes, their words, and the errors that they become."""
