"""Draws Mermaid diagrams: as SVG by merman, whose pixels resvg draws; and SVG that a model wrote.

Both are compiled libraries that read what a model wrote, and resvg holds Python's lock for as long
as it draws. So they run in a child process (json_server.py), and never in the window. It gets a
picture; the SVG is for a file only, because a browser would follow its links.

merman has no wheel for ARM on Linux (0.9.2, October 2026): there, diagrams stay code.
"""

from __future__ import annotations

import json
import os
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_, tr
from desktop_app.sandbox import Policy

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from merman import Merman


_MERMAID_KIND: Final = re.compile(
    r"^[ \t]*(graph|flowchart|sequenceDiagram|erDiagram)\b", re.M | re.I
)
_SPECIAL: Final = re.compile(r"""[()\[\]{}<>/\\|@"';]""")
# What is between brackets, with one more pair of these in it.
_SQUARE: Final = r"\[(?P<square>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]"
_ROUND: Final = r"\((?P<round>(?:[^()\n]|\([^()\n]*\))*)\)"
_CURLY: Final = r"\{(?P<curly>(?:[^{}\n]|\{[^{}\n]*\})*)\}"
_NODE: Final = re.compile(
    rf"(?P<name>(?<![\w\"])[\w-]*\w|^[ \t]*subgraph[ \t]+\w+[ \t]+)(?:{_SQUARE}|{_ROUND}|{_CURLY})",
    re.M,
)
_QUOTED: Final = re.compile(r'\s*".*"\s*', re.DOTALL)
# Labels whose first and last characters belong to a shape: a database, a subroutine …
_SHAPES: Final = {
    "square": re.compile(r"\(.*\)|\[.*\]|[/\\].*[/\\]"),
    "round": re.compile(r"\(.*\)|\[.*\]"),
    "curly": re.compile(r"\{.*\}"),
}
_EDGE_LABEL: Final = re.compile(r"(?P<arrow>[-=.][>xo-]?\s?)\|(?P<label>[^|\n]+)\|")
_END: Final = re.compile(
    r"(?<![\w\"])end(?P<bracket>[\[({])?(?=\s*(?:-->|---|-\.|==|$|[;&])|(?<=\W))"
)
_ARROW: Final = re.compile(r"--|==|-\.")
_MESSAGE: Final = re.compile(r"(?P<head>^[^:\n]+:)(?P<text>[^\n]*;[^\n]*)", re.M)
_SEMICOLON: Final = re.compile(r"(?P<entity>#\w+;)|;")
_RELATION: Final = re.compile(r"(?P<head>^[^:\n]*(?:--|\.\.)[^:\n]*:\s*)(?P<label>[^\n]+)$", re.M)


def with_quotes(source: str) -> str:
    """Return a diagram with quotes around its labels; the same text for another kind.

    Models write `A[Start (init)]` for `A["Start (init)"]`. The words that are shown do not change.
    """
    match = _MERMAID_KIND.search(source)
    kind = match[1].lower() if match else ""
    if kind in ("graph", "flowchart"):
        lines = [
            _END.sub(_renamed_end, line) if _ARROW.search(line) or "end[" in line else line
            for line in source.split("\n")
        ]
        source = _NODE.sub(_quoted_node, "\n".join(lines))
        return _EDGE_LABEL.sub(lambda edge: f"{edge['arrow']}|{_quoted(edge['label'])}|", source)
    if kind == "sequencediagram":  # a semicolon would begin another statement
        return _MESSAGE.sub(
            lambda message: (
                message["head"]
                + _SEMICOLON.sub(lambda mark: mark["entity"] or "#59;", message["text"])
            ),
            source,
        )
    if kind == "erdiagram":
        return _RELATION.sub(lambda row: row["head"] + _quoted(row["label"]), source)
    return source


def _quoted(label: str) -> str:
    if _QUOTED.fullmatch(label) or not _SPECIAL.search(label):
        return label
    words = label.strip().replace('"', "#quot;")
    return f'"{words}"'


def _quoted_node(node: re.Match[str]) -> str:
    shape = next(name for name in _SHAPES if node[name] is not None)
    label = node[shape]
    if _SHAPES[shape].fullmatch(label.strip()):
        return node[0]
    start, end = node.span(shape)
    begin = node.start()
    return f"{node[0][: start - begin]}{_quoted(label)}{node[0][end - begin :]}"


def _renamed_end(name: re.Match[str]) -> str:
    """Return another name for a node called "end", a word of the grammar."""
    return f"end_{name['bracket']}" if name["bracket"] else 'end_["end"]'


