internal import JSON

extension JSONValue {
    /// For people and for diffs: a member a line, small lists in one.
    func indented(_ depth: Int = 0) -> String {
        let inner = String(repeating: "  ", count: depth + 1)
        let outer = String(repeating: "  ", count: depth)
        switch self {
        case .object(let object) where !object.isEmpty:
            let members = object.members.map {
                "\(inner)\(Self.plain(.string($0.key))): \($0.value.indented(depth + 1))"
            }
            return "{\n\(members.joined(separator: ",\n"))\n\(outer)}"
        case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
            let lines = elements.map { inner + $0.indented(depth + 1) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
        default: return Self.plain(self)
        }
    }

    private static func plain(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }
}
