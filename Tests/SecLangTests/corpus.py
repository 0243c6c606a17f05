#!/usr/bin/env python3
"""The Core Rule Set's regression tests (YAML in a tar file) as JSON lines, one a stage, with the request as its bytes
stand on the wire.

What the tests leave out, their runner (go-ftw) puts in, and so does this: Content-Length, Content-Type and the encoding
of a form, `Connection: close`, CRLF in multipart bodies. A request to /reflect is answered with what its body describes,
as the tests' back end does it."""
import base64
import json
import sys
import tarfile
import urllib.parse

import yaml


def b64(data):
    return base64.b64encode(data).decode()


def latin(text):
    return str(text).encode("utf-8")


def encode_form(data):
    if urllib.parse.unquote_plus(data.decode("latin-1")).encode("latin-1", "replace") != data:
        return data
    pairs = []
    for piece in data.split(b"&"):
        name, equals, value = piece.partition(b"=")
        pairs.append(urllib.parse.quote_plus(name) + equals.decode() + urllib.parse.quote_plus(value))
    return "&".join(pairs).encode()


def parse_raw(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers.append([name.decode("latin-1"), b64(value.strip())])
    return {
        "method": words[0].decode("latin-1"), "target": b64(b" ".join(words[1:-1])),
        "version": words[-1].decode("latin-1"), "headers": headers, "body": b64(body),
    }


def request(test_input):
    if "encoded_request" in test_input:
        return parse_raw(base64.b64decode(test_input["encoded_request"]))
    if "raw_request" in test_input:
        return parse_raw(latin(test_input["raw_request"]))
    completes = test_input.get("autocomplete_headers", not test_input.get("stop_magic", False))
    data = test_input.get("data", "")
    if isinstance(data, list):
        data = "\r\n".join(str(line) for line in data)
    body = latin(data) if data is not None else b""
    if "encoded_data" in test_input:
        body = base64.b64decode(test_input["encoded_data"])
    headers = [[name, "" if value is None else str(value)] for name, value in (test_input.get("headers") or {}).items()]

    def get(wanted):
        return next((value for name, value in headers if name.lower() == wanted), None)

    if completes:
        if body:
            if get("content-type") is None:
                headers.append(["Content-Type", "application/x-www-form-urlencoded"])
            if get("content-type") == "application/x-www-form-urlencoded":
                body = encode_form(body)
            if get("content-type").startswith("multipart/form-data") and b"\r\n" not in body:
                body = body.replace(b"\n", b"\r\n")
            if get("content-length") is None:
                headers.append(["Content-Length", str(len(body))])
        if get("connection") is None:
            headers.append(["Connection", "close"])
    # One of several that differ in letter case only, as their runner keeps them.
    headers = list({name.lower(): [name, value] for name, value in headers}.values())
    if get("content-length") is None and get("transfer-encoding") is None:
        body = b""
    return {
        "method": test_input.get("method", "GET"), "target": b64(latin(test_input.get("uri", "/"))),
        "version": test_input.get("version", "HTTP/1.1") or "HTTP/0.9", "headers": [[n, b64(latin(v))] for n, v in headers],
        "body": b64(body),
    }


def response(test_input):
    if not str(test_input.get("uri", "")).startswith("/reflect"):
        return {"status": 200, "headers": [], "body": ""}
    try:
        wanted = json.loads(test_input.get("data") or "{}")
    except ValueError:
        wanted = yaml.safe_load(test_input.get("data")) or {}
    if not isinstance(wanted, dict):
        wanted = {"body": wanted}
    body = base64.b64decode(wanted["encodedBody"]) if wanted.get("encodedBody") else latin(wanted.get("body", ""))
    headers = [[name, b64(latin(value))] for name, value in (wanted.get("headers") or {}).items()]
    return {"status": int(wanted.get("status", 200)), "headers": headers, "body": b64(body)}


def expectation(output):
    log = output.get("log") or {}
    found = {"expect": list(log.get("expect_ids", [])), "refuse": list(log.get("no_expect_ids", []))}
    for key, into in (("log_contains", "expect"), ("no_log_contains", "refuse")):
        digits = "".join(c if c.isdigit() else " " for c in output.get(key, "")).split()
        found[into] += [int(word) for word in digits[:1]]
    for key, into in (("match_regex", "expect"), ("no_match_regex", "refuse")):
        if key in log:
            found["text_" + into] = log[key]
    status = output.get("status", [])
    found["status"] = status if isinstance(status, list) else [status]
    found["error"] = bool(output.get("expect_error"))
    return found


def main(path):
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if not member.name.endswith((".yaml", ".yml")):
                continue
            document = yaml.load(archive.extractfile(member).read(), Loader=yaml.CSafeLoader) or {}
            for test in document.get("tests") or []:
                name = str(test.get("test_title") or f"{document['rule_id']}-{test['test_id']}")
                for number, stage in enumerate(test["stages"]):
                    stage = stage.get("stage", stage)
                    given = stage.get("input") or {}
                    line = {"name": name, "stage": number, "request": request(given), "response": response(given)}
                    line.update(expectation(stage.get("output") or {}))
                    print(json.dumps(line))


main(sys.argv[1])