_SVG: Final = "svg"
_SVG_SPACE: Final = "http://www.w3.org/2000/svg"
LANGUAGE: Final = "mermaid"
"""The language of a block of code that is a diagram."""

MAX_SOURCE_LENGTH: Final = 20_000
"""Maximum characters of a source. At the limits of merman, so many take 0.2 s."""
_MAX_PIXELS: Final = 4_000_000
"""Maximum pixels of a picture; decoded, they take 16 MB."""
_MAX_SIDE: Final = 12_000
"""Maximum pixels of the longer side; Qt draws up to 32,767."""
_MIN_ZOOM: Final = 0.5
"""Below this scale, the letters of a diagram cannot be read."""
MAX_SVG_LENGTH: Final = 300_000
"""Maximum characters of an SVG, also of one that a model wrote."""
_MAX_PNG_BYTES: Final = 480_000
_MAX_WORDS: Final = 160
"""Characters of merman's words about an error."""

_MAX_FONT_FILES: Final = 500
"""Font files that are offered to resvg, which opens all for each picture: 0.05 ms each."""
_FONT_SUFFIXES: Final = (".ttf", ".otf", ".ttc", ".otc")
_OTHER_CUTS: Final = lazy_pattern(
    r"bold|black|heavy|light|thin|medium|italic|oblique|condensed|narrow|display|mono|serif", re.I
)
_COMMON_FAMILIES: Final = ("DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial", "Segoe UI")

_HUES: Final = ("accent", "string", "number", "keyword", "error", "dim")
COLOR_NAMES: Final = ("ground", "text", "line", "tint", "code_ground", *_HUES)
"""The colors of a theme that diagrams use."""
_VIEW_BOX: Final = lazy_pattern(r'viewBox="[-.\deE]+ [-.\deE]+ ([.\deE]+) ([.\deE]+)"')
_UNITLESS: Final = lazy_pattern(r"([.\d]+)(?:px)? ([.\d]+)(?:px)?")
_SIZE: Final = lazy_pattern(r'\s(?:width|height)="[^"]*"')
_KIND: Final = lazy_pattern(r'aria-roledescription="([A-Za-z]{1,40})')
# What draws nothing by itself, or could change what a reference leads to.
_REMOVED_ELEMENTS: Final = frozenset(
    ("script", "image", "foreignobject", "iframe", "audio", "video")
    + ("set", "animate", "animatemotion", "animatetransform")
)
# What would be fetched, followed or run if a browser showed the SVG.
_LINK_TAGS: Final = lazy_pattern(r"<(/?)a(?=[\s>])")
_FOREIGN_ELEMENTS: Final = lazy_pattern(
    r"<(script|image|foreignObject|iframe)\b[^>]*?(?:/>|>.*?</\1\s*>)", re.I | re.S
)
_ADDRESSES: Final = lazy_pattern(r"""\s(?:xlink:)?href\s*=\s*(?:"[^"#][^"]*"|'[^'#][^']*')""", re.I)
_HANDLERS: Final = lazy_pattern(r"""\son\w+\s*=\s*(?:"[^"]*"|'[^']*')""", re.I)
_FETCHES: Final = lazy_pattern(r"""url\(\s*(?!["']?#)[^)]*\)|@import[^;]*;?""", re.I)
_UNSAFE: Final = lazy_pattern(r"<script|<image|<foreignObject|javascript:|@import|<!|<\?", re.I)


class Diagram(NamedTuple):
    """A drawn diagram.

    Attributes:
        kind: Mermaid's name of its kind, such as "flowchart".
        width: pixels at the default text size.
        height: as `width`.
        png: the picture, which may have more pixels.
        svg: the same as SVG, without links, scripts and images.
    """

    kind: str
    width: int
    height: int
    png: bytes
    svg: str

    @property
    def name(self) -> str:
        """Return the name for those who do not see the picture."""
        return tr("Diagram: {kind}", kind=self.kind)


DrawDiagram = Callable[[str, str], Diagram | None]
"""A function from a language and code to the picture of a diagram; None for other code."""


def draw_nothing(_language: str, _source: str) -> None:
    """Keep all diagrams as code."""


class UndrawnDiagram(NamedTuple):
    """The reason why a source is not drawn: merman's words, or "" if it is too large.

    Attributes:
        words: in English.
        line: the line with the error, from 1; 0 if unknown.
    """

    words: str = ""
    line: int = 0

    @property
    def note(self) -> str:
        """Return the line below the code."""
        if not self.words:
            return tr(_TOO_LARGE)
        if not self.line:
            return tr("Not drawn: {reason}", reason=self.words)
        return tr("Not drawn, line {line}: {reason}", line=self.line, reason=self.words)


