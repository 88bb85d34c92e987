"""The command line: its options, standard input and output, and commands of no single feature."""

__all__ = [
    "arguments",
    "command_line",
    "command_setup",
    "console",
    "doctor",
    "exit_code",
    "library_commands",
    "output_file",
    "page_options",
    "password_prompt",
    "standard_input",
]
