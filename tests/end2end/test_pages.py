"""Pages that a model wrote, in a real browser: known forms of requests, of which none leaves.

A connection without a request is not counted: Chromium connects to the address of a navigation
that it then refuses, and both browsers to one that a script announces by `preconnect`, as the help
says.

Chromium or Firefox is needed, which few machines have: `REPARTEE_BROWSER=chromium` names it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from desktop_app.writers.model_page import confined_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROWSER = os.environ.get("REPARTEE_BROWSER", "")
pytestmark = pytest.mark.skipif(not BROWSER, reason="REPARTEE_BROWSER names no browser")

FORMS = {
    "picture": '<img src="URL"><picture><source srcset="URL"><img></picture>',
    "css-url": "<style>body { background: url(URL) } p::before { content: url('URL') }</style><p>",
    "css-import": '<style>@import "URL"; @import url(URL/2);</style><link rel=stylesheet href=URL>',
    "font": "<style>@font-face { font-family: F; src: url(URL) } p { font: 9px F }</style><p>a",
    "form": '<form id=f action="URL"><input name=a value=1></form><script>f.submit()</script>'
    '<form method=post action="URL"><button id=b formaction=URL></form><script>b.click()</script>',
    "meta-refresh": '<meta http-equiv="refresh" content="0; url=URL">',
    "location": "<script>location = 'URL'</script>",
    "top-location": "<script>try { top.location = 'URL' } catch {} parent.location='URL'</script>",
    "history": "<script>setTimeout(() => document.location.replace('URL'), 50)</script>",
    "worker": "<script>try { new Worker('URL') } catch {} const code = `fetch('URL');"
    "importScripts('URL')`; try { new Worker(URL.createObjectURL(new Blob([code]))) } catch {}"
    " try { new SharedWorker('URL') } catch {} navigator.serviceWorker?.register('URL')</script>",
    "data-worker": "<script>new Worker(`data:text/javascript,fetch('URL')`)</script>",
    "prefetch": '<link rel=prefetch href="URL"><link rel=preload as=image href="URL">'
    '<link rel=modulepreload href="URL"><link rel=prerender href="URL"><link rel=icon href="URL">'
    '<link rel=manifest href="URL">',
    "preconnect": '<link rel=preconnect href="URL"><link rel=dns-prefetch href="URL">',
    "preconnect-later": "<script>const l = document.createElement('link'); l.rel = 'preconnect';"
    " l.href = 'URL'; document.head.append(l)</script>",
    "speculation": '<script type=speculationrules>{"prefetch": [{"urls": ["URL"]}],'
    ' "prerender": [{"urls": ["URL"]}]}</script>',
    "webrtc": "<script>const Peer = window.RTCPeerConnection ?? window.webkitRTCPeerConnection;"
    " const p = new Peer({iceServers: [{urls: 'stun:HOST'}, {urls: 'turn:HOST?transport=tcp',"
    " username: 'a', credential: 'b'}]}); p.createDataChannel('a');"
    " p.createOffer().then(o => p.setLocalDescription(o))</script>",
    "webrtc-in-frame": "<script>const f = document.createElement('iframe');"
    " document.documentElement.append(f); const p = new f.contentWindow.RTCPeerConnection("
    "{iceServers: [{urls: 'stun:HOST'}, {urls: 'turn:HOST?transport=tcp', username: 'a',"
    " credential: 'b'}]}); p.createDataChannel('a');"
    " p.createOffer().then(o => p.setLocalDescription(o))</script>",
    "window-open": "<script>open('URL'); open('URL', '_self'); open('URL', '_top')</script>",
    "link": '<a id=a href="URL" target=_blank>x</a><a id=b href="URL">x</a>'
    '<a id=c href="URL" target=_top download>x</a><script>a.click(); c.click(); b.click()</script>',
    "ping": '<a id=a href="#x" ping="URL">x</a><script>a.click()</script>',
    "object": '<object data="URL"></object><embed src="URL"><applet archive="URL"></applet>',
    "svg": '<svg><use href="URL#a"/><image href="URL"/><feImage href="URL"/><script href="URL"/>'
    '<a href="URL"><animate attributeName=href values=URL /></a></svg>',
    "media": '<video src="URL" poster="URL" autoplay></video><audio src="URL" autoplay></audio>'
    '<video><source src="URL"><track src="URL"></video>',
    "beacon": "<script>navigator.sendBeacon('URL', 'a'); fetch('URL', {mode: 'no-cors',"
    " keepalive: true}); const x = new XMLHttpRequest(); x.open('GET', 'URL'); x.send()</script>",
    "event-source": "<script>new EventSource('URL')</script>",
    "web-socket": "<script>new WebSocket('ws://HOST')</script>",
    "web-transport": "<script>new WebTransport('https://HOST')</script>",
    "import": "<script type=module>import 'URL'</script><script>import('URL')</script>"
    '<script src="URL"></script>',
    "frame": '<iframe src="URL"></iframe><iframe srcdoc="<img src=URL>"></iframe>'
    "<iframe src=\"data:text/html,<img src='URL'><script>location='URL'</script>\"></iframe>"
    '<frameset><frame src="URL"></frameset>',
    "frame-later": "<iframe id=f></iframe><script>f.contentWindow.location = 'URL'</script>",
    "base": '<base href="URL"><img src="/a"><a id=a href="b">x</a><script>a.click()</script>',
    "own-policy": '<meta http-equiv=Content-Security-Policy content="default-src *"><img src=URL>',
    "no-policy": "<script>document.querySelectorAll('meta').forEach(m => m.remove());"
    " const i = new Image(); i.src = 'URL'; document.body?.append(i)</script>",
    "report": '<meta http-equiv=Content-Security-Policy content="img-src none; report-uri URL">'
    "<img src=data:,>",
    "written-again": "<script>document.open(); document.write(`<img src='URL'>`);"
    " document.close()</script>",
    "ends-the-frame": '"></iframe><img src=URL><iframe srcdoc="</body></html><img src=URL>',
}
"""Pages by the name of what they try; URL and HOST stand for the server's."""


