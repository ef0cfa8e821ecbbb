# SPDX-License-Identifier: MIT
"""swell-adapter takes over a configuration file that changes, whole or not at all."""
import os
import unittest

from adapter_fixture import DEPTH, V1, AdapterTest, config
from program import wait_until


class Reload(AdapterTest):
    def gauge(self, p, name):
        for line in p.get("/metrics")[2].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None

    def replace(self, text):
        """As an editor does: a new file in the place of the old one."""
        path = self.write(text, "next.yaml")
        os.rename(path, os.path.join(self.folder, "adapter.yaml"))

    def other(self):
        return config(self.queue, more=f"""\
- name: other
  source: {{http: {{url: "http://127.0.0.1:{self.queue.port}/", valuePath: depth}}}}
""")

    def test_a_new_metric_is_served_and_listed_and_the_old_value_stays(self):
        p = self.adapter(config(self.queue, interval="30s", max_age="5m"))
        wait_until(lambda: self.value(p), "a value")
        asked = self.queue.asked
        self.assertEqual(self.gauge(p, "swell_adapter_config_generation"), 1)
        self.replace(self.other().replace("100ms", "30s").replace("maxAge: 30s", "maxAge: 5m"))
        p.wait_for_line("settings changed")
        self.assertEqual(self.value(p), "12")  # without a new poll: the query is the same
        self.assertIn('"other"', p.get(V1)[2])
        wait_until(lambda: p.get(V1 + "/namespaces/x/other")[0] == 200, "the new metric's value")
        self.assertEqual(self.queue.asked, asked + 1)
        self.assertEqual(self.gauge(p, "swell_adapter_config_generation"), 2)

    def test_what_is_gone_is_served_and_polled_no_more(self):
        p = self.adapter(self.other())
        wait_until(lambda: p.get(V1 + "/namespaces/x/other")[0] == 200, "a value of both")
        self.replace("externalMetrics:\n- name: fixed\n  source: {constant: {value: 7}}\n  interval: 100ms\n")
        p.wait_for_line("settings changed")
        for path in (DEPTH, V1 + "/namespaces/x/other"):
            self.assertEqual(p.get(path)[0], 404)
        self.assertNotIn("other", p.get(V1)[2])
        wait_until(lambda: p.get(V1 + "/namespaces/x/fixed")[0] == 200, "the constant")
        wait_until(lambda: 'metric="queue_depth"' not in p.get("/metrics")[2], "its series gone")
        asked, polled = self.queue.asked, self.polls(p, "ok", "a constant")
        wait_until(lambda: self.polls(p, "ok", "a constant") >= polled + 5, "polls of the constant")
        self.assertLessEqual(self.queue.asked, asked + 2)  # what was under way, of both queries

    def test_a_bad_file_is_refused_whole_and_the_old_one_stays(self):
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.value(p), "a value")
        self.replace(self.other() + "  retries: 3\n")
        line = p.wait_for_line("new settings refused, keeping the last ones")
        self.assertIn("adapter.yaml:14: there is no field 'retries' in externalMetrics[1]", line)
        self.assertNotIn("hunter2", line)
        self.assertEqual(self.value(p), "12")
        self.assertEqual(p.get(V1 + "/namespaces/x/other")[0], 404)
        self.assertEqual(self.gauge(p, "swell_adapter_config_refused"), 1)
        self.assertEqual(self.gauge(p, "swell_adapter_config_generation"), 1)

        self.replace(self.other())
        p.wait_for_line("settings changed")
        self.assertEqual(self.gauge(p, "swell_adapter_config_refused"), 0)
        wait_until(lambda: p.get(V1 + "/namespaces/x/other")[0] == 200, "the new metric's value")

    def test_a_mounted_configmap_changes_by_its_link(self):
        """As the kubelet does: adapter.yaml -> ..data/adapter.yaml, and ..data is exchanged."""
        for version, text in (("1", config(self.queue)), ("2", self.other())):
            os.mkdir(os.path.join(self.folder, version))
            self.write(text, os.path.join(version, "adapter.yaml"))
        data = os.path.join(self.folder, "..data")
        os.symlink("1", data)
        os.symlink("..data/adapter.yaml", os.path.join(self.folder, "mounted.yaml"))
        p = self.adapter_on(os.path.join(self.folder, "mounted.yaml"))
        wait_until(lambda: self.value(p), "a value")
        os.symlink("2", data + "_tmp")
        os.rename(data + "_tmp", data)
        p.wait_for_line("settings changed")
        wait_until(lambda: p.get(V1 + "/namespaces/x/other")[0] == 200, "the new metric's value")


if __name__ == "__main__":
    unittest.main()
