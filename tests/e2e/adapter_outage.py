# SPDX-License-Identifier: MIT
"""swell-adapter is killed under the eyes of the real API server and HPA controller, and comes back."""
import unittest

from adapter_plane import API_SERVICES
from autoscaled import HpaTest, external, start_shop
from program import wait_until


def setUpModule():  # noqa: N802, unittest's name
    start_shop()


class Killed(HpaTest):
    def configuration(self, redis):
        return f"""\
externalMetrics:
- name: jobs
  interval: 200ms
  source: {{redis: {{address: "{redis.address}:6379", key: jobs}}}}
"""

    def wait_unavailable(self):
        """The API server looks every 30 s, and at once when the object changes."""
        for name in API_SERVICES:
            self.api.patch(f"/apis/apiregistration.k8s.io/v1/apiservices/{name}",
                           {"metadata": {"labels": {"look": "again"}}})
            wait_until(lambda name=name: not self.available(name), f"{name} to be unavailable")

    def test_nothing_scales_down_without_it_and_all_goes_on_with_the_next_one(self):
        redis = self.redis()
        redis("RPUSH", "jobs", *"x" * 20)
        p = self.serving(self.configuration(redis))
        workers = self.autoscaled("workers", external("jobs", average="5"))
        workers.becomes(4)
        generation = workers.generation()

        p.process.kill()
        p.process.wait()
        redis("LTRIM", "jobs", "0", "4")  # 5 are left, so that one replica would be enough
        self.wait_unavailable()
        workers.wait_condition("FailedGetExternalMetric")
        self.wait_evaluated()
        self.assertEqual(workers.generation(), generation)

        self.serving(self.configuration(redis))
        workers.becomes(1)
        workers.wait_condition("ValidMetricFound")


if __name__ == "__main__":
    unittest.main()