_TOO_LARGE: Final = N_("Not drawn: the diagram is too large.")


def diagram_policy() -> Policy:
    """Return the rights of the process: it also reads the user's own fonts."""
    return Policy(memory_bytes=512 << 20, readable=tuple(filter(Path.is_dir, _user_fonts())))


@cache
def can_draw() -> bool:
    """Return True if both libraries are installed."""
    return all(find_spec(name) is not None for name in ("merman", "resvg_py"))


def is_diagram(language: str) -> bool:
    """Return True if code in this language may be a diagram that can be drawn."""
    return language.strip().lower() == LANGUAGE and can_draw()


def is_xml(source: str) -> bool:
    """Return True if a source is no Mermaid."""
    return source.lstrip().startswith("<")


def is_svg(language: str) -> bool:
    """Return True if code in this language is an SVG that can be drawn."""
    return language.strip().lower() == _SVG and can_draw()


def drawing_request(
    source: str, colors: Mapping[str, str], *, family: str = "", zoom: float = 2
) -> dict[str, Any]:
    """Return the request for a source within the limits.

    Args:
        source: the Mermaid.
        colors: of a theme by token name, as #RRGGBB.
        family: of the font; "" for a common one.
        zoom: pixels of the picture for each of the diagram.
    """
    used = {name: colors[name] for name in COLOR_NAMES}
    return {"source": source, "colors": used, "family": family, "zoom": zoom}


def parse_drawing(answer: Mapping[str, Any] | None) -> Diagram | UndrawnDiagram:
    """Return what the process answered; None stands for a process that ended or took too long."""
    if answer is None or "words" not in answer:
        return UndrawnDiagram() if answer is None or "png" not in answer else _parse_diagram(answer)
    return UndrawnDiagram(str(answer["words"]), int(answer["line"]))


def _parse_diagram(answer: Mapping[str, Any]) -> Diagram:
    png = b64decode(answer["png"])
    return Diagram(answer["kind"], answer["width"], answer["height"], png, answer["svg"])


