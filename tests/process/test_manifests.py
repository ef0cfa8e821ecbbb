# SPDX-License-Identifier: MIT
"""The manifests for clusters run in the lab as they are."""
import http.client
import os
import unittest

from program import DEADLINE_S, Program, wait_until

BASE = os.path.join(os.path.dirname(__file__), "..", "..", "manifests", "base")
SERVICE = "/api/v1/namespaces/default/services/php-apache"


class Base(unittest.TestCase):
    def test_php_apache_answers_as_the_walkthrough_says(self):
        manifest = os.path.join(BASE, "php-apache", "php-apache.yaml")
        with Program("swell-lab", "up", "-f", manifest, "--port=0") as p:
            service = p.json(SERVICE)
            port = int(service["metadata"]["annotations"]["swell.dev/port"])

            def answer():
                connection = http.client.HTTPConnection(service["spec"]["clusterIP"], port,
                                                        timeout=DEADLINE_S)
                try:
                    connection.request("GET", "/")
                    return connection.getresponse().read()
                except OSError:  # no pod is ready yet
                    return None
                finally:
                    connection.close()

            self.assertEqual(wait_until(answer, "an answer through the Service"), b"OK!")
            ignored = [line for line in p.lines if "the lab ignores this field" in line]
            self.assertTrue(any("securityContext" in line for line in ignored))
            self.assertEqual(p.stop(), 0)


if __name__ == "__main__":
    unittest.main()
