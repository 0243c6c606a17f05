"""A client in Swift: Codable values and one struct, on Foundation."""

import re

from document import Document, Member, Operation, Type

KEYWORDS = {"as", "case", "class", "default", "do", "else", "enum", "extension", "for", "func", "if", "import", "in",
            "init", "is", "let", "operator", "private", "protocol", "public", "repeat", "return", "self", "static",
            "struct", "switch", "throw", "true", "false", "nil", "var", "where", "while", "internal", "none"}

HEAD = """// Infinite's public API. Made by `make sdk`; do not edit.
import Foundation
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What the gateway answered instead: what happened, why, and what to do (RFC 9457).
public struct InfiniteProblem: Error, Sendable, CustomStringConvertible {
    public var status: Int
    public var title: String
    public var detail: String
    public var field: String?
    public var requestID: String?

    public var description: String { "\\(status) \\(title): \\(detail)" }

    init(_ status: Int, _ body: Data) {
        struct Document: Decodable { var title, detail, field, request_id: String? }
        let document = try? JSONDecoder().decode(Document.self, from: body)
        self.status = status
        title = document?.title ?? HTTPURLResponse.localizedString(forStatusCode: status)
        detail = document?.detail ?? String(decoding: body, as: UTF8.self)
        field = document?.field
        requestID = document?.request_id
    }
}
"""

CLASS = """
/// A client of one gateway. `token` is an access token, as `issueToken` gives it.
public struct Infinite: Sendable {
    public var url: URL
    public var token: String?
    public var session: URLSession

    public init(_ url: URL, token: String? = nil, session: URLSession = .shared) {
        self.url = url
        self.token = token
        self.session = session
    }

    private func call<Answer: Decodable>(
        _ verb: String, _ path: String, query: [(String, String?)], body: (some Encodable)?, key: String? = nil
    ) async throws -> Answer {
        var components = URLComponents(url: url, resolvingAgainstBaseURL: false) ?? URLComponents()
        components.percentEncodedPath = (components.percentEncodedPath + path).replacingOccurrences(of: "//", with: "/")
        let given = query.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        if !given.isEmpty { components.queryItems = given }
        guard let target = components.url else { throw URLError(.badURL) }
        var request = URLRequest(url: target)
        request.httpMethod = verb
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        if let token { request.setValue("Bearer \\(token)", forHTTPHeaderField: "Authorization") }
        if let key { request.setValue(key, forHTTPHeaderField: "Idempotency-Key") }
        if let body {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try JSONEncoder().encode(body)
        }
        let (data, response) = try await session.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else { throw InfiniteProblem(status, data) }
        return try JSONDecoder().decode(Answer.self, from: data)
    }

    private static func segment(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? ""
    }

    private struct Nothing: Encodable {}
"""


def emit(document: Document) -> str:
    parts = [HEAD]
    for choice in document.choices:
        parts.append(f"\n{_comment(choice.about, '')}public struct {choice.name}: RawRepresentable, Codable, Hashable, Sendable {{\n")
        parts.append("    public var rawValue: String\n    public init(rawValue: String) { self.rawValue = rawValue }\n\n")
        parts += [f'    public static let {_camel(value)} = {choice.name}(rawValue: "{value}")\n' for value in choice.values]
        parts.append("}\n")
    for structure in document.structures:
        parts.append(_structure(structure.name, structure.about, structure.members, "public "))
    parts.append(CLASS)
    parts += [_operation(operation) for operation in document.operations]
    return "".join(parts) + "}\n"


def _comment(text: str, indent: str) -> str:
    return f"{indent}/// {text}\n" if text else ""


def _structure(name: str, about: str, members: list[Member], access: str) -> str:
    lines = [f"\n{_comment(about, '')}{access}struct {name}: Codable, Sendable {{\n"]
    for member in members:
        lines.append(_comment(member.about, "    ") + f"    {access}var {_camel(member.name)}: {_hint(member)}\n")
    if members:
        arguments = ", ".join(f"{_camel(each.name)}: {_hint(each)}{'' if each.required else ' = nil'}" for each in members)
        lines.append(f"\n    {access}init({arguments}) {{\n")
        lines += [f"        self.{_camel(each.name)} = {_camel(each.name)}\n" for each in members]
        lines.append("    }\n\n    private enum CodingKeys: String, CodingKey {\n")
        lines += [f'        case {_camel(each.name)} = "{each.name}"\n' for each in members]
        lines.append("    }\n")
    return "".join(lines) + "}\n"


def _camel(name: str) -> str:
    first, *rest = re.split(r"[_-]", name)
    special = {"id": "ID", "url": "URL", "ip": "IP"}
    made = first + "".join(special.get(word, word.capitalize()) for word in rest)
    return f"`{made}`" if made in KEYWORDS else made


def _plain(type: Type) -> str:
    plain = {"string": "String", "integer": "Int", "number": "Double", "boolean": "Bool"}
    return f"[{_plain(type.item)}]" if type.kind == "list" else plain.get(type.kind) or type.name


def _hint(member: Member) -> str:
    return _plain(member.type) + ("?" if member.type.nullable or not member.required else "")


def _operation(operation: Operation) -> str:
    arguments = ", ".join(
        f"{_camel(member.name)}: {_hint(member)}{'' if member.required else ' = nil'}" for member in operation.members)
    if operation.takes_key:
        arguments += (", " if arguments else "") + "idempotencyKey: String? = nil"
    path = re.sub(r"\{(\w+)\}", lambda found: r"\(Self.segment(" + _camel(found[1]) + "))", operation.path)
    query = ", ".join(f'("{member.name}", {_text(member)})' for member in operation.query_members)
    lines = [f"\n{_comment(operation.about, '    ')}    public func {_camel(operation.name)}({arguments}) async throws -> {operation.answer} {{\n"]
    if operation.body_members:
        structure = _structure("Body", "", operation.body_members, "").strip("\n").replace("\n", "\n        ")
        lines.append(f"        {structure}\n")
        given = ", ".join(f"{_camel(member.name)}: {_camel(member.name)}" for member in operation.body_members)
        body = f"Body({given})"
    else:
        body = "Nothing()" if operation.has_body else "nil as Nothing?"
    lines.append(f'        return try await call("{operation.verb}", "{path}", query: [{query}], body: {body}{", key: idempotencyKey" if operation.takes_key else ""})\n    }}\n')
    return "".join(lines)


def _text(member: Member) -> str:
    name = _camel(member.name)
    if member.type.kind == "string":
        return name
    value = "$0.rawValue" if member.type.kind == "named" else '"\\($0)"'
    return f"{name}.map {{ {value} }}" if not member.required else value.replace("$0", name)
