"""Writes the model file that `Shared/Inspection/Models/ModelFile.swift` reads; the format stands there."""

import struct

import numpy as np

import features

FORMAT = 1
FEATURES = 1

# Made-up texts whose results travel with the model: a program that reads texts otherwise refuses the file.
EXAMPLES = [
    b"",
    b"a",
    b"Maria O'Brien",
    b"running shoes, size 42 (wide)",
    b"1' OR 'a'='a' -- ",
    b"<Svg OnLoad=prompt(7)>",
    b"; cat  /etc/hostname\x00|\tid",
    b"../" * 9 + b"srv/app.conf",
    bytes(range(256)),
    b"The quick brown fox jumps over the lazy dog; 1,234 times. " * 5,
    b"x" * 40 + b"{{7*7}}" + b"\xc3\xa9" * 20 + b" 0123456789 " * 4,
    b"select" * 30,
    b"k=v&" * 16,
    b"word " * 260,
]


def quantise(weights):
    """Weights in steps of a 127th of the largest kept; the few beyond four are cut there."""
    limit = min(4.0, float(np.abs(weights).max()))
    scale = np.float32(limit / 127)
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def logit(steps, scale, bias, text):
    matrix, _ = features.windows([features.fold(text)])
    return float((matrix @ steps.astype(np.float64)).max() * float(scale) + bias)


def checksum(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def curve(points):
    return struct.pack("<B", len(points)) + b"".join(struct.pack("<ff", x, y) for x, y in points)


def write(path, name, weights, bias, probabilities, pull):
    steps, scale = quantise(weights)
    data = b"INFMODEL" + struct.pack("<II", FORMAT, FEATURES)
    data += struct.pack("<B", len(name)) + name.encode("ascii")
    data += struct.pack("<ff", scale, bias) + steps.tobytes()
    data += curve(probabilities) + curve(pull)
    data += struct.pack("<B", len(EXAMPLES))
    for text in EXAMPLES:
        data += struct.pack("<H", len(text)) + text + struct.pack("<f", logit(steps, scale, bias, text))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + struct.pack("<Q", checksum(data)))
