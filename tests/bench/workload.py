# SPDX-License-Identifier: MIT
"""./swell bench workload: is the CPU that was asked for the CPU that is used, and how does the
workload compare with nginx and with Apache and PHP in the same minute on the same machine?"""
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time

from bench import (BIN, Client, Running, Swell, cpu_by_thread_s, cpu_s, free_port, median,
                   memory_mib, requests_per_s, say, table, verdict, wait_until)

SWELL = os.path.join(os.path.dirname(__file__), "..", "..", "swell")
SERVER_CORE, CLIENT_CORE = 0, 1
ERROR_MAX = 0.02


def serve(*flags, **more):
    return Swell("swell-workload", "serve", "--address=127.0.0.1", "--port=0", *flags, **more)


@contextlib.contextmanager
def two_busy_processes():
    with Running("sh", "-c", "while :; do :; done"), Running("sh", "-c", "while :; do :; done"):
        yield


def cpu_per_request_ms(program, cost_ms):
    """(CPU of the threads that burn, CPU of those that speak HTTP), by the kernel's count."""
    count = max(3, int(3000 / cost_ms))
    client = Client(program.address, program.port)
    client.get(f"/?cpu_ms={cost_ms}")
    before = cpu_by_thread_s(program.pid)
    for _ in range(count):
        client.get(f"/?cpu_ms={cost_ms}")
    after = cpu_by_thread_s(program.pid)
    spent = {thread: after[thread] - before[thread] for thread in after}
    http = sum(used for (_, name), used in spent.items() if name.startswith("MHD"))
    return (sum(spent.values()) - http) * 1000 / count, http * 1000 / count


def bench_burner():
    rows = []
    with serve("--workers=1") as program:
        for cost_ms in (1, 5, 20, 100, 1000):
            say(f"burner: {cost_ms} ms")
            alone, http = cpu_per_request_ms(program, cost_ms)
            with two_busy_processes():
                beside, _ = cpu_per_request_ms(program, cost_ms)
            errors = [used / cost_ms - 1 for used in (alone, beside)]
            rows.append((f"{cost_ms} ms", f"{errors[0]:+.2%}", f"{errors[1]:+.2%}", f"{http:.2f} ms",
                         verdict(max(map(abs, errors)) <= ERROR_MAX)))
    table("Burner: CPU used against CPU asked, by the kernel's count of its threads (within 2 %)",
          ("cost", "alone", "beside two busy processes", "HTTP besides", ""), rows)


def consumed_millicores(millicores, seconds=5):
    """What the kernel counts over a window that lies in the middle of the time asked for."""
    with Swell("swell-workload", "consume", "--address=127.0.0.1", "--port=0") as program:
        client = Client(program.address, program.port)
        status, answer = client.request(
            "POST", f"/ConsumeCPU?millicores={millicores}&durationSec={seconds * 4}")
        assert status == 200, answer
        time.sleep(1)
        began, before = time.monotonic(), cpu_s(program.pid)
        time.sleep(seconds)
        return (cpu_s(program.pid) - before) / (time.monotonic() - began) * 1000


def bench_consume():
    rows = []
    for millicores in (100, 250, 700, 1500):
        say(f"ConsumeCPU: {millicores} millicores for 5 s")
        used = consumed_millicores(millicores)
        error = used / millicores - 1
        rows.append((f"{millicores}m", f"{used:.0f}m", f"{error:+.2%}",
                     verdict(abs(error) <= ERROR_MAX)))
    table("Steady consumption over 5 s (within 2 %)", ("asked", "used", "error", ""), rows)


def nginx(folder, port):
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/error.log; events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "OK!"; }} }} }}""")
    return Running("/usr/sbin/nginx", "-c", conf, core=SERVER_CORE, stderr=subprocess.DEVNULL)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


TRIVIAL_TURNS, TRIVIAL_S = 15, 1


def trivial_rate(pid, url):
    """Requests per second, and microseconds of the server's CPU time for each."""
    before = cpu_s(pid)
    rate = requests_per_s(url, TRIVIAL_S, 32, CLIENT_CORE)
    return rate, (cpu_s(pid) - before) / (rate * TRIVIAL_S) * 1e6


def trivial_turns(peers):
    """For each of (pid, url) its figures, turn by turn. Turns are short and the peers take them
    alternately, each first in every other one: what else the machine does meets them alike."""
    figures = [[] for _ in peers]
    for turn in range(TRIVIAL_TURNS):
        say(f"trivial reply: turn {turn + 1} of {TRIVIAL_TURNS}")
        for i in sorted(range(len(peers)), reverse=turn % 2 == 1):
            figures[i].append(trivial_rate(*peers[i]))
    return figures


