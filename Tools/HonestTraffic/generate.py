"""Writes two sets of honest requests in the labelled corpora's format, for `scorecard`: what web traffic is full of,
made up class by class, and prose of this machine's files. `make scorecard` calls it.

    generate.py FOLDER [--seed N] [--web N] [--prose N]
"""

import argparse
import base64
import gzip
import json
import random
from pathlib import Path

import prose
import web
from web import quoted

NAMES = {"web": ["web"], "prose": ["prose", "code"]}
HEADERS = [
    ["Host", "shop.example"],
    ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"],
    ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
    ["Accept-Language", "en-GB,en;q=0.5"],
]


def form_value(text):
    return quoted(text).replace("%20", "+")


class Carrier:
    """Puts a value into a request, the way a browser or a program would."""

    def __init__(self, random):
        self.random = random

    def query(self, text):
        return "GET", "/search?page=2&q=%s&lang=en" % self.random.choice([quoted, form_value])(text), [], b""

    def form(self, text):
        return "POST", "/account", [["Content-Type", "application/x-www-form-urlencoded"]], f"id=17&text={form_value(text)}&save=1".encode()

    def json(self, text):
        body = json.dumps({"id": 17, "data": {"text": text, "tags": ["a", "b"]}}, ensure_ascii=self.random.random() < 0.5)
        return "POST", "/api/v1/items", [["Content-Type", "application/json"]], body.encode("utf-8", "replace")

    def multipart(self, text):
        body = ('--b7f3\r\nContent-Disposition: form-data; name="text"\r\n\r\n%s\r\n--b7f3\r\nContent-Disposition: form-data; '
                'name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b7f3--\r\n') % (text, text)  # fmt: skip
        return "POST", "/upload", [["Content-Type", "multipart/form-data; boundary=b7f3"]], body.encode("utf-8", "replace")

    def cookie(self, text):
        """As a server set it: what a cookie may not hold was escaped, what is escaped already stays."""
        text = "".join(c if "!" <= c <= "~" and c not in ',;"\\ ' else quoted(c) for c in text)
        return "GET", "/", [["Cookie", f"theme=dark; c={text}; lang=en"]], b""

    def referer(self, text):
        return "GET", "/", [["Referer", f"https://www.example.com/search?q={quoted(text)}&source=hp"]], b""

    def path(self, text):
        return "GET", text, [], b""

    def header(self, pair):
        return "GET", "/", [list(pair)], b""

    def address(self, text):
        """A whole address: the page one comes from, and where one goes next."""
        if self.random.random() < 0.5:
            return "GET", "/", [["Referer", text]], b""
        return "GET", "/go?to=" + quoted(text), [], b""


def request(number, name, kind, carried):
    method, target, headers, body = carried
    return {
        "id": f"{name}-{number:06d}", "label": "benign", "category": kind, "method": method, "target": target,
        "headers": [pair for pair in HEADERS if pair[0] not in dict(headers)]
        + [[key, value.encode("utf-8", "replace").decode("latin-1")] for key, value in headers],
        "body_b64": base64.b64encode(body).decode(), "source": kind,
    }  # fmt: skip


def web_values(random, count):
    made = web.Web(random)
    kinds = web.PEOPLE + web.PROGRAMS + web.BODIES + web.COOKIES + web.PLACES
    for number in range(count):
        kind = kinds[number % len(kinds)]
        ways = ["query", "form", "json", "multipart"]
        if kind in web.PROGRAMS:
            ways += ["cookie"]
        if kind in ("search", "pairs"):
            ways += ["referer"]
        if kind in ("url", "tracking", "nested_url", "oauth", "signed_url"):
            ways += ["address"] * 2
        if kind in web.BODIES:
            ways = ["form", "json", "multipart"]
        if kind in web.COOKIES:
            ways = ["cookie"]
        if kind in web.PLACES:
            ways = [kind]
        yield kind, getattr(made, kind)(), random.choice(ways)


def prose_values(random, count):
    for kind, text in prose.values(random, count):
        ways = ["form", "json", "multipart"] + (["query"] * 3 if len(text) < 2_000 else [])
        yield kind, text, random.choice(ways)


def write(folder, name, values, random):
    """Listings among the prose make a set of their own: nobody promises anything about code."""
    carrier = Carrier(random)
    files = {kind: gzip.open(folder / f"{kind}.jsonl.gz", "wt", encoding="ascii", compresslevel=1) for kind in NAMES[name]}
    for number, (kind, text, way) in enumerate(values):
        of = kind if kind in files else name
        files[of].write(json.dumps(request(number, of, kind, getattr(carrier, way)(text))) + "\n")
    for file in files.values():
        file.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--web", type=int, default=100_000)
    parser.add_argument("--prose", type=int, default=100_000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, make, count in [("web", web_values, options.web), ("prose", prose_values, options.prose)]:
        chance = random.Random(f"{options.seed} {name}")
        write(options.folder, name, make(chance, count), chance)


if __name__ == "__main__":
    main()
