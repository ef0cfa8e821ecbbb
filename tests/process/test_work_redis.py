# SPDX-License-Identifier: MIT
"""swell-workload work on a real Redis: lists and streams, kills, a password, a server that goes."""
import json
import re
import signal
import time
import unittest

from program import DEADLINE_S, Program, run, wait_until
from redis_server import WithRedis

BURNED = 'swell_burn_cpu_seconds_total{purpose="job"}'
JOBS = 'swell_jobs_total{queue="jobs",outcome="%s"}'


def metric(program, name):
    """The value of a series, written as in the exposition; 0 when it is not there."""
    _, _, text = program.get("/metrics")
    found = re.search(r"^" + re.escape(name) + r" (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0


class Worker(Program):
    def __init__(self, source, url, *flags, env=None):
        super().__init__("swell-workload", "work", "--address=127.0.0.1", "--port=0",
                         f"--source={source}", f"--queue-url={url}", *flags, env=env)


def assert_done_once(test, source, redis):
    """A job of 1 s of CPU that takes 5 s at 20 ms in each 100, and two workers whose leases are shorter.
    Under a lower limit a thread sanitizer's own work would leave nothing for the job."""
    flags = ("--lease=1500ms", "--poll=100ms", "--cpu-limit=200m", "--log-level=debug")
    with Worker(source, redis.url(), *flags, env={"SWELL_POD_NAME": "one"}) as a, \
            Worker(source, redis.url(), *flags, env={"SWELL_POD_NAME": "two"}) as b:
        wait_until(lambda: metric(a, JOBS % "done") + metric(b, JOBS % "done") == 1, "done")
        test.assertEqual((a.stop(), b.stop()), (0, 0))
        test.assertEqual(sum("msg=worked" in line for line in a.lines + b.lines), 1)


class Lists(WithRedis):
    def in_hand(self, redis):
        return sum(redis("LLEN", key) for key in redis("KEYS", "{jobs}:processing:*"))

    def test_jobs_are_done_once_and_cost_what_they_say(self):
        redis = self.redis()
        for i in range(10):
            redis("LPUSH", "jobs", json.dumps({"id": f"j{i}", "cpu_ms": 5}))
        redis("LPUSH", "jobs", "5")
        redis("LPUSH", "jobs", "whatever \x00 this is")
        with Worker("redis-list", redis.url(), "--concurrency=2", "--job-cpu-ms=10") as w:
            wait_until(lambda: metric(w, JOBS % "done") == 12, "all done")
            self.assertEqual((redis("LLEN", "jobs"), self.in_hand(redis)), (0, 0))
            burned_s = metric(w, BURNED)
            self.assertTrue(0.064 < burned_s < 0.09, burned_s)  # 65 ms, and what the host takes
            self.assertEqual(w.get("/readyz")[0], 200)
            self.assertEqual(w.stop(), 0)

    def test_a_killed_workers_job_is_done_by_another_after_its_lease(self):
        redis = self.redis()
        redis("LPUSH", "jobs", '{"id":"long","cpu_ms":60000}')
        with Worker("redis-list", redis.url(), "--lease=500ms", "--poll=100ms") as w:
            wait_until(lambda: self.in_hand(redis) == 1, "taken")
            w.stop(signal.SIGKILL)
        self.assertEqual(redis("LLEN", "jobs"), 0)
        with Worker("redis-list", redis.url(), "--lease=500ms", "--poll=100ms",
                    "--drain-timeout=0s"):
            wait_until(lambda: self.in_hand(redis) == 1 and
                       redis("SCARD", "{jobs}:workers") == 1, "another has it")

    def test_what_a_drain_leaves_goes_back_to_the_head(self):
        redis = self.redis()
        redis("LPUSH", "jobs", '{"id":"a","cpu_ms":60000}', '{"id":"b","cpu_ms":60000}')
        with Worker("redis-list", redis.url(), "--drain-timeout=100ms", "--lease=600s") as w:
            wait_until(lambda: self.in_hand(redis) == 1, "taken")
            self.assertEqual(w.stop(), 0)
        self.assertEqual(self.in_hand(redis), 0)
        self.assertEqual(json.loads(redis("LINDEX", "jobs", -1))["id"], "a")

    def test_work_that_outlasts_its_lease_is_done_once(self):
        redis = self.redis()
        redis("LPUSH", "jobs", '{"cpu_ms":1000}')
        assert_done_once(self, "redis-list", redis)
        self.assertEqual((redis("LLEN", "jobs"), self.in_hand(redis)), (0, 0))

    def test_a_worker_that_was_stopped_for_longer_than_its_lease_gives_up_the_job(self):
        redis = self.redis()
        redis("LPUSH", "jobs", '{"cpu_ms":60000}')
        flags = ("--lease=200ms", "--poll=50ms")
        with Worker("redis-list", redis.url(), *flags) as a:
            wait_until(lambda: self.in_hand(redis) == 1, "taken")
            a.process.send_signal(signal.SIGSTOP)
            with Worker("redis-list", redis.url(), *flags, env={"SWELL_POD_NAME": "two"}):
                wait_until(lambda: redis("KEYS", "{jobs}:processing:two:*"), "the other has it")
                a.process.send_signal(signal.SIGCONT)
                wait_until(lambda: metric(a, JOBS % "duplicate") >= 1, "the first was told")

    def test_failed_jobs_go_behind_the_others(self):
        redis = self.redis()
        redis("LPUSH", "jobs", "1", "2")
        with Worker("redis-list", redis.url(), "--fail-rate=1") as w:
            wait_until(lambda: metric(w, JOBS % "failed") > 5, "they come back")
            self.assertEqual(w.stop(), 0)
        self.assertEqual(redis("LLEN", "jobs") + self.in_hand(redis), 2)

    def test_a_server_that_goes_away_is_found_again(self):
        redis = self.redis()
        with Worker("redis-list", redis.url()) as w:
            wait_until(lambda: w.get("/readyz")[0] == 200, "ready with it")
            redis.stop()
            wait_until(lambda: w.get("/readyz")[0] == 503, "not ready without it")
            redis.start()
            redis("LPUSH", "jobs", "1")
            wait_until(lambda: metric(w, JOBS % "done") == 1, "done")
            self.assertEqual(w.get("/readyz")[0], 200)

    def test_a_password_is_sent_and_never_shown(self):
        redis = self.redis("--requirepass", "hunter2")
        address = f"{redis.address}:6379"
        redis("AUTH", "hunter2")
        redis("LPUSH", "jobs", "1")
        with Worker("redis-list", f"redis://:hunter2@{address}") as w:
            wait_until(lambda: metric(w, JOBS % "done") == 1, "done")
            self.assertNotIn("hunter2", "\n".join(w.lines + w.errors))
        with Worker("redis-list", f"redis://:hunter3@{address}") as w:
            self.assertIn("WRONGPASS", w.wait_for_line("queue not reached"))
            self.assertEqual(w.get("/readyz")[0], 503)
            self.assertNotIn("hunter3", "\n".join(w.lines + w.errors))


class Streams(WithRedis):
    def pending(self, redis):
        try:
            return redis("XPENDING", "jobs", "swell")[0]
        except RuntimeError:  # no group yet
            return 0

    def test_jobs_are_done_once_and_wait_time_is_measured(self):
        redis = self.redis()
        for _ in range(10):
            redis("XADD", "jobs", "*", "cpu_ms", 5)
        redis("XADD", "jobs", "*", "job", '{"cpu_ms":5}')
        redis("XADD", "jobs", "*", "colour", "blue")
        with Worker("redis-stream", redis.url(), "--concurrency=2", "--job-cpu-ms=10") as w:
            wait_until(lambda: metric(w, JOBS % "done") == 12, "all done")
            self.assertEqual(self.pending(redis), 0)
            burned_s = metric(w, BURNED)
            self.assertTrue(0.064 < burned_s < 0.09, burned_s)  # 65 ms, and what the host takes
            self.assertEqual(metric(w, 'swell_job_wait_seconds_count{queue="jobs"}'), 12)
            self.assertEqual(w.stop(), 0)

    def test_a_killed_workers_entry_is_claimed_after_its_lease(self):
        redis = self.redis()
        redis("XADD", "jobs", "*", "cpu_ms", 60000)
        with Worker("redis-stream", redis.url(), "--lease=500ms",
                    env={"SWELL_POD_NAME": "one"}) as w:
            wait_until(lambda: self.pending(redis) == 1, "taken")
            w.stop(signal.SIGKILL)
        with Worker("redis-stream", redis.url(), "--lease=500ms", "--poll=100ms",
                    "--drain-timeout=0s", env={"SWELL_POD_NAME": "two"}):
            wait_until(lambda: redis("XPENDING", "jobs", "swell")[3] == [["two", "1"]],
                       "claimed by the other")

    def test_what_a_drain_leaves_is_taken_at_once(self):
        redis = self.redis()
        redis("XADD", "jobs", "*", "cpu_ms", 3000)
        with Worker("redis-stream", redis.url(), "--drain-timeout=100ms", "--lease=3600s",
                    env={"SWELL_POD_NAME": "one"}) as w:
            wait_until(lambda: self.pending(redis) == 1, "taken")
            self.assertEqual(w.stop(), 0)
        began = time.monotonic()
        with Worker("redis-stream", redis.url(), "--lease=3600s", "--drain-timeout=0s",
                    env={"SWELL_POD_NAME": "two"}):
            wait_until(lambda: redis("XPENDING", "jobs", "swell")[3] == [["two", "1"]], "taken")
            self.assertLess(time.monotonic() - began, DEADLINE_S)  # and not after an hour

    def test_work_that_outlasts_its_lease_is_done_once(self):
        redis = self.redis()
        redis("XADD", "jobs", "*", "cpu_ms", 1000)
        assert_done_once(self, "redis-stream", redis)
        self.assertEqual(self.pending(redis), 0)

    def test_a_worker_that_was_stopped_for_longer_than_its_lease_gives_up_the_entry(self):
        redis = self.redis()
        redis("XADD", "jobs", "*", "cpu_ms", 60000)
        flags = ("--lease=500ms", "--poll=100ms")
        with Worker("redis-stream", redis.url(), *flags, env={"SWELL_POD_NAME": "one"}) as a:
            wait_until(lambda: self.pending(redis) == 1, "taken")
            a.process.send_signal(signal.SIGSTOP)
            with Worker("redis-stream", redis.url(), *flags, env={"SWELL_POD_NAME": "two"}):
                wait_until(lambda: redis("XPENDING", "jobs", "swell")[3] == [["two", "1"]],
                           "the other has it")
                a.process.send_signal(signal.SIGCONT)
                wait_until(lambda: metric(a, JOBS % "duplicate") >= 1, "the first was told")
                self.assertEqual(redis("XPENDING", "jobs", "swell")[3], [["two", "1"]])

    def test_a_stream_that_was_deleted_is_made_again(self):
        redis = self.redis()
        with Worker("redis-stream", redis.url(), "--poll=100ms") as w:
            wait_until(lambda: redis("EXISTS", "jobs") == 1, "made")
            redis("DEL", "jobs")
            wait_until(lambda: redis("EXISTS", "jobs") == 1, "made again")
            redis("XADD", "jobs", "*", "cpu_ms", 1)
            wait_until(lambda: metric(w, JOBS % "done") == 1, "done")


class Refusals(unittest.TestCase):
    def test_wrong_addresses_are_one_line_and_exit_2(self):
        for url in ("http://redis/", "redis://", "redis://host:0", "redis://host:70000",
                    "redis://secret@host", "redis://host/x", "redis://host:6379x"):
            code, out, errors = run("swell-workload", "work", "--port=0", "--source=redis-list",
                                    f"--queue-url={url}")
            self.assertEqual((code, out), (2, ""), url)
            self.assertIn("a Redis address is redis://", errors)
            self.assertNotIn("secret", errors)
        code, _, errors = run("swell-workload", "work", "--port=0", "--source=redis-stream",
                              "--queue-url=redis://host", "--group=")
        self.assertEqual(code, 2)
        self.assertIn("need names", errors)


if __name__ == "__main__":
    unittest.main()
