"""The options of `repartee ask` and `repartee summarize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import command_line as cli
from desktop_app.cli.answer_options import INSTRUCTIONS, answer_choice
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


def _pages_json_and_save() -> list[click.Parameter]:
    return [
        cli.repeatable(
            "--pages [FILE=]PAGES",
            tr(
                "send only these pages, such as {pages} or {example} (repeatable)",
                pages="3-10,15",
                example="report.pdf=3-10",
            ),
        ),
        cli.json_flag(),
        cli.flag("--save", tr("save the conversation in the library")),
        cli.quiet_flag(),
    ]


def _answer_codes(invalid: str) -> Mapping[int, str]:
    return {
        0: tr("The response is complete"),
        1: tr(
            "Failed or incomplete. Partial output is on standard output, the reason on standard "
            "error."
        ),
        2: invalid,
        3: tr("The model declined, or a content filter stopped the response"),
        130: tr("Interrupted (Ctrl+C or SIGTERM)"),
        141: tr("The output pipe was closed"),
    }


def ask_arguments() -> cli.Command:
    unsupported = tr(
        "Invalid command line, or an option that the model doesn’t support. Nothing was sent."
    )
    return cli.Command(
        tr("ask a question and print the response"),
        [
            cli.argument(
                "prompt",
                "QUESTION",
                required=False,
                help=tr("the question (default or “-”: standard input)"),
            ),
            cli.repeatable("-f --file PATH", tr("attach a document or an image"), cli.file_name),
            cli.repeatable(
                "--project-files NAME",
                tr("ask about the files of a project, or of a folder"),
                former="--collection",
            ),
            cli.flag(
                "--create-embeddings",
                tr("create missing embeddings of these files first and print the cost"),
            ),
            cli.repeatable(
                "--compare CHOICE",
                tr(
                    "compare responses of several variants or models, such as {examples} "
                    "(two to four times)",
                    examples="thinking/high, pro",
                ),
                cli.variant_or_model_argument,
            ),
            *answer_choice(),
            *_pages_json_and_save(),
            cli.flag("-c --continue continued", tr("continue the newest conversation, and save")),
            cli.option("--conversation ID", tr("continue this conversation, and save")),
            cli.flag("--research", tr("research on the web: many searches at high effort")),
            cli.repeatable("--tool NAME", tr("let the model call this tool (repeatable)")),
            cli.repeatable("--skill NAME", tr("let the model read this skill (repeatable)")),
            cli.repeatable(
                "--mcp NAME", tr("let the model call all tools of this tool server (repeatable)")
            ),
            cli.repeatable(
                "--allow-tool NAME", tr("run calls of this tool without asking (repeatable)")
            ),
            cli.option(
                "--max-rounds N", tr("maximum number of rounds of tool calls"), cli.whole_number(1)
            ),
            cli.option("--schema FILE", tr("a JSON Schema of the response"), cli.file_name),
            cli.option("--grammar FILE", tr("a grammar of the response"), cli.file_name),
        ],
        tr(
            "The response goes to standard output, everything else to standard error. Without "
            "a question, documents are summarized and images described. Text piped in beside "
            "a question is attached."
        ),
        tr(
            "The default provider is that of the environment (OPENAI_API_KEY and "
            "OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY, or "
            "COMETAPI_KEY), else the one chosen in the window, else the local model. Costs "
            "are always recorded. The conversation is saved only with --save."
        ),
        tr(
            "OPENAI_CUSTOM_HEADERS adds headers (“Name: value”, one per line) and "
            "OPENAI_CUSTOM_QUERY query parameters (“name=value&name=value”). Both also take a "
            "JSON object. OPENAI_ORG_ID and OPENAI_PROJECT_ID name an organization and a "
            "project. OPENAI_API_VERSION with a date uses Azure’s deployment URLs. "
            "If --model is missing, AZURE_OPENAI_DEPLOYMENT names the model for Azure, and "
            "OPENAI_MODEL for an address in OPENAI_BASE_URL."
        ),
        tr(
            "--project-files takes the name of a project or a folder. A folder becomes a project "
            "and is updated each time. The response cites passages as [n], and standard error "
            "lists their sources."
        ),
        tr(
            "--tool lets the model call a tool of {command}. A call runs only if --allow-tool "
            "names the tool, or its source as {example}. Otherwise the model is told that it "
            "was not allowed.",
            command="repartee tools",
            example="notes/*",
        ),
        tr(
            "To allow {tool}, --allow-tool names its host, as in {example}.",
            tool="fetch_page",
            example="fetch_page:example.org",
        ),
        tr(
            "--mcp lets the model call all tools of a server of {command}. A tool is named "
            "{example}, for instance.",
            command="repartee mcp",
            example="notes/search",
        ),
        tr(
            "--schema asks for JSON that matches a JSON Schema (draft 2020-12), and checks the "
            "response. --grammar takes a file whose name ends in .lark or .regex, for OpenAI’s "
            "models, or in .gbnf, for llama.cpp and the local model."
        ),
        codes={
            **_answer_codes(unsupported),
            4: tr("The response doesn’t match the schema"),
            5: tr("The response is complete, but a tool call was not allowed (see --allow-tool)"),
        },
        exclusive=[INSTRUCTIONS, ("schema", "grammar")],
        defaults={"in_parts": False, "has_preset_effort": False},
    )


def summarize_arguments() -> cli.Command:
    invalid = tr(
        "Invalid command line, missing pages, or an option that the model or the prompt doesn’t "
        "support. Nothing was sent."
    )
    return cli.Command(
        tr("summarize documents of any length"),
        [cli.files("file"), *answer_choice(), *_pages_json_and_save()],
        tr(
            "Documents that fit the model’s context window are read completely. Larger ones "
            "are read in parts, and the notes are saved. After an interruption, the same "
            "command continues without paying twice. The cost is shown before anything is sent."
        ),
        tr(
            "Several documents get a summary each and an overview. “-” reads standard input. "
            "Options and files can be in any order."
        ),
        tr(
            "--template selects another prompt of the library: {prompts}, or one of your own.",
            prompts="paragraph, chapters, differences, facts",
        ),
        tr(
            "--pages {pages} sends only these pages (slides, chapters, or sheets by number or "
            "name). With several files: {example}",
            pages="3-10,15",
            example="--pages lease.pdf=3-10,15",
        ),
        codes=_answer_codes(invalid),
        exclusive=[INSTRUCTIONS],
        defaults={
            "prompt": "",
            "in_parts": True,
            "has_preset_effort": False,
            "create_embeddings": False,
            **{
                name: []
                for name in ("project_files", "compare", "tool", "skill", "mcp", "allow_tool")
            },
            "research": False,
            **dict.fromkeys(("conversation", "continued", "max_rounds", "schema", "grammar")),
        },
    )
