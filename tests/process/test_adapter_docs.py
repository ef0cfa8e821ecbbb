# SPDX-License-Identifier: MIT
"""docs/adapter.md says what the adapter understands."""
import os
import re
import tempfile
import unittest

from program import run

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "adapter.md")


class Page(unittest.TestCase):
    def setUp(self):
        with open(PAGE, encoding="utf-8") as file:
            self.page = file.read()
        self.examples = re.findall(r"^```yaml\n(.*?)^```$", self.page, re.MULTILINE | re.DOTALL)

    def test_every_example_is_valid(self):
        self.assertGreaterEqual(len(self.examples), 4)
        for example in self.examples:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
                file.write(example)
                file.flush()
                code, out, err = run("swell-adapter", "check", file.name)
            self.assertEqual((code, err), (0, ""), example)
            self.assertIn("valid", out)

    def test_every_kind_of_source_has_an_example(self):
        _, out, _ = run("swell-adapter", "run", "--help")
        kinds = re.findall(r"^      (\w+): ", out.split("one of:")[1].split("Fields of every")[0],
                           re.MULTILINE)
        self.assertGreaterEqual(len(kinds), 8)
        for kind in kinds:
            self.assertIn(f"{kind}: {{", re.sub(r":\s*\n\s+url:", ": {url:", self.page), kind)

    def test_every_sentence_of_the_table_is_one_that_the_code_says(self):
        root = os.path.join(os.path.dirname(PAGE), "..", "adapter")
        code = ""
        for folder, _, names in os.walk(root):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        code += file.read()
        code = re.sub(r'"\s*\n\s*"', "", code)  # texts that stand on several lines
        table = self.page.split("| you see |")[1]
        for sentence in re.findall(r"`([a-z][^`]*)`", "\n".join(
                line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))):
            # the first words, up to what a source or a setting puts in
            known = re.match(r"(?:[a-z:]+ ?){1,4}", sentence).group(0).strip()
            self.assertTrue(known in code, sentence)


if __name__ == "__main__":
    unittest.main()
