# SPDX-License-Identifier: MIT
"""docs/reference.md and the manual pages say what the programs say."""
import os
import re
import unittest

from man_page import man_page
from reference import PROGRAMS, commands_of, help_of, reference

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")


class Reference(unittest.TestCase):
    def test_the_document_is_what_the_programs_print(self):
        self.same("reference.md", reference())

    def test_the_manual_pages_are_what_the_programs_print(self):
        for program in PROGRAMS:
            self.same(f"man/{program}.1", man_page(program))

    def test_the_guide_to_the_workload_names_every_flag_and_nothing_that_is_not_there(self):
        with open(os.path.join(DOCS, "workload.md"), encoding="utf-8") as document:
            guide = document.read()
        helps = "\n".join(help_of("swell-workload", role) for role in commands_of("swell-workload"))
        flags = set(re.findall(r"^  (--[a-z-]+)$", helps, re.MULTILINE)) - {"--help"}
        self.assertEqual(flags - set(re.findall(r"--[a-z-]+", guide)), set())

        series = set(re.findall(r"^  (\w+)(?:\{\S*\})? \((?:counter|gauge|histogram)\)", helps,
                                re.MULTILINE))
        self.assertEqual(set(re.findall(r"`((?:swell|http)_\w+)`", guide)) - series, set())
        paths = set(re.findall(r"^  \S+ +(/\S*)$", helps, re.MULTILINE))
        self.assertEqual(set(re.findall(r"`(/[^\s?`]*)", guide)) - paths, set())

    def same(self, name, text):
        with open(os.path.join(DOCS, name), encoding="utf-8") as document:
            self.assertEqual(document.read(), text, "run ./swell reference and commit what it wrote")


if __name__ == "__main__":
    unittest.main()
