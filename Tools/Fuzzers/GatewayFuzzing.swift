internal import gateway

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
}
