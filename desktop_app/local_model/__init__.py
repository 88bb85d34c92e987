"""llama.cpp in a child process, used like any other provider.

Only its child process, which is confined, imports xllamacpp. May import domain, paths,
child_processes, sandbox and foreign_file.
"""
