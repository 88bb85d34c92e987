"""Wraps a page that a model wrote, so that a browser shows it and nothing leaves the computer.

The page is in a frame without an origin, which may only run scripts. The policy of the document
around it holds for the frame, too, and forbids the frame to go to another address; a page alone
could not be kept from that.
"""

from __future__ import annotations

import html
import re
from typing import Final

from desktop_app.domain.lazy_pattern import lazy_pattern

MAX_PAGE_LENGTH: Final = 2_000_000
"""Maximum characters of a page, an arbitrary number: those of models have 5,000 to 100,000."""

_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="'
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; webrtc 'block'\">"
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
    '<meta name="referrer" content="no-referrer">'
)
# No policy of today's browsers holds for WebRTC, and a frame below this one gives no access to
# its own. A link to a place in the page would lead to the document around the frame, and any other
# would replace the page by an error.
_SCRIPT: Final = """<script>
for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport'])
  delete window[name];
addEventListener('click', event => {
  const link = event.target.closest?.('a[href]:not([href^="javascript:" i])');
  if (!link || event.defaultPrevented) return;
  event.preventDefault();
  const address = link.getAttribute('href');
  const place = document.getElementById(decodeURIComponent(address.slice(1)));
  if (address.startsWith('#')) (place ?? document.documentElement).scrollIntoView();
});
</script>"""
# Nothing may be linked, but browsers connect to a server that a link announces all the same.
_LINK: Final = lazy_pattern(r"<link\b", re.I)
_TITLE: Final = lazy_pattern(r"<title[^>]*>([^<]*)</title", re.I)
_FENCE: Final = lazy_pattern(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?:x?html?|svg)\b[^\n]*\n(?P<code>.*?)^(?P=fence)",
    re.I | re.M | re.S,
)


def title_of(page: str) -> str:
    """Return the title of a page, "" if it has none."""
    found = _TITLE.search(page)
    return "" if found is None else " ".join(html.unescape(found[1]).split())


def page_in(text: str) -> str:
    """Return the page or picture that a text is, or the first in it; "" for none."""
    if text.lstrip().startswith("<"):
        return text
    found = _FENCE.search(text)
    return "" if found is None else found["code"]


def confined_page(page: str) -> bytes:
    """Return a document that shows a page, or an SVG, and loads nothing."""
    head = f'<meta charset="utf-8">{_POLICY}{_SCRIPT}'
    frame = html.escape(head + _LINK.sub("<x-link", page))
    document = (
        f"<!DOCTYPE html>{head}<title>{html.escape(title_of(page))}</title>"
        "<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100%; }"
        " iframe { display: block; }</style>"
        f'<iframe sandbox="allow-scripts" srcdoc="{frame}"></iframe>'
    )
    return document.encode("utf-8", "replace")
