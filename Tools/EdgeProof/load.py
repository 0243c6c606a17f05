"""Load from wrk and what it says; a patient client that measures each answer; figures as every benchmark prints them."""

import http.client
import re
import statistics
import subprocess
import time

from stage import Stage


class Wrk:
    """Full load in the background."""

    def __init__(self, stage: Stage, url: str, seconds: int, connections: int = 32):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", url], stdout=subprocess.PIPE, text=True)
        stage.processes.append(self.process)

    def stop(self) -> None:
        """Ends it early; it still says what it counted."""
        self.process.send_signal(2)

    def result(self) -> tuple[int, int]:
        """Requests answered, and those that failed in whatever way."""
        said, _ = self.process.communicate(timeout=120)
        answered = re.search(r"(\d+) requests in", said)
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
        failed = int(refused[1]) if refused else 0
        if broken:
            failed += sum(int(count) for count in broken.groups())
        return int(answered[1]) if answered else 0, failed


def latencies(port: int, count: int) -> list[float]:
    """Milliseconds of requests one after the other, each over a connection of its own; a failure is infinite."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"/healthy/{number}")
            fine = connection.getresponse().read() and True
        except OSError:
            fine = False
        finally:
            connection.close()
        taken.append((time.perf_counter() - began) * 1_000 if fine else float("inf"))
    return taken


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98] if float("inf") not in values else float("inf")


def figure(name: str, value: float, unit: str, bound: float, sign: str = "<=") -> bool:
    """One line, as every benchmark ends with; whether it is within its bar."""
    fine = value <= bound if sign == "<=" else value >= bound
    print(f"figure {name} {value:.4g} {unit} (bar {sign} {bound:g}) {'ok' if fine else 'short'}")
    return fine
