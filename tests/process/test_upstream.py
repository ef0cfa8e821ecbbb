# SPDX-License-Identifier: MIT
"""swell-workload serve --upstream: calls another service per request, over open connections."""
import concurrent.futures
import http.server
import threading
import unittest

from program import Program, run, wait_until


def serve(*flags):
    return Program("swell-workload", "serve", "--address=127.0.0.1", "--port=0", "--cpu-ms=0",
                   *flags)


class Backend(http.server.ThreadingHTTPServer):
    """Answers GETs, counts connections; /slow answers when the test says so."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.answers = 0
        self.waiting = 0
        self.go = threading.Event()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_):
        pass  # a client that did not wait

    def __exit__(self, *_):
        self.go.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_GET(self):
        if self.path == "/slow":
            with self.server.lock:
                self.server.waiting += 1
            self.server.go.wait()
        with self.server.lock:
            self.server.answers += 1
        self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def calls(program, outcome):
    name = f'swell_upstream_calls_total{{outcome="{outcome}"}} '
    return next(float(line[len(name):]) for line in program.get("/metrics")[2].split("\n")
                if line.startswith(name))


class Upstream(unittest.TestCase):
    def test_a_pool_of_two_serves_any_number_of_requests(self):
        with Backend() as backend, serve("--upstream=" + backend.url(), "--pool=2") as p, \
                concurrent.futures.ThreadPoolExecutor(8) as clients:
            for status, headers, body in clients.map(lambda _: p.get("/"), range(60)):
                self.assertEqual((status, body), (200, "OK!"))
                self.assertEqual(headers["Content-Type"], "text/html; charset=UTF-8")
            self.assertEqual(backend.answers, 60)
            self.assertLessEqual(backend.connections, 2)
            self.assertEqual(calls(p, "ok"), 60)

    def test_the_php_apache_loop_calls_it_too(self):
        with Backend() as backend, serve("--upstream=" + backend.url(), "--loop=php-apache") as p:
            self.assertEqual(p.get("/")[2], "OK!")
            self.assertEqual(backend.answers, 1)

    def test_what_the_upstream_refuses_is_502_with_its_status(self):
        with Backend() as backend, serve("--upstream=" + backend.url("/503")) as p:
            status, _, body = p.get("/")
            self.assertEqual((status, body), (502, "upstream: answers 503: hello\n"))
            self.assertEqual(calls(p, "failed"), 1)

    def test_an_upstream_that_is_away_is_502_with_the_reason(self):
        with Backend() as backend:
            url = backend.url()
        with serve("--upstream=" + url) as p:
            status, _, body = p.get("/")
            self.assertEqual(status, 502)
            self.assertRegex(body, r"^upstream: .*127\.0\.0\.1.*\n$")

    def test_an_upstream_that_takes_too_long_is_504(self):
        with Backend() as backend, \
                serve("--upstream=" + backend.url("/slow"), "--upstream-timeout=50ms") as p:
            status, _, body = p.get("/")
            self.assertEqual(status, 504)
            self.assertRegex(body, r"^upstream: [^\n]+\n$")
            self.assertEqual(calls(p, "timeout"), 1)

    def test_the_deadline_of_the_request_counts_for_the_upstream_too(self):
        with Backend() as backend, serve("--upstream=" + backend.url("/slow"), "--pool=1",
                                         "--upstream-timeout=1m", "--deadline=300ms") as p, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            for status, _, body in pool.map(lambda _: p.get("/"), range(2)):
                self.assertEqual(status, 504)
                self.assertRegex(body, r"^(upstream: [^\n]+|not done before the deadline)\n$")

    def test_a_drain_waits_for_the_upstream(self):
        with Backend() as backend, serve("--upstream=" + backend.url("/slow"),
                                         "--upstream-timeout=1m") as p, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(p.get, "/")
            wait_until(lambda: backend.waiting, "the upstream was called")
            ended = pool.submit(p.stop)
            p.wait_for_line("msg=draining")
            backend.go.set()
            self.assertEqual(answer.result()[2], "OK!")
            self.assertEqual(ended.result(), 0)

    def test_what_is_no_url_is_refused_at_the_start(self):
        code, out, errors = run("swell-workload", "serve", "--port=0", "--upstream=backend")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("--upstream takes a URL such as http://backend/, not 'backend'", errors)


if __name__ == "__main__":
    unittest.main()
