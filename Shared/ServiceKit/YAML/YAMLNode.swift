/// One node of a YAML document, and where it stands in its file.
///
/// Only the part of YAML that has one meaning to everybody is accepted: mappings with text keys, sequences and scalars
/// of the core schema. Anchors, aliases, tags, merge keys, several documents and duplicate keys are refused.
package struct YAMLNode: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    package struct Entry: Sendable, Equatable {
        package let key: String
        package let keyLocation: SourceLocation
        package let value: YAMLNode
    }

    package let content: Content
    package let location: SourceLocation

    /// The text of a scalar, unless it is null.
    package var text: String? {
        if case .scalar(let text, _) = content, !isNull { text } else { nil }
    }

    /// A plain `null`, `~` or nothing at all.
    package var isNull: Bool {
        if case .scalar(let text, true) = content { ["", "~", "null", "Null", "NULL"].contains(text) } else { false }
    }

    package var boolean: Bool? {
        guard case .scalar(let text, true) = content else { return nil }
        return ["true": true, "false": false][text.lowercased()]
    }

    package var integer: Int64? {
        guard case .scalar(let text, true) = content else { return nil }
        return Int64(text)
    }

    package var number: Double? {
        guard case .scalar(let text, true) = content, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    package var items: [YAMLNode]? {
        if case .sequence(let items) = content { items } else { nil }
    }

    package var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    package subscript(key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }

    /// What a message calls it.
    package var kindName: String {
        switch content {
        case .scalar: isNull ? "empty" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place in a file, counted from one as editors do.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }
}

/// What bounds a document before it is a tree.
package struct YAMLLimits: Sendable {
    package var bytes: Int
    package var depth: Int
    package var nodes: Int

    package init(bytes: Int = 1 << 20, depth: Int = 32, nodes: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
    }

    package static let standard = YAMLLimits()
}

/// Why a document was refused: where, what, and what to do.
package struct YAMLFailure: Error, Equatable, CustomStringConvertible {
    package let location: SourceLocation
    package let reason: String

    package var description: String { "\(location): \(reason)" }
}
