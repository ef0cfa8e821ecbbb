# SPDX-License-Identifier: MIT
"""swell-load against real servers: what it prints is what they saw.

The queue of the `produce` tests is a stand-in of a few lines that can lose answers on purpose; the
lab's tests have the real one.
"""
import collections
import http.server
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from program import BIN, DEADLINE_S, Program, run, wait_until


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # head and body in one packet

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append((self.command, self.path, self.headers, body))
        self.server.gate.wait(DEADLINE_S)
        answer = self.server.answer(number, body)
        if answer is None:  # hang up without one
            self.close_connection = True
            return
        status, headers = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "3")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"OK!")

    do_GET = do_PUT = do_POST = do_HEAD = handle_any

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Counts what arrives. answer(number, body) gives status and headers; gate holds answers."""
    request_queue_size = 1024  # or a burst would wait for a second in the kernel
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer=lambda number, body: (200, {})):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.lock = threading.Lock()
        self.connections = 0
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, *_):
        pass  # clients that went away are part of the tests


class Load(Program):
    """swell-load in the background; it has no "listening" line."""

    def __init__(self, *arguments, **more):
        super().__init__("swell-load", *arguments, **more)

    def __enter__(self):
        return self

    def progress(self):
        return [json.loads(line) for line in list(self.lines) if line.startswith('{"t"')]

    def latest(self, name):
        """A value of the newest progress line; 0 before the first one."""
        lines = self.progress()
        return lines[-1][name] if lines else 0

    def end(self):
        """(exit code, result)"""
        code = self.process.wait(timeout=DEADLINE_S)
        for reader in self.readers:
            reader.join()
        return code, json.loads(self.lines[-1])["result"]


def result_of(command, *arguments, **more):
    code, out, err = run("swell-load", command, "--output=json", *arguments, **more)
    if not out:
        raise AssertionError(f"exit code {code}: {err}")
    return code, json.loads(out)["result"]


def closed_port():
    """A port on which nobody listens; whoever holds the socket keeps it so."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


class OpenLoop(unittest.TestCase):
    def test_counts_are_what_the_server_saw(self):
        with Server() as server:
            code, result = result_of("run", "--rate=200", "--duration=1s", server.url)
            self.assertEqual(code, 0)
            self.assertEqual(len(server.requests), 200)
        for name in ("planned", "sent", "answered"):
            self.assertEqual(result[name], 200, name)
        self.assertEqual(result["errors"], 0)
        self.assertEqual(result["body_bytes"], 600)
        self.assertEqual(result["latency_ms"]["corrected"]["count"], 200)
        self.assertAlmostEqual(result["duration_s"], 1, delta=0.001)
        self.assertAlmostEqual(result["rate"], 200, delta=1)

    def test_a_stall_of_the_server_shows_in_the_corrected_latency(self):
        with Server() as server, Load("run", "--rate=100", "--duration=4s", "--max-connections=1",
                                      "--keepalive", "--progress=100ms", server.url) as load:
            wait_until(lambda: len(server.requests) >= 50, "the first requests")
            server.gate.clear()
            stalled_at = time.monotonic()
            lines = len(load.progress())
            wait_until(lambda: len(load.progress()) >= lines + 12, "progress during the stall")
            stall_ms = (time.monotonic() - stalled_at) * 1000
            server.gate.set()
            code, result = load.end()
        self.assertEqual(code, 0)
        corrected, service = result["latency_ms"]["corrected"], result["latency_ms"]["service"]
        self.assertEqual(result["planned"], 400)
        self.assertGreater(corrected["max"], stall_ms - 100)
        self.assertGreater(corrected["p90"], stall_ms * 0.4)  # a quarter of the run stood still
        self.assertGreater(corrected["p99"], stall_ms * 0.8)
        self.assertGreater(service["max"], stall_ms - 100)    # one request alone met the stall
        self.assertLess(service["p95"], corrected["p95"] / 2)

    def test_what_never_left_counts_with_the_time_up_to_the_end(self):
        with Server() as server:
            server.gate.clear()
            code, result = result_of("run", "--rate=100", "--duration=1s", "--max-connections=3",
                                     "--timeout=3s", server.url)
        self.assertEqual(result["sent"], 3)
        self.assertEqual(result["unsent"], 97)
        self.assertEqual(result["error_kinds"], {"timeout": 3})
        self.assertEqual(result["latency_ms"]["corrected"]["count"], 100)
        self.assertGreater(result["latency_ms"]["corrected"]["max"], 2900)
        self.assertAlmostEqual(result["latency_ms"]["corrected"]["p50"], 500, delta=60)
        self.assertEqual(code, 1)  # nothing was answered

    def median_lateness(self):
        """Of arrivals, in seconds, against their places in the plan; the earliest sets its start."""
        arrivals = []
        with Server(lambda *_: arrivals.append(time.monotonic()) or (200, {})) as server:
            result_of("run", "--rate=50", "--duration=2s", "--keepalive", server.url)
        self.assertEqual(len(arrivals), 100)
        start = min(at - i / 50 for i, at in enumerate(arrivals))
        return sorted(at - start - i / 50 for i, at in enumerate(arrivals))[50]

    def test_requests_leave_evenly_spread(self):
        # A busy machine delays half of a run now and then; a plan with bursts would be late each time.
        self.assertTrue(any(self.median_lateness() < 0.015 for _ in range(5)))


