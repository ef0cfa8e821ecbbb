# SPDX-License-Identifier: MIT
"""swell-workload queue and work, from outside: no job is lost, whoever is killed, and every one
done twice is counted."""
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from program import BIN, DEADLINE_S, Program, run, wait_until


def metric(program, name):
    """The value of a series, written as in the exposition; 0 when it is not there."""
    _, _, text = program.get("/metrics")
    found = re.search(r"^" + re.escape(name) + r" (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0


class Queue(Program):
    def __init__(self, db, *flags, address="127.0.0.1", port=0):
        super().__init__("swell-workload", "queue", f"--address={address}", f"--port={port}",
                         f"--db={db}", *flags)

    def url(self):
        return f"http://{self.address}:{self.port}/"

    def post(self, path, **body):
        """(status, answer) of a POST below /queues/."""
        status, _, text = self.request("POST", "/queues/" + path, json.dumps(body))
        return status, json.loads(text)

    def put(self, queue="jobs", cpu_ms=1, **more):
        return self.post(queue + "/jobs", cpu_ms=cpu_ms, **more)

    def lease(self, queue="jobs", **more):
        status, answer = self.post(queue + "/lease", **more)
        assert status == 200, answer
        return answer["jobs"]

    def ack(self, job, queue="jobs"):
        return self.post(queue + "/ack", id=job["id"], lease=job["lease"])

    def stats(self, queue="jobs"):
        return self.json("/queues/" + queue)


class InFolderOfItsOwn(Queue):
    """A queue that a shell script ($1 folder, $2 programs) starts in a mount namespace."""

    def __init__(self, script, folder):
        Program.__init__(self, shutil.which("unshare"), "-rm", "sh", "-c", script, "sh", folder,
                         BIN)


class Worker(Program):
    def __init__(self, url, *flags):
        super().__init__("swell-workload", "work", "--address=127.0.0.1", "--port=0",
                         f"--queue-url={url}", *flags)


class WithFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.db = os.path.join(folder.name, "q.db")


class Interface(WithFile):
    def test_a_job_is_put_leased_and_acknowledged(self):
        with Queue(self.db) as q:
            self.assertEqual(q.put(id="a", cpu_ms=2.5),
                             (201, {"queue": "jobs", "id": "a", "count": 1, "new": 1}))
            self.assertEqual(q.put(id="a", cpu_ms=2.5)[0], 200)
            [job] = q.lease(worker="w")
            self.assertEqual((job["id"], job["cpu_ms"], job["attempt"]), ("a", 2.5, 1))
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"], stats["done"]), (0, 1, 0))
            self.assertEqual(q.ack(job), (200, {"id": "a", "outcome": "done"}))
            self.assertEqual(q.ack(job)[0], 200)
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"], stats["done"]), (0, 0, 1))
            self.assertEqual(q.lease(), [])

    def test_a_batch_is_one_put(self):
        with Queue(self.db) as q:
            status, answer = q.put(count=1000)
            self.assertEqual((status, answer["new"]), (201, 1000))
            jobs = q.lease(max=100)
            self.assertEqual([j["id"] for j in jobs],
                             [f"{answer['id']}.{i}" for i in range(1, 101)])
            self.assertEqual(q.stats()["depth"], 900)

    def test_queues_are_listed_and_measured(self):
        with Queue(self.db) as q:
            self.assertEqual(q.json("/queues"), {"queues": []})
            self.assertEqual(q.get("/queues/b")[0], 404)
            q.put("b", count=3)
            q.put("a")
            q.lease("new")  # who waits for jobs makes their queue, so that its depth is 0
            q.ack(q.lease("b")[0], "b")
            q.lease("b")
            names = [s["queue"] for s in q.json("/queues")["queues"]]
            self.assertEqual(names, ["a", "b", "new"])
            self.assertEqual(q.stats("new")["depth"], 0)
            for name, value in (('swell_queue_depth{queue="b"}', 1),
                                ('swell_queue_in_flight{queue="b"}', 1),
                                ('swell_jobs_total{queue="b",outcome="put"}', 3),
                                ('swell_jobs_total{queue="b",outcome="done"}', 1),
                                ('swell_queue_depth{queue="a"}', 1)):
                self.assertEqual(metric(q, name), value, name)
            oldest = 'swell_queue_oldest_job_seconds{queue="a"}'
            wait_until(lambda: 0.05 < metric(q, oldest) < DEADLINE_S, "the oldest job ages")
            self.assertEqual(metric(q, 'swell_queue_oldest_job_seconds{queue="new"}'), 0)

    def test_the_five_endpoints_are_there(self):
        with Queue(self.db) as q:
            wait_until(lambda: q.get("/readyz")[0] == 200, "ready")
            for path in ("/healthz", "/livez", "/readyz"):
                self.assertEqual(q.get(path)[2], "ok")
            self.assertEqual(q.json("/version")["role"], "queue")
            self.assertEqual(q.get("/metrics")[0], 200)
            self.assertIn("msg=listening", q.lines[0])

    def test_bad_requests_are_answered_with_a_status_that_says_why(self):
        with Queue(self.db) as q:
            for path, body, status, sentence in (
                    ("/queues/jobs/jobs", "{", 400, "the body is not JSON"),
                    ("/queues/jobs/jobs", "{}", 400, "cpu_ms is missing"),
                    ("/queues/jobs/jobs", '{"cpu_ms":60001}', 400, "cpu_ms takes"),
                    ("/queues/jobs/jobs", '{"cpu_ms":1,"count":10001}', 400, "count takes"),
                    ("/queues/Jobs/jobs", '{"cpu_ms":1}', 400, "'Jobs' is no name of a queue"),
                    (f"/queues/{64 * 'a'}/lease", "", 400, "is no name of a queue"),
                    ("/queues/jobs/lease", '{"max":0}', 400, "max takes"),
                    ("/queues/jobs/lease", '{"wait_seconds":21}', 400, "wait_seconds takes"),
                    ("/queues/jobs/ack", '{"id":"a"}', 400, "id and lease must be given"),
                    ("/queues/jobs/ack", '{"id":"a","lease":"1-1"}', 404, "knows no job 'a'"),
                    ("/queues/jobs/nack", "", 404, "nothing is served at"),
                    ("/queues/jobs/ack", "", 400, "id and lease must be given"),
                    ("/queues/jobs", "", 405, "another method")):
                got, _, text = q.request("POST", path, body)
                answer = json.loads(text)
                self.assertEqual((got, answer["kind"], answer["code"]),
                                 (status, "Status", status), text)
                self.assertIn(sentence, answer["message"])

    def test_a_body_of_10_mb_is_refused_and_nobody_else_suffers(self):
        with Queue(self.db) as q:
            with socket.create_connection((q.address, q.port), timeout=DEADLINE_S) as s:
                s.sendall(b"POST /queues/jobs/jobs HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: 10000000\r\n\r\n")
                self.assertIn(b" 413 ", s.recv(4096))
            self.assertEqual(q.put()[0], 201)

    def test_a_full_queue_answers_429(self):
        with Queue(self.db, "--max-jobs=10") as q:
            self.assertEqual(q.put(count=10)[0], 201)
            status, headers, text = q.request("POST", "/queues/jobs/jobs", '{"cpu_ms":1}')
            self.assertEqual((status, headers["Retry-After"]), (429, "1"))
            self.assertIn("queue 'jobs' holds 10 jobs", json.loads(text)["message"])
            self.assertEqual(q.put("other")[0], 201)


class Complete(WithFile):
    """What goes beyond put, lease and acknowledge."""

    def test_many_jobs_are_put_at_once_and_carry_data(self):
        with Queue(self.db) as q:
            status, answer = q.post("jobs/jobs", jobs=[{"cpu_ms": 1, "id": "a", "data": "é\""},
                                                       {"cpu_ms": 2, "id": "b", "count": 2},
                                                       {"cpu_ms": 3}])
            self.assertEqual((status, answer["count"], answer["new"]), (201, 4, 4))
            self.assertEqual(answer["ids"][:2], ["a", "b"])
            jobs = q.lease(max=10)
            self.assertEqual([j["id"] for j in jobs], ["a", "b.1", "b.2", answer["ids"][2]])
            self.assertEqual([j.get("data") for j in jobs], ["é\"", None, None, None])

    def test_a_list_with_one_wrong_job_puts_nothing(self):
        with Queue(self.db) as q:
            status, answer = q.post("jobs/jobs", jobs=[{"cpu_ms": 1}, {"cpu_ms": -1}])
            self.assertEqual(status, 400)
            self.assertIn("job 2 of the list: cpu_ms takes", answer["message"])
            self.assertEqual(q.get("/queues/jobs")[0], 404)

    def test_a_queue_can_be_made_before_it_is_used(self):
        with Queue(self.db) as q:
            self.assertEqual(q.get("/queues/a")[0], 404)
            self.assertEqual(q.request("PUT", "/queues/a")[0], 201)
            self.assertEqual(q.request("PUT", "/queues/a")[0], 200)
            self.assertEqual(q.stats("a")["depth"], 0)
            self.assertEqual(q.request("PUT", "/queues/A")[0], 400)

    def test_a_delayed_job_waits(self):
        with Queue(self.db) as q:
            q.put(id="later", delay_seconds=600)
            self.assertEqual((q.stats()["depth"], q.stats()["delayed"]), (0, 1))
            self.assertEqual(q.lease(), [])
            q.put(id="soon", delay_seconds=0.3)
            [job] = q.lease(wait_seconds=20)
            self.assertEqual(job["id"], "soon")
            self.assertGreaterEqual(job["age_seconds"], 0.3)

    def test_a_lease_is_extended(self):
        with Queue(self.db) as q:
            q.put(id="a")
            [job] = q.lease(lease_seconds=60)
            self.assertEqual(q.post("jobs/extend", id="a", lease=job["lease"], lease_seconds=600),
                             (200, {"id": "a", "lease_seconds": 600.0}))
            [leased] = q.json("/queues/jobs/jobs?state=leased")["jobs"]
            self.assertTrue(60 < leased["seconds_left"] <= 600, leased)
            self.assertEqual(q.ack(job)[0], 200)
            self.assertEqual(q.post("jobs/extend", id="a", lease=job["lease"])[0], 409)

    def test_failures_delay_then_kill_and_the_dead_can_be_seen_and_requeued(self):
        with Queue(self.db, "--max-attempts=2", "--retry-delay=100ms") as q:
            q.put(id="a")
            for outcome in ("delayed", "dead"):
                [job] = q.lease(wait_seconds=20)
                self.assertEqual(q.post("jobs/fail", id="a", lease=job["lease"], reason="no luck"),
                                 (200, {"id": "a", "outcome": outcome}))
            [dead] = q.json("/queues/jobs/jobs?state=dead")["jobs"]
            self.assertEqual((dead["id"], dead["state"], dead["attempt"], dead["note"]),
                             ("a", "dead", 2, "no luck"))
            self.assertEqual(metric(q, 'swell_queue_dead{queue="jobs"}'), 1)
            self.assertEqual(q.post("jobs/requeue", id="b")[0], 404)
            self.assertEqual(q.post("jobs/requeue", id="a")[1]["requeued"], 1)
            [job] = q.lease()
            self.assertEqual(q.post("jobs/release", id="a", lease=job["lease"]),
                             (200, {"id": "a", "outcome": "ready"}))
            [job] = q.lease()
            self.assertEqual(job["attempt"], 1)

    def test_peek_shows_without_taking(self):
        with Queue(self.db) as q:
            q.put(id="b", count=3)
            q.lease(worker="w-7", lease_seconds=600)
            self.assertEqual([j["id"] for j in q.json("/queues/jobs/jobs?limit=1")["jobs"]],
                             ["b.2"])
            [leased] = q.json("/queues/jobs/jobs?state=leased")["jobs"]
            self.assertEqual((leased["id"], leased["note"]), ("b.1", "w-7"))
            self.assertLess(590, leased["seconds_left"])
            self.assertEqual(q.stats()["depth"], 2)
            for query in ("state=asleep", "limit=0", "limit=101", "id=a/b"):
                self.assertEqual(q.get("/queues/jobs/jobs?" + query)[0], 400, query)
            self.assertEqual(q.get("/queues/none/jobs")[0], 404)

    def test_a_purge_takes_many_and_leaves_what_is_leased(self):
        with Queue(self.db) as q:
            q.put(count=5000)
            [held] = q.lease(lease_seconds=600)
            status, _, text = q.request("DELETE", "/queues/jobs/jobs")
            self.assertEqual((status, json.loads(text)), (200, {"queue": "jobs", "purged": 4999}))
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"], stats["purged"]), (0, 1, 4999))
            self.assertEqual(q.ack(held)[0], 200)
            self.assertEqual(q.request("DELETE", "/queues/jobs/jobs?state=leased")[0], 400)

    def test_rates_are_those_of_the_last_seconds(self):
        with Queue(self.db) as q:
            q.put()
            wait_until(lambda: q.put()[0] == 201 and q.stats()["arrival_per_second"] > 0, "a rate")
            self.assertEqual(q.stats()["service_per_second"], 0)
            def serve():
                for job in q.lease(max=10):
                    q.ack(job)
                q.put()
                return q.stats()["service_per_second"] > 0
            wait_until(serve, "a service rate")

    def test_scalers_of_rabbitmq_can_read_it(self):
        with Queue(self.db) as q:
            q.put(count=5)
            q.lease(max=2)
            for path in ("/api/queues/%2F/jobs", "/api/queues/%2f/jobs", "/api/queues/prod/jobs"):
                answer = q.json(path)
                self.assertEqual((answer["name"], answer["messages"], answer["messages_ready"],
                                  answer["messages_unacknowledged"]), ("jobs", 5, 3, 2))
                for name in ("publish_details", "deliver_get_details", "ack_details"):
                    self.assertGreaterEqual(answer["message_stats"][name]["rate"], 0)
            self.assertEqual(q.json("/api/queues/%2F/jobs")["vhost"], "/")
            for path in ("/api/queues/%2F/none", "/api/queues/jobs"):
                status, _, text = q.get(path)
                self.assertEqual((status, json.loads(text)["error"]), (404, "Object Not Found"))


class FullDisk(WithFile):
    """A disk that is full refuses puts with 507, is still worked off, and loses nothing."""

    def fill(self, q):
        """Puts until the queue refuses; how many were taken."""
        count = 0
        while True:
            status, answer = q.put(id=f"a{count}", data=60000 * "x")
            if status != 201:
                self.assertEqual((status, answer["code"]), (507, 507), answer)
                self.assertIn("kept for acknowledgements", answer["message"])
                return count
            count += 1

    def work_off(self, q):
        done = set()
        while jobs := q.lease(max=20, lease_seconds=600):
            for job in jobs:
                self.assertEqual(q.ack(job)[0], 200)
                done.add(job["id"])
        return done

    def test_a_file_that_may_not_grow_is_worked_off_and_takes_puts_again(self):
        with Queue(self.db, "--max-disk-mib=16", "--keep-done=0s") as q:
            count = self.fill(q)
            self.assertGreater(count, 90)
            self.assertEqual(len(self.work_off(q)), count)
            wait_until(lambda: q.put(id="again", data=60000 * "x")[0] == 201, "room again")
            self.assertLess(os.path.getsize(self.db), 17 << 20)

    def test_a_full_file_system_loses_nothing(self):
        """A tmpfs of 24 MiB that only this queue sees."""
        probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", self.folder],
                               capture_output=True, check=False)
        if probe.returncode:
            self.skipTest(f"no file systems for tests here: {probe.stderr.decode().strip()}")
        script = ('mount -t tmpfs -o size=24m none "$1" && '
                  'exec "$2/swell-workload" queue --address=127.0.0.1 --port=0 --db="$1/q.db"')
        with InFolderOfItsOwn(script, self.folder) as q:
            count = self.fill(q)
            self.assertGreater(count, 50)
            filler = os.path.join(f"/proc/{q.process.pid}/root", self.folder.lstrip("/"), "filler")
            with open(filler, "wb", buffering=0) as f, self.assertRaises(OSError):
                while True:
                    f.write(4096 * b"x")  # somebody else takes what was kept
            self.assertEqual(q.put(id="b", data=60000 * "x")[0], 507)
            self.assertEqual(q.stats()["depth"], count)
            os.remove(filler)
            self.assertEqual(self.work_off(q), {f"a{i}" for i in range(count)})
            self.assertEqual(q.stats()["done"], count)
            self.assertEqual(q.stop(), 0)


