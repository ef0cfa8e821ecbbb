# SPDX-License-Identifier: MIT
"""swell-lab simulate: the example folders, its outputs, and what it refuses."""
import csv
import io
import json
import os
import re
import shutil
import tempfile
import unittest
import xml.etree.ElementTree

from program import run

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
EXAMPLES = os.path.join(ROOT, "lab", "simulations")
CROWD = os.path.join(EXAMPLES, "flash-crowd")
DAY = os.path.join(EXAMPLES, "working-day")
FLEET = os.path.join(EXAMPLES, "fleet")
WINDOW = "hpa.spec.behavior.scaleDown.stabilizationWindowSeconds"
DOCUMENT = os.path.join(ROOT, "docs", "simulate.md")


def simulate(folder, *flags):
    code, out, errors = run("swell-lab", "simulate", "-f", folder, *flags)
    if code != 0:
        raise AssertionError(f"exit code {code}: {errors}")
    return out


def simulate_json(folder, *flags):
    return json.loads(simulate(folder, "--output=json", *flags))


class Examples(unittest.TestCase):
    def test_two_flash_crowds_queue_and_are_served(self):
        total = simulate_json(CROWD)["total"]
        self.assertGreater(total["longestWaitSeconds"], 5)
        self.assertGreater(total["overTargetPercent"], 1)
        self.assertEqual(total["pendingPodHours"], 0)
        self.assertLessEqual(total["mostReplicas"], 40)

    def test_a_working_day_fills_its_nodes_at_ten(self):
        result = simulate_json(DAY)
        portal, mailer = result["workloads"]
        self.assertEqual((portal["name"], mailer["name"]), ("portal", "mailer"))
        self.assertGreater(portal["figures"]["pendingPodHours"], 0)
        ready = max(point["ready"] for point in portal["course"])
        self.assertLessEqual(ready, 16)  # 8 cores of 500m each
        at_six = [p["backlog"] for p in mailer["course"] if 6 * 3600 <= p["seconds"] < 6.5 * 3600]
        self.assertGreater(max(at_six), 100)
        self.assertLess(mailer["course"][-1]["backlog"], 1)

    def test_a_fleet_of_any_size_is_one_line(self):
        total = simulate_json(FLEET, "--set=simulation.workloads[0].copies=20")
        self.assertEqual(total["workloads"][0]["copies"], 20)
        self.assertLess(total["total"]["overTargetPercent"], 10)
        table = simulate(FLEET, "--set=simulation.workloads[0].copies=3")
        self.assertRegex(table, r"\napi x 3 +\d")


class Output(unittest.TestCase):
    def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(self):
        noise = "--set=simulation.workloads[0].noise=0.3"
        for form in "table", "csv", "json", "svg", "changes":
            first, again = (simulate(CROWD, f"--output={form}", noise) for _ in range(2))
            self.assertEqual(first, again)
        other = simulate(CROWD, "--output=csv", noise, "--set=simulation.seed=2")
        self.assertNotEqual(simulate(CROWD, "--output=csv", noise), other)

    def test_csv_has_a_bounded_number_of_rows(self):
        rows = list(csv.DictReader(io.StringIO(simulate(DAY, "--output=csv"))))
        self.assertEqual({row["workload"] for row in rows}, {"portal", "mailer"})
        self.assertLessEqual(len(rows), 2 * 400)
        longer = simulate(DAY, "--output=csv", "--set=simulation.duration=96h")
        self.assertLessEqual(longer.count("\n"), 2 * 400 + 1)

    def test_the_chart_is_one_file_that_needs_no_other(self):
        chart = simulate(CROWD, "--output=svg")
        root = xml.etree.ElementTree.fromstring(chart)
        self.assertEqual(root.get("viewBox"), "0 0 1600 900")
        self.assertEqual(re.findall(r"(?:href|src|url)\b", chart), [])
        sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', chart)]
        self.assertGreaterEqual(min(sizes), 26)  # of 900: for the last row

    def test_the_chart_can_show_one_workload(self):
        chart = simulate(DAY, "--output=svg", "--workload=mailer")
        self.assertIn(">mailer: ", chart)
        self.assertIn(">all workloads: ", simulate(DAY, "--output=svg"))

    def test_each_change_has_its_reason(self):
        lines = simulate(CROWD, "--output=changes").splitlines()
        total = simulate_json(CROWD)["total"]
        self.assertEqual(len(lines), total["scaleUps"] + total["scaleDowns"])
        for line in lines:
            self.assertRegex(line, r"^0:\d\d:\d\d shop \d+ -> \d+: .*\w")


