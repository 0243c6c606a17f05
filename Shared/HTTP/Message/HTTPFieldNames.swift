/// A set of field names, made once and asked for every field of every message.
///
/// Length and first letter choose one of 64 bits, and a name whose bit is not set is compared with nothing: that is how
/// most fields leave.
package struct HTTPFieldNames: Sendable, ExpressibleByArrayLiteral {
    private let names: [[UInt8]]
    private let signatures: UInt64

    /// In lower case.
    package init(arrayLiteral names: String...) { self.init(names) }

    package init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        signatures = self.names.reduce(0) { $0 | Self.signature($1.span) }
    }

    package func union(_ other: HTTPFieldNames) -> HTTPFieldNames {
        HTTPFieldNames((names + other.names).map { String(decoding: $0, as: UTF8.self) })
    }

    package func contains(_ name: [UInt8]) -> Bool { contains(name.span) }

    func contains(_ name: Span<UInt8>) -> Bool {
        guard signatures & Self.signature(name) != 0 else { return false }
        return names.contains { HTTPSyntax.equalIgnoringCase(name, $0.span) }
    }

    private static func signature(_ name: Span<UInt8>) -> UInt64 {
        guard !name.isEmpty else { return 0 }
        return 1 &<< (UInt64(truncatingIfNeeded: name.count) &* 7 &+ UInt64(name[0] & 31))
    }
}
