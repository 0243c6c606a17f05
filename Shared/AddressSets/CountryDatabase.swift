package import Core

/// Which country an address is used in, as a MaxMind DB file (GeoLite2-Country and the like) says.
///
/// The file is a binary tree over the bits of an address whose ends point into a section of data; see
/// `docs/decisions/0015-a-reader-of-our-own-for-country-files.md`.
package struct CountryDatabase: Sendable {
    private static let marker: [UInt8] = [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8)
    private static let longestMetadata = 128 << 10
    /// Zero bytes between tree and data.
    private static let separator = 16

    private let data: MMDBValues
    private let nodeCount: Int
    private let recordBits: Int
    /// Where the addresses of IPv4 begin; nil when the file has only IPv4.
    private let v4Root: Int?
    /// As the file calls itself.
    package let kind: String
    package let built: Timestamp

    private var bytes: [UInt8] { data.bytes }

    package init(_ bytes: [UInt8]) throws(CountryDatabaseFailure) {
        guard let marker = Self.lastMarker(in: bytes) else { throw .notADatabase }
        let start = marker + Self.marker.count
        let metadata = MMDBValues(bytes: bytes, section: start..<bytes.count)
        func number(_ key: StaticString) -> Int? {
            metadata.member(key, of: start).flatMap { metadata.unsigned(at: $0) }.flatMap { Int(exactly: $0) }
        }
        guard number("binary_format_major_version") == 2 else { throw .unknownVersion }
        guard let nodes = number("node_count"), let bits = number("record_size"), [24, 28, 32].contains(bits),
            let version = number("ip_version"), [4, 6].contains(version), nodes < 1 << 30
        else { throw .damagedMetadata }
        let dataStart = nodes * bits / 4 + Self.separator
        guard dataStart <= marker else { throw .truncated }
        (nodeCount, recordBits) = (nodes, bits)
        data = MMDBValues(bytes: bytes, section: dataStart..<marker)
        kind =
            metadata.member("database_type", of: start).flatMap { metadata.text(at: $0) }
            .map { String(decoding: $0.prefix(128), as: UTF8.self) } ?? ""
        built = Timestamp(seconds: Int64(clamping: number("build_epoch") ?? 0))
        v4Root = version == 4 ? nil : Self.walk(96, bitsOf: 0, from: 0, nodes: nodes, bits, bytes)
    }

    package var byteCount: Int { bytes.count }

    /// Where the address is used, else where its network is registered.
    package func country(of address: IPAddress) -> CountryCode {
        guard let record = record(of: address) else { return .unknown }
        for key in ["country", "registered_country"] as [StaticString] {
            if let country = data.member(key, of: record), let code = data.member("iso_code", of: country),
                let text = data.text(at: code), let found = CountryCode(text)
            {
                return found
            }
        }
        return .unknown
    }

    /// Where in the file the data of an address stands.
    private func record(of address: IPAddress) -> Int? {
        let end: Int
        if address.isV4 {
            let bits = UInt128(address.low & 0xffff_ffff) << 96
            end = Self.walk(32, bitsOf: bits, from: v4Root ?? 0, nodes: nodeCount, recordBits, bytes)
        } else {
            guard v4Root != nil else { return nil }
            let bits = UInt128(address.high) << 64 | UInt128(address.low)
            end = Self.walk(128, bitsOf: bits, from: 0, nodes: nodeCount, recordBits, bytes)
        }
        guard end > nodeCount else { return nil }
        return end - nodeCount - Self.separator + data.section.lowerBound
    }

    /// Down the tree by so many bits, the most significant first, or until it ends. Beyond `nodes` lies data.
    private static func walk(
        _ depth: Int, bitsOf address: UInt128, from root: Int, nodes: Int, _ recordBits: Int, _ bytes: [UInt8]
    ) -> Int {
        var node = root
        for bit in 0..<depth {
            guard node < nodes else { return node }
            let isRight = (address << bit) >> 127 == 1
            node = record(of: node, isRight: isRight, recordBits, bytes)
        }
        return node
    }

    /// Of a node that is there.
    private static func record(of node: Int, isRight: Bool, _ recordBits: Int, _ bytes: [UInt8]) -> Int {
        let start = node * recordBits / 4
        func three(_ at: Int) -> Int { Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2]) }
        switch recordBits {
        case 24: return three(start + (isRight ? 3 : 0))
        case 28:
            let shared = Int(bytes[start + 3])
            return isRight ? (shared & 15) << 24 | three(start + 4) : (shared >> 4) << 24 | three(start)
        default:
            let at = start + (isRight ? 4 : 0)
            return Int(bytes[at]) << 24 | three(at + 1)
        }
    }

    private static func lastMarker(in bytes: [UInt8]) -> Int? {
        let earliest = max(0, bytes.count - longestMetadata)
        var position = bytes.count - marker.count
        while position >= earliest {
            if bytes[position] == marker[0], bytes[position..<position + marker.count] == marker[...] {
                return position
            }
            position -= 1
        }
        return nil
    }
}

package enum CountryDatabaseFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case notADatabase, unknownVersion, damagedMetadata, truncated

    package var description: String {
        switch self {
        case .notADatabase: "it is no MaxMind DB file; use one such as GeoLite2-Country.mmdb"
        case .unknownVersion: "it has a format other than 2; fetch it again"
        case .damagedMetadata: "what it says about itself is damaged; fetch it again"
        case .truncated: "it is shorter than it says; fetch it again"
        }
    }
}
