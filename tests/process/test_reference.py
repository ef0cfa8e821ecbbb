# SPDX-License-Identifier: MIT
"""docs/reference.md and the manual pages say what the programs say."""
import os
import unittest

from man_page import man_page
from reference import PROGRAMS, reference

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")


class Reference(unittest.TestCase):
    def test_the_document_is_what_the_programs_print(self):
        self.same("reference.md", reference())

    def test_the_manual_pages_are_what_the_programs_print(self):
        for program in PROGRAMS:
            self.same(f"man/{program}.1", man_page(program))

    def same(self, name, text):
        with open(os.path.join(DOCS, name), encoding="utf-8") as document:
            self.assertEqual(document.read(), text, "run ./swell reference and commit what it wrote")


if __name__ == "__main__":
    unittest.main()
