"""vulnerable.py PORT RECORD: a shop that makes the classic mistakes ON PURPOSE, for attackers to be let loose on.

DELIBERATELY VULNERABLE. Never run it where others can reach it. It listens on 127.0.0.1 only, gives up root before it
answers anybody, and has nothing worth stealing. Every attack that got through is a line of JSON in RECORD: not what looks
like one, but what did something here (a statement that ran with another structure, a script in a page, a file from
outside the folder, a second command).
"""

import html.parser
import http.server
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.parse

INDEX = """
<ul><li><a href="/search?q=lantern">Lanterns</a><li><a href="/item?id=1">The first item</a><li><a href="/visits">Visits</a>
<li><a href="/hello?name=Anna">Hello</a><li><a href="/paint?color=red">Paint</a><li><a href="/file?name=terms.txt">Terms</a>
<li><a href="/ping?host=shop">Delivery</a></ul>
<form action="/search"><input name="q"><button>Search</button></form>
<form action="/login" method="post"><input name="user"><input name="password" type="password"><button>Sign in</button></form>
"""


class Scripts(html.parser.HTMLParser):
    """Whether a page runs what somebody wrote into it."""

    def __init__(self, text: str):
        super().__init__()
        self.found = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        addresses = [value or "" for name, value in attributes if name in ("href", "src", "action", "formaction", "data")]
        self.found |= tag in ("script", "iframe", "object", "embed") or any(name.startswith("on") for name, _ in attributes)
        self.found |= any(re.sub(r"[\s\0-\x1f]", "", each).lower().startswith("javascript:") for each in addresses)


class Shop:
    def __init__(self, record):
        self.record, self.lock = record, threading.Lock()
        self.temporary = tempfile.TemporaryDirectory(prefix="vulnerable-")
        self.folder = pathlib.Path(self.temporary.name)
        (self.folder / "terms.txt").write_text("No returns.\n")
        self.database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.database.executescript("""
            CREATE TABLE items (id INTEGER, name TEXT, price TEXT);
            CREATE TABLE users (name TEXT, password TEXT);
            CREATE TABLE visits (visitor TEXT, count INTEGER);
            INSERT INTO items VALUES (1, 'Brass lantern', '24.00'), (2, 'Ball of thread', '3.50'), (3, 'Chalk', '1.20');
            INSERT INTO users VALUES ('anna', 'correct horse'), ('admin', 'the crown jewels');
            INSERT INTO visits VALUES ('v1', 3);
        """)

    def got_through(self, kind: str, where: str, value: str) -> None:
        with self.lock:
            self.record.write(json.dumps({"kind": kind, "where": where, "value": value}) + "\n")

    def select(self, where: str, statement: str, *values: str, is_number: bool = False) -> list:
        """Runs the statement with the values pasted in. It got through when one left its place and the whole still ran."""
        with self.lock:
            # A query that only wants to take time.
            steps = iter(range(2_000))
            self.database.set_progress_handler(lambda: next(steps, None) is None, 10_000)
            rows = self.database.execute(statement.format(*values)).fetchmany(100)
        for value in values:
            words = re.findall(r"[^\W\d]\w*|[^\w\s]", value)
            if len(words) > 1 and re.search(r"[^\W\d]", value) if is_number else "'" in value.replace("''", ""):
                self.got_through("sql", where, value)
        return rows

    def page(self, where: str, template: str, value: str) -> str:
        text = template.format(value)
        if Scripts(text).found:
            self.got_through("xss", where, value)
        return text

    def file(self, name: str) -> str:
        path = self.folder / name.split("\0")[0]
        text = path.read_text(errors="replace") if path.is_file() else "There is no such file."
        if path.is_file() and not path.resolve().is_relative_to(self.folder.resolve()):
            self.got_through("path", "/file name", name)
        return text

    def ping(self, host: str) -> str:
        host = host.replace("\0", "")
        try:
            # The shell tells each command that it runs, on a line with a plus.
            ran = subprocess.run(["sh", "-xc", f"echo looking up {host}"], capture_output=True, timeout=5, cwd=self.folder,
                                 env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, start_new_session=True)
            commands, text = re.findall(rb"^\++ ", ran.stderr, re.M), ran.stdout
        except subprocess.TimeoutExpired as late:
            commands, text = [b"", b""], late.stdout or b""
        if len(commands) > 1:
            self.got_through("command", "/ping host", host)
        return text.decode(errors="replace")


def handler(shop: Shop):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            self.answer(url.path, dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)))

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            if "json" in self.headers.get("Content-Type", ""):
                try:
                    found = json.loads(body)
                except ValueError:
                    found = None
                return self.answer(self.path, {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {})
            self.answer(self.path.partition("?")[0], dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))

        def answer(self, path: str, given: dict[str, str]) -> None:
            try:
                status, text = self.content(path, given)
            except (sqlite3.Error, sqlite3.Warning) as problem:
                status, text = 500, f"<p>The database says: {type(problem).__name__}: {problem}</p>"
            except (OSError, ValueError):
                status, text = 404, "<p>Nothing here.</p>"
            self.send(status, text)

        def content(self, path: str, given: dict[str, str]) -> tuple[int, str]:
            if path == "/":
                return 200, INDEX
            if path == "/search":
                rows = shop.select("/search q", "SELECT name, price FROM items WHERE name LIKE '%{}%'", given.get("q", ""))
                return 200, self.table(rows)
            if path == "/item":
                rows = shop.select("/item id", "SELECT name, price FROM items WHERE id = {}", given.get("id", "0"), is_number=True)
                return (200, self.table(rows)) if rows else (404, "<p>No such item.</p>")
            if path == "/login" and self.command == "POST":
                rows = shop.select("/login user", "SELECT name FROM users WHERE name = '{}' AND password = '{}'",
                                   given.get("user", ""), given.get("password", ""))
                return (200, "<p>Welcome.</p>") if rows else (401, "<p>This name and password do not fit together.</p>")
            if path == "/api/find":
                rows = shop.select("/api/find name", "SELECT name, price FROM items WHERE name = '{}'", given.get("name", ""))
                return 200, json.dumps(rows)
            if path == "/visits":
                cookie = dict(urllib.parse.parse_qsl(self.headers.get("Cookie", "").replace("; ", "&")))
                rows = shop.select("/visits cookie", "SELECT count FROM visits WHERE visitor = '{}'", cookie.get("visitor", "v1"))
                return 200, self.table(rows)
            if path == "/hello":
                return 200, shop.page("/hello name", "<p>Hello {}!</p>", given.get("name", ""))
            if path == "/paint":
                return 200, shop.page("/paint color", '<p class="{0}">Painted.</p>', given.get("color", ""))
            if path == "/file":
                return 200, f"<pre>{shop.file(given.get('name', ''))}</pre>"
            if path == "/ping":
                return 200, f"<pre>{shop.ping(given.get('host', ''))}</pre>"
            return 404, "<p>Nothing here.</p>"

        @staticmethod
        def table(rows: list) -> str:
            return "<table>" + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows) + "</table>"

        def send(self, status: int, text: str) -> None:
            body = f"<!doctype html><title>A vulnerable shop</title>{text}".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main(port: int, record: str) -> None:
    file = open(record, "a", buffering=1)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65_534)
        os.setuid(65_534)
    # So that the folder goes as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

    Server(("127.0.0.1", port), handler(Shop(file))).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: vulnerable.py PORT RECORD")
    main(int(sys.argv[1]), sys.argv[2])
