"""A client in TypeScript: interfaces and one class, on `fetch`."""

import json
import re

from document import Document, Member, Operation, Type

HEAD = """// Infinite's public API. Made by `make sdk`; do not edit.

/** What the gateway answered instead: what happened, why, and what to do (RFC 9457). */
export class InfiniteProblem extends Error {
  constructor(
    readonly status: number,
    readonly problem: { title?: string; detail?: string; field?: string; request_id?: string },
  ) {
    super(`${status} ${problem.title ?? ""}: ${problem.detail ?? ""}`);
  }
}
"""

CLASS = """
/** A client of one gateway. `token` is an access token, as `issueToken` gives it. */
export class Infinite {
  constructor(
    private readonly url: string,
    public token: string | null = null,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  private async call<Answer>(
    verb: string, path: string, query: Record<string, unknown>, body: Record<string, unknown> | null,
    signal?: AbortSignal, key?: string,
  ): Promise<Answer> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.token !== null) headers["Authorization"] = `Bearer ${this.token}`;
    if (key !== undefined) headers["Idempotency-Key"] = key;
    if (body !== null) headers["Content-Type"] = "application/json";
    const answer = await this.fetcher(this.url.replace(/\\/+$/, "") + path + (search ? `?${search}` : ""), {
      method: verb, headers, body: body === null ? undefined : JSON.stringify(body), signal,
    });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as Answer;
    let problem: object = { title: answer.statusText, detail: text };
    try {
      problem = JSON.parse(text);
    } catch {
      // Not from the gateway, or cut off: what came is the detail.
    }
    throw new InfiniteProblem(answer.status, problem);
  }
"""


def emit(document: Document) -> str:
    parts = [HEAD]
    for choice in document.choices:
        values = " | ".join(json.dumps(value) for value in choice.values)
        parts.append(f"\n{_comment(choice.about, '')}export type {choice.name} = {values};\n")
    for structure in document.structures:
        parts.append(f"\n{_comment(structure.about, '')}export interface {structure.name} {{\n")
        parts += [_comment(member.about, "  ") + f"  {_member(member)};\n" for member in structure.members]
        parts.append("}\n")
    parts.append(CLASS)
    parts += [_operation(operation) for operation in document.operations]
    return "".join(parts) + "}\n"


def _comment(text: str, indent: str) -> str:
    return f"{indent}/** {text.replace('*/', '* /')} */\n" if text else ""


def _member(member: Member) -> str:
    return f"{member.name}{'' if member.required else '?'}: {_hint(member.type)}"


def _hint(type: Type) -> str:
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
    hint = f"{_hint(type.item)}[]" if type.kind == "list" else plain.get(type.kind) or type.name
    return f"{hint} | null" if type.nullable else hint


def _operation(operation: Operation) -> str:
    members = operation.members
    optional = "" if any(member.required for member in members) else " = {}"
    given = f"given: {{ {'; '.join(_member(member) for member in members)} }}{optional}, " if members else ""
    path = re.sub(r"\{(\w+)\}", r"${encodeURIComponent(given.\1)}", operation.path)
    body = _dictionary(operation.body_members) if operation.has_body else "null"
    key = (", idempotencyKey?: string", ", idempotencyKey") if operation.takes_key else ("", "")
    return (
        f"\n{_comment(operation.about, '  ')}  {operation.name}({given}signal?: AbortSignal{key[0]}): Promise<{operation.answer}> {{\n"
        f'    return this.call("{operation.verb}", `{path}`, {_dictionary(operation.query_members)}, {body}, signal{key[1]});\n  }}\n')


def _dictionary(members: list[Member]) -> str:
    inside = ", ".join(f"{member.name}: given.{member.name}" for member in members)
    return f"{{ {inside} }}" if inside else "{}"
