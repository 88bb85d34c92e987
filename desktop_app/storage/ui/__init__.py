"""The library's data as a whole: backup, restore, import, export, expiry."""
