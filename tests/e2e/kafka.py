# SPDX-License-Identifier: MIT
"""swell-workload work on a real Kafka broker: groups, commits, kills, drains."""
import re
import signal
import unittest

from kafka_broker import WithKafka
from program import Program, wait_until

def series(program, pattern):
    found = re.search(rf"^{pattern} (\S+)$", program.get("/metrics")[2], re.MULTILINE)
    return float(found.group(1)) if found else 0


def metric(program, outcome):
    return series(program, rf'swell_jobs_total\{{queue="\w+",outcome="{outcome}"\}}')


def taken(program):
    return series(program, r'swell_job_wait_seconds_count\{queue="\w+"\}')


class Kafka(WithKafka):
    def worker(self, topic, *flags):
        return Program("swell-workload", "work", "--address=127.0.0.1", "--port=0",
                       "--source=kafka", f"--queue-url={self.address}:9092", f"--queue={topic}",
                       "--poll=200ms", "--log-level=debug", *flags)

    def test_every_job_is_done_once_by_one_of_the_group(self):
        self.put("once", [f'{{"id":"j{i}","cpu_ms":5}}' for i in range(40)])
        with self.worker("once", "--concurrency=2") as a, self.worker("once") as b:
            wait_until(lambda: metric(a, "done") + metric(b, "done") >= 40, "all done")
            self.assertEqual((a.stop(), b.stop()), (0, 0))
            worked = re.findall(r"msg=worked job=(\S+)", "\n".join(a.lines + b.lines))
            self.assertEqual(set(worked), {f"j{i}" for i in range(40)})
        self.put("once", ["1"])
        with self.worker("once") as c:
            wait_until(lambda: metric(c, "done") == 1, "the new one")
            self.assertEqual(c.stop(), 0)  # and not one of the old

    def test_a_killed_workers_job_is_read_by_another(self):
        self.put("kill", ['{"id":"long","cpu_ms":60000}'])
        with self.worker("kill", "--lease=6s") as a:
            wait_until(lambda: taken(a) == 1, "taken")
            a.stop(signal.SIGKILL)
        with self.worker("kill", "--lease=6s", "--drain-timeout=0s") as b:
            wait_until(lambda: taken(b) == 1, "the session of the killed one is over")
            self.assertEqual(b.stop(), 0)

    def test_what_a_drain_leaves_is_read_by_another_at_once(self):
        self.put("drain", ['{"id":"long","cpu_ms":2000}'])
        with self.worker("drain", "--lease=1800s", "--drain-timeout=0s") as a:
            wait_until(lambda: taken(a) == 1, "taken")
            self.assertEqual(a.stop(), 0)
            self.assertNotIn("msg=worked", "\n".join(a.lines))
        with self.worker("drain", "--lease=1800s") as b:
            wait_until(lambda: metric(b, "done") == 1, "done by the other, long before the lease")
            self.assertEqual(b.stop(), 0)

    def test_work_that_outlasts_its_lease_is_done_once(self):
        self.put("outlast", ['{"id":"long","cpu_ms":400}', '{"id":"next","cpu_ms":1}'], "-p", "0")
        flags = ("--lease=6s", "--cpu-limit=50m")  # 5 ms in each 100: the first takes 8 s
        with self.worker("outlast", *flags) as a, self.worker("outlast", *flags) as b:
            wait_until(lambda: metric(a, "done") + metric(b, "done") == 2, "both done", 180)
            self.assertEqual((a.stop(), b.stop()), (0, 0))
            worked = re.findall(r"msg=worked job=(\S+)", "\n".join(a.lines + b.lines))
            self.assertEqual(worked, ["long", "next"])

    def test_failed_jobs_are_tried_again(self):
        self.put("fail", ["1", "1", "1"], "-p", "0")
        with self.worker("fail", "--fail-rate=1") as a:
            wait_until(lambda: metric(a, "failed") >= 5, "tried again and again")
            self.assertEqual(metric(a, "done"), 0)
            self.assertEqual(a.stop(), 0)
        with self.worker("fail") as b:
            wait_until(lambda: metric(b, "done") == 3, "all done after all")
            self.assertEqual(b.stop(), 0)


if __name__ == "__main__":
    unittest.main()
