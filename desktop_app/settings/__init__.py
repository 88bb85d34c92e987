"""What the person can set, declared as data; the settings panel is built from it."""