class Leases(WithFile):
    def test_a_lease_that_runs_out_gives_the_job_back_and_late_work_is_a_duplicate(self):
        with Queue(self.db) as q:
            q.put(id="a")
            [first] = q.lease(lease_seconds=0.1)
            [second] = q.lease(wait_seconds=20)  # waits for the expiry
            self.assertEqual((second["id"], second["attempt"]), ("a", 2))
            status, answer = q.ack(first)
            self.assertEqual((status, answer["reason"]), (409, "Conflict"))
            self.assertIn("is not held any more", answer["message"])
            self.assertEqual(q.ack(second)[0], 200)
            stats = q.stats()
            self.assertEqual((stats["done"], stats["expired"], stats["duplicates"]), (1, 1, 1))
            self.assertEqual(metric(q, 'swell_jobs_total{queue="jobs",outcome="expired"}'), 1)
            self.assertEqual(metric(q, 'swell_jobs_total{queue="jobs",outcome="duplicate"}'), 1)

    def test_who_waits_gets_a_job_as_soon_as_its_lease_runs_out(self):
        with Queue(self.db) as q:
            q.put(id="a")
            began = time.monotonic()
            for attempt in range(1, 9):
                [job] = q.lease(lease_seconds=0.1, wait_seconds=20)
                self.assertEqual(job["attempt"], attempt)
            self.assertLess(time.monotonic() - began, 5)  # 0.7; with a look once a second 7

    def test_who_waits_gets_the_job_when_it_is_put(self):
        with Queue(self.db) as q, concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(q.lease, wait_seconds=20)
            wait_until(lambda: q.get("/queues/jobs")[0] == 200, "the lease has arrived")
            began = time.monotonic()
            q.put(id="a")
            self.assertEqual(waiting.result()[0]["id"], "a")
            self.assertLess(time.monotonic() - began, 10)

    def test_a_wait_ends_without_a_job(self):
        with Queue(self.db) as q:
            began = time.monotonic()
            self.assertEqual(q.lease(wait_seconds=0.3), [])
            self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_who_went_away_while_waiting_gets_no_job(self):
        with Queue(self.db) as q:
            with socket.create_connection((q.address, q.port), timeout=DEADLINE_S) as s:
                s.sendall(b"POST /queues/jobs/lease HTTP/1.1\r\nHost: x\r\nContent-Length: 19\r\n"
                          b"\r\n" + b'{"wait_seconds":20}')
                wait_until(lambda: q.get("/queues/jobs")[0] == 200, "the lease has arrived")
            q.put(id="a")
            self.assertEqual([j["attempt"] for j in q.lease()], [1])

    def test_a_drain_ends_every_wait(self):
        with Queue(self.db) as q, concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = [pool.submit(q.lease, wait_seconds=20) for _ in range(5)]
            wait_until(lambda: metric(q, "http_requests_in_flight") == 6, "5 waiting")
            began = time.monotonic()
            self.assertEqual(q.stop(), 0)
            self.assertLess(time.monotonic() - began, 10)
            self.assertEqual([w.result() for w in waiting], [[]] * 5)


