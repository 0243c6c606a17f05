"""An HTTP/2 peer that says exactly what it is told, well formed or not, and prints what it hears.

    http2_peer.py PORT < script

One command a line. ID is a stream's number. Fields stand as `name=value`, separated by blanks, percent-encoded.

    preface                     the connection preface and empty settings
    settings [KEY=VALUE …]      a SETTINGS frame
    headers ID [end] [open] FIELDS     a header section; `open`: without END_HEADERS
    continuation ID [end] FIELDS       END_HEADERS with `end`
    data ID [end] COUNT         so many bytes of content
    reset ID CODE, ping TEXT, window ID COUNT, priority ID ON, goaway LAST CODE
    frame TYPE FLAGS ID HEX     anything at all
    bomb ID COUNT               a section in which one field of 4,000 bytes is named COUNT times
    repeat COUNT FIRST COMMAND [; COMMAND …]   `{}` stands for FIRST, FIRST+2, …
    read FRAME [ID]             reads until such a frame has come that no earlier `read` was content with
    drain                       reads until the server closes
    sleep-reading SECONDS       reads for so long

Prints a line a frame: `HEADERS 1 end :status=200 …`, `DATA 1 [end] 5`, `RST_STREAM 1 8`, `GOAWAY 1 11`, `CLOSED`, and
at the end `BODY 1 text` for each stream with content.
"""
import socket
import struct
import sys
import time
from urllib.parse import unquote_to_bytes

import hpack

NAMES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
         "CONTINUATION"]
PATIENCE = 20


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.received = b""
        self.closed = False
        self.bodies = {}
        self.seen = []
        self.block = None
        self.out = b""

    # Saying

    def frame(self, kind, flags, stream, payload=b""):
        self.out += struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        if len(self.out) > 1 << 16:
            self.flush()

    def flush(self):
        out, self.out = self.out, b""
        try:
            self.socket.sendall(out)
        except OSError:
            pass

    def fields(self, words):
        pairs = []
        for word in words:
            name, _, value = word.partition("=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
        return self.encoder.encode(pairs)

    def run(self, line):
        words = line.split()
        command, rest = words[0], words[1:]
        if command == "preface":
            self.out += b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            self.frame(4, 0, 0)
        elif command == "settings":
            pairs = [tuple(int(part) for part in word.split("=")) for word in rest]
            self.frame(4, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))
        elif command == "headers":
            stream, flags, rest = int(rest[0]), 4, rest[1:]
            while rest and rest[0] in ("end", "open"):
                flags = flags | 1 if rest[0] == "end" else flags & ~4
                rest = rest[1:]
            self.frame(1, flags, stream, self.fields(rest))
        elif command == "continuation":
            ends = len(rest) > 1 and rest[1] == "end"
            self.frame(9, 4 if ends else 0, int(rest[0]), self.fields(rest[2 if ends else 1:]))
        elif command == "data":
            ends = rest[1] == "end"
            self.frame(0, 1 if ends else 0, int(rest[0]), b"x" * int(rest[-1]))
        elif command == "reset":
            self.frame(3, 0, int(rest[0]), struct.pack(">I", int(rest[1])))
        elif command == "ping":
            self.frame(6, 0, 0, rest[0].encode().ljust(8)[:8])
        elif command == "window":
            self.frame(8, 0, int(rest[0]), struct.pack(">I", int(rest[1])))
        elif command == "priority":
            self.frame(2, 0, int(rest[0]), struct.pack(">IB", int(rest[1]), 15))
        elif command == "goaway":
            self.frame(7, 0, 0, struct.pack(">II", int(rest[0]), int(rest[1])))
        elif command == "frame":
            self.frame(int(rest[0]), int(rest[1]), int(rest[2]), bytes.fromhex(rest[3] if len(rest) > 3 else ""))
        elif command == "bomb":
            head = self.fields([":method=GET", ":scheme=http", ":authority=a", ":path=/"])
            big = b"\x40" + bytes([4]) + b"bomb" + self.integer(4000, 7) + b"b" * 4000
            self.frame(1, 5, int(rest[0]), head + big + b"\xbe" * int(rest[1]))
        elif command == "repeat":
            count, first = int(rest[0]), int(rest[1])
            commands = " ".join(rest[2:]).split(";")
            for turn in range(count):
                for inner in commands:
                    self.run(inner.replace("{}", str(first + 2 * turn)))
        elif command == "read":
            self.flush()
            wanted = (rest[0], int(rest[1]) if len(rest) > 1 else None)
            while not self.closed:
                match = [seen for seen in self.seen if seen[0] == wanted[0] and wanted[1] in (None, seen[1])]
                if match:
                    self.seen.remove(match[0])
                    break
                if self.next() is None:
                    break
        elif command == "drain":
            self.flush()
            while not self.closed:
                self.next()
        elif command == "sleep-reading":
            self.flush()
            end = time.monotonic() + float(rest[0])
            while not self.closed and time.monotonic() < end:
                self.socket.settimeout(max(0.01, end - time.monotonic()))
                self.next()
            self.socket.settimeout(PATIENCE)
        else:
            raise SystemExit("unknown command " + line)

    @staticmethod
    def integer(value, bits):
        limit = (1 << bits) - 1
        out, value = [limit], value - limit
        while value >= 128:
            out.append(value % 128 + 128)
            value //= 128
        return bytes(out + [value])

    # Hearing

    def take(self, count):
        while len(self.received) < count:
            try:
                piece = self.socket.recv(1 << 16)
            except TimeoutError:
                return None
            except OSError:
                piece = b""
            if not piece:
                self.closed = True
                print("CLOSED")
                return None
            self.received += piece
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def next(self):
        header = self.take(9)
        if header is None:
            return None
        length, kind, flags = int.from_bytes(header[:3], "big"), header[3], header[4]
        stream = int.from_bytes(header[5:], "big")
        payload = self.take(length)
        if payload is None:
            return None
        name = NAMES[kind] if kind < len(NAMES) else str(kind)
        line = f"{name} {stream}"
        if kind in (1, 9):
            self.block = payload if kind == 1 else self.block + payload
            if flags & 4:
                pairs = [(n + "=" + v) for n, v in self.decoder.decode(self.block)]
                line += (" end " if flags & 1 else " ") + " ".join(pairs)
        elif kind == 0:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
            line += (" end " if flags & 1 else " ") + str(length)
        elif kind == 3:
            line += " " + str(int.from_bytes(payload, "big"))
        elif kind == 7:
            line = f"GOAWAY {int.from_bytes(payload[:4], 'big')} {int.from_bytes(payload[4:8], 'big')}"
        elif kind == 4:
            line += " ack" if flags & 1 else ""
            if not flags & 1:
                entries = [struct.unpack(">HI", payload[at:at + 6]) for at in range(0, length, 6)]
                line += " " + " ".join(f"{key}={value}" for key, value in entries)
                self.frame(4, 1, 0)
                self.flush()
        elif kind == 6:
            line += " ack" if flags & 1 else ""
        elif kind == 8:
            line += " " + str(int.from_bytes(payload, "big"))
        print(line)
        self.seen.append((name, stream))
        return name, stream


def main():
    peer = Peer(int(sys.argv[1]))
    for line in sys.stdin:
        if line.strip():
            peer.run(line.strip())
    peer.flush()
    for stream, body in sorted(peer.bodies.items()):
        print(f"BODY {stream} {body[:400].decode(errors='replace')}")


main()