class Listener:
    """A server on this computer that notes who reached it, over TCP or UDP."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.received: list[str] = []
        for work in (self._accept, self._receive):
            threading.Thread(target=work, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self.tcp.accept()[0]
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(1)
            data = b""
            with suppress(TimeoutError):
                data = connection.recv(4_000)
            if data:
                self.received.append(data.decode("latin-1").partition("\n")[0])
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def _receive(self) -> None:
        with suppress(OSError):
            while True:
                self.udp.recvfrom(2_000)
                self.received.append("a datagram")

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


def show(page: Path, profile: Path) -> subprocess.Popen[bytes]:
    """Open a page in a browser without a window."""
    command = [BROWSER, "--headless", f"--user-data-dir={profile}", "--no-sandbox"]
    if "firefox" in BROWSER:
        profile.mkdir()
        command = [BROWSER, "--headless", "--no-remote", "--profile", str(profile)]
    else:
        command += ["--no-first-run", "--disable-gpu", "--remote-debugging-port=0"]
    output = subprocess.DEVNULL
    return subprocess.Popen([*command, page.as_uri()], stdout=output, stderr=output)


def requests_of(pages: dict[str, bytes], folder: Path, listener: Listener) -> list[str]:
    """Return the requests of pages, which are shown in frames of one document."""
    frames = ""
    for name, page in pages.items():
        (folder / f"{name}.html").write_bytes(page)
        frames += f'<iframe src="{name}.html" onload="loaded += 1"></iframe>'
    shown = folder / "all.html"
    end = f"http://127.0.0.1:{listener.port}/shown"
    script = f"let loaded = 0; setTimeout(() => {{ new Image().src = '{end}' + loaded }}, 8000)"
    shown.write_text(f"<!DOCTYPE html><script>{script}</script>{frames}")
    browser = show(shown, folder / "profile")
    try:
        deadline = time.monotonic() + 60
        while not any("/shown" in each for each in listener.received):
            assert time.monotonic() < deadline, "the browser has not shown the pages"
            time.sleep(0.05)
    finally:
        browser.terminate()
        browser.wait(10)
        shutil.rmtree(folder / "profile", ignore_errors=True)
    return listener.received


def page_of(form: str, name: str, listener: Listener) -> str:
    host = f"127.0.0.1:{listener.port}"
    return (
        form.replace("URL.create", "\0")
        .replace("URL", f"http://{host}/{name}")
        .replace("HOST", host)
        .replace("\0", "URL.create")
    )


def test_no_request_leaves_a_page(tmp_path: Path, listener: Listener) -> None:
    pages = {name: confined_page(page_of(form, name, listener)) for name, form in FORMS.items()}
    shown = f"GET /shown{len(pages)} HTTP/1.1\r"
    assert requests_of(pages, tmp_path, listener) == [shown], "all were shown, and none asked"


def test_the_server_would_hear_of_them(tmp_path: Path, listener: Listener) -> None:
    """Show the same pages without their policy, so that the other test can fail."""
    pages = {
        name: page_of(form, name, listener).encode()
        for name, form in FORMS.items()
        if name not in ("top-location", "window-open", "link")  # which leave the document of all
    }
    received = requests_of(pages, tmp_path, listener)
    heard = {name for name in FORMS if any(f"/{name}" in each for each in received)}
    assert len(heard) >= 20, sorted(set(FORMS) - heard)
    assert "a datagram" in received
