@testable import gateway

enum GatewayFuzzing {
    private static let table = RouteTable(
        ["/", "=/a", "/a/", "/a/{b}", "/a/{b}/*", "/{x}/c"].compactMap { text in
            (try? RoutePattern(text)).map { Route(name: text, path: $0, upstream: "a") }
        })

    /// A path in its normal form stays as it is, holds no way out of where it is, and is matched the same by the tree and
    /// by asking route by route.
    static func path(_ bytes: [UInt8]) {
        guard let path = RequestPath(bytes[...]), path.bytes.first == UInt8(ascii: "/") else { return }
        let again = RequestPath(path.bytes)
        precondition(again?.bytes == path.bytes && again?.isAsReceived == true)
        let segments = path.bytes.split(separator: UInt8(ascii: "/"))
        precondition(!segments.contains { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
        let found = table.match(host: "h", method: "GET", path: path)
        let fitting = table.routes.filter {
            $0.route.misfit(host: "h", method: "GET", path: path) { _ in false } == nil
        }
        precondition(
            fitting.contains { $0 === found }
                && fitting.allSatisfy { other in
                    found.map { !other.route.path.isMoreSpecific(than: $0.route.path) } ?? false
                })
    }

    /// What a crash left on disk; an odd first byte: with the right length and checksum before it. What was read whole is
    /// written the same.
    static func segment(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        var rest = bytes.dropFirst()
        if first & 1 == 1 {
            let head = UInt64(rest.count) | UInt64(Checksum.of(rest)) << 32
            rest = ((0..<SpoolRecord.headLength).map { UInt8(truncatingIfNeeded: head >> (8 * $0)) } + rest)[...]
        }
        while case .record(let record, let length) = SpoolRecord.read(rest) {
            precondition(length > 0 && length <= rest.count)
            var written: [UInt8] = []
            record.append(to: &written)
            precondition(SpoolRecord.read(written[...]) == .record(record, length: written.count))
            rest = rest.dropFirst(length)
        }
    }
}
