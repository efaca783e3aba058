"""Servers of OpenAI's chat protocol on loopback: a real one, and one that misbehaves."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any


@dataclass(frozen=True)
class Sent:
    """What the misbehaving server does with one request."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silence: float = 0.0
    """seconds before anything is sent"""
    missing: int = 0
    """bytes that are promised and never sent"""
    blanks: int = 0
    """sent before the body, one each hundredth of a second"""


def said(
    text: Any, finish: str = "stop", usage: Any = (10, 5), silence: float = 0.0, **more: Any
) -> Sent:
    """A reply of the protocol."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    told: dict[str, Any] = {"object": "chat.completion", "choices": [choice], **more}
    choice["finish_reason"] = finish
    if usage:
        told["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Sent(json.dumps(told).encode(), silence=silence)


def status(code: int, message: str = "no", **headers: str) -> Sent:
    """A refusal of the protocol."""
    told = {"error": {"message": message, "type": "error", "code": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(json.dumps(told).encode(), code, named)


class Misbehaving(ThreadingHTTPServer):
    """Does with each request what its script says: moves in their order, the last one for ever, or
    a function of the request.

    Attributes:
        asked: the requests' bodies, as they came.
        keys: the requests' authorization, likewise.
        most_at_once: of the requests that were open together.
    """

    daemon_threads = True

    def __init__(self, *script: Sent, by: Callable[[dict[str, Any]], Sent] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.by = by
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.open = self.most_at_once = 0
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def move(self, asked: dict[str, Any], key: str) -> Sent:
        with self.lock:
            self.open += 1
            self.most_at_once = max(self.most_at_once, self.open)
            self.asked.append(asked)
            self.keys.append(key)
            place = min(len(self.asked), len(self.script)) - 1
        return self.by(asked) if self.by else self.script[place]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Misbehaving

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent = self.server.move(asked, self.headers["Authorization"])
        try:
            time.sleep(sent.silence)
        finally:
            with self.server.lock:
                self.server.open -= 1
        self.send_response(sent.status)
        for name, value in {"Content-Type": "application/json", **sent.headers}.items():
            self.send_header(name, value)
        length = sent.blanks + len(sent.body) + sent.missing
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for _ in range(sent.blanks):
            self.wfile.write(b" ")
            time.sleep(0.01)
        self.wfile.write(sent.body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def misbehaving(
    *script: Sent, by: Callable[[dict[str, Any]], Sent] | None = None
) -> Iterator[Misbehaving]:
    """The server, running in a thread of its own."""
    with Misbehaving(*script, by=by) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(folder: Path, seconds: float = 120.0) -> Iterator[str]:
    """`transformers serve` with the model of a folder, in a process of its own; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
    try:
        deadline = time.monotonic() + seconds
        while not _healthy(address):
            late = time.monotonic() > deadline
            assert process.poll() is None and not late, log.read_text(errors="replace")[-4000:]
            time.sleep(0.1)
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()


def _healthy(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/health", timeout=1):
            return True
    except OSError:
        return False