class ClosedLoop(unittest.TestCase):
    def test_opens_a_new_connection_for_each_request(self):
        with Server() as server:
            code, result = result_of("run", "--clients=3", "--duration=1s", server.url)
            self.assertEqual(code, 0)
            self.assertGreater(len(server.requests), 10)
            self.assertEqual(result["answered"], len(server.requests))
            self.assertEqual(server.connections, len(server.requests))
            for method, path, headers, _ in server.requests:
                self.assertEqual((method, path), ("GET", "/"))
                self.assertEqual(headers["Connection"], "close")
                self.assertRegex(headers["User-Agent"], "^Swell/")
        self.assertEqual(result["mode"], "closed")

    def test_keepalive_reuses_connections(self):
        with Server() as server:
            _, result = result_of("run", "--clients=3", "--keepalive", "--duration=1s", server.url)
            self.assertGreater(len(server.requests), 10)
            self.assertEqual(result["answered"], len(server.requests))
            self.assertLessEqual(server.connections, 3)

    def test_a_client_waits_for_its_answer_and_pauses(self):
        with Server() as server:
            _, result = result_of("run", "--clients=2", "--pause=200ms", "--duration=1s",
                                  server.url)
        self.assertLessEqual(result["sent"], 10)  # one each in 200 ms
        self.assertGreaterEqual(result["sent"], 4)

    def test_a_server_that_does_not_answer_is_not_asked_more(self):
        with Server() as server, Load("run", "--clients=4", "--progress=100ms",
                                      server.url) as load:
            server.gate.clear()
            wait_until(lambda: len(load.progress()) >= 10, "progress")
            before = load.latest("answered")
            self.assertLessEqual(len(server.requests), before + 4)
            server.gate.set()
            wait_until(lambda: load.latest("answered") > before + 4, "answers again")
            self.assertEqual(load.stop(), 0)


class Errors(unittest.TestCase):
    def test_a_refused_connection_is_counted_and_exit_is_1_without_any_answer(self):
        holder, port = closed_port()
        with holder:
            code, result = result_of("run", "--rate=50", "--duration=200ms",
                                     f"http://127.0.0.1:{port}/")
        self.assertEqual(code, 1)
        self.assertEqual(result["error_kinds"], {"connection refused": 10})
        self.assertEqual(result["sent"], 10)
        self.assertIsNone(result["latency_ms"]["corrected"]["p99"])

    def test_statuses_are_counted_as_errors_and_as_answers(self):
        with Server(lambda number, _: (500 if number % 4 == 0 else 200, {})) as server:
            code, result = result_of("run", "--rate=100", "--duration=400ms", server.url)
        self.assertEqual(code, 0)
        self.assertEqual(result["answered"], 40)
        self.assertEqual(result["errors"], 10)
        self.assertEqual(result["error_kinds"], {"500": 10})

    def test_a_time_out_is_counted_with_its_latency(self):
        with Server() as server:
            server.gate.clear()
            code, result = result_of("run", "--rate=20", "--duration=250ms", "--timeout=300ms",
                                     server.url)
        self.assertEqual(code, 1)
        self.assertEqual(result["error_kinds"], {"timeout": 5})
        self.assertGreaterEqual(result["latency_ms"]["corrected"]["p50"], 300)

    def test_a_connection_that_closes_without_an_answer_is_counted(self):
        with Server(lambda number, _: None if number % 2 else (200, {})) as server:
            code, result = result_of("run", "--rate=100", "--duration=200ms", server.url)
        self.assertEqual(code, 0)
        self.assertEqual(result["error_kinds"], {"answer cut short": 10})

    def test_the_first_failure_of_a_kind_is_logged_with_its_reason(self):
        holder, port = closed_port()
        with holder:
            _, out, err = run("swell-load", "run", "--rate=50", "--duration=200ms",
                              f"http://127.0.0.1:{port}/")
        self.assertIn("connection refused: 10", out)
        self.assertEqual(err.count("request failed"), 1)
        self.assertIn(f"port {port}", err)