class Durability(WithFile):
    def test_kill_9_loses_no_acknowledged_put(self):
        acknowledged, lock = [], threading.Lock()

        def produce(q, name):
            for i in range(100000):
                job = f"{name}-{i}"
                try:
                    status, _ = q.put(id=job)
                except OSError:
                    return
                except ValueError:  # half an answer is none
                    return
                self.assertEqual(status, 201)
                with lock:
                    acknowledged.append(job)

        for turn in range(3):
            with Queue(self.db) as q:
                producers = [threading.Thread(target=produce, args=(q, f"{turn}-{n}"))
                             for n in range(4)]
                for p in producers:
                    p.start()
                goal = len(acknowledged) + 50
                wait_until(lambda: len(acknowledged) >= goal, "50 more puts acknowledged")
                self.assertEqual(q.stop(signal.SIGKILL), -signal.SIGKILL)
                for p in producers:
                    p.join()
        with Queue(self.db) as q:
            depth = q.stats()["depth"]
            self.assertGreaterEqual(depth, len(acknowledged))
            self.assertLessEqual(depth, len(acknowledged) + 3 * 4)  # done, but not answered
            left = set()
            while jobs := q.lease(max=100):
                left.update(j["id"] for j in jobs)
            self.assertEqual(len(left), depth)
            self.assertLessEqual(set(acknowledged), left)

    def test_leases_and_counts_survive_kill_9(self):
        with Queue(self.db) as q:
            q.put(count=3)
            [held] = q.lease(lease_seconds=600)
            q.ack(q.lease()[0])
            q.stop(signal.SIGKILL)
        with Queue(self.db) as q:
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"], stats["done"]), (1, 1, 1))
            self.assertEqual(q.ack(held)[0], 200)


