# SPDX-License-Identifier: MIT
"""The images, as skopeo and a chroot see them. image.sh makes what this reads."""
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import unittest
import urllib.request

IMAGES = os.environ["SWELL_IMAGES"]
MIB = 2 ** 20


def archive(name, folder="first"):
    return os.path.join(IMAGES, folder, f"swell-{name}.tar")


def skopeo(*command):
    done = subprocess.run(["skopeo", *command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"skopeo {' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def blob(path, name):
    with tarfile.open(path) as tar:
        return tar.extractfile(name).read()


class Archives(unittest.TestCase):
    def test_docker_and_oci_readers_see_the_same_image(self):
        for name, command in (("workload", ["serve"]), ("adapter", ["run"]), ("load", ["--help"])):
            for form in ("docker-archive", "oci-archive"):
                config = skopeo("inspect", "--config", f"{form}:{archive(name)}")
                run = config["config"]
                self.assertEqual(run["Entrypoint"], [f"/usr/bin/swell-{name}"])
                self.assertEqual((run["Cmd"], run["User"]), (command, "65532:65532"))
                labels = run["Labels"]
                self.assertEqual(labels["org.opencontainers.image.licenses"], "MIT")
                self.assertRegex(labels["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+$")
                self.assertRegex(labels["org.opencontainers.image.revision"], r"^[0-9a-f]{40}")

    def test_every_blob_is_what_its_name_says(self):
        for name in ("workload", "adapter", "load"):
            with tarfile.open(archive(name)) as tar:
                for entry in tar:
                    if entry.name.startswith("blobs/"):
                        data = tar.extractfile(entry).read()
                        self.assertEqual(hashlib.sha256(data).hexdigest(),
                                         os.path.basename(entry.name))

    def test_the_same_commit_built_elsewhere_has_the_same_digest(self):
        first, second = (json.loads(blob(archive("workload", folder), "index.json"))
                         for folder in ("first", "second"))
        if first != second and "-dirty" in str(skopeo(
                "inspect", "--config", f"oci-archive:{archive('workload')}")):
            self.fail("the tree has changes that are not committed: commit, then try again")
        self.assertEqual(first, second)

    def test_sizes_hold(self):
        limits = {"workload": 5 * MIB, "adapter": 20 * MIB, "load": 20 * MIB}
        for name, limit in limits.items():
            layers = skopeo("inspect", f"docker-archive:{archive(name)}")["Layers"]
            manifest = json.loads(blob(archive(name), "manifest.json"))
            self.assertEqual(len(layers), 1)
            with tarfile.open(archive(name)) as tar, \
                    tarfile.open(fileobj=tar.extractfile(manifest[0]["Layers"][0])) as layer:
                size = sum(entry.size for entry in layer)
            self.assertLess(size, limit, f"swell-{name} has {size / MIB:.2f} MiB of files")


class Running(unittest.TestCase):
    def test_the_workload_serves_from_its_own_files_as_nobody(self):
        with subprocess.Popen(
                ["/usr/sbin/chroot", "--userspec=65532:65532", os.path.join(IMAGES, "rootfs"),
                 "/usr/bin/swell-workload", "serve", "--address=127.0.0.1", "--port=0",
                 "--loop=php-apache"], stdout=subprocess.PIPE, text=True, env={}) as program:
            try:
                port = re.search(r"port=(\d+)", program.stdout.readline()).group(1)
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                    self.assertEqual(answer.read(), b"OK!")
            finally:
                program.terminate()
        self.assertEqual(program.returncode, 0)


if __name__ == "__main__":
    if os.getuid() != 0:
        sys.exit("e2e image: chroot needs root")
    unittest.main()
