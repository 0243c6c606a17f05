package import Core

// What a field of the contracts holds when nobody set it; such a value is not written to the wire.

extension UUIDv7 {
    /// RFC 9562's nil UUID.
    package static let unset = UUIDv7(high: 0, low: 0)

    package var isSet: Bool { high | low != 0 }
}

extension Timestamp {
    package static let unset = Timestamp(nanoseconds: 0)

    package var isSet: Bool { nanoseconds != 0 }
}

extension IPAddress {
    /// `::`, which is nobody's address.
    package static let unset = IPAddress(high: 0, low: 0)

    package var isSet: Bool { high | low != 0 }
}
