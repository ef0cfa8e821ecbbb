# SPDX-License-Identifier: MIT
"""docs/cluster.md and docs/runbooks.md name what is there: files, commands, headings."""
import os
import re
import subprocess
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GUIDES = ("cluster.md", "runbooks.md")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def headings(document):
    """As a link names them: lower case, dashes for spaces, no punctuation."""
    found = re.findall(r"^#+ (.+)$", read("docs", document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in found}


class Guides(unittest.TestCase):
    def test_every_file_is_there(self):
        for guide in GUIDES:
            for path in re.findall(r"\b(?:manifests|tests)/[\w./-]*\w", read("docs", guide)):
                self.assertTrue(os.path.exists(os.path.join(ROOT, path)), f"{guide}: {path}")

    def test_every_link_ends_somewhere(self):
        for guide in GUIDES:
            for document, heading in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", read("docs", guide)):
                self.assertIn(heading, headings(document or guide), f"{guide}: {document}#{heading}")

    def test_swell_knows_every_command(self):
        usage = subprocess.run([os.path.join(ROOT, "swell"), "--help"], capture_output=True,
                               text=True, check=True).stdout
        commands = set(re.findall(r"^  (\w+)", usage, re.MULTILINE))
        for guide in GUIDES:
            for command in re.findall(r"\./swell (\w+)", read("docs", guide)):
                self.assertIn(command, commands, guide)


if __name__ == "__main__":
    unittest.main()
