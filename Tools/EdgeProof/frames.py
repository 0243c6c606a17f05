"""Requests in HTTP/2 that would be several, or other ones, if they were written down in HTTP/1.1 as they are.

Frames are made by hand, because a client's library would refuse most of them.
"""

import random

import hpack

HIDDEN = "GET {path}/hidden HTTP/1.1\r\nHost: {host}\r\n\r\n"
POST = [(":method", "POST"), (":scheme", "http"), (":path", "{path}/first"), (":authority", "{host}")]
GET = [(":method", "GET"), *POST[1:]]
Request = tuple[list[tuple[str, str]], str, list[tuple[str, str]]]


def changed(fields: list[tuple[str, str]], name: str, value: str) -> list[tuple[str, str]]:
    return [(each, value if each == name else before) for each, before in fields]


def requests() -> list[Request]:
    """Fields, content and trailers of each."""
    ending = " HTTP/1.1\r\nHost: {host}\r\n\r\n" + HIDDEN[:-4]
    lengths = ["0", "{hidden_length}", "1000", "+0", "0x0", "0, 0", " 0", "0 ", "00", "", "-1", "18446744073709551616", "0\r\n"]
    made: list[Request] = [(POST + [("content-length", value)], HIDDEN, []) for value in lengths]
    made += [(POST + [("content-length", "0"), ("content-length", "{hidden_length}")], HIDDEN, []), (POST, HIDDEN, []), (GET, HIDDEN, [])]
    for name, value in [("transfer-encoding", "chunked"), ("Transfer-Encoding", "chunked"), ("transfer-encoding", "identity"),
                        ("te", "chunked"), ("te", "trailers"), ("transfer_encoding", "chunked"), ("transfer-encoding ", "chunked"),
                        (" transfer-encoding", "chunked"), ("transfer-encoding\t", "chunked"), ("transfer-encoding\0", "chunked"),
                        ("connection", "close"), ("connection", "content-length"), ("keep-alive", "1"), ("upgrade", "h2c"),
                        ("proxy-connection", "close"), ("http2-settings", "AAMAAABk"), ("expect", "100-continue"), ("host", "other"),
                        ("host", "{host}"), ("host", "{host}\r\nX: y"), ("trailer", "content-length")]:
        made.append((POST + [(name, value)], "0\r\n\r\n" + HIDDEN, []))
        made.append((POST + [(name, value), ("content-length", "5")], "0\r\n\r\n", []))
    for value in ["a\r\n\r\n" + HIDDEN, "a\r\nTransfer-Encoding: chunked", "a\nContent-Length: 0", "a\rX: y", "a\0b", "\r\n" + HIDDEN, " a ", "a\x0b"]:
        made += [(POST + [("x", value)], HIDDEN, []), (GET + [("x", value)], "", []), (GET + [("cookie", value)], "", [])]
        made.append((GET + [("a: b\r\n" + value, "c")], "", []))
    for value in ["{path}/first" + ending, "{path}/first\r\n\r\n" + HIDDEN, "{path}/fi rst", "{path}/first\n", "{path}/first#x", "{path}/first\0",
                  "http://{host}{path}/first", "*", "", "{path}/first?\r\nX: y", "{host}{path}/first", "{path}/first\t", "{path}/first\x7f"]:
        made += [(changed(POST, ":path", value), HIDDEN, []), (changed(GET, ":path", value), "", [])]
    for value in ["GET {path}/hidden HTTP/1.1\r\nHost: {host}\r\n\r\nPOST", "GET ", "G ET", "GET\r\n", "", "CONNECT", "OPTIONS", "HEAD", "get", "PRI"]:
        made += [(changed(POST, ":method", value), HIDDEN, []), (changed(GET, ":method", value), "", [])]
    for value in ["{host}\r\nX: y", "{host}\r\n\r\n" + HIDDEN, "{host}/hidden", "a@{host}", "{host}:80", "{host} ", "", "{host},other", "{host}\0"]:
        made += [(changed(GET, ":authority", value), "", []), (changed(GET, ":scheme", value), "", [])]
    made += [(GET[1:] + GET[:1], "", []), ([("x", "y"), *GET], "", []), (GET + [(":path", "{path}/hidden")], "", []), (GET[:3], "", []),
             (GET + [(":unknown", "x")], "", []), (GET + [(":status", "200")], "", []), (GET + [("", "x")], "", []), (GET + [("X", "y")], "", [])]
    for trailer in [("content-length", "0"), ("transfer-encoding", "chunked"), (":path", "{path}/hidden"), ("x", "y"), ("x", "y\r\n\r\n" + HIDDEN)]:
        made += [(POST, "abc", [trailer]), (POST + [("content-length", "3")], "abc", [trailer])]
    return made


def mutations(made: list[Request], count: int, seed: int) -> list[Request]:
    """With a byte changed, doubled or missing in a field's name or value."""
    chance = random.Random(seed)
    changed = []
    for _ in range(count):
        fields, content, trailers = chance.choice(made)
        fields = [list(each) for each in fields]
        field, part = chance.choice(fields), chance.randrange(2)
        if "{" not in field[part] and field[part]:
            place = chance.randrange(len(field[part]))
            other = chance.choice(["", field[part][place] * 2, chance.choice("\r\n\t\0 :;,0123456789abcdefx\"-_")])
            field[part] = field[part][:place] + other + field[part][place + 1:]
        changed.append(([tuple(each) for each in fields], content, trailers))
    return changed


def written(request: Request, number: int, host: str) -> bytes:
    """The client's whole connection: preface, settings, one stream."""
    path = f"/c{number}"
    length = str(len(HIDDEN.replace("{path}", path).replace("{host}", host)))

    def fill(text: str) -> bytes:
        return text.replace("{hidden_length}", length).replace("{path}", path).replace("{host}", host).encode("latin-1")

    fields, content, trailers = request
    encoder = hpack.Encoder()

    def section(fields: list[tuple[str, str]], flags: int) -> bytes:
        return frame(1, 4 | flags, encoder.encode([(fill(name), fill(value)) for name, value in fields]))

    data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, b"", 0)
    data += section(fields, 0 if content or trailers else 1)
    if content:
        data += frame(0, 0 if trailers else 1, fill(content))
    return data + (section(trailers, 1) if trailers else b"")


def frame(kind: int, flags: int, payload: bytes, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def is_answered(answer: bytes) -> bool:
    """Whether a stream's end, its reset or the connection's end stands in what came back."""
    while len(answer) >= 9:
        length, kind, flags = int.from_bytes(answer[:3]), answer[3], answer[4]
        if (kind in (0, 1) and flags & 1) or kind in (3, 7):
            return True
        answer = answer[9 + length:]
    return False
