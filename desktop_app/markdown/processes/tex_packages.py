r"""Writes commands of LaTeX packages as the TeX that ziamath draws.

These are the commands of mhchem (\ce) and siunitx (\SI, \qty, \unit, \num, \ang) as models write
them, and labels and numbers of equations. No Python library reads the two packages. What is not
known here stays as it is, so that the formula is shown as source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_COMMAND: Final = re.compile(
    r"\\(?P<name>ce|SI|qty|si|unit|num|ang|label|tag\*?|eqref|ref|nonumber|notag)(?![A-Za-z])"
)
_ARGUMENTS: Final = {"SI": 2, "qty": 2, "nonumber": 0, "notag": 0}
_OPTIONS: Final = re.compile(r"\s*\[[^\]]*\]")


def expand(tex: str) -> str:
    r"""Return a formula without the commands of packages that are known here.

    >>> expand(r"\ce{H2O}"), expand(r"x \label{eq:x}"), expand(r"x \tag{1}")
    ('{\\mathrm{H}_{2}\\mathrm{O}}', 'x ', 'x \\qquad\\text{(1)}')
    """
    pieces = []
    position = 0
    while command := _COMMAND.search(tex, position):
        pieces.append(tex[position : command.start()])
        position = command.end()
        if options := _OPTIONS.match(tex, position):
            position = options.end()
        arguments = []
        for _ in range(_ARGUMENTS.get(command["name"], 1)):
            end = _end_of_group(tex, position)
            if end < 0:
                break
            arguments.append(tex[position:end].strip()[1:-1])
            position = end
        if len(arguments) < _ARGUMENTS.get(command["name"], 1):
            pieces.append(tex[command.start() : position])
        else:
            pieces.append(_expanded(command["name"], arguments))
    return "".join((*pieces, tex[position:]))


def _end_of_group(tex: str, start: int) -> int:
    """Return the end of the group in braces that begins at `start` or after spaces; else -1."""
    depth = 0
    for mark in re.compile(r"\\.|[{}]|\S").finditer(tex, start):
        if mark[0] in ("{", "}"):
            depth += 1 if mark[0] == "{" else -1
        if depth <= 0:
            return mark.end() if mark[0] == "}" and depth == 0 else -1
    return -1


def _expanded(name: str, arguments: list[str]) -> str:
    match name:
        case "ce":
            return f"{{{''.join(_chemistry(arguments[0]))}}}"
        case "SI" | "qty":
            return rf"{_number(arguments[0])}\,{_unit(arguments[1])}"
        case "si" | "unit":
            return _unit(arguments[0])
        case "num":
            return _number(arguments[0])
        case "ang":
            signs = (r"^{\circ}", r"^{\prime}", r"^{\prime\prime}")
            parts = zip(arguments[0].split(";"), signs, strict=False)
            return "".join(f"{part}{sign}" for part, sign in parts if part)
        case "tag" | "tag*":
            words = arguments[0] if name == "tag*" else f"({arguments[0]})"
            return rf"\qquad\text{{{words}}}"
        case "eqref" | "ref":
            words = arguments[0] if name == "ref" else f"({arguments[0]})"
            return rf"\text{{{words}}}"
    return ""  # a label, or the wish for no number


# ------------------------------------------------------------------ chemistry

_ARROWS: Final = {
    "->": r"\longrightarrow ",
    "<-": r"\longleftarrow ",
    "<->": r"\longleftrightarrow ",
    "<=>": r"\rightleftharpoons ",
    "<=>>": r"\rightleftharpoons ",
    "<<=>": r"\rightleftharpoons ",
}
_CHEMISTRY: Final = re.compile(
    r"(?P<arrow><<=>|<=>>|<=>|<->|->|<-)(?P<above>\[[^\]]*\])?(?P<below>\[[^\]]*\])?"
    r"|(?P<script>[\^_])(?P<value>\{[^{}]*\}|[0-9]*[+-]+|-?[0-9]+|[A-Za-z])"
    r"|(?P<atoms>[A-Za-z]+)"
    r"|(?P<count>[0-9]+(?:[./][0-9]+)?)"
    r"|(?P<charge>[+-]+)(?=[\s,\])]|$|\^|->|<)"
    r"|\$(?P<math>[^$]*)\$|(?P<command>\\(?:[A-Za-z]+|.))|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)
_SIGNS: Final = {"*": r"\cdot ", ".": r"\cdot ", "#": r"{\equiv}", "=": "{=}", "-": "{-}"}


def _chemistry(source: str) -> Iterator[str]:
    """Yield the TeX of a formula of mhchem (https://mhchem.github.io/MathJax-mhchem)."""
    before = "space"
    for token in _CHEMISTRY.finditer(source):
        kind, text = str(token.lastgroup), token[0]
        if token["arrow"]:
            kind = "space"
            above, below = (
                ("".join(_chemistry((token[key] or "")[1:-1]))) for key in ("above", "below")
            )
            is_plain = (not above and not below) or token["arrow"] != "->"
            yield _ARROWS[token["arrow"]] if is_plain else rf"\xrightarrow[{below}]{{{above}}}"
        elif token["script"]:
            kind = "atoms"
            base = "{}" if before == "space" else ""
            yield f"{base}{token['script']}{{{token['value'].strip('{}')}}}"
        elif token["atoms"]:
            if text == "v" and before == "space" and source[token.end() :][:1] in ("", " "):
                yield r"\downarrow "
            else:
                yield rf"\mathrm{{{text}}}"
        elif token["count"]:
            yield f"_{{{text}}}" if before == "atoms" else rf"{text}\,"
            kind = before
        elif token["charge"]:
            yield f"^{{{text}}}" if before == "atoms" else f"{text} "
        elif token["math"] is not None:
            yield f"{{{token['math']}}}"
        elif token["command"]:
            yield f"{text} "
        elif token["space"]:
            yield ""
        elif text == "^":
            yield r"\uparrow "
        else:
            kind = "atoms" if text in ")]}" else "space" if text in "([{" else kind
            yield _SIGNS.get(text, text)
        before = kind


# ------------------------------------------------------------------ units

_PREFIXES: Final = dict(
    pair.split("=")
    for pair in (
        "yocto=y zepto=z atto=a femto=f pico=p nano=n micro=µ milli=m centi=c deci=d deca=da "
        "hecto=h kilo=k mega=M giga=G tera=T peta=P exa=E"
    ).split()
)
_UNITS: Final = dict(
    pair.split("=")
    for pair in (
        "metre=m meter=m gram=g kilogram=kg second=s ampere=A kelvin=K mole=mol candela=cd "
        "hertz=Hz newton=N pascal=Pa joule=J watt=W coulomb=C volt=V farad=F ohm=Ω siemens=S "
        "weber=Wb tesla=T henry=H lumen=lm lux=lx becquerel=Bq gray=Gy sievert=Sv katal=kat "
        "litre=L liter=L tonne=t minute=min hour=h day=d degree=° celsius=°C degreeCelsius=°C "
        "arcminute=′ arcsecond=″ radian=rad steradian=sr electronvolt=eV dalton=Da bar=bar "
        "hectare=ha bel=B decibel=dB percent=% angstrom=Å atmosphere=atm neper=Np bit=bit byte=B "
        "km=km cm=cm mm=mm kg=kg mg=mg ms=ms kHz=kHz MHz=MHz GHz=GHz kW=kW kJ=kJ eV=eV m=m s=s g=g"
    ).split()
)
_UNIT: Final = re.compile(
    r"\\(?P<macro>[A-Za-z]+)|\{(?P<group>[^{}]*)\}|\^(?P<power>\{?-?[0-9]+\}?)"
    r"|(?P<literal>[^\\{}^./*~\s·]+)|(?P<slash>/)|."
)
_EXPONENT: Final = re.compile(r"([-+]?[0-9.,]*)[eEdD]([-+]?[0-9]+)")


def _number(text: str) -> str:
    """Return a number of siunitx, such as "1.5e-3"."""
    if match := _EXPONENT.fullmatch(text.replace(" ", "")):
        factor = rf"{match[1]}\times " if match[1] else ""
        return f"{factor}10^{{{int(match[2])}}}"
    return text.replace("+-", r"\pm ")


def _unit(text: str) -> str:
    """Return a unit of siunitx, in macros ("\\metre\\per\\second") or in letters ("m/s")."""
    units: list[tuple[str, int]] = []
    prefix, power, sign, is_group = "", 1, 1, False
    for token in _UNIT.finditer(text):
        macro = token["macro"]
        if macro in _PREFIXES:
            prefix = _PREFIXES[macro]
        elif macro in ("square", "cubic"):
            power = 2 if macro == "square" else 3
        elif macro in ("squared", "cubed") and units:
            units[-1] = (units[-1][0], units[-1][1] * (2 if macro == "squared" else 3))
        elif macro == "per" or token["slash"]:
            sign, is_group = -1, False
        elif macro in ("tothe", "raiseto"):
            is_group = True
        elif (token["group"] is not None and is_group) or token["power"]:
            digits = (token["power"] or token["group"]).strip("{}")
            if units and re.fullmatch("-?[0-9]{1,3}", digits):
                units[-1] = (units[-1][0], units[-1][1] * int(digits))
            is_group = False
        elif macro or token["literal"]:
            if macro and macro not in _UNITS:
                return rf"\{macro}"  # unknown: the formula is shown as source
            units.append((prefix + (_UNITS[macro] if macro else token["literal"]), sign * power))
            prefix, power, sign = "", 1, 1
    return r"\,".join(
        rf"\mathrm{{{name}}}" + (f"^{{{exponent}}}" if exponent != 1 else "")
        for name, exponent in units
    ).replace("%", r"\%")
