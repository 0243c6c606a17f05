"""attacks.py PROGRAMS [SECONDS]: attackers' own tools against a shop that is vulnerable on purpose (vulnerable.py).

PROGRAMS is the folder of the built executables, SECONDS the time each tool has (60). Three acts. First without us: the
attacks do succeed. Then the gateway alone in enforce mode, which judges every request and bans nobody, so that a tool tries
all it knows: nothing gets through. Then the whole suite: each tool is recognised within 20 requests, and an ordinary user
beside them notices nothing.
"""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

from disguise import Disguises
from load import figure
from stack import Stack
from stage import Stage, free_port, wait_until

HERE = pathlib.Path(__file__).parent
RECOGNISED_WITHIN = 20
# One that works for each mistake of the shop: without them nothing that is blocked later would prove anything.
WORKING = [
    ("GET", "/search?q=x%27%20UNION%20SELECT%20name,password%20FROM%20users--%20-", None, {}),
    ("GET", "/item?id=0%20or%201=1", None, {}),
    ("POST", "/login", "user=admin%27--&password=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/api/find", json.dumps({"name": "x' or 1=1--"}), {"Content-Type": "application/json"}),
    ("GET", "/visits", None, {"Cookie": "visitor=x' or 1=1--"}),
    ("GET", "/hello?name=%3Cscript%3Ealert(1)%3C/script%3E", None, {}),
    ("GET", "/paint?color=%22onmouseover=%22alert(1)", None, {}),
    ("GET", "/file?name=../../../../etc/passwd", None, {}),
    ("GET", "/ping?host=shop;id", None, {}),
]
SQLMAP_TARGETS = {
    "query": ["-u", "/search?q=lantern"], "number": ["-u", "/item?id=1"],
    "form": ["-u", "/login", "--data", "user=anna&password=x"],
    "json": ["-u", "/api/find", "--data", '{"name":"Chalk"}', "--headers", "Content-Type: application/json"],
    "cookie": ["-u", "/visits", "--cookie", "visitor=v1", "-p", "visitor"],
}
# Each a way of writing the same differently; those for other databases change words as well and are worth a try.
TAMPERS = [
    "space2comment,randomcase,between", "charencode", "chardoubleencode", "space2randomblank,equaltolike,unionalltounion",
    "apostrophemask,space2plus", "apostrophenullencode,percentage", "space2dash,randomcomments", "space2hash,versionedmorekeywords",
    "multiplespaces,ifnull2ifisnull,symboliclogical", "charunicodeescape,lowercase", "overlongutf8", "htmlencode",
]
# What scanners look for first, by a browser's name, so that only what is asked for can give it away.
PROBES = """
/.git/config /.env /wp-login.php /wp-admin/setup-config.php /phpmyadmin/index.php /server-status /.svn/entries /backup.zip
/.htpasswd /admin/login.jsp /cgi-bin/test.cgi /actuator/env /config.php.bak /.DS_Store /web.config /manager/html /xmlrpc.php
/db.sql /.aws/credentials /phpinfo.php /solr/admin/ /console/ /jenkins/script /.vscode/sftp.json /id_rsa /dump.sql
/old/index.php /test.php /install.php /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php /HNAP1 /boaform/admin/formLogin
/owa/auth/logon.aspx /.well-known/../../etc/passwd /setup.cgi /shell.php /api/swagger.json /graphql /users.csv /logs/error.log
""".split()
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class Record:
    """What got through, as the shop itself noticed it."""

    def __init__(self, stage: Stage):
        self.file = stage.folder / "got-through"
        self.file.touch()
        self.seen = 0

    def since(self) -> list[dict]:
        """What is new since the last time."""
        lines = self.file.read_text().splitlines()
        new, self.seen = lines[self.seen:], len(lines)
        return [json.loads(line) for line in new]


def sqlmap(stage: Stage, port: int, target: list[str], seconds: int, *options: str) -> str:
    """What it said. A tool that found nothing is stopped when its time is over."""
    words = [f"http://127.0.0.1:{port}{word}" if before == "-u" else word for before, word in zip([""] + target, target)]
    return said(stage, [
        "sqlmap", *words, "--batch", "--flush-session", "--disable-coloring", "--output-dir", stage.folder / "sqlmap", "--threads", "4",
        "--time-sec", "1", "--retries", "0", "--timeout", "10", *options], seconds)


