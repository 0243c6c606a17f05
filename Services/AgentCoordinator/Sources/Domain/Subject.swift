internal import Core

/// Whom a decision is about.
struct Subject: Hashable, Sendable {
    /// The numbers are what the database stores: never reuse one.
    enum Kind: Int16, CaseIterable, Sendable {
        case clientAddress = 1
        case network = 2
        case user = 3
        case session = 4
        case apiKey = 5
        case intruder = 6
        case fingerprint = 7
    }

    static let maximumValueBytes = 256

    let kind: Kind
    /// As it came: text for people, but nobody promises that it is UTF-8.
    let value: [UInt8]

    init?(_ kind: Kind, _ value: [UInt8]) {
        guard !value.isEmpty, value.count <= Self.maximumValueBytes else { return nil }
        self.kind = kind
        self.value = value
    }

    var text: String { String(decoding: value, as: UTF8.self) }

    /// The addresses this subject covers, when it is made of addresses.
    var network: IPNetwork? {
        switch kind {
        case .clientAddress: IPAddress(text).flatMap { IPNetwork($0, prefixLength: 128) }
        case .network: IPNetwork(text)
        default: nil
        }
    }
}
