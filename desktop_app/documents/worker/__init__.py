"""The process that reads documents, and the parent process's side of it."""
