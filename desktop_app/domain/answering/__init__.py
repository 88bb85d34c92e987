"""Requests for answers, their parameters and forms, and the reply that grows from events."""