def wait_until_held(worker):
    """The queue counts a lease before the worker has heard of it."""
    wait_until(lambda: metric(worker, 'swell_job_wait_seconds_count{queue="jobs"}') == 1,
               "the worker has the job")


class Work(WithFile):
    def test_jobs_are_done_once_and_cost_what_they_say(self):
        with Queue(self.db) as q, Worker(q.url(), "--concurrency=2") as w:
            q.put(cpu_ms=5, count=20)
            wait_until(lambda: q.stats()["done"] == 20, "all done")
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"]), (0, 0))
            self.assertEqual((stats["duplicates"], stats["expired"]), (0, 0))
            burned_s = metric(w, 'swell_burn_cpu_seconds_total{purpose="job"}')
            self.assertTrue(0.099 < burned_s < 0.13, burned_s)  # 100 ms, and what the host takes
            wait_until(lambda: metric(w, 'swell_jobs_total{queue="jobs",outcome="done"}') == 20,
                       "the worker has counted them, too")
            self.assertEqual(w.json("/version")["role"], "work")
            for path in ("/healthz", "/livez", "/readyz"):
                self.assertEqual(w.get(path)[2], "ok")
            self.assertEqual(w.stop(), 0)

    def test_a_killed_workers_job_is_done_by_another_after_its_lease(self):
        with Queue(self.db) as q:
            with Worker(q.url(), "--lease=1s") as w:
                q.put(id="a", cpu_ms=60000)
                wait_until(lambda: q.stats()["in_flight"] == 1, "leased")
                w.stop(signal.SIGKILL)
            [job] = q.lease(wait_seconds=20)
            self.assertEqual((job["id"], job["attempt"]), ("a", 2))
            q.ack(job)
            with Worker(q.url(), "--lease=1s") as w:
                q.put(id="b", cpu_ms=500)
                wait_until(lambda: q.stats()["in_flight"] == 1, "leased")
                w.stop(signal.SIGKILL)
            with Worker(q.url()):
                wait_until(lambda: q.stats()["done"] == 2, "done by the second worker")
            self.assertEqual(q.stats()["expired"], 2)
            self.assertEqual(q.stats()["duplicates"], 0)

    def test_sigterm_finishes_and_acknowledges_the_job_in_hand(self):
        with Queue(self.db) as q, Worker(q.url(), "--poll=0s") as w:
            q.put(cpu_ms=500, count=5)
            # The queue counts a lease before its answer reaches the worker.
            wait_until(lambda: metric(w, 'swell_job_wait_seconds_count{queue="jobs"}'), "begun")
            self.assertEqual(w.stop(), 0)
            stats = q.stats()
            self.assertEqual(stats["in_flight"], 0)
            self.assertIn(stats["done"], (1, 2))  # 2: one was done just before the signal
            self.assertEqual(stats["depth"] + stats["done"], 5)

    def test_a_job_that_outlasts_the_drain_is_given_back_untried(self):
        with Queue(self.db) as q:
            with Worker(q.url(), "--drain-timeout=100ms", "--lease=600s", "--concurrency=2") as w:
                q.put(cpu_ms=60000, count=2)
                wait_until(lambda: q.stats()["in_flight"] == 2, "leased")
                self.assertEqual(w.stop(), 0)
                w.wait_for_line("a job is given back")
            stats = q.stats()
            self.assertEqual((stats["depth"], stats["in_flight"], stats["released"]), (2, 0, 2))
            self.assertEqual([j["attempt"] for j in q.lease(max=2)], [1, 1])

    def test_a_job_that_cannot_be_given_back_is_a_failure(self):
        with Queue(self.db) as q:
            with Worker(q.url(), "--drain-timeout=100ms", "--lease=600s") as w:
                q.put(cpu_ms=60000)
                wait_until_held(w)
                q.stop(signal.SIGKILL)
                self.assertEqual(w.stop(), 1)
                w.wait_for_line("the queue could not be told")

    def test_jobs_that_always_fail_are_dead_after_their_attempts_and_can_be_requeued(self):
        with Queue(self.db, "--max-attempts=3", "--retry-delay=10ms") as q:
            with Worker(q.url(), "--fail-rate=1") as w:
                q.put(count=5)
                wait_until(lambda: q.stats()["dead"] == 5, "all dead")
                self.assertEqual((q.stats()["failed"], q.stats()["done"]), (15, 0))
                wait_until(lambda: metric(w, 'swell_jobs_total{queue="jobs",outcome="failed"}')
                           == 15, "counted by the worker, too")
            with Worker(q.url()) as w:
                self.assertEqual(q.post("jobs/requeue"), (200, {"queue": "jobs", "requeued": 5}))
                wait_until(lambda: q.stats()["done"] == 5, "done after all")
                wait_until(lambda: metric(w, 'swell_job_wait_seconds_count{queue="jobs"}') == 5,
                           "waits are measured")

    def test_work_that_outlasts_its_lease_is_done_once(self):
        flags = ("--lease=1500ms", "--cpu-limit=200m", "--log-level=debug")
        with Queue(self.db) as q, Worker(q.url(), *flags) as a, Worker(q.url(), *flags) as b:
            q.put(cpu_ms=1000)  # 5 s at 20 ms in each 100
            wait_until(lambda: q.stats()["done"] == 1, "done")
            self.assertEqual((a.stop(), b.stop()), (0, 0))
            self.assertEqual(sum("msg=worked" in line for line in a.lines + b.lines), 1)
            self.assertEqual((q.stats()["duplicates"], q.stats()["depth"]), (0, 0))

    def test_a_worker_that_was_stopped_for_longer_than_its_lease_gives_up_the_job(self):
        with Queue(self.db) as q, Worker(q.url(), "--lease=200ms", "--poll=0s") as w:
            q.put(cpu_ms=60000)
            wait_until(lambda: q.stats()["in_flight"] == 1, "leased")
            w.process.send_signal(signal.SIGSTOP)
            [job] = wait_until(lambda: q.lease(lease_seconds=600), "it is somebody else's")
            w.process.send_signal(signal.SIGCONT)
            wait_until(lambda: metric(w, 'swell_jobs_total{queue="jobs",outcome="duplicate"}') == 1,
                       "the worker was told")
            self.assertEqual(q.ack(job)[0], 200)
            self.assertEqual((q.stats()["done"], q.stats()["depth"]), (1, 0))

    def test_readiness_follows_the_queue_and_an_acknowledgement_waits_for_it(self):
        number = os.getpid() % 65536  # an address of its own, so that the port stays free
        address = f"127.83.{number >> 8}.{number & 255}"
        with Queue(self.db, address=address) as q:
            with Worker(q.url(), "--lease=600s") as w:
                wait_until(lambda: w.get("/readyz")[0] == 200, "ready with the queue")
                q.put(cpu_ms=300)
                wait_until_held(w)
                q.stop(signal.SIGKILL)
                wait_until(lambda: w.get("/readyz")[0] == 503, "not ready without it")
                self.assertEqual(w.get("/healthz")[0], 200)
                w.wait_for_line("queue not reached")
                with Queue(self.db, address=address, port=q.port) as again:
                    wait_until(lambda: w.get("/readyz")[0] == 200, "ready again")
                    wait_until(lambda: again.stats()["done"] == 1, "acknowledged after all")
                    self.assertEqual(again.stats()["duplicates"], 0)
                    self.assertEqual(w.stop(), 0)

    def test_a_worker_without_a_queue_is_not_ready_and_ends_at_once(self):
        with Worker("http://127.0.0.1:1/") as w:
            w.wait_for_line("queue not reached")
            self.assertEqual(w.get("/readyz")[0], 503)
            self.assertEqual(w.get("/livez")[0], 200)
            self.assertEqual(w.stop(), 0)

    def test_the_hosts_file_of_the_lab_names_the_queue(self):
        hosts = os.path.join(self.folder, "hosts")
        with open(hosts, "w", encoding="utf-8") as f:
            f.write("127.0.0.1 queue queue.default.svc\n")
        with Queue(self.db) as q:
            q.put()
            with Program("swell-workload", "work", env={
                    "SWELL_ADDRESS": "127.0.0.1", "SWELL_PORT": "0", "SWELL_HOSTS": hosts,
                    "SWELL_QUEUE_URL": f"http://queue:{q.port}/"}):
                wait_until(lambda: q.stats()["done"] == 1, "done")


