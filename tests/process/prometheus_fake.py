# SPDX-License-Identifier: MIT
"""A server that answers as Prometheus does, from what a test tells it: which series there are for a
match[], and what a query gives. It keeps what it was asked."""
import http.server
import json
import threading
import time
import urllib.parse

from program import DEADLINE_S


def vector(*rows):
    """Rows are (labels, value)."""
    return {"resultType": "vector",
            "result": [{"metric": labels, "value": [time.time(), value]} for labels, value in rows]}


class FakePrometheus:
    def __init__(self):
        fake = self
        self.series = {}  # match[] -> list of series, or an HTTP status
        self.results = {}  # query -> result, or an HTTP status; None: all others
        self.queries = []
        self.listed = []  # (match, start, end)
        self.methods = set()
        self.hangs = threading.Event()
        self.let_go = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                fake.serve(self, url.path, urllib.parse.parse_qs(url.query))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fake.serve(self, urllib.parse.urlsplit(self.path).path, urllib.parse.parse_qs(body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that went away
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def serve(self, handler, path, query):
        self.methods.add(handler.command)
        if self.hangs.is_set():
            self.let_go.wait(DEADLINE_S)
        if path.endswith("/api/v1/series"):
            match = query["match[]"][0]
            self.listed.append((match, query.get("start"), query.get("end")))
            answer = self.series.get(match, [])
        else:
            text = query["query"][0]
            self.queries.append(text)
            answer = self.results.get(text, self.results.get(None, vector()))
        failed = isinstance(answer, int)
        body = json.dumps({"status": "error", "errorType": "bad_data", "error": "no"} if failed
                          else {"status": "success", "data": answer}).encode()
        try:
            handler.send_response(answer if failed else 200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # the adapter gave up, as it should

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
