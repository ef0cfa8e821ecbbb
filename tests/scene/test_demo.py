# SPDX-License-Identifier: MIT
"""`swell-lab demo --once --report=FILE`: what the scenes promise is seen, and the report shows it."""
import json
import os
import tempfile
import unittest

from program import run


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="swell-test-") as folder:
            path = os.path.join(folder, "report.json")
            cls.code, cls.out, cls.errors = run(
                "swell-lab", "demo", "--once", "--port=0", f"--report={path}", timeout=500)
            with open(path, encoding="utf-8") as file:
                cls.report = json.load(file)
        cls.scenes = {scene["name"]: scene for scene in cls.report["scenes"]}

    def test_it_passes_and_says_so_in_a_line_a_scene(self):
        self.assertEqual(self.code, 0, self.out + self.errors)
        self.assertRegex(self.out, r"\ncpu: passed, 1 -> \d+ -> 1 replicas in \d+ s")
        self.assertRegex(self.out, r"\nqueue: passed, 1 -> \d+ -> 1 replicas in \d+ s")

    def test_replicas_go_from_one_to_four_or_more_and_back(self):
        for name, scene in self.scenes.items():
            with self.subTest(scene=name):
                current = [row["current"] for row in scene["timeline"]]
                self.assertGreaterEqual(max(current), 4)
                self.assertEqual(scene["first_replicas"], 1)
                self.assertEqual(scene["last_replicas"], 1)

    def test_no_job_is_lost(self):
        jobs = self.scenes["queue"]["jobs"]
        self.assertGreater(jobs["put"], 100)
        self.assertEqual(jobs["put"], jobs["done"])
        self.assertEqual(jobs["lost"], 0)

    def test_every_decision_has_its_record(self):
        for name, scene in self.scenes.items():
            with self.subTest(scene=name):
                self.assertGreater(len(scene["decisions"]), 10)
                for record in scene["decisions"]:
                    self.assertTrue(record["sentence"])
                    self.assertTrue(record["rule"])

    def test_requests_are_counted(self):
        load = self.scenes["cpu"]["loads"]["load"]["result"]
        self.assertGreater(load["answered"], 100)

    def test_the_whole_takes_less_than_three_minutes(self):
        self.assertLess(sum(scene["timeline"][-1]["wall"] - scene["timeline"][0]["wall"]
                            for scene in self.report["scenes"]), 180)


if __name__ == "__main__":
    unittest.main()
