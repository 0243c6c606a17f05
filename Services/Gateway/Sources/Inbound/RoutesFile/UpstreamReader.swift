import HTTP
import ServiceKit

/// One entry of `upstreams`: `shop: { endpoints: ["10.0.0.1:9000"] }`.
enum UpstreamReader {
    /// What an upstream may be called, so that no name looks like an address.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 | 0x20 &- 0x61 < 26 || $0 == 0x2d || $0 == 0x5f }
    }

    static func read(_ name: String, _ section: FileSection) -> Upstream {
        if !isName(name) {
            section.report("\(quoted(name)) is no name of an upstream; use letters, digits, - and _, up to 64")
        }
        let endpoints = section.texts("endpoints")
        if endpoints.isEmpty && !section.has("endpoints") {
            section.report("\(section.name) has no endpoints; write endpoints: [\"127.0.0.1:9000\"]")
        }
        for endpoint in endpoints where HTTPEndpoint(upstream: endpoint) == nil {
            section.report(
                "endpoint \(quoted(endpoint)): write host:port, http://host:port, https://host or unix:/path",
                at: "endpoints")
        }
        section.end()
        return Upstream(name: name, endpoints: endpoints)
    }
}
