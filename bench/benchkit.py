"""What the measuring scripts share: processes that end with the script, CPU clocks, a small HTTP client, tables."""

import atexit
import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or Path.home() / ".cache/afterimage/target")
KEY = "ak_000102030405060708090a0b0c0d0e0f1011121314151617"
BEGUN = time.monotonic()
# Where what is measured runs; the load comes from another core.
SERVER_CORE = 0


def say(text):
    """Progress, beside the results on standard output."""
    print(f"[{time.monotonic() - BEGUN:6.1f} s] {text}", file=sys.stderr, flush=True)


def fail(text):
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr)
    sys.exit(1)


def need(*tools):
    """Stops with the command that installs what is missing."""
    packages = {"nginx": "nginx", "wrk": "wrk", "taskset": "util-linux", "node": "nodejs", "npm": "npm",
                "varnishd": "varnish", "squid": "squid", "traffic_server": "trafficserver"}
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [packages[tool] for tool in tools if not shutil.which(tool, path=path)]
    if missing:
        fail(f"missing here: {', '.join(missing)}; install with: apt-get install {' '.join(missing)}")
    os.environ["PATH"] = path


# Processes and folders

_running = []
_folders = []


def _end_with_parent():
    # Even a script that is killed leaves nothing behind.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start(command, core=None, **options):
    """Starts a process, pinned to a core if one is given. It ends with the script at the latest."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    process = subprocess.Popen([str(word) for word in command], preexec_fn=_end_with_parent, **options)
    _running.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in _running:
        _running.remove(process)


def folder():
    """A folder that goes with the script; `AFTERIMAGE_BENCH_DIR` says on which disk."""
    path = Path(tempfile.mkdtemp(prefix="afterimage-bench-", dir=os.environ.get("AFTERIMAGE_BENCH_DIR")))
    path.chmod(0o755)
    _folders.append(path)
    return path


def _clean():
    for process in list(_running):
        stop(process)
    for path in _folders:
        shutil.rmtree(path, ignore_errors=True)


atexit.register(_clean)
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(_number, lambda number, _frame: sys.exit(128 + number))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# CPU time

def _tree(pid):
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(below for child in children for below in _tree(int(child)))]


class CpuClock:
    """CPU time, user and system, of a process and its children as they are when the clock is made, in seconds."""

    def __init__(self, process):
        # The kernel's numbering of another process's CPU clock, as clock_getcpuclockid(3) makes it.
        self.clocks = {(~pid << 3) | 2: 0.0 for pid in _tree(process.pid)}

    def __call__(self):
        for clock in self.clocks:
            try:
                self.clocks[clock] = time.clock_gettime(clock)
            except OSError:
                pass  # A child that has ended, such as nginx's cache loader, keeps the time it had.
        return sum(self.clocks.values())


def peak_memory(process):
    """The most memory the process ever had at once, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


class Neighbours:
    """How many cores were busy with what is neither the servers measured nor finished children of this script."""

    def __init__(self, clocks):
        self.clocks = clocks
        self.seen = []

    def _now(self):
        fields = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        busy = (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")
        times = os.times()
        ours = sum(clock() for clock in self.clocks)
        return time.monotonic(), busy - ours - sum(times[:4])

    def __enter__(self):
        self.begun = self._now()

    def __exit__(self, *_):
        at, busy = self._now()
        self.seen.append(max(0.0, busy - self.begun[1]) / (at - self.begun[0]))

    def __str__(self):
        mark = " **busy**:" if median(self.seen) > 0.2 else ""
        return f"{mark} other processes used {spread(self.seen)} cores meanwhile"


# Afterimage

class Afterimage:
    """The shipped binary on a folder, with its defaults."""

    def __init__(self, photos, data, core=None, environment=None):
        binary = Path(os.environ.get("AFTERIMAGE_BINARY") or TARGET / "release/afterimage")
        if not binary.exists():
            fail("there is no release build; run: cargo build --release -p afterimage")
        env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERIMAGE_")}
        env |= {"AFTERIMAGE_API_KEY": KEY, **(environment or {})}
        command = [binary, "serve", photos, "--data", data, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
        self.log = open(Path(data).parent / "afterimage.stderr", "w+")
        self.process = start(command, core, env=env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        ports = {}
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if "serves pictures" in line and found:
                ports["delivery"] = int(found[1])
            elif "Control plane" in line and found:
                ports["control"] = int(found[1])
            if line.startswith("API key"):
                break
        if len(ports) < 2:
            self.log.seek(0)
            fail(f"the server did not start:\n{self.log.read()}")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.delivery, self.control = ports["delivery"], ports["control"]
        self.cpu = CpuClock(self.process)


# HTTP

class Client:
    """One kept-alive connection. The answer's body is read whole."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f"127.0.0.1:{port}"
        self.rest = b""

    def send(self, target, method="GET", headers=None, body=b""):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def receive(self):
        """Status, headers in lower case, body, size of the head."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return status, headers, body, len(head) + 4

    def _more(self):
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self.rest += chunk

    def ask(self, target, **options):
        self.send(target, **options)
        return self.receive()


def get(port, target, headers=None):
    return Client(port).ask(target, headers=headers)


def digest(body):
    return hashlib.sha256(body).hexdigest()[:16]


# Numbers

def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values, digits=2):
    """Median, and from the smallest to the largest."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def verdict(ratios):
    if min(ratios) <= 1 <= max(ratios):
        return "the same within noise"
    return "more" if median(ratios) > 1 else "less"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def output(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


def machine():
    """One line; no dates and no names."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    architecture = os.uname().machine.replace("_", "-")
    return f"{os.cpu_count()} cores {architecture} ({model[1] if model else 'unknown'}), {system[1] if system else 'Linux'}"