class Refusals(WithFile):
    def refused(self, command, sentence):
        code, out, errors = run("swell-workload", *command)
        self.assertEqual((code, out), (2, ""), command)
        self.assertRegex(errors, r"^swell-workload [^\n]*: [^\n]+\n$", command)
        self.assertIn(sentence, errors)

    def queue_refused(self, sentence, *flags):
        self.refused(("queue", "--address=127.0.0.1", "--port=0", *flags), sentence)

    def test_a_file_that_is_no_queue_is_one_line_and_exit_2(self):
        with open(self.db, "w", encoding="utf-8") as f:
            f.write(4096 * "x")
        self.queue_refused(f"'{self.db}': file is not a database", f"--db={self.db}")
        with open(self.db, encoding="utf-8") as f:
            self.assertEqual(f.read(), 4096 * "x")
        self.queue_refused("No such file or directory", "--db=/nowhere/q.db")
        self.queue_refused("cannot open", f"--db={self.folder}")
        self.queue_refused("does not name a file", "--db=")

    def test_a_damaged_file_is_one_line_and_exit_2(self):
        with Queue(self.db) as q:
            q.put(count=1000)
            self.assertEqual(q.stop(), 0)
        with open(self.db, "r+b") as f:
            f.seek(4096)
            f.write(8 * 4096 * b"x")
        self.queue_refused(f"'{self.db}' is damaged: Page ", f"--db={self.db}")

    def test_wrong_flags_are_one_line_and_exit_2(self):
        db = f"--db={self.db}"
        self.queue_refused("unknown flag '--nonsense'", db, "--nonsense")
        self.queue_refused("--max-jobs takes", db, "--max-jobs=0")
        self.queue_refused("--keep-done takes", db, "--keep-done=1")
        self.assertFalse(os.path.exists(self.db))
        for flag, sentence in (("--queue-url=queue", "the queue's address is such as"),
                               ("--queue=Jobs", "'Jobs' is no name of a queue"),
                               ("--concurrency=0", "--concurrency takes"),
                               ("--concurrency=65", "--concurrency takes"),
                               ("--lease=1ms", "--lease takes"),
                               ("--poll=21s", "--poll takes")):
            self.refused(("work", "--port=0", flag), sentence)

    def test_a_port_in_use_is_one_line_and_exit_2(self):
        with Queue(self.db) as q:
            sentence = f"cannot listen on 127.0.0.1:{q.port}: Address already in use"
            other = os.path.join(self.folder, "other.db")
            self.refused(("queue", "--address=127.0.0.1", f"--port={q.port}", f"--db={other}"),
                         sentence)
            self.refused(("work", "--address=127.0.0.1", f"--port={q.port}"), sentence)


if __name__ == "__main__":
    unittest.main()
