"""Tool servers (Model Context Protocol): their list, processes and runs."""
