# SPDX-License-Identifier: MIT
"""The images, as skopeo and a chroot see them. image.sh makes what this reads."""
import contextlib
import datetime
import glob
import hashlib
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zoneinfo

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
        for name in ("workload", "adapter", "load"):
            first, second = (json.loads(blob(archive(name, folder), "index.json"))
                             for folder in ("first", "second"))
            if first != second and "-dirty" in str(skopeo(
                    "inspect", "--config", f"oci-archive:{archive(name)}")):
                self.fail("the tree has changes that are not committed: commit, then try again")
            self.assertEqual(first, second, name)

    def test_sizes_hold(self):
        limits = {"workload": 5 * MIB, "adapter": 20 * MIB, "load": 10 * MIB}
        for name, limit in limits.items():
            layers = skopeo("inspect", f"docker-archive:{archive(name)}")["Layers"]
            manifest = json.loads(blob(archive(name), "manifest.json"))
            self.assertEqual(len(layers), 1)
            with tarfile.open(archive(name)) as tar, \
                    tarfile.open(fileobj=tar.extractfile(manifest[0]["Layers"][0])) as layer:
                size = sum(entry.size for entry in layer)
            self.assertLess(size, limit, f"swell-{name} has {size / MIB:.2f} MiB of files")


def in_image(name, *args):
    """The command for a program as nobody, with nothing but its image's files, which it may not
    change."""
    return ["/usr/sbin/chroot", "--userspec=65532:65532",
            os.path.join(IMAGES, f"rootfs-{name}"), f"/usr/bin/swell-{name}", *args]


@contextlib.contextmanager
def running(*args, name="workload"):
    """The address of a program. Ends with SIGTERM and exit code 0."""
    with subprocess.Popen(in_image(name, *args, "--address=127.0.0.1", "--port=0"),
                          stdout=subprocess.PIPE, text=True, env={}) as program:
        try:
            port = re.search(r"msg=listening .*port=(\d+)", program.stdout.readline()).group(1)
            yield f"http://127.0.0.1:{port}"
        finally:
            program.terminate()
            program.stdout.read()
    if program.returncode:
        raise AssertionError(f"{' '.join(args)} ended with {program.returncode}")


def answer_of(url, form=None):
    data = form and urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(url, data, timeout=60) as answer:
        return answer.read().decode()


def wait_until(condition, what):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not seen: {what}")


