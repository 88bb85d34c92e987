"""The style sheet of an exported HTML page, with the program's colors."""

from __future__ import annotations

from typing import Final

from desktop_app.markdown.color_tokens import DARK, LIGHT, NAMES

_RULES: Final = """
* { box-sizing: border-box; }
body { margin: 0; padding: 40px 20px 64px; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
main { max-width: 720px; margin: 0 auto; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.2em 0 .4em; font-weight: 600; }
h1 { font-size: 1.35em; } h2 { font-size: 1.2em; } h3, h4, h5, h6 { font-size: 1.05em; }
main > h1 { font-size: 1.6em; margin: 0 0 .2em; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, pre:focus-visible, .wide:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; }
p, ul, ol, table, blockquote, pre, figure { margin: .6em 0; }
ul, ol { padding-inline-start: 1.6em; padding-inline-end: 0; }
li > p:first-child { margin-top: 0; } li > ul, li > ol { margin: 0; }
li[style="list-style-type:none"] { text-indent: -1.3em; } li > * { text-indent: 0; }
sup { font-size: .7em; line-height: 0; }
p, li, h1, h2, h3, h4, h5, h6, th, td, .said, summary { unicode-bidi: plaintext; }
blockquote { padding-inline-start: 14px; border-inline-start: 3px solid var(--line);
  color: var(--dim); }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.4em 0; }
.wide { overflow-x: auto; margin: .6em 0; } .wide table { margin: 0; }
.code, table:not([dir]) { direction: ltr; }
table { border-collapse: collapse; font-size: .95em; width: 100%; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; }
code, pre { font-family: ui-monospace, "JetBrains Mono", Menlo, Consolas, monospace;
  font-size: .88em; }
:not(pre) > code { background: var(--code_ground); border-radius: 4px; padding: .1em .3em; }
.code { background: var(--code_ground); border-radius: 10px; padding: 10px 14px; }
.code figcaption { color: var(--dim); font-size: .75em; font-weight: 600; }
.code pre { margin: 0; overflow-x: auto; line-height: 1.4; } .code code { font-size: inherit; }
.keyword { color: var(--keyword); } .string { color: var(--string); }
.number { color: var(--number); }
.function { color: var(--function); } .comment { color: var(--comment); }
.formula svg { height: auto; max-width: 100%; }
.formula.display { display: block; text-align: center; }
article { margin: 28px 0; }
.who, .facts, .attached, .notice, summary { color: var(--dim); font-size: .8em; }
.question > .who, .question > .said { margin-left: 20.8%; }
.said { background: var(--tint); border-radius: 10px; padding: 10px 14px; white-space: pre-wrap;
  margin: 6px 0; }
.pictures img { max-width: 100%; max-height: 480px; border-radius: 8px; }
.error { background: var(--error_ground); border-radius: 10px; padding: 10px 14px; margin: 10px 0; }
.error strong { color: var(--error); }
details { margin: .6em 0; }
details > div { padding-left: 14px; color: var(--dim); font-size: .95em; }
@media print { body { padding: 0; font-size: 11pt; } main { max-width: none; }
  .code pre, .said { white-space: pre-wrap; }
  th, td { overflow-wrap: anywhere; }
  tr, figure.pictures, .formula, .error { break-inside: avoid; }
  h1, h2, h3, h4, h5, h6, .who { break-after: avoid; } }
"""


def _variables(tokens: list[str]) -> str:
    return " ".join(f"--{name}: {color};" for name, color in zip(NAMES, tokens, strict=True))


STYLE: Final = (
    f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}{_RULES}"
)
