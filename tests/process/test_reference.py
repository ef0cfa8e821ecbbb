# SPDX-License-Identifier: MIT
"""docs/reference.md says what the programs say."""
import os
import unittest

from reference import reference

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "reference.md")


class Reference(unittest.TestCase):
    def test_the_document_is_what_the_programs_print(self):
        with open(DOCUMENT, encoding="utf-8") as document:
            self.assertEqual(document.read(), reference(), "run ./swell reference and commit it")


if __name__ == "__main__":
    unittest.main()
