# SPDX-License-Identifier: MIT
"""A fake lab, for tests of the page alone: it serves the page's four real files and an event stream
that the test writes. Nothing is scaled here and no number is real; the page in front of the real
lab is tested by test_page.py's PageOfTheLab.

    lab = FakeLab()
    lab.point(current=2)            # to every page that is open, and to those that come later
    lab.stop(); lab.start()         # on the same port
"""
import http.server
import json
import os
import queue
import threading

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab/web")
CHART = os.environ.get("SWELL_CHART_JS", "/usr/share/javascript/chart.js/chart.min.js")
FILES = {
    "/": ("text/html; charset=utf-8", os.path.join(WEB, "index.html")),
    "/page.css": ("text/css; charset=utf-8", os.path.join(WEB, "page.css")),
    "/page.js": ("text/javascript; charset=utf-8", os.path.join(WEB, "page.js")),
    "/chart.js": ("text/javascript; charset=utf-8", CHART),
}


class FakeLab:
    def __init__(self):
        self.history = []
        self.pages = []  # a queue for each open stream
        self.asked = []  # paths, in order
        self.lock = threading.Lock()  # guards the three above
        self.port = 0
        self.start()

    def start(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.lab = self
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self):
        """As a lab that ended: streams are closed and nobody listens."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        with self.lock:
            for page in self.pages:
                page.put(None)
            self.pages = []

    def join(self):
        """A new page's stream, with what it is told first."""
        page = queue.Queue()
        with self.lock:
            page.put(("hello", {"version": "0.1.0", "history": list(self.history)}))
            self.pages.append(page)
        return page

    def send(self, event, message):
        with self.lock:
            if event == "point":
                self.history.append(message)
            for page in self.pages:
                page.put((event, message))

    def point(self, *targets, **more):
        """One point, half a second after the last; more replaces its fields."""
        wall = 0.5 * len(self.history)
        message = {"t": 10 * wall, "wall": wall, "speed": 10, "limits": "cgroup v1", "scene": None,
                   "targets": list(targets), "events": [], **more}
        self.send("point", message)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        lab = self.server.lab
        with lab.lock:
            lab.asked.append(self.path)
        if self.path == "/lab/stream":
            self.stream(lab.join())
        elif self.path in FILES:
            self.file(*FILES[self.path])
        else:
            self.send_error(404)

    def file(self, content_type, name):
        with open(name, "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, page):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while (item := page.get()) is not None:
                event, message = item
                self.wfile.write(f"event: {event}\ndata: {json.dumps(message)}\n\n".encode())
        except OSError:
            pass  # the page went away


def pod(name, state="ready", **more):
    ready = state == "ready"
    return {"name": name, "state": state, "cpu_milli": 243 if ready else None, "throttled": 0.0,
            "rate": 37.0 if ready else None, "age": 12.5, "restarts": 0, **more}


def metric(name="cpu", value=122, wanted=50, kind="Utilization", error=None):
    """One with 10 % tolerance; value None: not known."""
    return {"name": name, "type": kind, "value": value, "target": wanted, "low": 0.9 * wanted,
            "high": 1.1 * wanted, "unit": "%" if kind == "Utilization" else "", "error": error}


def target(current=2, desired=None, name="php-apache", **more):
    """A CPU target with that many ready pods."""
    desired = current if desired is None else desired
    return {
        "hpa": name, "namespace": "default", "kind": "Deployment", "name": name,
        "request_milli": 200, "limit_milli": 500,
        "replicas": {"current": current, "ready": current, "desired": desired, "min": 1, "max": 10},
        "metrics": [metric()],
        "decision": {"sentence": f"CPU is 122 % of what {current} pods request, target 50 %: "
                                 f"{current} × 2.44 = {current * 2.44:.2f}, so {desired} pods",
                     "why": "Scaling up does not wait.", "at": 100.0, "next_in": 1.2},
        "load": {"rate": 74.1, "p99_ms": 38.2, "errors": 0, "unit": "/s", "label": "load"},
        "pods": [pod(f"{name}-6d8f-x7k{i:02}") for i in range(current)],
        "queue": None, **more}


def queue_target(depth=47, name="worker", **more):
    return target(name=name, request_milli=100, limit_milli=None,
                  metrics=[metric("swell_queue_depth", depth / 2, 5, "AverageValue")], queue={
                      "depth": depth, "in_flight": 5, "done": 1203, "duplicates": 0,
                      "oldest_s": 1.4}, **more)


def scene(**more):
    return {"name": "cpu", "title": "CPU-driven scaling", "step": "4 clients", "steps_done": 2,
            "say": "The load is a loop of single requests, each client asks again as soon as it "
                   "has its answer: when pods are added, it goes up.",
            "steps": 6, "elapsed": 51.0, "state": "playing", **more}
