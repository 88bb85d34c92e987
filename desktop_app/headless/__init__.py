"""Everything that works without Qt, put together; and the commands that need no window."""
