# SPDX-License-Identifier: MIT
"""images/: archives of files that are given, the time zones, and what is said when something is wrong.
The images of our programs are ./swell e2e image's."""
import datetime
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
import unittest.mock
import zoneinfo

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "images")
sys.path.append(FOLDER)
import archive  # pylint: disable=wrong-import-position
import image  # pylint: disable=wrong-import-position
import timezones  # pylint: disable=wrong-import-position

FILES = {"/usr/bin/tool": (0o755, b"\x7fELF"), "/etc/passwd": (0o644, b"root"),
         "/usr/bin/same": (0o777, "tool"), "/data": (0o1777, None)}
EPOCH = 1700000000


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)


class Archive(InFolder):
    def test_the_layer_is_sorted_owned_by_root_and_of_one_date(self):
        layer = archive.layer_of(FILES, EPOCH)
        with tarfile.open(fileobj=io.BytesIO(layer)) as entries:
            seen = entries.getmembers()
        self.assertEqual([e.name for e in seen], ["data", "etc", "usr", "usr/bin", "etc/passwd",
                                                  "usr/bin/same", "usr/bin/tool"])
        self.assertEqual({(e.uid, e.gid, e.mtime) for e in seen}, {(0, 0, EPOCH)})
        modes = {e.name: (e.mode, e.isdir(), e.linkname) for e in seen}
        self.assertEqual(modes["data"], (0o1777, True, ""))
        self.assertEqual(modes["usr/bin/same"], (0o777, False, "tool"))
        self.assertEqual(layer, archive.layer_of(dict(reversed(FILES.items())), EPOCH))

    def test_readers_of_docker_and_oci_find_the_same_blobs(self):
        layer = archive.layer_of(FILES, EPOCH)
        config = archive.config_of(layer, {"Cmd": ["tool"]}, EPOCH)
        name, packed = archive.write_archive(self.path("a.tar"), "tool:1", layer, config, EPOCH)
        with tarfile.open(self.path("a.tar")) as tar:
            def load(path):
                return json.load(tar.extractfile(path))
            self.assertEqual([m["digest"] for m in load("index.json")["manifests"]], [name])
            manifest = load("blobs/sha256/" + name[7:])
            docker, = load("manifest.json")
            self.assertEqual(docker["Config"], "blobs/sha256/" + manifest["config"]["digest"][7:])
            self.assertEqual(docker["Layers"],
                             ["blobs/sha256/" + manifest["layers"][0]["digest"][7:]])
            self.assertEqual(manifest["layers"][0]["size"], packed)
            self.assertEqual(load(docker["Config"])["rootfs"]["diff_ids"], [archive.digest(layer)])

    def test_names_are_as_containerd_has_them(self):
        for reference, full in (("tool:1", "docker.io/library/tool:1"),
                                ("me/tool:1", "docker.io/me/tool:1"),
                                ("localhost/tool:1", "localhost/tool:1"),
                                ("registry.example.com:5000/tool:1",
                                 "registry.example.com:5000/tool:1")):
            self.assertEqual(archive.full_name(reference), full)

    def test_the_size_is_that_of_the_files(self):
        self.assertEqual(archive.size_of(FILES), 8)


class TimeZones(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = timezones.timezones()

    def test_every_name_is_a_zone_or_a_link_to_one(self):
        for path, (_, content) in self.files.items():
            while isinstance(content, str):
                self.assertIn(content, self.files, f"{path} leads nowhere")
                content = self.files[content][1]
            self.assertEqual(content[:4], b"TZif", path)

    def test_nothing_is_missing(self):
        names = {os.path.relpath(path, timezones.FOLDER) for path in self.files}
        with open("/usr/share/zoneinfo/tzdata.zi", encoding="ascii") as file:
            links = {line.split()[2] for line in file if line.startswith("L ")}
        with open("/usr/share/zoneinfo/zone1970.tab", encoding="utf-8") as file:
            zones = {line.split("\t")[2].strip() for line in file if not line.startswith("#")}
        self.assertEqual((links | zones) - names, set())

    def test_a_clock_in_berlin_is_right_far_beyond_the_last_moment_of_its_file(self):
        _, content = self.files["/usr/share/zoneinfo/Europe/Berlin"]
        berlin = zoneinfo.ZoneInfo.from_file(io.BytesIO(content))
        for month, name in ((1, "CET"), (7, "CEST")):
            self.assertEqual(datetime.datetime(2060, month, 1, tzinfo=berlin).tzname(), name)

    def test_they_are_small(self):
        self.assertLess(archive.size_of(self.files), 400_000)


class Image(InFolder):
    def test_a_root_file_system_is_written_as_the_table_says(self):
        files = {path: entry for path, entry in FILES.items() if entry[1] is not None}
        image.write_rootfs(self.folder, files)
        self.assertEqual(os.readlink(self.path("usr/bin/same")), "tool")
        self.assertEqual(os.stat(self.path("usr/bin/tool")).st_mode & 0o7777, 0o755)
        with self.assertRaisesRegex(SystemExit, "is not empty"):
            image.write_rootfs(self.folder, files)

    def test_static_libraries_are_those_that_the_linker_read_but_our_own(self):
        with open(self.path("tool.inputs"), "w", encoding="ascii") as file:
            file.write("bin/tool: \\\n  main.c.o \\\n  common/libbase.a \\\n  /opt/a/../libz.a \\\n"
                       "  /opt/libm.so.6\n\n/opt/libm.so.6:\n")
        self.assertEqual(image.static_libraries(self.path("tool")), ["/opt/libz.a"])

    def test_a_library_without_a_licence_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "libx.a belongs to no Debian package"):
            image.packages_of([self.path("libx.a")])

    def run_image(self, *flags):
        done = subprocess.run([sys.executable, os.path.join(FOLDER, "image.py"), "workload", *flags],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_what_is_wrong_is_said_in_one_line(self):
        out = "--out=" + self.path("a.tar")
        self.assertIn("swell-workload is not there, or was not built by a preset for images",
                      self.run_image("--bin", self.folder, out))
        for name in ("swell-workload", "swell-workload.inputs"):
            with open(self.path(name), "w", encoding="ascii"):
                pass
        self.assertIn("strip", self.run_image("--bin", self.folder, out))

    def test_a_date_that_is_none_is_refused(self):
        with unittest.mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="yesterday"):
            with self.assertRaisesRegex(SystemExit, "seconds since 1970, not 'yesterday'"):
                image.date()


if __name__ == "__main__":
    unittest.main()
