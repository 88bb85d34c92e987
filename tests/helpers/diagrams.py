"""Mermaid sources for tests: fourteen kinds."""

from __future__ import annotations

FLOWCHART = "flowchart TD\n  A[Start here] -->|yes| B{Is it ok?}\n  B -- no --> C[(Store)]"

SOURCES = {
    "flowchart": FLOWCHART,
    "sequence": (
        "sequenceDiagram\n  participant A as Alice\n  A->>+B: Hello\n  Note over A,B: a note\n"
        "  alt is well\n  B-->>-A: fine\n  else ill\n  B-->>A: not fine\n  end"
    ),
    "class": "classDiagram\n class Animal{\n +String name\n +run() void\n }\n Animal <|-- Dog",
    "state": "stateDiagram-v2\n  [*] --> Still\n  Still --> Moving: push\n  Moving --> [*]",
    "er": "erDiagram\n  CUSTOMER ||--o{ ORDER : places\n  ORDER {\n   int id PK\n  }",
    "gantt": "gantt\n title Plan\n dateFormat YYYY-MM-DD\n section A\n Design :a1, 2026-01-01, 9d",
    "pie": 'pie title Pets\n "Dogs" : 386\n "Cats" : 85\n "Rats" : 15',
    "journey": "journey\n title My day\n section Work\n  Make tea: 5: Me\n  Do work: 1: Me, Cat",
    "git": "gitGraph\n commit\n branch develop\n commit\n checkout main\n merge develop\n commit",
    "mindmap": "mindmap\n root((Main))\n  One\n   Two\n  Three",
    "timeline": "timeline\n title History\n 2002 : LinkedIn\n 2004 : Facebook : Google",
    "quadrant": (
        "quadrantChart\n title Reach\n x-axis Low --> High\n y-axis Bad --> Good\n A: [0.3, 0.6]"
    ),
    "xychart": (
        "xychart-beta\n title Sales\n x-axis [a, b]\n y-axis 0 --> 100\n bar [10, 90]\n line [2, 9]"
    ),
    "requirement": (
        "requirementDiagram\n requirement test_req {\n id: 1\n text: the test text\n risk: high\n"
        " verifymethod: test\n }\n element test_entity {\n type: simulation\n }\n"
        " test_entity - satisfies -> test_req"
    ),
}

# What must be refused.
HOSTILE = {
    "mesh": "flowchart TD\n"
    + "\n".join(f"n{i}-->n{(i * 7 + j * 13) % 400}" for i in range(400) for j in range(1, 4)),
    "nesting": "flowchart TD\n"
    + "".join(f"subgraph s{i}\n" for i in range(300))
    + "a-->b\n"
    + "end\n" * 300,
    "tall": "sequenceDiagram\n" + "A->>B: x\n" * 1_900,
    "label": f"flowchart TD\nA[{'x' * 15_000}]",
}

SVG = """<svg viewBox="0 0 200 100">
<rect width="200" height="100" fill="#c00000"/><text x="9" y="50">Hello</text>
<image href="http://127.0.0.1/i.png" width="5" height="5"/><script>top.location = "/"</script>
</svg>"""
_SPACE = 'xmlns="http://www.w3.org/2000/svg"'
SVG_BOMBS = {
    "entities": "<!DOCTYPE svg [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{i + 1} '" + f"&a{i};" * 10 + "'>" for i in range(9))
    + f"]><svg {_SPACE}><text>&a9;</text></svg>",
    "uses": f"<svg {_SPACE}><g id='a0'><rect width='1' height='1'/></g>"
    + "".join(f"<g id='a{i + 1}'>" + f"<use href='#a{i}'/>" * 10 + "</g>" for i in range(9))
    + "</svg>",
    "depth": f"<svg {_SPACE}>{'<g>' * 9_000}{'</g>' * 9_000}</svg>",
    "size": f"<svg {_SPACE} width='1000000' height='1000000'/>",
    "length": f"<svg {_SPACE}>{'<g/>' * 100_000}</svg>",
}
