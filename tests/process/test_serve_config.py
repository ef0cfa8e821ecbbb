# SPDX-License-Identifier: MIT
"""The settings file of swell-workload serve: what it changes, and when, and what it refuses."""
import os
import tempfile
import unittest

from program import run, wait_until
from serving import cost_s, serve


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.path = os.path.join(self.folder, "settings")

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path + ".new", self.path)


def cost_of_one_s(p):
    return cost_s(p, lambda: p.get("/"))


class Changes(Folder):
    def test_cost_and_error_rate_and_level_change_without_a_restart(self):
        self.write("cpu-ms=1\n")
        with serve("--cpu-ms=30", f"--config={self.path}") as p:
            p.wait_for_line("msg=ready loop=cpu-time cpu_ms=1 ")
            self.assertAlmostEqual(cost_of_one_s(p), 0.001, delta=0.001)
            self.write("# the flag's cost again\nerror-rate=1\n")
            wait_until(lambda: p.get("/")[0] == 500, "an injected error")
            self.write("cpu-ms=20\nlog-level=error")
            wait_until(lambda: cost_of_one_s(p) > 0.015, "the new cost")
            self.write("cpu-ms=0\n")
            wait_until(lambda: cost_of_one_s(p) < 0.015, "another cost")
            self.assertEqual(p.stop(), 0)
            changes = [line for line in p.lines if "settings changed" in line]
            self.assertEqual(len(changes), 2)  # the one between was to the level error

    def test_a_config_map_is_followed_through_its_links(self):
        """As the kubelet does it: settings -> ..data/settings, and ..data is swapped."""
        def publish(name, text):
            os.mkdir(os.path.join(self.folder, name))
            with open(os.path.join(self.folder, name, "settings"), "w", encoding="utf-8") as file:
                file.write(text)
            os.symlink(name, os.path.join(self.folder, "..data_tmp"))
            os.rename(os.path.join(self.folder, "..data_tmp"), os.path.join(self.folder, "..data"))

        publish("..2026_01", "cpu-ms=0\n")
        os.symlink("..data/settings", self.path)
        with serve(f"--config={self.path}") as p:
            self.assertEqual(p.get("/")[0], 200)
            publish("..2026_02", "cpu-ms=0\nerror-rate=1\n")
            wait_until(lambda: p.get("/")[0] == 500, "the new settings")

    def test_a_bad_file_is_refused_with_one_line_and_the_old_one_stays(self):
        self.write("error-rate=1\n")
        with serve("--cpu-ms=0", f"--config={self.path}") as p:
            self.write("error-rate=0\ncpu-ms=-1\n")
            line = p.wait_for_line("msg=\"new settings refused, keeping the last ones\"")
            self.assertIn("line 2: cpu-ms takes a number from 0 to 60000, not '-1'", line)
            self.assertEqual(p.get("/")[0], 500)
            os.unlink(self.path)
            p.wait_for_line("No such file or directory")
            self.assertEqual(p.get("/")[0], 500)
            self.write("error-rate=0\n")
            wait_until(lambda: p.get("/")[0] == 200, "the repaired settings")
            refusals = [line for line in p.lines if "refused" in line]
            self.assertEqual(len(refusals), 2, refusals)

    def test_what_was_set_over_http_outlives_another_setting(self):
        self.write("cpu-ms=0\n")
        with serve(f"--config={self.path}") as p:
            self.assertEqual(p.request("POST", "/fault_injection/enable?error_rate=1")[0], 202)
            self.write("cpu-ms=0\nlog-level=debug\n")
            p.wait_for_line("settings changed")
            self.assertEqual(p.get("/")[0], 500)


class Refusals(Folder):
    def test_a_wrong_file_at_the_start_is_one_line_and_exit_2(self):
        for text, sentence in (("cpu-ms=x", "settings': line 1: cpu-ms takes a number"),
                               ("port=80", "line 1: there is log-level, cpu-ms and error-rate"),
                               ("#" * 70000, "settings'")):
            self.write(text)
            code, out, errors = run("swell-workload", "serve", "--port=0",
                                    f"--config={self.path}")
            self.assertEqual((code, out, errors.count("\n")), (2, "", 1), errors)
            self.assertIn(sentence, errors)
        code, _, errors = run("swell-workload", "serve", f"--config={self.folder}/none")
        self.assertEqual(code, 2)
        self.assertIn("No such file", errors)


if __name__ == "__main__":
    unittest.main()
