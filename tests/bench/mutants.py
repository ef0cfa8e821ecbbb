# SPDX-License-Identifier: MIT
"""./swell bench mutants: how much tests/vectors notices. Breaks one rule of lab/hpa after the other, and wants a vector to
fail each time. A bench because it takes minutes and gives a figure; it needs no Go, as an e2e would."""
import os
import subprocess
import sys

MUTANTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "mutants.py")

if __name__ == "__main__":
    sys.exit(subprocess.call([sys.executable, MUTANTS, *sys.argv[1:]]))