def bench_trivial_reply():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with nginx(folder, port) as peer, \
                serve("--cpu-ms=0", "--workers=1", core=SERVER_CORE) as program:
            wait_until(lambda: accepts(port), "nginx listens")
            theirs, ours = trivial_turns([(peer.pid, f"http://127.0.0.1:{port}/"),
                                          (program.pid, program.url + "/")])
    rate_ratio = median(a[0] / b[0] for a, b in zip(ours, theirs))
    cpu_ratio = median(a[1] / b[1] for a, b in zip(ours, theirs))
    rates = [f"{median(f[0] for f in figures):.0f}" for figures in (theirs, ours)]
    costs = [f"{median(f[1] for f in figures):.1f} us" for figures in (theirs, ours)]
    table("Trivial reply on one core, 32 keep-alive connections (at least nginx's rate; medians of "
          f"{TRIVIAL_TURNS} turns)", ("server", "requests/s", "ratio", "CPU per request", "ratio", ""),
          [("nginx, return 200, one worker", rates[0], "1.00", costs[0], "1.00", ""),
           ("swell-workload serve --cpu-ms=0", rates[1], f"{rate_ratio:.2f}", costs[1],
            f"{cpu_ratio:.2f}", verdict(rate_ratio >= 1))])


def apache(folder, port):
    with open(os.path.join(folder, "index.php"), "w", encoding="utf-8") as file:
        file.write("<?php\n$x = 0.0001;\nfor ($i = 0; $i <= 1000000; $i++) {\n"
                   "  $x += sqrt($x);\n}\necho \"OK!\";\n")
    conf = os.path.join(folder, "apache.conf")
    modules = "/usr/lib/apache2/modules"
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"""ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
DefaultRuntimeDir {folder}
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule php_module {modules}/libphp8.2.so
User nobody
Group nogroup
DocumentRoot {folder}
DirectoryIndex index.php
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
""")
    os.chmod(folder, 0o755)
    return Running("/usr/sbin/apache2", "-f", conf, "-DFOREGROUND")


def php_cost(program, address, port, count):
    """CPU seconds per request over keep-alive, and the memory of all processes."""
    client = Client(address, port)
    for _ in range(3):
        assert client.get("/")[1] == b"OK!"
    before = cpu_s(program.pid)
    for _ in range(count):
        client.get("/")
    return (cpu_s(program.pid) - before) / count, memory_mib(program.pid)


def bench_php_apache():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with apache(folder, port) as peer, serve("--loop=php-apache") as program:
            wait_until(lambda: accepts(port), "Apache listens")
            turns = []
            for turn in range(3):
                say(f"php-apache: turn {turn + 1} of 3")
                turns.append((php_cost(peer, "127.0.0.1", port, 100),
                              php_cost(program, program.address, program.port, 100)))
    cost_ratio = median(theirs[0] / ours[0] for theirs, ours in turns)
    memory_ratio = median(ours[1] / theirs[1] for theirs, ours in turns)
    row = [f"{1 / median(t[i][0] for t in turns):.0f}" for i in (0, 1)]
    pss = [f"{median(t[i][1] for t in turns):.1f} MiB" for i in (0, 1)]
    table("The php-apache loop (at least 1.8 times Apache's requests per CPU second, a third of its PSS)",
          ("server", "requests per CPU second", "ratio", "PSS", "ratio", ""),
          [("Apache, mod_php", row[0], "1.00", pss[0], "1.00", ""),
           ("swell-workload serve --loop=php-apache", row[1], f"{cost_ratio:.2f}", pss[1],
            f"{memory_ratio:.2f}", verdict(cost_ratio >= 1.8 and memory_ratio <= 1 / 3))])


def start(folder):
    """Milliseconds from exec to the listening line, and the resident memory then."""
    began = time.monotonic()
    with serve(folder=folder) as program:
        return (time.monotonic() - began) * 1000, memory_mib(program.pid, "Rss")


def bench_footprint():
    rows = []
    with tempfile.TemporaryDirectory() as rootfs:
        say("footprint: building what the image ships")
        subprocess.run([SWELL, "image", "workload", "--rootfs", rootfs], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, folder in (("release build", BIN), ("image", os.path.join(rootfs, "usr/bin"))):
            starts = [start(folder) for _ in range(21)]
            ready, resident = (median(s[i] for s in starts) for i in (0, 1))
            rows.append((name, f"{ready:.1f} ms", f"{resident:.1f} MiB",
                         verdict(ready <= 20 and resident <= 8)))
    table("Footprint, median of 21 starts (20 ms from exec to listening, 8 MiB resident when idle)",
          ("build", "start", "memory", ""), rows)


BENCHES = {"burner": bench_burner, "consume": bench_consume, "trivial": bench_trivial_reply,
           "php-apache": bench_php_apache, "footprint": bench_footprint}


def main():
    names = sys.argv[1:] or list(BENCHES)
    for name in names:
        if name not in BENCHES:
            sys.exit(f"bench workload: there is no '{name}'; there are: {', '.join(BENCHES)}")
    print(f"swell-workload in {BIN}, {os.cpu_count()} CPUs")
    for name in names:
        BENCHES[name]()


if __name__ == "__main__":
    main()
