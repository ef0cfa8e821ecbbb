# SPDX-License-Identifier: MIT
"""passThrough: what is none of swell-adapter's metrics is asked of a second swell-adapter over real
TLS, which may hang or be gone."""
import json
import signal
import threading
import unittest

from identities import MASTERS, remote
from pass_through_fixture import EXTERNAL, PassThroughTest, metric, path_of
from program import wait_until

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class SecondAdapter(PassThroughTest):
    def both(self, ours=metric("depth", 3), theirs=metric("lag", 7), **more):
        other = self.other("externalMetrics:\n" + theirs)
        p = self.start("first.yaml", "externalMetrics:\n" + ours + self.section(other.port, **more))
        return p, other

    def test_its_metrics_are_served_and_listed_beside_ours(self):
        p, other = self.both()
        self.becomes(p, "depth", "3")
        self.becomes(p, "lag", "7")
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        _, body = self.ask(p, "/apis", ("Accept", AGGREGATED), who=MASTERS)
        external = json.loads(body)["items"][0]["versions"][0]["resources"]
        self.assertEqual([(r["resource"], r["verbs"]) for r in external],
                         [("depth", ["get"]), ("lag", ["get"])])
        through, direct = (json.loads(self.ask(who, path_of("lag"))[1]) for who in (p, other))
        for doc in (through, direct):
            del doc["items"][0]["timestamp"]
        self.assertEqual(through, direct)

    def test_it_is_asked_as_ourselves_and_never_as_who_asked(self):
        p, _ = self.both()
        self.becomes(p, "lag", "7")
        who = {spec["user"] for kind, spec in self.cluster.reviews if kind == "SubjectAccessReview"
               and spec.get("resourceAttributes", {}).get("resource") == "lag"}
        self.assertEqual(who, {"alice", "adapter"})
        status, _ = self.ask(p, path_of("lag"), who=remote("mallory"))
        self.assertEqual(status, 403)  # though the other would have answered us

    def test_it_may_not_let_us_read(self):
        p, _ = self.both(pair=self.client.issue("nobody", "/CN=nobody"))
        said = self.message(p, "lag")
        self.assertRegex(said, r'external metric "lag" is not configured here, and https://localhost:'
                               r'\d+, which is asked for such ones, answers 403: .*User "nobody" '
                               r'cannot list .* since \d\d:\d\d:\d\d')

    def test_a_token_is_read_again_when_it_changes(self):
        token = self.write("token", "was-good-once\n")
        p, _ = self.both(tls={"caFile": self.client.certificate}, bearerToken={"file": token})
        self.assertIn("answers 401", self.message(p, "lag"))
        self.write("token", "good\n")
        self.becomes(p, "lag", "7")
        self.assertNotIn("was-good-once", "".join(p.lines))

    def test_its_own_unknown_metrics_are_unknown(self):
        p, other = self.both()
        self.becomes(p, "lag", "7")
        status, body = self.ask(p, path_of("nothing"))
        self.assertEqual((status, body), self.ask(other, path_of("nothing")))
        self.assertEqual(status, 404)
        self.assertEqual(self.series(p, 'requests_total{group="external",outcome="unknown"}'), 1)

    def test_our_names_win_and_it_is_said_once(self):
        p, _ = self.both(ours=metric("depth", 3) + metric("lag", 5))
        self.becomes(p, "lag", "5")
        p.wait_for_line("metrics that both adapters have")
        reads = 'lists_total{group="external",outcome="read"}'
        wait_until(lambda: self.series(p, reads) > 2, "the list to be read again")
        self.assertEqual(sum("both adapters have" in line for line in p.lines), 1)
        self.assertEqual(self.series(p, "conflicts"), 1)
        self.assertEqual(self.names(p), ["depth", "lag"])

    def test_a_hanging_one_delays_nothing_of_ours_and_is_left_alone(self):
        p, other = self.both(timeout="8s")
        self.becomes(p, "depth", "3")
        self.becomes(p, "lag", "7")
        other.process.send_signal(signal.SIGSTOP)
        try:
            askers = [threading.Thread(target=self.message, args=(p, "lag")) for _ in range(3)]
            for asker in askers:
                asker.start()
            for _ in range(3):
                self.assertEqual(self.value(p, "depth"), "3")
                self.assertIn("depth", self.names(p))
            self.assertTrue(all(asker.is_alive() for asker in askers), "nobody waited meanwhile")
            for asker in askers:
                asker.join()
            p.wait_for_line("other adapter fails")
            self.assertEqual(self.series(p, "failing"), 1)

            def left_alone():
                said = self.message(p, "lag")
                self.assertRegex(said, r"gives no whole answer within 8s since \d\d:\d\d:\d\d; next try")
                return self.series(p, 'requests_total{group="external",outcome="failing"}')
            wait_until(left_alone, "an answer without a question")
        finally:
            other.process.send_signal(signal.SIGCONT)
        self.becomes(p, "lag", "7")
        p.wait_for_line("other adapter answers again")
        self.assertEqual(self.series(p, "failing"), 0)

    def test_when_it_is_gone_its_list_stays_for_a_while(self):
        p, other = self.both(discoveryMaxAge="4s")
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        self.assertEqual(other.stop(), 0)
        p.wait_for_line("list of metrics is not read")
        self.assertEqual(self.names(p), ["depth", "lag"])
        self.assertIn("cannot be connected to", self.message(p, "lag"))
        wait_until(lambda: self.names(p) == ["depth"], "the list to end")
        self.assertIsNone(self.series(p, "listed"))

    def test_a_new_configuration_keeps_what_it_still_wants(self):
        p, other = self.both()
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        section = self.section(other.port)
        self.write("first.yaml", "externalMetrics:\n" + metric("more", 1) + section)
        wait_until(lambda: self.names(p) == ["more", "lag"], "the new configuration")
        self.assertEqual(sum("other adapter's metrics" in line for line in p.lines), 1)
        self.write("first.yaml", "externalMetrics:\n" + metric("more", 1))
        wait_until(lambda: self.names(p) == ["more"], "the end of passing on")
        self.assertEqual(self.ask(p, path_of("lag"))[0], 404)

    def test_two_that_ask_each_other_come_to_an_end(self):
        first = self.other("externalMetrics:\n" + metric("depth", 3))
        second = self.start("second.yaml", "externalMetrics:\n" + metric("lag", 7)
                            + self.section(first.port, timeout="30s"))
        # The first shows a certificate for localhost already; the second shows the fake cluster's.
        self.write("other.yaml", "externalMetrics:\n" + metric("depth", 3)
                   + self.section(second.port, timeout="30s",
                                  tls={"insecureSkipVerify": True, "certFile": self.me[0],
                                       "keyFile": self.me[1]}))
        self.becomes(first, "lag", "7")
        self.becomes(second, "depth", "3")
        self.assertEqual(self.ask(first, path_of("nothing"))[0], 404)
        wait_until(lambda: self.names(first) == ["depth", "lag"] and
                   self.names(second) == ["lag", "depth"], "each other's metrics")
        self.write("second.yaml", "externalMetrics:\n" + metric("age", 1)
                   + self.section(first.port, timeout="30s"))
        wait_until(lambda: self.names(first) == ["depth", "age"], "the end of lag")


if __name__ == "__main__":
    unittest.main()
