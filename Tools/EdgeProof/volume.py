"""volume.py PROGRAMS [SECONDS]: a million requests a minute through the whole suite, and attacks among them.

PROGRAMS is the folder of the built executables, SECONDS how long the load lasts (60). Load, upstream, broker, database and
seven services share this machine. 20,000 visitors ask for pages; beside them attackers send SQL injections, each from an
address of its own, so that nothing but the judgement of the request itself can refuse it. Every request has to be judged by
the detector as well, and how far behind it was is shown.
"""

import bisect
import contextlib
import http.client
import os
import pathlib
import subprocess
import sys
import threading
import time

from load import figure, p99
from stack import Stack, ask
from stage import Stage, wait_until

HERE = pathlib.Path(__file__).parent
MILLION = 1_000_000
CONNECTIONS = 128
INJECTIONS = [
    "/articles/7?page=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-", "/articles/7?page=1%20or%201=1--",
    "/articles/7?page=1;DROP%20TABLE%20users", "/articles/7?page=1%27%20AND%20SLEEP(5)%23",
]


class Attackers:
    """One injection after the other over a kept connection; how long each took to be refused, in milliseconds."""

    def __init__(self, port: int):
        self.port, self.taken, self.passed, self.done = port, [], 0, threading.Event()
        self.thread = threading.Thread(target=self._attack, daemon=True)
        self.thread.start()

    def _attack(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        turn = 0
        while not self.done.wait(0.02):
            turn += 1
            address = f"10.99.{turn // 250 % 250}.{1 + turn % 250}"
            began = time.perf_counter()
            connection.request("GET", INJECTIONS[turn % len(INJECTIONS)], headers={"X-Forwarded-For": address})
            answer = connection.getresponse()
            answer.read()
            self.taken.append((time.perf_counter() - began) * 1_000)
            self.passed += answer.status != 403
        connection.close()

    def leave(self) -> None:
        self.done.set()
        self.thread.join(timeout=20)


class Detector:
    """What its administration port says."""

    def __init__(self, stack: Stack):
        self.port = int((stack.folder / "ports" / "detector-administration").read_text())

    def _values(self, name: str) -> list[tuple[str, float]]:
        status, text = ask(self.port, "GET", "/metrics")
        lines = text.splitlines() if status == 200 else []
        return [(labels, float(value)) for labels, value in (line.rsplit(" ", 1) for line in lines if line.startswith(name))]

    def judged(self) -> int:
        return int(sum(value for _, value in self._values("detector_requests_total")))

    def lags(self) -> list[tuple[float, float]]:
        """Bounds in seconds, and how many were within each."""
        buckets = [(labels.split('le="')[1].split('"')[0], value) for labels, value in self._values("detector_lag_seconds_bucket")]
        return sorted((float("inf") if bound == "+Inf" else float(bound), value) for bound, value in buckets)

    @staticmethod
    def within(before: list[tuple[float, float]], after: list[tuple[float, float]], share: float) -> float:
        """The bound that this share of what came between stayed within."""
        counts = [later - earlier for (_, earlier), (_, later) in zip(before, after)]
        return after[bisect.bisect_left(counts, share * counts[-1])][0]


def spent(stack: Stack) -> dict[str, float]:
    """Seconds of processor time by program, of all that belong to the stack."""
    seconds: dict[str, float] = {}
    for process in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            if process.name.isdigit() and str(stack.folder).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
                ticks = rest.split()
                seconds[name] = seconds.get(name, 0) + (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def main(programs: str, seconds: int) -> int:
    with Stage() as stage:
        upstream = stage.quick_upstream()
        stack = Stack(stage, programs, INFINITE_GATEWAY_CLIENTS_TRUSTED_HOPS="1")
        stack.route(f"routes:\n  - {{ name: site, path: /articles/, upstream: \"127.0.0.1:{upstream}\", inspection: enforce }}\n")
        detector = Detector(stack)
        wait_until("the detector's partitions", lambda: sum(value for _, value in detector._values("detector_partitions")) >= 4)
        used = spent(stack)
        answered, judged, lags = stack.metric("gateway_requests_total"), detector.judged(), detector.lags()
        attackers = Attackers(stack.port)
        load = subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", HERE / "visitors.lua", f"http://127.0.0.1:{stack.port}",
             "--", "1", "7"], stdout=subprocess.PIPE, text=True)
        stage.processes.append(load)
        began, most = time.monotonic(), 0
        while load.poll() is None:
            behind = (stack.metric("gateway_requests_total") - answered) - (detector.judged() - judged)
            most = max(most, behind)
            time.sleep(0.5)
        took = time.monotonic() - began
        attackers.leave()
        said = load.communicate()[0]
        print("\n".join(line for line in said.splitlines() if any(word in line for word in ("99%", "50%", "requests in", "Non-2xx", "errors"))))
        all_answered = stack.metric("gateway_requests_total") - answered
        in_time = detector.judged() - judged
        ended = time.monotonic()
        wait_until("the last events", lambda: detector.judged() - judged >= all_answered, 60)
        caught_up = time.monotonic() - ended
        after = detector.lags()
        costs = {name: (time - used.get(name, 0)) / all_answered * 1e6 for name, time in spent(stack).items()}
        dropped = stack.metric("gateway_events_dropped_total")
        stack.stop()
    print(f"{all_answered:g} requests in {took:.1f} s, {len(attackers.taken)} of them attacks; at most {most:g} were waiting to be judged; "
          f"{caught_up:.1f} s after the end all were")
    print("processor time of a request, µs: " + ", ".join(f"{name} {costs[name]:.0f}" for name in sorted(costs, key=costs.get, reverse=True) if costs[name] >= 1))
    lag = {share: Detector.within(lags, after, share) for share in (0.5, 0.99)}
    figure("volume.judged-a-minute", in_time / took * 60, "events", MILLION, ">=")
    figure("volume.lag-p50", lag[0.5], "seconds", 1)
    figure("volume.lag-p99", lag[0.99], "seconds", 5)
    figure("volume.injection-refused-p99", p99(attackers.taken), "milliseconds", 30)
    fine = [figure("volume.injections-passed", attackers.passed, "requests", 0),
            figure("volume.events-lost", dropped, "events", 0),
            figure("volume.injections", len(attackers.taken), "requests", 100, ">=")]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: volume.py PROGRAMS [SECONDS]; PROGRAMS is the folder of the built executables, such as .build/release")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60))
