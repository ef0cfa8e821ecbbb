# SPDX-License-Identifier: MIT
"""swell-adapter in front of real sources: Prometheus, Redis, swell-workload's queue, and pages."""
import json
import os
import shutil
import unittest

from adapter_fixture import V1, AdapterTest
from identities import Authority
from program import Program, run, wait_until
from prometheus_server import Prometheus
from redis_server import WithRedis


def metric(name, source, more=""):
    return f"""\
- name: {name}
  interval: 100ms
  maxAge: 30s
  source: {source}
{more}"""


class SourceTest(AdapterTest):
    def values(self, p, name):
        """The values by their labels, or None while there are none."""
        status, _, body = p.get(f"{V1}/namespaces/default/{name}")
        if status != 200:
            return None
        return {json.dumps(i["metricLabels"], sort_keys=True): i["value"]
                for i in json.loads(body)["items"]}

    def becomes(self, p, name, value, labels="{}"):
        wait_until(lambda: (self.values(p, name) or {}).get(labels) == value,
                   f"{name} = {value}; now {p.get(f'{V1}/namespaces/default/{name}')[2]}")

    def says(self, p, name, sentence):
        wait_until(lambda: sentence in p.get(f"{V1}/namespaces/default/{name}")[2],
                   f"{name}: {sentence}; now {p.get(f'{V1}/namespaces/default/{name}')[2]}")


class Pages(SourceTest):
    def test_a_gauge_and_the_rate_of_a_counter(self):
        self.queue.answer(b"# TYPE depth gauge\ndepth{queue=\"a\"} 3\ndepth{queue=\"b\"} 4\n"
                          b"# TYPE jobs_total counter\njobs_total 5\n")
        page = f'url: "http://127.0.0.1:{self.queue.port}/metrics"'
        p = self.adapter("externalMetrics:\n" +
                         metric("depth", f"{{exposition: {{{page}, metric: depth}}}}",
                                "  combine: sum\n") +
                         metric("each", f"{{exposition: {{{page}, metric: depth}}}}",
                                "  combine: each\n") +
                         metric("rate", f"{{exposition: {{{page}, metric: jobs_total}}}}"))
        self.becomes(p, "depth", "7")
        self.becomes(p, "each", "4", '{"queue": "b"}')
        self.becomes(p, "rate", "0")
        self.queue.answer(b"<html>")
        self.says(p, "rate", '"value":"0"')  # held
        wait_until(lambda: self.polls(p, "no_value") >= 1, "a page that is none")

    def test_explain_waits_for_the_second_reading_of_a_counter(self):
        self.queue.answer(b"# TYPE jobs_total counter\njobs_total 5\n")
        path = self.write("externalMetrics:\n" + metric(
            "rate", f'{{exposition: {{url: "http://127.0.0.1:{self.queue.port}/metrics", '
                    "metric: jobs_total}}"))
        code, out, errors = run("swell-adapter", "explain", "--config=" + path, "--metric=rate")
        self.assertEqual((code, self.queue.asked), (0, 2), errors)
        self.assertIn("HPA gets  0\n", out)


class Swell(SourceTest):
    def test_a_queue_of_swell_workload(self):
        with Program("swell-workload", "queue", "--port=0", "--address=127.0.0.1",
                     "--db=" + os.path.join(self.folder, "jobs.db")) as queue:
            source = f'{{url: "http://127.0.0.1:{queue.port}", queue: jobs'
            p = self.adapter("externalMetrics:\n" +
                             metric("ready", f"{{swellQueue: {source}}}}}") +
                             metric("all", f"{{swellQueue: {source}, count: unfinished}}}}") +
                             metric("rabbit", f'{{rabbitmq: {{url: "http://127.0.0.1:{queue.port}",'
                                    " queue: jobs}}"))
            self.says(p, "ready", "answers 404: it has no queue 'jobs'")
            queue.json("/queues/jobs/jobs", "POST", {"cpu_ms": 1, "count": 5})
            self.becomes(p, "ready", "5")
            queue.json("/queues/jobs/lease", "POST", {"worker": "w", "max": 2})
            self.becomes(p, "ready", "3")
            self.becomes(p, "all", "5")
            self.becomes(p, "rabbit", "5")  # it speaks as RabbitMQ does
            queue.stop()