def wapiti(stage: Stage, port: int, seconds: int, *options: str) -> str:
    report = stage.folder / "wapiti.json"
    report.unlink(missing_ok=True)
    # Without the modules that ask their author's server, or only wait.
    said(stage, [
        "wapiti", "-u", f"http://127.0.0.1:{port}/", "-m", "sql,exec,file,xss,permanentxss,crlf,backup,shellshock", "--flush-session",
        "--store-session", stage.folder / "wapiti", "--no-bugreport", "-f", "json", "-o", report, *options], seconds + 90)
    found = json.loads(report.read_text())["vulnerabilities"] if report.exists() else {}
    return ", ".join(f"{name}: {len(found[name])}" for name in found if found[name])


def said(stage: Stage, command: list, seconds: int) -> str:
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", cwd=stage.folder, start_new_session=True)
    stage.processes.append(process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=seconds)[0]
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=10)[0]
    process.kill()
    return process.communicate()[0]


def request(port: int, method: str, target: str, body: str | None = None, fields: dict[str, str] | None = None) -> int:
    """The status; 0 without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request(method, target, body, {"User-Agent": BROWSER} | (fields or {}))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    return 0


def probes(port: int, seconds: int) -> None:
    end = time.monotonic() + seconds
    for path in PROBES:
        if time.monotonic() < end:
            request(port, "GET", path)
            time.sleep(0.05)


class Visitor:
    """An ordinary user beside the attackers, a page every quarter of a second; whatever is no 200 is a failure."""

    PAGES = [("GET", "/", None), ("GET", "/search?q=brass+lantern", None), ("GET", "/item?id=2", None), ("GET", "/hello?name=Anna+O'Neill", None),
             ("POST", "/login", "user=anna&password=correct+horse"), ("GET", "/file?name=terms.txt", None), ("GET", "/paint?color=dark+red", None)]

    def __init__(self, port: int):
        self.asked, self.failures, self.done = 0, [], threading.Event()
        self.thread = threading.Thread(target=self._browse, args=(port,), daemon=True)
        self.thread.start()

    def _browse(self, port: int) -> None:
        while not self.done.wait(0.25):
            method, target, body = self.PAGES[self.asked % len(self.PAGES)]
            fields = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            status = request(port, method, target, body, fields)
            self.asked += 1
            if status != 200:
                self.failures.append(f"{method} {target}: {status}")

    def leave(self) -> None:
        self.done.set()
        self.thread.join(timeout=20)


def tell(passed: list[dict]) -> None:
    for each in passed[:20]:
        print(f"GOT THROUGH at {each['where']}: {each['kind']} {each['value']!r}")


def unprotected(stage: Stage, shop: int, record: Record, seconds: int) -> list[bool]:
    """The shop as it is: were these attacks harmless, nothing below would prove anything."""
    for method, target, body, fields in WORKING:
        request(shop, method, target, body, fields)
    worked = {each["where"] for each in record.since()}
    found = "is vulnerable" in (text := sqlmap(stage, shop, SQLMAP_TARGETS["query"], seconds)) or "injectable" in text
    injected = len(record.since())
    reported = wapiti(stage, shop, seconds)
    print(f"without the gateway: sqlmap injected {injected} times; wapiti found {reported or 'nothing'}")
    return [figure("unprotected.working-attacks", len(worked), "of the shop's mistakes", len(WORKING), ">="),
            figure("unprotected.sqlmap-finds", int(found), "injections", 1, ">="),
            figure("unprotected.sqlmap-injections", injected, "statements", 1, ">="),
            figure("unprotected.wapiti-finds", len(reported.split(", ")) if reported else 0, "kinds", 1, ">="),
            figure("unprotected.wapiti-injections", len(record.since()), "attacks", 1, ">=")]


def inspected(stage: Stage, programs: str, shop: int, record: Record, seconds: int) -> list[bool]:
    """The gateway alone: it decides about requests, not about clients, so the tools go on to their end."""
    gateway = stage.gateway(f"{programs}/gateway", f"routes:\n  - {{ upstream: \"127.0.0.1:{shop}\", inspection: enforce }}\n")
    for method, target, body, fields in WORKING:
        request(gateway.port, method, target, body, fields)
    fine = [counted("inspected.working-attacks", record)]
    for name, target in SQLMAP_TARGETS.items():
        sqlmap(stage, gateway.port, target, seconds, "--random-agent")
        fine.append(counted(f"inspected.sqlmap-{name}", record))
    for number, tamper in enumerate(TAMPERS):
        name = list(SQLMAP_TARGETS)[number % len(SQLMAP_TARGETS)]
        sqlmap(stage, gateway.port, SQLMAP_TARGETS[name], seconds, "--random-agent", "--level", "5", "--risk", "3", "--tamper", tamper,
               *(["--dbms", "sqlite"] if number % 2 else []))
        fine.append(counted(f"inspected.sqlmap-{name}-{tamper.replace(',', '-')}", record))
    reported = wapiti(stage, gateway.port, seconds, "-A", BROWSER)
    print(f"behind the gateway wapiti found {reported or 'nothing'}")
    fine.append(counted("inspected.wapiti", record))
    judged = [json.loads(line) for line in gateway.access_log.read_text(errors="replace").splitlines()]
    blocked = sum(each["status"] == 403 for each in judged)
    print(f"the gateway judged {len(judged)} requests of theirs and refused {blocked}")
    return fine + [figure("inspected.requests", len(judged), "requests", 1_000, ">=")]


def counted(name: str, record: Record) -> bool:
    passed = record.since()
    tell(passed)
    return figure(f"{name}.got-through", len(passed), "attacks", 0)


def recognised(stack: Stack, client: str) -> tuple[int, int] | None:
    """How many requests of a client had come when the first decision about it was made: all, and from its first on that was
    made up (pages are read by whoever looks around; only then does a value hold an escape, or is what it asks for not there).
    """
    decisions = stack.api("GET", "/v1/decisions?limit=200").get("decisions", [])
    own = [each for each in decisions if each["subject"].get("value") == client]
    if not own:
        return None
    first = min(each["decided_at"] for each in own)
    asked = [each for each in stack.requests_of(client) if each["time"] <= first]
    made_up = next((place for place, each in enumerate(asked) if "%" in each.get("query", "") or each["path"] in PROBES), 0)
    return len(asked), len(asked) - made_up


def suite(stage: Stage, programs: str, shop: int, record: Record, seconds: int) -> list[bool]:
    """Everything runs: who attacks is known soon, who does not is left alone."""
    stack = Stack(stage, programs)
    stack.route(f"routes:\n  - {{ name: shop, path: /, upstream: \"127.0.0.1:{shop}\", inspection: enforce }}\n")
    fine = []
    with Disguises() as disguises:
        visitor = Visitor(disguises.port("127.67.0.1", stack.port))
        attackers = {
            "sqlmap": lambda port: sqlmap(stage, port, SQLMAP_TARGETS["query"], seconds),
            "sqlmap-disguised": lambda port: sqlmap(stage, port, SQLMAP_TARGETS["number"], seconds, "--random-agent", "--level", "5",
                                                    "--risk", "3", "--tamper", "space2comment,randomcase,between"),
            "wapiti": lambda port: wapiti(stage, port, seconds, "-A", BROWSER),
            "path-scan": lambda port: probes(port, seconds),
        }
        for number, (name, attack) in enumerate(attackers.items()):
            client = f"127.68.{number}.7"
            attack(disguises.port(client, stack.port))
            with contextlib.suppress(TimeoutError):
                wait_until(f"a decision about {name}", lambda: recognised(stack, client) is not None, 20)
            asked, made_up = recognised(stack, client) or (float("inf"), float("inf"))
            print(f"{name}: {len(stack.requests_of(client))} requests; decided about after {asked}, {made_up} of them made up")
            fine.append(figure(f"suite.{name}.recognised-after", made_up, "requests", RECOGNISED_WITHIN))
            fine.append(counted(f"suite.{name}", record))
        visitor.leave()
    for failure in visitor.failures[:5]:
        print(f"the visitor: {failure}")
    stack.stop()
    return fine + [figure("suite.visitor-failures", len(visitor.failures), "requests", 0),
                   figure("suite.visitor-requests", visitor.asked, "requests", 20, ">=")]


def main(programs: str, seconds: int) -> int:
    with Stage() as stage:
        stage.folder.chmod(0o755)
        record, shop = Record(stage), free_port()
        stage.start("shop", [sys.executable, HERE / "vulnerable.py", shop, record.file], shop)
        fine = unprotected(stage, shop, record, seconds)
        fine += inspected(stage, programs, shop, record, seconds)
        fine += suite(stage, programs, shop, record, seconds)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: attacks.py PROGRAMS [SECONDS]; PROGRAMS is the folder of the built executables, such as .build/release")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60))