class Requests(unittest.TestCase):
    def test_answers_are_counted_by_pod(self):
        seen = collections.Counter()

        def answer(number, _):
            pod = "web-1" if number % 3 else "web-0"
            seen[pod] += 1
            return 200, {"X-Swell-Pod": pod}

        with Server(answer) as server:
            _, result = result_of("run", "--rate=150", "--duration=1s", server.url)
        self.assertEqual(result["pods"], dict(seen))
        self.assertEqual(result["pods"], {"web-0": 50, "web-1": 100})
        self.assertEqual(result["pod_share_percent"], {"web-0": 33.33, "web-1": 66.67})

    def test_method_headers_and_body_are_sent(self):
        with Server() as server:
            result_of("run", "--rate=10", "--duration=100ms", "--method=PUT", "--header=X-One: 1",
                      "--header=Content-Type: text/plain", "--body=some text", server.url + "a?b=c")
            (method, path, headers, body), = server.requests
        self.assertEqual((method, path, body), ("PUT", "/a?b=c", b"some text"))
        self.assertEqual((headers["X-One"], headers["Content-Type"]), ("1", "text/plain"))

    def test_a_body_without_a_method_is_posted_and_head_does_not_wait_for_one(self):
        with Server() as server:
            result_of("run", "--rate=10", "--duration=100ms", "--body=x", server.url)
            code, result = result_of("run", "--rate=10", "--duration=100ms", "--method=HEAD",
                                     "--timeout=10s", server.url)
            self.assertEqual([r[0] for r in server.requests], ["POST", "HEAD"])
        self.assertEqual((code, result["errors"]), (0, 0))

    def test_names_of_the_lab_are_resolved(self):
        with Server() as server, tempfile.NamedTemporaryFile("w") as hosts:
            hosts.write("127.0.0.1 php-apache php-apache.default.svc.cluster.local\n")
            hosts.flush()
            url = f"http://php-apache:{server.server_port}/"
            code, result = result_of("run", "--rate=20", "--duration=250ms", url,
                                     env={"SWELL_HOSTS": hosts.name})
            self.assertEqual((code, result["answered"]), (0, 5))
            self.assertEqual(server.requests[0][2]["Host"], f"php-apache:{server.server_port}")


