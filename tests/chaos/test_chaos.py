# SPDX-License-Identifier: MIT
"""One minute of SIGKILLs; SWELL_CHAOS_SEED repeats the order of a run, SWELL_CHAOS_SECONDS makes it
longer."""
import os
import random
import time
import unittest

from chaos import LEASE_S, Chaos


class ChaosTest(unittest.TestCase):
    def test_what_was_acknowledged_is_done_whoever_is_killed(self):
        seed = int(os.environ.get("SWELL_CHAOS_SEED", random.randrange(10**6)))
        seconds = float(os.environ.get("SWELL_CHAOS_SECONDS", 60))
        print(f"SWELL_CHAOS_SEED={seed}", flush=True)
        until = time.monotonic() + seconds
        with Chaos(seed) as chaos:
            chaos.wreak(lambda: time.monotonic() > until)
            chaos.drain(deadline_s=120 + LEASE_S)
            print(chaos.verdict(), flush=True)
            self.assertGreater(chaos.acknowledged_jobs, 0)
            for victim in ("queue", "worker", "producer"):
                self.assertGreater(chaos.kills[victim], 0, victim)


if __name__ == "__main__":
    unittest.main()