class RedisKeys(SourceTest, WithRedis):
    def test_lengths_of_all_types_and_what_is_no_length(self):
        redis = self.redis()
        redis("RPUSH", "list", "a", "b", "c")
        redis("SADD", "set", "a", "b")
        redis("ZADD", "zset", "1", "a")
        redis("HSET", "hash", "a", "1", "b", "2")
        redis("SET", "text", "5")

        def of(key, more=""):
            return f'{{redis: {{address: "{redis.address}:6379", key: {key}{more}}}}}'
        names = ("list", "set", "zset", "hash", "none", "text")
        p = self.adapter("externalMetrics:\n" + "".join(metric(n, of(n)) for n in names) +
                         metric("elsewhere", of("list", ", database: 1")))
        for name, value in (("list", "3"), ("set", "2"), ("zset", "1"), ("hash", "2"),
                            ("none", "0"), ("elsewhere", "0")):
            self.becomes(p, name, value)
        self.says(p, "text", "has a key 'text' that is no list, set, sorted set or hash since ")
        redis("LPOP", "list")
        self.becomes(p, "list", "2")

        redis.stop()
        wait_until(lambda: self.polls(p, "unreachable") >= 1, "Redis gone")
        self.assertEqual(self.values(p, "list"), {"{}": "2"})  # held
        redis.start()
        redis("RPUSH", "list", "x", "y")
        self.becomes(p, "list", "4")

    def test_streams(self):
        redis = self.redis()
        for i in range(5):
            redis("XADD", "orders", "*", "n", str(i))
        redis("XGROUP", "CREATE", "orders", "workers", "0")
        redis("XREADGROUP", "GROUP", "workers", "w", "COUNT", "2", "STREAMS", "orders", ">")

        def of(stream, more=""):
            return f'{{redis: {{address: "{redis.address}:6379", stream: {stream}{more}}}}}'
        p = self.adapter("externalMetrics:\n" + metric("length", of("orders")) +
                         metric("pending", of("orders", ", group: workers")) +
                         metric("lag", of("orders", ", group: workers, count: lag")) +
                         metric("nogroup", of("orders", ", group: nobody")) +
                         metric("newgroup", of("orders", ", group: nobody, count: lag")) +
                         metric("nostream", of("none", ", group: workers, count: lag")))
        for name, value in (("length", "5"), ("pending", "2"), ("lag", "3"), ("newgroup", "5"),
                            ("nostream", "0")):
            self.becomes(p, name, value)
        self.says(p, "nogroup", "answers the error NOGROUP since ")

    def test_a_password_is_read_again_when_it_changes(self):
        redis = self.redis("--requirepass", "first")
        path = self.write("wrong\n", "password")
        p = self.adapter("externalMetrics:\n" + metric(
            "depth", f'{{redis: {{address: "{redis.address}:6379", key: jobs, '
                     f'password: {{file: {path}}}}}}}'))
        self.says(p, "depth", "answers the error WRONGPASS since ")
        self.write("first\n", "password")
        self.becomes(p, "depth", "0")
        self.assertNotIn("first", "".join(p.lines))

    def test_over_tls_both_sides_know_each_other(self):
        redis, authority = self.redis(), Authority(self.folder, "ca")
        ours, key = authority.issue("ours", "/CN=adapter")
        theirs = authority.issue("theirs", "/CN=redis", "serverAuth", names=f"IP:{redis.address}")
        tls = {"tls-cert-file": theirs[0], "tls-key-file": theirs[1], "tls-port": "6380",
               "tls-ca-cert-file": authority.certificate, "tls-auth-clients": "yes"}
        redis.command += [word for name, value in tls.items() for word in ("--" + name, value)]

        def restart():
            redis.stop()
            redis.start()
            redis("ACL", "SETUSER", "reader", "on", ">pass:w@rd/", "~*", "+type", "+llen")
        restart()
        redis("RPUSH", "jobs", *("x" * 1000 for _ in range(3)))

        def of(more, host=redis.address):
            return (f'{{redis: {{address: "{host}:6380", key: jobs, username: reader, '
                    f"password: {{file: {self.write('pass:w@rd/', 'password')}}}, timeout: 20s{more}}}}}")
        known = f"certFile: {ours}, keyFile: {key}"
        ca = f"caFile: {authority.certificate}"
        p = self.adapter("externalMetrics:\n" +
                         metric("good", of(f", tls: {{{ca}, {known}}}")) +
                         metric("blind", of(f", tls: {{insecureSkipVerify: true, {known}}}", "redis")) +
                         metric("wrongname", of(f", tls: {{{ca}, {known}}}", "redis")) +
                         metric("wrongca", of(f", tls: {{{known}}}")) +
                         metric("stranger", of(f", tls: {{{ca}}}")) +
                         metric("plain", of("")),
                         env={"SWELL_HOSTS": self.write(f"{redis.address} redis\n", "hosts")})
        self.becomes(p, "good", "3")
        self.becomes(p, "blind", "3")
        for name in ("wrongname", "wrongca", "stranger", "plain"):
            self.says(p, name, ":6380 fails: ")
        restart()
        redis("RPUSH", "jobs", "y")
        self.becomes(p, "good", "4")
        self.assertNotIn("w@rd", "".join(p.lines))

    def test_a_node_of_a_cluster_is_refused_by_name(self):
        redis = self.redis("--cluster-enabled", "yes")
        p = self.adapter("externalMetrics:\n" + metric(
            "depth", f'{{redis: {{address: "{redis.address}:6379", key: jobs}}}}'))
        self.says(p, "depth", "answers the error CLUSTERDOWN: it is of a cluster, and clusters are "
                  "not read since ")


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
class Queries(SourceTest):
    def test_values_series_and_what_is_no_value(self):
        self.queue.answer(b'depth{queue="a"} 3\ndepth{queue="b"} 4.25\n')
        prometheus = Prometheus(self.folder, [f"127.0.0.1:{self.queue.port}"])
        self.addCleanup(prometheus.stop)
        url = prometheus.url

        def of(query, method="GET"):
            return f"{{prometheus: {{url: \"{url}\", query: '{query}', method: {method}}}}}"
        p = self.adapter("externalMetrics:\n" + metric("sum", of("sum(depth)")) +
                         metric("posted", of("sum(depth) + 1", "POST")) +
                         metric("each", of("sum by (queue) (depth)"), "  combine: each\n") +
                         metric("several", of("depth")) + metric("scalar", of("scalar(sum(depth))")) +
                         metric("none", of("absent_series")) +
                         metric("zero", of("absent_series"), "  onEmpty: 0\n") +
                         metric("nan", of("vector(0) / 0")) + metric("bad", of("sum(")) +
                         metric("range", of("depth[1m]")))
        self.becomes(p, "sum", "7250m")
        self.becomes(p, "posted", "8250m")
        self.becomes(p, "scalar", "7250m")
        self.becomes(p, "each", "4250m", '{"queue": "b"}')
        self.becomes(p, "zero", "0")
        for name, sentence in (("several", "has 2 values where one is needed"),
                               ("none", "has no value (empty is not zero unless onEmpty says so)"),
                               ("nan", "has a value that is not a number (NaN)"),
                               ("bad", "answers 400 (bad_data)"),
                               ("range", "answers with a range")):
            self.says(p, name, f"Prometheus at {url} {sentence}")
        self.queue.answer(b'depth{queue="a"} 1\ndepth{queue="b"} 1\n')
        self.becomes(p, "sum", "2")


if __name__ == "__main__":
    unittest.main()