class Output(unittest.TestCase):
    def test_progress_adds_up_to_the_result(self):
        with Server(lambda *_: (200, {"X-Swell-Pod": "p"})) as server:
            code, out, _ = run("swell-load", "run", "--rate=100", "--duration=1s",
                               "--progress=200ms", server.url)
        *lines, last = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(code, 0)
        self.assertGreaterEqual(len(lines), 4)
        for line in lines:
            self.assertEqual(set(line), {"t", "sent", "answered", "errors", "rate", "p50_ms",
                                         "p99_ms", "pods"})
        for a, b in zip(lines, lines[1:]):
            self.assertLess(a["t"], b["t"])
            self.assertLessEqual(a["answered"], b["answered"])
        self.assertLessEqual(lines[-1]["pods"]["p"], last["result"]["pods"]["p"])
        self.assertEqual(last["result"]["answered"], 100)

    def test_text_is_for_people(self):
        with Server(lambda *_: (200, {"X-Swell-Pod": "web-0"})) as server:
            code, out, err = run("swell-load", "run", "--rate=50", "--duration=200ms", server.url)
        self.assertEqual(code, 0)
        self.assertIn("10 sent, 10 answered", out)
        for word in ("p50", "p90", "p95", "p99", "max", "corrected", "service"):
            self.assertIn(word, out)
        self.assertRegex(out, r"web-0 +10 100\.00 %")
        self.assertIn("msg=running", err)

    def test_a_signal_ends_the_run_and_what_is_under_way_is_still_counted(self):
        slow = lambda *_: time.sleep(0.2) or (200, {})  # so there is something under way
        for number in (signal.SIGINT, signal.SIGTERM):
            with Server(slow) as server, Load("run", "--rate=100", "--progress=100ms",
                                              server.url) as load:
                wait_until(lambda: len(server.requests) >= 30, "requests")
                load.process.send_signal(number)
                code, result = load.end()
                self.assertEqual(code, 0)
                self.assertEqual(result["answered"], len(server.requests))
                self.assertEqual(result["unfinished"], 0)
                self.assertTrue(result["interrupted"])

    def test_a_second_signal_does_not_wait_for_answers(self):
        with Server() as server, Load("run", "--rate=500", "--progress=20ms", server.url) as load:
            wait_until(lambda: len(server.requests) >= 50, "requests")
            server.gate.clear()
            wait_until(lambda: load.progress() and load.latest("rate") == 0, "a stall")
            load.process.send_signal(signal.SIGINT)
            wait_until(lambda: len({line["sent"] for line in load.progress()[-2:]}) == 1,
                       "the end of sending")
            load.process.send_signal(signal.SIGTERM)
            code, result = load.end()
        self.assertEqual(code, 0)
        self.assertGreater(result["unfinished"], 0)
        self.assertEqual(result["sent"], result["answered"] + result["unfinished"])
        self.assertLess(result["wait_s"], 0.9)  # a single signal leaves a second

    def test_a_reader_that_went_away_ends_the_run(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        with Server() as server, os.fdopen(write_end, "wb") as nobody:
            done = subprocess.run([os.path.join(BIN, "swell-load"), "run", "--rate=20",
                                   "--progress=50ms", server.url], stdout=nobody,
                                  stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Broken pipe", done.stderr)


class Refusals(unittest.TestCase):
    def test_a_wrong_command_line_is_one_precise_line_and_exit_2(self):
        url = "http://127.0.0.1:1/"
        produce = ["produce", "--queue-url=http://127.0.0.1:1"]
        for arguments, words in (
            (["run", url], ["--rate", "--clients"]),
            (["run", "--rate=1", "--clients=1", url], ["--rate", "--clients"]),
            (["run", "--rate=1"], ["URL"]),
            (["run", "--rate=1", url, "http://two/"], ["http://two/"]),
            (["run", "--rate=fast", url], ["fast"]),
            (["run", "--rate=0", url], ["above 0"]),
            (["run", "--rate=1", "ftp://x/"], ["ftp://x/", "http"]),
            (["run", "--rate=1", "nothing"], ["nothing"]),
            (["run", "--rate=1", "--header=nocolon", url], ["nocolon"]),
            (["run", "--rate=1", "--method=A B", url], ["--method"]),
            (["run", "--rate=1", "--timeout=0s", url], ["--timeout"]),
            (["run", "--rate=1", "--max-connections=0", url], ["--max-connections"]),
            (["run", "--rate=1", "--output=xml", url], ["text, json"]),
            (["run", "--speed=1", url], ["--speed"]),
            (["produce", "--rate=1"], ["--queue-url"]),
            (produce, ["--rate"]),
            ([*produce, "--rate=1", "--queue=A"], ["--queue", "'A'"]),
            ([*produce, "--rate=1", "--cpu-ms=-1"], ["--cpu-ms"]),
            (["burn"], ["burn"]),
        ):
            with self.subTest(arguments=arguments):
                code, out, err = run("swell-load", *arguments)
                self.assertEqual(code, 2)
                self.assertEqual(out, "")
                self.assertEqual(err.count("\n"), 1, err)
                for word in words:
                    self.assertIn(word, err)

    def test_help_lists_every_flag(self):
        code, out, err = run("swell-load", "run", "--help")
        self.assertEqual((code, err), (0, ""))
        for flag in ("--rate", "--clients", "--pause", "--duration", "--keepalive", "--progress"):
            self.assertIn(flag, out)


class Queue:
    """A stand-in for swell-workload queue: POST /queues/jobs/jobs takes each id once."""

    def __init__(self, fault=lambda number: None):
        self.fault = fault  # of put number n: None, "busy", "full", "bad", or one of the two below
        self.stored = collections.Counter()

    def answer(self, number, body):
        fault = self.fault(number)
        job = json.loads(body)
        if fault in ("busy", "full", "bad"):
            return {"busy": 503, "full": 429, "bad": 400}[fault], {}
        known = job["id"] in self.stored
        self.stored[job["id"]] += 1
        if fault == "stored, says busy":
            return 503, {}
        if fault == "stored, hangs up":
            return None
        return 200 if known else 201, {}


class Produce(unittest.TestCase):
    def produce(self, queue, *flags):
        with Server(queue.answer) as server:
            code, result = result_of("produce", f"--queue-url={server.url}", *flags)
            return code, result, server.requests

    def test_puts_every_job_once(self):
        queue = Queue()
        code, result, requests = self.produce(queue, "--rate=100", "--duration=500ms",
                                              "--cpu-ms=12.5")
        self.assertEqual(code, 0)
        self.assertEqual(result["acknowledged"], 50)
        self.assertEqual(len(queue.stored), 50)
        self.assertEqual(len(requests), 50)
        method, path, headers, body = requests[0]
        self.assertEqual((method, path), ("POST", "/queues/jobs/jobs"))
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(body)["cpu_ms"], 12.5)
        self.assertRegex(json.loads(body)["id"], r"^[A-Za-z0-9._:-]{1,128}$")

    def test_a_failed_put_is_repeated_with_the_same_id(self):
        queue = Queue({0: "busy", 5: "stored, says busy", 10: "full"}.get)
        code, result, requests = self.produce(queue, "--rate=100", "--duration=300ms")
        self.assertEqual(code, 0)
        self.assertEqual(result["sent"], 30)
        self.assertEqual(result["acknowledged"], 30)
        self.assertEqual(len(requests), 33)
        self.assertEqual((result["retries"], result["errors"]), (3, 3))
        self.assertEqual(result["error_kinds"], {"503": 2, "429": 1})
        self.assertEqual(sorted(queue.stored.values()), [1] * 29 + [2])

    def test_a_put_whose_answer_is_lost_is_repeated_with_the_same_id(self):
        queue = Queue({0: "stored, hangs up", 5: "stored, hangs up"}.get)
        code, result, requests = self.produce(queue, "--rate=100", "--duration=200ms")
        self.assertEqual(code, 0)
        self.assertEqual(result["acknowledged"], 20)
        self.assertEqual(len(requests), 22)  # libcurl repeats by itself on a used connection
        self.assertEqual(sorted(queue.stored.values()), [1] * 18 + [2] * 2)

    def test_a_rejected_put_is_not_repeated(self):
        code, result, requests = self.produce(Queue({3: "bad"}.get), "--rate=100",
                                              "--duration=100ms")
        self.assertEqual(code, 0)
        self.assertEqual(len(requests), 10)
        self.assertEqual((result["acknowledged"], result["rejected"]), (9, 1))
        self.assertEqual(result["unacknowledged"], 0)

    def test_text_says_what_the_queue_has(self):
        with Server(Queue({3: "bad"}.get).answer) as server:
            code, out, _ = run("swell-load", "produce", f"--queue-url={server.url}", "--rate=100",
                               "--duration=100ms")
        self.assertEqual(code, 0)
        self.assertIn("9 acknowledged, 1 rejected, 0 unacknowledged", out)

    def test_two_runs_use_different_ids(self):
        queue = Queue()
        for _ in range(2):
            self.produce(queue, "--rate=100", "--duration=100ms")
        self.assertEqual(len(queue.stored), 20)

    def test_jobs_wait_for_a_queue_that_comes_back(self):
        queue = Queue()
        with Server(queue.answer) as server, Load(
                "produce", f"--queue-url={server.url}", "--rate=50", "--duration=1s",
                "--max-connections=5", "--progress=100ms") as load:
            wait_until(lambda: len(queue.stored) >= 5, "the first jobs")
            queue.fault = lambda number: "busy"
            wait_until(lambda: load.latest("errors") >= 10, "failed puts")
            queue.fault = lambda number: None
            code, result = load.end()
        self.assertEqual(code, 0)
        self.assertEqual(result["acknowledged"] + result["unsent"], 50)
        self.assertEqual(result["unacknowledged"], 0)
        self.assertEqual(len(queue.stored), result["acknowledged"])

    def test_a_queue_that_is_not_there_is_exit_1(self):
        holder, port = closed_port()
        with holder:
            code, result = result_of("produce", f"--queue-url=http://127.0.0.1:{port}",
                                     "--rate=20", "--duration=200ms", "--timeout=300ms")
        self.assertEqual(code, 1)
        self.assertEqual(result["acknowledged"], 0)
        self.assertEqual(result["unacknowledged"], 4)

    def test_a_signal_lets_puts_end_and_the_count_is_the_queue_s(self):
        queue = Queue()
        with Server(queue.answer) as server, Load(
                "produce", f"--queue-url={server.url}", "--rate=200", "--duration=24h",
                "--progress=100ms") as load:
            wait_until(lambda: len(queue.stored) >= 30, "jobs")
            load.process.send_signal(signal.SIGTERM)
            code, result = load.end()
        self.assertEqual(code, 0)
        self.assertEqual(result["acknowledged"], len(queue.stored))
        self.assertEqual(result["sent"], result["acknowledged"])


if __name__ == "__main__":
    unittest.main()
