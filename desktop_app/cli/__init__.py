"""The command line: its options, standard input and output, and commands of no single feature."""

__all__ = [
    "answer_options",
    "arguments",
    "command_line",
    "command_setup",
    "console",
    "doctor",
    "exit_code",
    "former_commands",
    "output_file",
    "page_options",
    "password_prompt",
    "registry",
    "report",
    "standard_input",
]
