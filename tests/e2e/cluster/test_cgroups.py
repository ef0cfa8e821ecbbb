# SPDX-License-Identifier: MIT
"""Control groups of version 2, as far as plain files can stand in for them."""
import os
import tempfile
import unittest
from unittest import mock

from . import cgroups, settings


class VersionTwo(unittest.TestCase):
    def setUp(self):
        self.root = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.object(cgroups, "ROOT", self.root))

    def offer(self, *controllers):
        cgroups.write(" ".join(controllers), self.root, "cgroup.controllers")

    def test_it_is_told_from_version_1_by_its_files(self):
        self.assertFalse(cgroups.is_version_2())
        self.offer("cpu")
        self.assertTrue(cgroups.is_version_2())

    def test_each_controller_that_the_machine_does_not_offer_is_named(self):
        self.offer("cpuset", "io", "pids", "hugetlb")
        self.assertEqual(cgroups.missing(), ["cpu", "memory"])

    def test_pods_get_every_controller_and_come_before_other_work(self):
        self.offer(*cgroups.VERSION_2)
        cgroups.create()
        own = os.path.join(self.root, settings.CGROUP)
        for folder in (self.root, own):
            self.assertEqual(cgroups.read(folder, "cgroup.subtree_control"),
                             "+cpu +cpuset +memory +io +pids")
        self.assertEqual(cgroups.read(own, "cpu.weight"), "800")

    def test_all_groups_below_are_removed(self):
        self.offer(*cgroups.VERSION_2)
        os.makedirs(os.path.join(self.root, settings.CGROUP, "kubepods", "burstable"))
        self.assertEqual(cgroups.remove(), [])
        self.assertFalse(os.path.exists(os.path.join(self.root, settings.CGROUP)))


if __name__ == "__main__":
    unittest.main()