def draw_diagram(request: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Diagram` or of an `UndrawnDiagram`; or {"error": "too large"}.

    The request is a `drawing_request`, of Mermaid or of an SVG.
    """
    if is_xml(request["source"]):
        try:
            return _draw_svg(request)
        except (ValueError, RecursionError):  # too many elements for resvg, or too deep
            return {"error": "too large"}
    import merman

    engine = _engine()
    source = request["source"]
    family = re.sub(r"[^\w .-]", "", request["family"])
    families = ", ".join(f"'{name}'" for name in (family, *_COMMON_FAMILIES) if name)
    colors = request["colors"]
    options = {
        "svg": {"pipeline": "resvg-safe"},
        "resources": {"profile": "interactive"},
        "site_config": _configuration(colors, f"{families}, sans-serif"),
    }
    try:
        svg = engine.render_svg(source, json.dumps(options))
    except merman.MermanError.Binding as error:
        if error.code_name == "MERMAN_RESOURCE_LIMIT_EXCEEDED":
            return {"error": "too large"}
        try:
            svg = engine.render_svg(with_quotes(source), json.dumps(options))
        except merman.MermanError.Binding:
            return _explain(engine, source, error.message or error.code_name)
    svg = _clean(svg)
    box = _VIEW_BOX.search(svg)
    if box is None or len(svg) > MAX_SVG_LENGTH or _UNSAFE.search(svg):
        return {"error": "too large"}
    root, rest = svg.split(">", 1)
    root = _SIZE.sub("", root)
    width, height = max(1.0, float(box[1])), max(1.0, float(box[2]))
    svg = f'{root} width="{width:.0f}" height="{height:.0f}">{rest}'
    kind = _KIND.search(svg)
    drawn = {"kind": kind[1] if kind else LANGUAGE, "svg": svg}
    return _with_pixels(drawn, width, height, request, family, colors["code_ground"])


def _draw_svg(request: dict[str, Any]) -> dict[str, Any]:
    """Draw an SVG on white, as a browser does, without what it refers to."""
    from xml.etree import ElementTree

    source = request["source"]
    try:
        root = ElementTree.fromstring(source)
        if root.tag == _SVG:  # as in a web page, which needs no name of the language
            root = ElementTree.fromstring(source.replace("<svg", f'<svg xmlns="{_SVG_SPACE}"', 1))
    except ElementTree.ParseError as error:
        return {"words": str(error).partition(":")[0], "line": error.position[0]}
    if root.tag != f"{{{_SVG_SPACE}}}{_SVG}":
        return {"words": "no SVG", "line": 0}
    for element in list(root.iter()):
        _remove_references(element)
    size = _UNITLESS.fullmatch(f"{root.get('width')} {root.get('height')}")
    size = size or _VIEW_BOX.fullmatch(f'viewBox="{root.get("viewBox")}"')
    width, height = (300.0, 150.0) if size is None else (float(size[1]), float(size[2]))
    width, height = max(1.0, width), max(1.0, height)
    root.attrib |= {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    ElementTree.register_namespace("", _SVG_SPACE)
    drawn = {"kind": "SVG", "svg": ElementTree.tostring(root, encoding="unicode")}
    return _with_pixels(drawn, width, height, request, request["family"], "#ffffff")


def _remove_references(element: Element) -> None:
    """Remove from an element of an SVG what would run, or refer to something outside."""
    for child in list(element):
        if child.tag.rpartition("}")[2].lower() in _REMOVED_ELEMENTS:
            element.remove(child)
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2].lower()
        is_link = local == "href" and not value.startswith("#")
        if is_link or local.startswith("on") or local == "base":
            del element.attrib[name]
        else:
            element.set(name, _without_fetches(value))
    element.text = _without_fetches(element.text or "")


def _without_fetches(text: str) -> str:
    """Return a value or a style sheet without addresses; "" if they could be behind escapes."""
    return "" if "\\" in text and "(" in text else _FETCHES.sub("none", text)


def _with_pixels(
    drawn: dict[str, Any],
    width: float,
    height: float,
    request: dict[str, Any],
    family: str,
    background: str,
) -> dict[str, Any]:
    """Return the fields of a `Diagram` with this kind and SVG."""
    import resvg_py

    most = min((_MAX_PIXELS / (width * height)) ** 0.5, _MAX_SIDE / max(width, height))
    zoom = min(request["zoom"], most)
    if zoom < _MIN_ZOOM:
        return {"error": "too large"}
    png = resvg_py.svg_to_bytes(
        svg_string=drawn["svg"],
        background=background,
        zoom=zoom,
        skip_system_fonts=True,
        font_files=list(_font_files()),
        font_family=family or None,
        sans_serif_family=family or _COMMON_FAMILIES[0],
    )
    if len(png) > _MAX_PNG_BYTES:
        return {"error": "too large"}
    return drawn | {"width": round(width), "height": round(height), "png": b64encode(png).decode()}


@cache
def _engine() -> Merman:
    import merman

    return merman.Merman()


def _explain(engine: Merman, source: str, words: str) -> dict[str, Any]:
    """Return merman's words about an error, and its line."""
    found = json.loads(engine.analyze_json(source, None)).get("diagnostics", [])
    for diagnostic in found:
        if diagnostic.get("severity") == "error":
            line = (diagnostic.get("span") or {}).get("line", 0)
            words = str(diagnostic["message"])
            return {"words": words[:_MAX_WORDS].replace("`", "'"), "line": line}
    return {"words": words[:_MAX_WORDS].replace("`", "'"), "line": 0}


def _clean(svg: str) -> str:
    """Remove from an SVG what a browser would follow, fetch or run, and what cuts off letters.

    merman measures the labels for another font, and hides what is wider.
    """
    svg = _LINK_TAGS.sub(r"<\1g", svg)
    for removed in (_FOREIGN_ELEMENTS, _ADDRESSES, _HANDLERS):
        svg = removed.sub("", svg)
    svg = _FETCHES.sub("none", svg)
    return re.sub(r"overflow:\s*hidden", "overflow:visible", svg)


# ------------------------------------------------------------------ colors


def _configuration(colors: Mapping[str, str], families: str) -> dict[str, Any]:
    ground, text, line = colors["ground"], colors["text"], colors["line"]
    box, accent, quiet = colors["tint"], colors["accent"], colors["code_ground"]
    edge = _blend(ground, colors["dim"], 0.8)
    hues = [colors[name] for name in _HUES]
    fills = [_blend(ground, hue, 0.3) for hue in hues]
    variables: dict[str, object] = {"fontFamily": families, "fontSize": "14px"}
    variables |= {"darkMode": sum(_channels(ground)) < 3 * 128, "useGradient": False}
    by_color = {
        ground: "background attributeBackgroundColorOdd altSectionBkgColor pieStrokeColor",
        text: "primaryTextColor secondaryTextColor tertiaryTextColor textColor titleColor "
        "nodeTextColor noteTextColor actorTextColor signalColor signalTextColor labelTextColor "
        "loopTextColor classText labelColor stateLabelColor taskTextColor taskTextOutsideColor "
        "taskTextLightColor taskTextDarkColor sectionColor pieTitleTextColor "
        "pieSectionTextColor pieLegendTextColor requirementTextColor relationLabelColor "
        "commitLabelColor tagLabelColor quadrantPointTextFill quadrant1TextFill "
        "quadrant2TextFill quadrant3TextFill quadrant4TextFill quadrantTitleFill "
        "quadrantXAxisTextFill quadrantYAxisTextFill transitionLabelColor",
        edge: "lineColor defaultLinkColor relationColor transitionColor gridColor arrowheadColor "
        "actorLineColor",
        line: "clusterBorder noteBorderColor quadrantInternalBorderStrokeFill",
        box: "primaryColor mainBkg actorBkg labelBoxBkgColor requirementBackground stateBkg "
        "altBackground quadrant1Fill quadrant3Fill taskBkgColor tagLabelBackground",
        quiet: "edgeLabelBackground labelBackground labelBackgroundColor "
        "relationLabelBackground commitLabelBackground "
        "secondaryColor tertiaryColor clusterBkg noteBkgColor quadrant2Fill quadrant4Fill "
        "attributeBackgroundColorEven sectionBkgColor sectionBkgColor2 activationBkgColor",
        accent: "primaryBorderColor nodeBorder actorBorder labelBoxBorderColor taskBorderColor "
        "requirementBorderColor stateBorder activationBorderColor quadrantPointFill "
        "quadrantExternalBorderStrokeFill tagLabelBorder pieOuterStrokeColor activeTaskBorderColor",
        fills[0]: "activeTaskBkgColor",
        fills[4]: "critBkgColor",
        colors["error"]: "critBorderColor todayLineColor",
        fills[5]: "doneTaskBkgColor doneTaskBorderColor",
    }
    for color, names in by_color.items():
        variables |= dict.fromkeys(names.split(), color)
    for number in range(12):
        hue, fill = hues[number % len(hues)], fills[number % len(fills)]
        variables |= {f"pie{number + 1}": fill, f"cScale{number}": fill, f"fillType{number}": fill}
        variables |= {f"cScaleLabel{number}": text, f"cScaleInv{number}": hue}
        variables |= {f"cScalePeer{number}": hue, f"lineColor{number}": hue}
        variables |= {f"git{number}": hue, f"gitBranchLabel{number}": ground}
    variables["xyChart"] = {
        "backgroundColor": quiet,
        "plotColorPalette": ",".join((_blend(ground, hues[0], 0.45), *hues[1:])),
        **dict.fromkeys(
            ("titleColor", "xAxisTitleColor", "yAxisTitleColor", "xAxisLabelColor")
            + ("yAxisLabelColor",),
            text,
        ),
        **dict.fromkeys(("xAxisLineColor", "yAxisLineColor", "xAxisTickColor"), edge),
    }
    return {
        "theme": "base",
        "themeVariables": variables,
        "fontFamily": families,
        "securityLevel": "strict",
        "gantt": {"axisFormat": "%m-%d"},
    }


def _channels(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def _blend(ground: str, color: str, share: float) -> str:
    pairs = zip(_channels(ground), _channels(color), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


# ------------------------------------------------------------------ fonts


def _user_fonts() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("LOCALAPPDATA", ""), "Microsoft", "Windows", "Fonts")]
    home = Path(os.environ.get("HOME", "/nonexistent"))
    return [home / ".local" / "share" / "fonts", home / ".fonts"]


@cache
def _font_files() -> tuple[str, ...]:
    """Return the font files, upright sans-serif ones of normal weight first.

    For a letter that the text's font lacks, resvg takes the first file that has it.
    """
    system = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    if sys.platform == "win32":
        system = [Path(os.environ["WINDIR"], "Fonts")]
    files = [file for folder in (*_user_fonts(), *system) for file in _files_below(folder)]
    files.sort(key=_unusualness)
    return tuple(files[:_MAX_FONT_FILES])


def _files_below(folder: Path) -> Iterator[str]:
    for parent, _folders, names in os.walk(folder):
        for name in names:
            if name.lower().endswith(_FONT_SUFFIXES):
                yield os.path.join(parent, name)  # noqa: PTH118 -- a Path for each file takes ms


def _unusualness(file: str) -> tuple[int, bool]:
    name = file.rpartition(os.sep)[2]
    return len(_OTHER_CUTS.findall(name.replace("Sans", ""))), "sans" not in name.lower()
