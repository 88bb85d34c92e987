"""The process of one tool server: connects to the server or starts it, and ends what it started."""
