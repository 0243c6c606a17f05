"""outages.py PROGRAMS: the broker and the database are killed under load, with SIGKILL, one after the other and together.

Visitors are served, attacks are refused, and every refusal stands in the audit log once: no protected event is lost.
PROGRAMS is the folder of the built executables. Each attack comes from an address of its own, so that no decision about
its sender stops it before it is judged.
"""

import contextlib
import http.client
import os
import pathlib
import signal
import sys
import threading
import time

from load import figure
from stack import Stack
from stage import Stage, wait_until

BLOCKED = "infinite.gateway.v1.RequestBlocked"
ATTACK = "/search?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-"


def processes(stack: Stack, word: str) -> list[int]:
    """Those of this stack whose command line names the program: the server itself and whatever it started."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            mine = str(stack.folder).encode() in b" ".join(words) or str(stack.folder).encode() in (folder / "environ").read_bytes()
            if words and mine and word.encode() in words[0]:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def kill(stack: Stack, *words: str) -> None:
    for word in words:
        victims = processes(stack, word)
        if not victims:
            raise RuntimeError(f"there is no {word} to be killed")
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue


class Clients:
    """Visitors and attackers, from as many addresses as they ask requests."""

    def __init__(self, port: int):
        self.port, self.stopped, self.lock = port, threading.Event(), threading.Lock()
        self.served, self.refused, self.wrong = 0, 0, []
        self.threads = [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(4)]
        for thread in self.threads:
            thread.start()

    def _ask(self, group: int) -> None:
        turn = 0
        while not self.stopped.is_set():
            turn += 1
            address = f"127.{40 + group}.{turn // 250 % 250}.{1 + turn % 250}"
            is_attack = turn % 4 == 0
            status = self._status(address, ATTACK if is_attack else "/items/2")
            with self.lock:
                if status != (403 if is_attack else 200):
                    self.wrong.append(f"{'an attack' if is_attack else 'a visitor'} got {status}")
                elif is_attack:
                    self.refused += 1
                else:
                    self.served += 1

    def _status(self, address: str, target: str) -> int | str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15, source_address=(address, 0))
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError as problem:
            return repr(problem)
        finally:
            connection.close()

    def more(self, count: int) -> None:
        """Until so many more were served and a fifth as many refused."""
        served, refused = self.served, self.refused
        wait_until("the clients", lambda: self.served >= served + count and self.refused >= refused + count // 5, 60)

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=20)


def recorded(stack: Stack) -> int:
    """How many refusals stand in the audit log; -1 while it cannot be asked."""
    count, before = 0, 0
    while True:
        page = stack.api("GET", f"/v1/audit/entries?limit=500&schema={BLOCKED}" + (f"&before={before}" if before else ""))
        if "entries" not in page:
            return -1 if not page else count
        count += len(page["entries"])
        before = int(page.get("next_before", 0))
        if not before:
            return count


def main(programs: str) -> int:
    with Stage() as stage:
        stack = Stack(stage, programs)
        # RabbitMQ loses a queue that is killed right after it was declared.
        time.sleep(3)
        clients = Clients(stack.port)
        clients.more(200)
        for victims in [["beam.smp"], ["postgres"], ["beam.smp", "postgres"]]:
            kill(stack, *victims)
            clients.more(300)
            wait_until(f"what was killed ({', '.join(victims)})", lambda: all(processes(stack, each) for each in victims), 60)
            wait_until("the API", lambda: "entries" in stack.api("GET", "/v1/audit/entries?limit=1"), 120)
            clients.more(100)
        clients.stop()
        late = clients.refused - recorded(stack)
        with contextlib.suppress(TimeoutError):
            wait_until("the last events", lambda: recorded(stack) >= clients.refused, 120)
        lost = clients.refused - recorded(stack)
        ordinary = stack.metric("gateway_events_dropped_total")
        stack.stop()
    print(f"three outages under {clients.served} visits and {clients.refused} attacks; {late} refusals were recorded later")
    print(f"ordinary events given up, as they may be: {ordinary:g}")
    for each in clients.wrong[:5]:
        print(each)
    fine = [figure("outage.wrong-answers", len(clients.wrong), "requests", 0),
            figure("outage.lost-refusals", lost, "events", 0), figure("outage.twice-counted", max(0, -lost), "events", 0),
            figure("outage.refusals", clients.refused, "events", 100, ">=")]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: outages.py PROGRAMS; PROGRAMS is the folder of the built executables, such as .build/release")
    sys.exit(main(sys.argv[1]))
