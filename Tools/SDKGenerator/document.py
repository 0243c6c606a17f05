"""The OpenAPI document as what the emitters need: operations and types, in the document's order."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Type:
    """`kind` is string, integer, number, boolean, list (of `item`), or named (`name`)."""

    kind: str
    name: str = ""
    item: "Type | None" = None
    nullable: bool = False


@dataclass(frozen=True)
class Member:
    name: str
    type: Type
    required: bool
    about: str


@dataclass(frozen=True)
class Structure:
    name: str
    about: str
    members: list[Member]


@dataclass(frozen=True)
class Choice:
    name: str
    about: str
    values: list[str]


@dataclass(frozen=True)
class Operation:
    name: str
    about: str
    verb: str
    path: str
    answer: str
    path_members: list[Member] = field(default_factory=list)
    query_members: list[Member] = field(default_factory=list)
    body_members: list[Member] = field(default_factory=list)
    has_body: bool = False
    takes_key: bool = False

    @property
    def members(self) -> list[Member]:
        """All that a caller gives; what is required comes first."""
        everything = self.path_members + self.query_members + self.body_members
        return sorted(everything, key=lambda member: not member.required)


class Document:
    def __init__(self, text: str):
        document = json.loads(text)
        self.about = document["info"]["description"]
        schemas = document["components"]["schemas"]
        self.choices = [Choice(name, each.get("description", ""), each["enum"]) for name, each in schemas.items() if "enum" in each]
        self.structures = [
            Structure(name, each.get("description", ""), _members(each))
            for name, each in schemas.items() if each.get("type") == "object" and name != "Problem"
        ]
        self.operations = [
            _operation(path, verb, each) for path, verbs in document["paths"].items() for verb, each in verbs.items()
        ]


def _operation(path: str, verb: str, operation: dict) -> Operation:
    given, takes_key = {"path": [], "query": []}, False
    for each in operation.get("parameters", []):
        if each["in"] == "header":
            takes_key = takes_key or each["name"] == "Idempotency-Key"
            continue  # Conditional requests are for who keeps answers; the clients do not.
        about = each.get("description", "")
        given[each["in"]].append(Member(each["name"], _type(each["schema"]), each.get("required", False), about))
    body = operation.get("requestBody")
    return Operation(
        operation["operationId"], operation.get("description", ""), verb.upper(), path,
        _type(operation["responses"]["200"]["content"]["application/json"]["schema"]).name,
        given["path"], given["query"], _members(body["content"]["application/json"]["schema"]) if body else [], bool(body), takes_key)


def _members(schema: dict) -> list[Member]:
    required = schema.get("required", [])
    return [
        Member(name, _type(each), name in required, each.get("description", ""))
        for name, each in schema.get("properties", {}).items()
    ]


def _type(schema: dict) -> Type:
    if "$ref" in schema:
        return Type("named", schema["$ref"].rsplit("/", 1)[1])
    if "anyOf" in schema:
        return Type("named", schema["anyOf"][0]["$ref"].rsplit("/", 1)[1], nullable=True)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if kinds[0] == "array":
        return Type("list", item=_type(schema["items"]))
    return Type(kinds[0], nullable="null" in kinds)
