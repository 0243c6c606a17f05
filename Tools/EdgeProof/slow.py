"""slow.py GATEWAY [SECONDS]: who sends slowly, opens much or resets rapidly costs bounded memory and nobody else.

Each attack runs for so long, again and again, in turn against the gateway that an ordinary client asks and against another
one beside it. Attackers, gateways, upstream and client share this machine's cores either way; what the client feels more
when its own gateway is attacked is that gateway's lack of fairness.
"""

import contextlib
import itertools
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import h2.config
import h2.connection
import h2.exceptions

import frames
from load import figure, latencies, p99
from stage import Gateway, Stage

# Of each attack, so that a moment in which the machine is busy with something else counts little.
ROUNDS = 3
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


def endless_heads(gateway: Gateway, seconds: int) -> None:
    """Heads of HTTP/2 in ever more CONTINUATION frames (CVE-2024-27316)."""
    end = time.monotonic() + seconds
    # A literal field without indexing, as often as it fits.
    block = (b"\0\x01x\x10" + b"a" * 16) * 800
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.frame(4, 0, b"", 0)
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
            connection.sendall(preface + frames.frame(1, 0, block))
            while time.monotonic() < end:
                connection.sendall(frames.frame(9, 0, block))


ATTACKS = {name: (lambda gateway, seconds, options=options: slowhttptest(gateway, options, seconds)) for name, options in SLOW.items()} | {
    "connections": floods, "header-bombs": bombs, "rapid-reset": rapid_resets, "continuations": endless_heads}


def attacked(attack, victim: Gateway, asked: Gateway, seconds: int) -> tuple[list[float], int]:
    """What an ordinary client of one gateway feels while another one, or the same, is attacked; and the victim's memory."""
    with ThreadPoolExecutor(1) as attacker:
        running = attacker.submit(attack, victim, seconds)
        time.sleep(seconds / 2)
        taken, memory = latencies(asked.port, 150), victim.memory()
        # An attack that could not be made proves nothing: what stopped it is raised here.
        running.result()
    return taken, memory


def main(program: str, seconds: int) -> int:
    with Stage() as stage:
        port = stage.quick_upstream()
        routes = f"routes:\n  - {{ upstream: \"127.0.0.1:{port}\", inspection: enforce }}\n"
        gateway, other = (stage.gateway(program, routes, settings="  plain_http2: true") for _ in range(2))
        for each in (gateway, other):
            latencies(each.port, 200)
        before = gateway.memory()
        print(f"quiet: p99 {p99(latencies(gateway.port, 400)):.1f} ms, {before / 1e6:.0f} MB")
        fine = []
        for name, attack in ATTACKS.items():
            rounds = [(attacked(attack, other, gateway, seconds), attacked(attack, gateway, gateway, seconds)) for _ in range(ROUNDS)]
            beside, under = ([taken for each in rounds for taken in each[place][0]] for place in (0, 1))
            memory = max(each[1][1] for each in rounds)
            failed = sum(each == float("inf") for each in itertools.chain(beside, under))
            print(f"{name}: p50 {median(under):.2f} ms, p99 {p99(under):.2f} ms; beside it {median(beside):.2f} and {p99(beside):.2f} ms")
            fine += [figure(f"{name}.healthy-failures", failed, "requests", 0),
                     figure(f"{name}.memory", (memory - before) / 1e6, "MB", 100),
                     figure(f"{name}.healthy-p50", median(under) / median(beside), "x that beside it", 3),
                     figure(f"{name}.healthy-p99", p99(under) / p99(beside), "x that beside it", 2)]
        for each in (gateway, other):
            if each.process.poll() is not None:
                print("a gateway ended")
                fine.append(False)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: slow.py GATEWAY [SECONDS]")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6))
