# SPDX-License-Identifier: MIT
"""What the tests of swell-adapter share: a small server that stands in for a queue, whose answer is
changed while the adapter polls it, and a test case that starts the adapter."""
import http.server
import json
import os
import tempfile
import threading
import unittest

from program import DEADLINE_S, started, wait_until

V1 = "/apis/external.metrics.k8s.io/v1beta1"
DEPTH = V1 + "/namespaces/default/queue_depth"


class Queue:
    """An HTTP server that stands in for a queue. Its answer is set by the test."""

    def __init__(self):
        queue = self
        self.let_go = threading.Event()  # ends an answer that hangs
        self.asked = 0
        self.answer(b'{"depth": 12}')

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                queue.asked += 1
                queue.serve(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, body, status=200, hang=False):
        self.reply = (status, body, hang)

    def serve(self, handler):
        status, body, hang = self.reply
        if hang:
            self.let_go.wait(DEADLINE_S)
        try:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # the adapter gave up, as it should

    def stop(self):
        """From now on connections are refused."""
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


def config(queue, max_age="30s", timeout="500ms", interval="100ms", more=""):
    return f"""\
externalMetrics:
- name: queue_depth
  namespace: default
  labels: {{queue: jobs}}
  source:
    http:
      url: "http://user:hunter2@127.0.0.1:{queue.port}/queues/jobs?token=hunter2"
      valuePath: depth
      timeout: {timeout}
  interval: {interval}
  maxAge: {max_age}
{more}"""


class AdapterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.queue = Queue()
        self.addCleanup(self.queue.stop)

    def write(self, text, name="adapter.yaml"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def adapter(self, text, *flags, **more):
        return self.adapter_on(self.write(text), *flags, **more)

    def adapter_on(self, path, *flags, **more):
        return started(self, "swell-adapter", "run", "--address=127.0.0.1", "--port=0",
                       "--config=" + path, *flags, **more)

    def value(self, p):
        """The one value, or None while it is an error."""
        status, _, body = p.get(DEPTH)
        return json.loads(body)["items"][0]["value"] if status == 200 else None

    def message(self, p, contains):
        """The Status that says so, once it does."""
        def found():
            status, headers, body = p.get(DEPTH)
            return status == 503 and contains in body and (headers, json.loads(body))
        return wait_until(found, f"503 with {contains!r}; last: {p.get(DEPTH)}")

    def state(self, p):
        _, _, text = p.get("/metrics")
        for line in text.splitlines():
            if line.startswith("swell_adapter_metric_state{"):
                return line.split('state="')[1].split('"')[0]
        return None

    def polls(self, p, outcome, source=""):
        """Of the first source that is called so."""
        start = f'swell_adapter_polls_total{{source="{source}'
        for line in p.get("/metrics")[2].splitlines():
            if line.startswith(start) and f'outcome="{outcome}"' in line:
                return float(line.split()[-1])
        return 0
