"""What the program can be told to do, by name and by key; no Qt."""
