package import Core

extension Subject {
    package static func clientAddress(_ address: IPAddress) -> Subject {
        Subject(kind: .clientAddress, value: Array(address.description.utf8))
    }

    /// The address this is about; nil when it is about something else or is malformed.
    package var clientAddress: IPAddress? {
        kind == .clientAddress && value.count <= 45 ? IPAddress(String(decoding: value, as: UTF8.self)) : nil
    }
}
