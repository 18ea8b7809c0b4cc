"""vecshift 0.4.0, which changes pgvector columns too: the same table under the same load, as its author means it.

Its README: https://pypi.org/project/vecshift/0.4.0/. It is installed into an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.models import small_new
from tests.support.database import Database

VERSION = "0.4.0"
# It updates row by row, each into the old index: more rows take too long for a benchmark.
LARGEST = 200_000
JOB = """
version: 1
name: items
source: {{type: pgvector, table: public.items, vector_column: embedding, text_column: body}}
target: {{column: embedding_v2}}
model: "compat/small_new,url={url},dims=128,price=0,batch=256"
"""


def installed(directory: Path) -> Path | None:
    """Its command; None where it cannot be had, as without a network."""
    command = directory / "bin" / "vecshift"
    if not command.exists():
        venv.create(directory, with_pip=True)
        install = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", f"vecshift=={VERSION}"]
        if subprocess.run(install, stdout=sys.stderr).returncode:
            return None
    return command


class _Embeddings(BaseHTTPRequestHandler):
    """OpenAI's POST /embeddings, answered by the test model."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        vectors = small_new().embed_documents(texts).astype(float).tolist()
        data = [{"index": number, "embedding": vector} for number, vector in enumerate(vectors)]
        body = json.dumps({"data": data, "usage": {"total_tokens": len(texts)}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


class Vecshift:
    """Its commands on one database."""

    def __init__(self, command: Path, database: Database, directory: Path, url: str) -> None:
        self._command = command
        self._environment = {**database.environment(), "VECSHIFT_DSN": database.url}
        self._job = directory / "vecshift.yaml"
        self._job.write_text(JOB.format(url=url), encoding="utf-8")

    def run(self, name: str) -> None:
        """apply, cutover or rollback. Raises RuntimeError with what it said."""
        arguments = [str(self._command), "--no-env-file", name, str(self._job), "--yes"]
        done = subprocess.run(arguments, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"vecshift {name}: {done.stdout}{done.stderr}")


@contextmanager
def working(command: Path, database: Database, directory: Path) -> Iterator[Vecshift]:
    """vecshift with the test model at hand."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Embeddings) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Vecshift(command, database, directory, f"http://127.0.0.1:{server.server_port}/v1")
        server.shutdown()
