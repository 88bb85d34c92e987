"""Servers of tools (Model Context Protocol), each in a child process with the SDK.

May import domain and child_processes; only `host`, which is that process, imports the SDK.
"""
