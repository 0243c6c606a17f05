"""A client in Python: typed dictionaries and one class, on the standard library."""

import keyword
import re
import textwrap

from document import Document, Member, Operation, Type

HEAD = '''"""Infinite's public API. Made by `make sdk`; do not edit."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Literal, NotRequired, TypedDict


class InfiniteProblem(Exception):
    """What the gateway answered instead: what happened, why, and what to do (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]):
        self.status = status
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.field: str | None = problem.get("field")
        self.request_id: str | None = problem.get("request_id")
        super().__init__(f"{status} {self.title}: {self.detail}")

'''

CLASS = '''
class Infinite:
    """A client of one gateway. `token` is an access token, as `issue_token` gives it."""

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = 30, tls: ssl.SSLContext | None = None
    ):
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout
        self.tls = tls

    def _call(
        self, verb: str, path: str, query: dict[str, Any], body: dict[str, Any] | None, key: str | None = None
    ) -> Any:
        given = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items() if value is not None}
        url = self.url + path + ("?" + urllib.parse.urlencode(given) if given else "")
        headers = {"Accept": "application/json"}
        data = None
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout, context=self.tls) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(1 << 20)
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"title": error.reason, "detail": text.decode(errors="replace")}
            raise InfiniteProblem(error.code, problem if isinstance(problem, dict) else {}) from None
'''


def emit(document: Document) -> str:
    parts = [HEAD]
    for choice in document.choices:
        parts.append(f"\n{choice.name} = Literal[{', '.join(repr(value) for value in choice.values)}]\n")
    for structure in document.structures:
        parts.append(f"\n\nclass {structure.name}(TypedDict):\n" + _comment(structure.about, 4))
        parts += [_member(member) for member in structure.members]
        if not structure.members:
            parts.append("    pass\n")
    parts.append("\n" + CLASS)
    parts += [_operation(operation) for operation in document.operations]
    return "".join(parts)


def _comment(text: str, indent: int) -> str:
    if not text:
        return ""
    pad = " " * indent
    lines = textwrap.wrap(text.replace("\\", "\\\\").replace('"""', "'''"), 110 - indent)
    return f'{pad}"""' + f"\n{pad}".join(lines) + '"""\n'


def _member(member: Member) -> str:
    about = "".join(f"    # {line}\n" for line in textwrap.wrap(member.about, 110))
    hint = _hint(member.type)
    return f"{about}    {member.name}: {hint if member.required else f'NotRequired[{hint}]'}\n"


def _hint(type: Type) -> str:
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    if type.kind == "list":
        hint = f"list[{_hint(type.item)}]"
    else:
        hint = plain.get(type.kind) or type.name
    return f"{hint} | None" if type.nullable else hint


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _name(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _operation(operation: Operation) -> str:
    members = operation.members
    arguments = [
        f"{_name(member.name)}: {_hint(member.type)}" + ("" if member.required else " | None = None") for member in members
    ]
    if operation.takes_key:
        arguments.append("idempotency_key: str | None = None")
    head = f"\n    def {_snake(operation.name)}(self{', *, ' if arguments else ''}{', '.join(arguments)}) -> {operation.answer}:\n"
    path = re.sub(r"\{(\w+)\}", lambda found: "{urllib.parse.quote(" + _name(found[1]) + ", safe='')}", operation.path)
    body = _dictionary(operation.body_members) if operation.has_body else "None"
    call = f'        return self._call("{operation.verb}", f"{path}", {_dictionary(operation.query_members)}, {body}{", idempotency_key" if operation.takes_key else ""})\n'
    return head + _comment(operation.about, 8) + call


def _dictionary(members: list[Member]) -> str:
    return "{" + ", ".join(f'"{member.name}": {_name(member.name)}' for member in members) + "}"
