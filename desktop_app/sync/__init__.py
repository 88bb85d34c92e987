"""One library on several computers, over storage that the user has: README.md has the format."""

__all__ = ["synchronizer"]
