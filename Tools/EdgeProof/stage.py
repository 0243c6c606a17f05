"""What the proofs share: free ports, processes that end with the script, and a gateway with routes."""

import contextlib
import http.client
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def wait_until(what: str, condition, seconds: float = 30) -> None:
    """Polls; who does not come in time is an error of its own."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} took longer than {seconds} s")
        time.sleep(0.02)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Stage:
    """A folder and processes, all gone at the end of the `with`."""

    def __enter__(self) -> "Stage":
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edge-proof-"))
        self.processes: list[subprocess.Popen] = []
        return self

    def __exit__(self, *_) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name: str, text: str) -> pathlib.Path:
        file = self.folder / name
        file.write_text(text)
        return file

    def start(self, name: str, command: list, port: int | None = None, **options) -> subprocess.Popen:
        """Runs a program; its output goes to NAME.log. With a port: returns once it listens."""
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        log.close()
        self.processes.append(process)
        if port is not None:
            wait_until(f"{name} to listen", lambda: listens(port) or self._ended(name, process))
        return process

    def _ended(self, name: str, process: subprocess.Popen) -> bool:
        if process.poll() is None:
            return False
        raise RuntimeError(f"{name} ended with {process.returncode}:\n{self.log(name)[-2000:]}")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def certificate(self) -> tuple[pathlib.Path, pathlib.Path]:
        """A certificate for localhost, signed by itself, and its key."""
        chain, key = self.folder / "localhost.pem", self.folder / "localhost.key"
        if not chain.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", key, "-out", chain],
                check=True, capture_output=True)
        return chain, key

    def quick_upstream(self) -> int:
        """nginx, which answers out of memory, and 100 KB at /large: fast enough not to be what is measured."""
        port = free_port()
        (self.folder / "large").write_bytes(b"x" * 100_000)
        self.folder.chmod(0o755)
        configuration = self.write("upstream.conf", f"""
daemon off; pid {self.folder}/upstream.pid; error_log {self.folder}/upstream.errors; worker_processes 1;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {self.folder}/upstream-b; proxy_temp_path {self.folder}/upstream-p;
    fastcgi_temp_path {self.folder}/upstream-f; uwsgi_temp_path {self.folder}/upstream-u; scgi_temp_path {self.folder}/upstream-s;
    server {{
        listen 127.0.0.1:{port} backlog=4096; root {self.folder};
        location / {{ return 200 "ok"; }}
        location /large {{ try_files /large =404; }}
    }}
}}
""")
        self.start("upstream", ["nginx", "-c", configuration], port)
        return port

    def gateway(self, program: str, routes: str, secured: bool = False, settings: str = "") -> "Gateway":
        return Gateway(self, program, routes, secured, settings)


class Gateway:
    def __init__(self, stage: Stage, program: str, routes: str, secured: bool, settings: str):
        self.stage = stage
        self.port, self.admin_port = free_port(), free_port()
        self.access_log = stage.folder / f"access-{self.port}.log"
        self.routes = stage.write(f"routes-{self.port}.yaml", routes)
        tls = "\n  certificate: {}\n  certificate_key: {}".format(*stage.certificate()) if secured else ""
        configuration = stage.write(f"gateway-{self.port}.yaml", f"""
log: {{ level: warning }}
admin: {{ listen: "127.0.0.1:{self.admin_port}" }}
bus: {{ port: {free_port()} }}
database: {{ port: {free_port()} }}
labyrinth: {{ address: "127.0.0.1:{free_port()}" }}
access_log: {{ file: {self.access_log}, query: true }}
routes_file: {self.routes}
listen:
  address: 127.0.0.1:{self.port}{tls}
{settings}
""")
        self.name = f"gateway-{self.port}"
        self.process = stage.start(self.name, [program, "--config", configuration], self.port)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def memory(self) -> int:
        """Bytes in use now."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + " ", name + "{")))

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.stage.certificate()[0]))
