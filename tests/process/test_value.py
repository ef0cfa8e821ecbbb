# SPDX-License-Identifier: MIT
"""swell-workload value on a real Redis: its answers, a replica, the deadline, the pool's limit, and
a Redis that is away, restarted, or hangs."""
import concurrent.futures
import re
import signal
import time
import unittest
import urllib.parse

from program import DEADLINE_S, Program, run, wait_until
from redis_server import WithRedis

NOWHERE = "redis://127.0.0.1:1"


def value(redis, *flags):
    url = redis if isinstance(redis, str) else redis.url()
    return Program("swell-workload", "value", "--address=127.0.0.1", "--port=0",
                   f"--redis-write={url}", *flags)


def patient(redis, *flags):
    """With a deadline that a busy machine does not miss."""
    return value(redis, "--deadline=1m", *flags)


def requests(program, operation, outcome):
    name = f'swell_value_requests_total{{operation="{operation}",outcome="{outcome}"}} '
    return next(float(line[len(name):]) for line in program.get("/metrics")[2].split("\n")
                if line.startswith(name))


def waiting(program):
    return float(re.search(r"^swell_value_waiting (\S+)$", program.get("/metrics")[2],
                           re.MULTILINE).group(1))


def is_paused(redis):
    with open(f"/proc/{redis.process.pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"


class Values(WithRedis):
    def test_what_was_set_is_got(self):
        redis = self.redis()
        with patient(redis) as p:
            status, _, text = p.get("/value/greeting")
            self.assertEqual((status, text), (404, "there is no value under this key\n"))
            status, _, text = p.request("POST", "/value/greeting", "hello")
            self.assertEqual((status, text), (200, "OK\n"))
            status, headers, text = p.get("/value/greeting")
            self.assertEqual((status, text), (200, "hello"))
            self.assertEqual(headers["Content-Type"], "text/plain; charset=utf-8")
            self.assertEqual(redis("GET", "greeting"), "hello")
            for operation, outcome in (("get", "missing"), ("get", "ok"), ("set", "ok")):
                self.assertEqual(requests(p, operation, outcome), 1, outcome)
            self.assertEqual(p.stop(), 0)

    def test_keys_and_values_may_hold_any_text(self):
        redis = self.redis()
        with patient(redis) as p:
            for key, text in (("a b", ""), ("ä%", "x" * 65536), ("k" * 256, "\0\r\n$5\r\n")):
                path = "/value/" + urllib.parse.quote(key)
                self.assertEqual(p.request("POST", path, text)[0], 200, key)
                self.assertEqual(p.get(path)[2], text, key)
                self.assertEqual(redis("GET", key), text)

    def test_wrong_requests_are_refused_and_nobody_else_suffers(self):
        with patient(self.redis()) as p:
            status, _, text = p.get("/value/" + 257 * "k")
            self.assertEqual((status, text), (400, "a key has at most 256 bytes\n"))
            self.assertEqual(p.request("POST", "/value/" + 257 * "k", "x")[0], 400)
            self.assertEqual(p.request("POST", "/value/k", 65537 * "x")[0], 413)
            self.assertEqual(p.get("/value/")[0], 404)
            self.assertEqual(p.get("/value/a/b")[0], 404)  # a key is one segment
            self.assertEqual(p.request("PUT", "/value/k", "x")[0], 405)
            self.assertEqual(p.request("POST", "/value/k", "x")[0], 200)

    def test_what_redis_refuses_is_502_with_its_words(self):
        redis = self.redis()
        redis("LPUSH", "list", "x")
        with patient(redis) as p:
            status, _, text = p.get("/value/list")
            self.assertEqual(status, 502)
            self.assertRegex(text, r"^Redis at [0-9.]+:6379: WRONGTYPE [^\n]+\n$")
            self.assertEqual(requests(p, "get", "refused"), 1)

    def test_reads_come_from_the_replica(self):
        primary = self.redis()
        replica = self.redis("--replicaof", primary.address, "6379")
        with patient(primary, f"--redis-read={replica.url()}") as p:
            self.assertEqual(p.request("POST", "/value/k", "from the primary")[0], 200)
            wait_until(lambda: p.get("/value/k")[2] == "from the primary", "it is replicated")
            primary.stop()
            self.assertEqual(p.get("/value/k")[2], "from the primary")
            self.assertEqual(p.request("POST", "/value/k", "x")[0], 503)
            primary.start()  # it is stopped again when the test ends
        with patient(replica) as p:
            status, _, text = p.request("POST", "/value/k", "x")
            self.assertEqual(status, 502)
            self.assertIn("READONLY", text)


class Failures(WithRedis):
    def test_without_redis_every_request_says_so(self):
        with patient(NOWHERE) as p:
            wait_until(lambda: p.get("/readyz")[0] == 200, "ready all the same")
            for method in ("GET", "POST"):
                status, headers, text = p.request(method, "/value/k")
                self.assertEqual((status, headers["Retry-After"]), (503, "1"))
                self.assertEqual(text, "Redis at 127.0.0.1:1: Connection refused\n")
            self.assertEqual(requests(p, "set", "away"), 1)

    def test_a_redis_that_was_restarted_is_used_again_at_once(self):
        redis = self.redis()
        with patient(redis, "--pool=3") as p, concurrent.futures.ThreadPoolExecutor(3) as clients:
            self.assertEqual(p.request("POST", "/value/k", "kept")[0], 200)
            list(clients.map(lambda _: p.get("/value/k"), range(30)))  # opens all connections
            redis.stop()
            self.assertEqual(p.get("/value/k")[0], 503)
            redis.start()
            for status, _, text in clients.map(lambda _: p.get("/value/k"), range(30)):
                self.assertEqual((status, text), (200, "kept"))

    def test_a_redis_that_hangs_is_504_after_the_deadline(self):
        redis = self.redis()
        with value(redis, "--pool=1") as p, concurrent.futures.ThreadPoolExecutor(4) as clients:
            redis.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_paused(redis), "it hangs")
            began = time.monotonic()
            for status, _, text in clients.map(lambda _: p.get("/value/k"), range(4)):
                self.assertEqual(status, 504)
                self.assertRegex(text, r"^(Redis at [0-9.]+:6379: no answer in time"
                                       r"|no connection to Redis was free in time)\n$")
            self.assertGreater(time.monotonic() - began, 0.39)
            self.assertEqual(requests(p, "get", "timeout"), 4)
            redis.process.send_signal(signal.SIGCONT)
            wait_until(lambda: p.get("/value/k")[0] == 404, "it answers again")

    def test_the_pool_has_a_limit_and_the_line_too(self):
        redis = self.redis()
        with patient(redis, "--pool=2", "--queue=3") as p, \
                concurrent.futures.ThreadPoolExecutor(10) as clients:
            self.assertEqual([a[0] for a in clients.map(lambda _: p.get("/value/k"), range(5))],
                             5 * [404])
            self.assertLessEqual(len(redis("CLIENT", "LIST").strip().split("\n")), 2 + 1)

            redis.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_paused(redis), "it hangs")
            answers = [clients.submit(p.get, "/value/k") for _ in range(5)]
            wait_until(lambda: waiting(p) == 3, "two are asked, three wait")
            status, headers, text = p.get("/value/k")
            self.assertEqual((status, headers["Retry-After"]), (503, "1"))
            self.assertEqual(text, "too many requests are waiting for Redis\n")
            self.assertEqual(requests(p, "get", "full"), 1)
            redis.process.send_signal(signal.SIGCONT)
            self.assertEqual([a.result()[0] for a in answers], 5 * [404])

    def test_a_drain_waits_for_redis(self):
        redis = self.redis()
        with patient(redis) as p, concurrent.futures.ThreadPoolExecutor() as clients:
            self.assertEqual(p.request("POST", "/value/k", "x")[0], 200)
            redis.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_paused(redis), "it hangs")
            answer = clients.submit(p.get, "/value/k")
            wait_until(lambda: "http_requests_in_flight 2" in p.get("/metrics")[2], "it is asked")
            p.process.send_signal(signal.SIGTERM)
            p.wait_for_line("msg=draining")
            redis.process.send_signal(signal.SIGCONT)
            self.assertEqual(answer.result()[2], "x")
            self.assertEqual(p.process.wait(DEADLINE_S), 0)


class Refusals(unittest.TestCase):
    def test_wrong_flags_are_one_line_and_exit_2(self):
        for flag, sentence in (
                ("--redis-write=redis", "--redis-write: a Redis address is redis://"),
                ("--redis-read=http://redis", "--redis-read: a Redis address is redis://"),
                ("--deadline=0s", "--deadline takes"),
                ("--pool=0", "--pool takes"),
                ("--queue=100001", "--queue takes")):
            code, out, errors = run("swell-workload", "value", "--port=0", flag)
            self.assertEqual((code, out), (2, ""), flag)
            self.assertRegex(errors, r"^swell-workload value: [^\n]+\n$")
            self.assertIn(sentence, errors)


if __name__ == "__main__":
    unittest.main()