class Running(unittest.TestCase):
    def test_serve(self):
        with running("serve", "--loop=php-apache") as url:
            self.assertEqual(answer_of(url), "OK!")

    def test_queue_and_work(self):
        volume = os.path.join(IMAGES, "rootfs-workload", "data")  # as a Deployment mounts one
        os.mkdir(volume)
        os.chown(volume, 65532, 65532)
        with running("queue", "--db=/data/jobs.db") as queue:
            put = urllib.request.Request(queue + "/queues/jobs/jobs", b'{"count":10,"cpu_ms":1}',
                                         {"Content-Type": "application/json"})
            self.assertEqual(urllib.request.urlopen(put, timeout=60).status, 201)
            with running("work", f"--queue-url={queue}"):
                wait_until(lambda: json.loads(answer_of(queue + "/queues/jobs"))["done"] == 10,
                           "all jobs are done")

    def test_value(self):
        with Redis() as redis, running("value", f"--redis-write={redis.url}") as url:
            self.assertEqual(answer_of(url + "/value/a", {"x": "1"}), "OK\n")
            self.assertEqual(answer_of(url + "/value/a"), "x=1")

    def test_consume_and_its_controller(self):
        with running("consume") as url:
            self.assertEqual(answer_of(url + "/ConsumeCPU", {"millicores": 1, "durationSec": 0}),
                             "ConsumeCPU\n1 millicores\n0 durationSec\n")
        form = {"millicores": 1, "durationSec": 0, "requestSizeMillicores": 1}
        with running("consume-controller") as url:  # no DNS here knows the consumers
            self.assertIn("Failed to connect to consumer: ", answer_of(url + "/ConsumeCPU", form))

    def test_kafka_was_left_out_and_says_so(self):
        done = subprocess.run(in_image("workload", "work", "--source=kafka"), env={},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("built without the source 'kafka'", done.stderr)

    def test_the_adapter_and_the_load_generator_find_all_they_need(self):
        for name in ("adapter", "load"):
            done = subprocess.run(in_image(name, "--version"), env={},
                                  capture_output=True, text=True)
            self.assertRegex(done.stdout, rf"^swell-{name} \d+\.\d+\.\d+\n$", done.stderr)


class Adapter(unittest.TestCase):
    """What depends on files in the image. That its sources work is said by the process tests, which
    image.sh runs with this program."""

    @contextlib.contextmanager
    def adapter(self, **sources):
        """url: of its metrics by name."""
        config = "externalMetrics:\n" + "".join(
            f"- {{name: {name}, interval: 100ms, source: {source}}}\n"
            for name, source in sources.items())
        with open(os.path.join(IMAGES, "rootfs-adapter", "adapter.yaml"), "w",
                  encoding="ascii") as file:
            file.write(config)
        with running("run", "--config=/adapter.yaml", name="adapter") as url:
            yield url + "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/"

    def becomes(self, url, text):
        def found():
            try:
                return text in answer_of(url)
            except urllib.error.HTTPError as error:
                return text in error.read().decode()
        wait_until(found, f"{url}: {text}")

    def test_cron_knows_the_clocks_of_places(self):
        now = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin"))
        start, end = (now + datetime.timedelta(minutes=m) for m in (-20, 20))
        window = (f'start: "{start.minute} {start.hour} * * *", '
                  f'end: "{end.minute} {end.hour} * * *", desiredReplicas: 5')
        with self.adapter(berlin=f"{{cron: {{timezone: Europe/Berlin, {window}}}}}",
                          link=f"{{cron: {{timezone: Arctic/Longyearbyen, {window}}}}}",
                          utc=f"{{cron: {{timezone: UTC, {window}}}}}") as url:
            self.becomes(url + "berlin", '"value":"5"')
            self.becomes(url + "link", '"value":"5"')
            self.becomes(url + "utc", '"value":"0"')  # an hour or two away

    def test_https_is_verified(self):
        with Https(os.path.join(IMAGES, "rootfs-adapter", "ca.pem")) as source:
            more = f'url: "{source.url}", valuePath: depth'
            with self.adapter(trusted=f"{{http: {{{more}, tls: {{caFile: /ca.pem}}}}}}",
                              unknown=f"{{http: {{{more}}}}}") as url:
                self.becomes(url + "trusted", '"value":"7"')
                self.becomes(url + "unknown", "certificate")

    def test_debians_authorities_are_trusted_and_no_others(self):
        root = os.path.join(IMAGES, "rootfs-adapter")
        bundle = os.readlink(root + "/usr/lib/ssl/cert.pem")  # OpenSSL's name for it
        with open(root + bundle, encoding="ascii") as file:
            self.assertEqual(file.read().count("BEGIN CERTIFICATE"),
                             len(glob.glob("/usr/share/ca-certificates/mozilla/*.crt")))


class Https:
    """A server with a certificate of its own, which is written to a file."""

    def __init__(self, certificate):
        key = certificate + ".key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Depth)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Depth(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"depth": 7}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def listens(address, port):
    with socket.socket() as s:
        return s.connect_ex((address, port)) == 0


class Redis:
    """A real server on an address of its own."""

    def __enter__(self):
        number = os.getpid() % 65536
        address = f"127.82.{number >> 8}.{number & 255}"
        self.url = f"redis://{address}:6379"
        self.process = subprocess.Popen(["redis-server", "--bind", address, "--port", "6379",
                                         "--save", ""], stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(address, 6379), "redis-server")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    if os.getuid() != 0:
        sys.exit("e2e image: chroot needs root")
    unittest.main()
