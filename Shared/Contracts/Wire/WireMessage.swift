/// What can be written as a message of the contracts without being a value of its type.
package protocol WireEncodable: Sendable {
    func encode(to writer: inout WireWriter)
}

/// A message of the contracts: a plain value that knows its bytes.
///
/// The encoding is protobuf's (proto3, implicit presence). Fields that this version does not know are skipped, so a
/// newer producer never stops an older consumer; whoever must pass a message on unchanged passes its bytes on.
package protocol WireMessage: WireEncodable, Equatable {
    /// "infinite.gateway.v1.RequestObserved".
    static var schema: String { get }
    static var descriptor: MessageDescriptor { get }

    init()
    /// Reads fields up to the reader's end into this value, as protobuf merges: scalars are replaced, repeated fields
    /// appended to, messages merged.
    mutating func merge(from reader: inout WireReader) throws(WireFailure)
}

extension WireEncodable {
    package func wireBytes() -> [UInt8] {
        var writer = WireWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

extension WireMessage {
    package init(wireBytes bytes: [UInt8]) throws(WireFailure) {
        try self.init(wireBytes: bytes[...])
    }

    /// Decodes without copying the slice first.
    package init(wireBytes slice: ArraySlice<UInt8>) throws(WireFailure) {
        self.init()
        try WireReader.read(slice) { reader throws(WireFailure) in try merge(from: &reader) }
    }
}

/// A protobuf enumeration: open, because a newer peer may know more cases.
package protocol WireEnumeration: Sendable, Hashable {
    static var descriptor: EnumerationDescriptor { get }
    init(rawValue: Int32)
    var rawValue: Int32 { get }
}

extension WireEnumeration {
    /// What JSON and people call it: "sql_injection". A number when this version does not know it.
    package var name: String { Self.descriptor.name(of: rawValue) ?? String(rawValue) }
}
