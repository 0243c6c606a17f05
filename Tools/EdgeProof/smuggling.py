"""smuggling.py GATEWAY [SEED]: one byte stream, two readers, the same requests?

Sends streams that servers are known to read differently, of HTTP/1.1 and of HTTP/2 (frames.py), each to every kind of
server behind the gateway, and compares what the gateway says it passed on with what the server says it understood.
Differences are smuggled requests.
"""

import collections
import json
import random
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import frames
from backends import KINDS, Backend
from stage import Gateway, Stage, wait_until

HIDDEN = "GET {path}/hidden HTTP/1.1\r\nHost: {host}\r\n\r\n"
LINES = "{method} {path}/first HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n{body}"


def post(fields: str, body: str) -> str:
    return LINES.replace("{method}", "POST").replace("{fields}", fields).replace("{body}", body)


def chunked(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n0\r\n\r\n"


def framings() -> list[str]:
    """Both lengths at once, and every way to write one of them so that some readers see it and others do not."""
    length = "Content-Length: {hidden_length}\r\n"
    streams = []
    for coding in [
        "Transfer-Encoding: chunked", "Transfer-Encoding : chunked", "Transfer-Encoding:chunked", "transfer-encoding: CHUNKED",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding:\x0bchunked",
        "Transfer-Encoding: \x0cchunked", " Transfer-Encoding: chunked", "X: x\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding\r\n : chunked", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"",
        "Transfer_Encoding: chunked", "Transfer-Encoding: chunked\x00", "X: x\nTransfer-Encoding: chunked",
        "X: x\rTransfer-Encoding: chunked", "Transfer-Encoding: chunkedchunked", "Transfer-Encoding:\r\n chunked",
        "Transfer-Encod\u0131ng: chunked", "Transfer-Encoding: chun\u212aed", "Foo: bar\r\n\tTransfer-Encoding: chunked",
    ]:
        # Content-Length wins: what follows the empty chunk is a body; coding wins: it is a request.
        streams.append(post(length + coding + "\r\n", "0\r\n\r\n" + HIDDEN))
        streams.append(post(coding + "\r\n" + length, "0\r\n\r\n" + HIDDEN))
        streams.append(post(coding + "\r\n", "0\r\n\r\n" + HIDDEN))
        streams.append(post("Content-Length: 4\r\n" + coding + "\r\n", "1c\r\n" + HIDDEN + "\r\n0\r\n\r\n"))
    return streams


def lengths() -> list[str]:
    """Content-Length in every doubtful form, with a request where its end would be for some."""
    values = [
        "0", "+0", "-0", "0x0", "00", " 0", "0 ", "0, 0", "0,{hidden_length}", "{hidden_length}, 0", "0\r\nContent-Length: {hidden_length}",
        "{hidden_length}\r\nContent-Length: 0", "0\r\nContent-Length: 0", "{hidden_length}.0", "0;a", "1e0", "0_0", "\u0660",
        "18446744073709551616", "4294967296", "0\x0b", "\t0\t", "", "0\r\n 5", "'0'", "{hidden_length} 0", "0\x00",
    ]
    return [post(f"Content-Length:{gap}{value}\r\n", HIDDEN) for value in values for gap in ("", " ")] + [
        post("Content-Length : 0\r\n", HIDDEN), post("Content-Length\t: 0\r\n", HIDDEN), post("Content_Length: {hidden_length}\r\n", HIDDEN),
        post("content-length: 0\r\nContent-length: {hidden_length}\r\n", HIDDEN), post("", HIDDEN),
        LINES.replace("{method}", "GET").replace("{fields}", "Content-Length: {hidden_length}\r\n").replace("{body}", HIDDEN),
        LINES.replace("{method}", "HEAD").replace("{fields}", "Content-Length: {hidden_length}\r\n").replace("{body}", HIDDEN),
        LINES.replace("{method}", "DELETE").replace("{fields}", "Transfer-Encoding: chunked\r\n").replace("{body}", "0\r\n\r\n" + HIDDEN),
    ]


def chunks() -> list[str]:
    """Chunk sizes, extensions, ends and trailers."""
    coding = "Transfer-Encoding: chunked\r\n"
    bodies = [
        "0\r\n\r\n", "0;a\r\n\r\n", "0;a=b\r\n\r\n", "0;a=\"\r\n\"\r\n\r\n", "0 ;a\r\n\r\n", "0\n\r\n", "0\r\n\n", "0\n\n", "00\r\n\r\n", "0x0\r\n\r\n",
        "+0\r\n\r\n", "-0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\nContent-Length: {hidden_length}\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\nA\r\n0\r\n\r\n", "1\r\nAA\r\n0\r\n\r\n", "1\r\nA0\r\n\r\n", "2\r\nA\r\n0\r\n\r\n", "1 \r\nA\r\n0\r\n\r\n", "1;\nA\r\n0\r\n\r\n",
        "1\nA\n0\n\n", "ffffffffffffffff1\r\nA\r\n0\r\n\r\n", "100000000\r\nA\r\n0\r\n\r\n", "1\r\nA\r\n\r\n0\r\n\r\n", "1\rA\r0\r\r", "0\r\r\n\r\n",
        "0\r\n \r\n", "0\r\n: x\r\n\r\n", "1;" + "x" * 300 + "\r\nA\r\n0\r\n\r\n", "\r\n0\r\n\r\n", "0\r\n\r\n\r\n", "0_0\r\n\r\n",
        "5;\r\n12345\r\n0\r\n\r\n", "5;a\nb\r\n12345\r\n0\r\n\r\n", "0;\n" + HIDDEN + "\r\n", "2;\n" + "xx4c\r\n0\r\n\r\n",
    ]
    return [post(coding, body + HIDDEN) for body in bodies]


def lines() -> list[str]:
    """Line ends, targets, versions, hosts, and fields that are none."""
    heads = [
        "GET {path}/first HTTP/1.1\nHost: {host}\n\n", "GET {path}/first HTTP/1.1\rHost: {host}\r\r", "\r\nGET {path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n", "GET {path}/first HTTP/1.0\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.2\r\nHost: {host}\r\n\r\n", "GET {path}/first HTTP/2.0\r\nHost: {host}\r\n\r\n", "GET {path}/first\r\n",
        "GET  {path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n", "GET\t{path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.1 \r\nHost: {host}\r\n\r\n", "GET {path}/fi rst HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path}/first?a\x0bb HTTP/1.1\r\nHost: {host}\r\n\r\n", "GET http://{host}{path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET http://{host}{path}/first HTTP/1.1\r\nHost: other\r\n\r\n", "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nHost: other\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}, other\r\n\r\n", "GET {path}/first HTTP/1.1\r\nHost : {host}\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\n Host: {host}\r\n\r\n", "GET {path}/first HTTP/1.1\r\nX: y\r\n folded\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nX\x00: y\r\n\r\n", "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nX: a\x00b\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nX: a\rb\r\n\r\n", "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nno colon\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\n: empty\r\n\r\n", "GET {path}/first#x HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\n12345",
        "POST {path}/first HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST {path}/first HTTP/1.1\r\nHost: {host}\r\nExpect: 200-maybe\r\nContent-Length: 3\r\n\r\nabc",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n", "TRACE {path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GE\u212a {path}/first HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path}/first HTTP/1.1\r\nHost: {host}\r\n" + "X: y\r\n" * 99 + "\r\n", "GET {path}/" + "a" * 9_000 + " HTTP/1.1\r\nHost: {host}\r\n\r\n",
    ]
    return [head + HIDDEN for head in heads]


def mutations(streams: list[str], count: int, seed: int) -> list[str]:
    """The same again with a byte or two changed, doubled or missing near where framing is decided."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        letters = list(chance.choice(streams))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(letters))
            if letters[place] in "{}" or "{" in letters[max(0, place - 14):place]:
                continue
            letters[place] = chance.choice(["", letters[place] * 2, chance.choice("\r\n\t\x0b\x00 :;,0123456789abcdefx\"-_")])
        made.append("".join(letters))
    return made


def written(stream: str, number: int, host: str) -> bytes:
    path = f"/c{number}"
    hidden = HIDDEN.replace("{path}", path).replace("{host}", host)
    text = stream.replace("{hidden_length}", str(len(hidden))).replace("{path}", path).replace("{host}", host)
    return text.encode("utf-8", "surrogateescape") if any(ord(each) > 255 for each in text) else text.encode("latin-1")


def send(gateway: Gateway, data: bytes, is_answered=lambda _: False) -> None:
    """One connection; what it answers does not matter, only that it ends."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
            connection.sendall(data)
            # Answers of whole requests come first, then nobody waits for the rest of an unfinished one.
            connection.settimeout(0.4)
            while (piece := connection.recv(65_536)) and not is_answered(answer := answer + piece):
                pass
    except OSError:
        pass


def by_case(pairs) -> dict[str, collections.Counter]:
    cases = collections.defaultdict(collections.Counter)
    for method, target in pairs:
        parts = target.split("/", 2)
        cases[parts[1] if len(parts) > 1 else target][f"{method} {target}"] += 1
    return cases


def passed_on(gateway: Gateway, host: str, answered: bool = False):
    """The requests that the gateway began to pass on; of these, those that the server answered."""
    for line in gateway.access_log.read_text(errors="replace").splitlines():
        entry = json.loads(line)
        if entry["route"] == host and entry["upstream"] and (not answered or 200 <= entry["status"] < 400):
            query = entry.get("query")
            yield entry["method"], entry["path"] + (f"?{query}" if query else "")


def understood(backend: Backend):
    for line in backend.seen():
        method, _, target = line.partition(" ")
        if target.startswith("/"):
            yield method, target


def main(program: str, seed: int) -> int:
    plain = framings() + lengths() + chunks() + lines()
    streams = plain + mutations(plain, 300, seed)
    framed = frames.requests()
    framed += frames.mutations(framed, 150, seed)
    with Stage() as stage:
        backends = [Backend(stage, kind) for kind in KINDS]
        routes = "routes:\n" + "".join(
            f"  - {{ name: {each.kind}, host: {each.kind}.test, upstream: \"127.0.0.1:{each.port}\", inspection: off }}\n"
            for each in backends)
        gateway = stage.gateway(program, routes, settings="  plain_http2: true")
        with ThreadPoolExecutor(24) as senders:
            for backend in backends:
                for number, stream in enumerate(streams):
                    senders.submit(send, gateway, written(stream, number, f"{backend.kind}.test"))
                for number, request in enumerate(framed, len(streams)):
                    senders.submit(send, gateway, frames.written(request, number, f"{backend.kind}.test"), frames.is_answered)
        differences = sum(compare(gateway, backend, streams + framed) for backend in backends)
        assert gateway.process.poll() is None, "the gateway ended"
        total = sum(1 for backend in backends for _ in passed_on(gateway, backend.kind, answered=True))
        by_frames = gateway.access_log.read_text(errors="replace").count('"protocol":"HTTP/2"')
        print(f"smuggling: {len(streams)} streams of HTTP/1.1 and {len(framed)} of HTTP/2 (seed {seed}) to each of {len(backends)} "
              f"servers, {total} requests answered, {differences} streams understood differently")
        return 1 if differences or not total or not by_frames else 0


def compare(gateway: Gateway, backend: Backend, streams: list) -> int:
    """The number of streams of which the server saw a request that the gateway did not pass on, or not one that it
    answered. A request that broke off in its body is one that the server may have seen or not."""
    answered = by_case(passed_on(gateway, backend.kind, answered=True))
    count = sum(each.total() for each in answered.values())
    wait_until(f"{backend.kind}'s log", lambda: sum(1 for _ in understood(backend)) >= count, 20)
    told, heard = by_case(passed_on(gateway, backend.kind)), by_case(understood(backend))
    wrong = [case for case in told.keys() | heard.keys() if not answered[case] <= heard[case] <= told[case]]
    for case in sorted(wrong)[:5]:
        number = case[1:]
        stream = streams[int(number)] if number.isdigit() and int(number) < len(streams) else "?"
        print(f"{backend.kind}: passed on {dict(told[case])}, understood {dict(heard[case])}, of {stream!r}")
    return len(wrong)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: smuggling.py GATEWAY [SEED]; GATEWAY is the built executable, such as .build/debug/gateway")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1))
