"""Commands of mhchem and siunitx, and numbers of equations, as TeX."""

from __future__ import annotations

import re

import pytest

from desktop_app.markdown.processes.math_typesetting import typeset
from desktop_app.markdown.processes.tex_packages import expand

WRITTEN = {
    r"\ce{2H2 + O2 -> 2H2O}": r"{2\,H_{2}+ O_{2}\longrightarrow 2\,H_{2}O}",
    r"\ce{SO4^2- + Ba^2+ <=> BaSO4 v}": (
        r"{SO_{4}^{2-}+ Ba^{2+}\rightleftharpoons BaSO_{4}\downarrow }"
    ),
    r"\ce{Na+ + Cl-}": r"{Na^{+}+ Cl^{-}}",
    r"\ce{^{227}_{90}Th+}": r"{{}^{227}_{90}Th^{+}}",
    r"\ce{A ->[H2O][\Delta] B}": r"{A\xrightarrow[\Delta ]{H_{2}O}B}",
    r"\ce{[Fe(CN)6]^{4-}}": r"{[Fe(CN)_{6}]^{4-}}",
    r"\ce{CuSO4*5H2O}": r"{CuSO_{4}\cdot 5\,H_{2}O}",
    r"\ce{CH3-CH2-OH}": r"{CH_{3}{-}CH_{2}{-}OH}",
    r"\ce{CO2 ^}": r"{CO_{2}\uparrow }",
    r"\SI{9.81}{\metre\per\second\squared}": r"9.81\,m\,s^{-2}",
    r"\SI[mode=math]{1.5e-3}{\kilo\gram\per\cubic\metre}": r"1.5\times 10^{-3}\,kg\,m^{-3}",
    r"\qty{10}{m/s^2}": r"10\,m\,s^{-2}",
    r"\unit{kg.m.s^{-2}}": r"kg\,m\,s^{-2}",
    r"\qty{50}{\percent}": r"50\,\%",
    r"\num{1e10} \ang{30;15}": r"1\times 10^{10} 30^{\circ}15^{\prime}",
    r"E=mc^2 \label{eq:e} \tag{1}": r"E=mc^2  \qquad\text{(1)}",
    r"\eqref{eq:e}, \ref{eq:e}, \tag*{x}": r"\text{(eq:e)}, \text{eq:e}, \qquad\text{x}",
    r"a \nonumber": "a ",
    r"\ce{H2": r"\ce{H2",
    r"\SI{3}{\foo}": r"3\,\foo",
    r"\certain \reflect": r"\certain \reflect",
}


@pytest.mark.parametrize("tex", WRITTEN)
def test_commands_of_packages_become_tex(tex: str) -> None:
    assert re.sub(r"\\mathrm\{([^{}]*)\}", r"\1", expand(tex)) == WRITTEN[tex]


@pytest.mark.parametrize("tex", list(WRITTEN)[:-3])
def test_commands_of_packages_are_drawn(tex: str) -> None:
    assert typeset(tex, display=True).width > 0.5


def test_a_line_has_no_second_number() -> None:
    numbered, plain = (
        typeset(rf"\begin{{{name}}} a &= b \tag{{7}}\\ c &= d \end{{{name}}}", display=True)
        for name in ("align", "align*")
    )
    assert numbered == plain
