"""llama.cpp in a child process, used like any other provider.

Only its child process imports xllamacpp. May import domain, paths, child_processes and
foreign_file.
"""