class Sweep(unittest.TestCase):
    def test_a_longer_window_costs_pods_and_saves_time_over_target(self):
        result = simulate_json(CROWD, f"--set={WINDOW}=60,300,900")
        figures = [variant["figures"] for variant in result["variants"]]
        self.assertEqual([variant["set"][WINDOW] for variant in result["variants"]], [60, 300, 900])
        hours = [f["podHours"] for f in figures]
        self.assertEqual(hours, sorted(hours))
        self.assertLess(figures[2]["overTargetPercent"], figures[0]["overTargetPercent"])

    def test_a_variant_is_what_a_run_with_that_value_gives(self):
        variants = simulate_json(CROWD, f"--set={WINDOW}=60,300")["variants"]
        self.assertEqual(variants[0]["figures"],
                         simulate_json(CROWD, f"--set={WINDOW}=60")["total"])

    def test_the_trade_off_has_every_form_but_changes(self):
        flags = (f"--set={WINDOW}=60,300", "--set=simulation.workloads[0].service.startUp=1s,1m")
        self.assertEqual(len(simulate(CROWD, *flags).splitlines()), 3 + 4)
        self.assertEqual(simulate(CROWD, "--output=csv", *flags).count("\n"), 1 + 4)
        self.assertEqual(simulate(CROWD, "--output=svg", *flags).count("<circle"), 4)
        code, _, errors = run("swell-lab", "simulate", "-f", CROWD, "--output=changes", *flags)
        self.assertEqual(code, 2)
        self.assertIn("--output=changes", errors)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(tempfile.mkdtemp(), "crowd")
        shutil.copytree(CROWD, self.folder)

    def tearDown(self):
        shutil.rmtree(os.path.dirname(self.folder))

    def assert_refused(self, message, *flags):
        code, out, errors = run("swell-lab", "simulate", "-f", self.folder, *flags)
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(errors.count("\n"), 1)
        self.assertIn(message, errors)

    def write(self, name, pattern, replacement):
        path = os.path.join(self.folder, name)
        with open(path, encoding="utf-8") as file:
            text, count = re.subn(pattern, replacement, file.read(), count=1)
        self.assertEqual(count, 1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_without_a_folder_or_a_simulation(self):
        code, _, errors = run("swell-lab", "simulate")
        self.assertEqual(code, 2)
        self.assertIn("-f FOLDER is needed", errors)
        os.remove(os.path.join(self.folder, "simulation.yaml"))
        self.assert_refused("simulation.yaml")

    def test_a_mistake_in_the_simulation_has_file_and_line(self):
        self.write("simulation.yaml", "duration: 1h", "duration: soon")
        self.assert_refused("simulation.yaml:3: duration takes a duration from 15s to 8784h0m0s, "
                            "not 'soon'")

    def test_a_mistake_in_a_manifest_has_file_and_line(self):
        self.write("shop.yaml", "maxReplicas: 40", "maxReplicas: 1")
        self.assert_refused("shop.yaml:")

    def test_a_workload_without_autoscaler_is_named(self):
        self.write("simulation.yaml", "deployment: shop", "deployment: shoop")
        self.assert_refused("workload shoop: there is no Deployment shoop in namespace default")

    def test_a_sweep_names_its_field(self):
        self.assert_refused("--set hpa.spec.maxReplica: hpa of shop has no field spec.maxReplica",
                            "--set=hpa.spec.maxReplica=5")
        self.assert_refused("spec.behavior.scaleDown.stabilizationWindowSeconds",
                            f"--set={WINDOW}=60,3601")
        self.assert_refused("there is no field 'durations' in the configuration",
                            "--set=simulation.durations=5h")

    def test_a_workload_that_is_not_there_cannot_be_shown(self):
        self.assert_refused("there is no workload 'web'", "--output=svg", "--workload=web")


class Document(unittest.TestCase):
    def test_its_examples_print_what_it_says(self):
        with open(DOCUMENT, encoding="utf-8") as document:
            blocks = re.findall(r"    \$ swell-lab simulate -f (\S+)(.*)\n((?:    .*\n|\n)*)",
                                document.read())
        self.assertGreaterEqual(len(blocks), 2)
        for folder, flags, shown in blocks:
            expected = re.sub(r"(?m)^    ", "", shown).strip("\n").splitlines()
            out = simulate(os.path.join(ROOT, folder), *flags.split()).rstrip("\n").splitlines()
            if expected[-1] == "...":
                expected.pop()
                out = out[:len(expected)]
            self.assertEqual(out, expected)


if __name__ == "__main__":
    unittest.main()
