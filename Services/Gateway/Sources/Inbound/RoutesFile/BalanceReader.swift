import Core
import ServiceKit

/// `balance: least_request`, or a mapping where a kind has more to say:
///
///     balance: { kind: consistent_hash, key: "header:X-User", bound: 1.25 }   # or client_address, cookie:NAME
///     balance: { kind: ewma, memory: 10s }
enum BalanceReader {
    enum Kind: String, CaseIterable {
        case roundRobin = "round_robin"
        case leastRequest = "least_request"
        case ewma
        case consistentHash = "consistent_hash"
    }

    static func read(_ upstream: FileSection) -> Balance? {
        guard let node = upstream["balance"] else { return nil }
        guard node.entries != nil else { return upstream.choice("balance", Kind.self).map { make($0, nil) } }
        let section = FileSection(node, "balance", upstream.problems)
        guard let kind = section.choice("kind", Kind.self) else {
            if !section.has("kind") { section.report("balance has no kind; write kind: round_robin or another") }
            return nil
        }
        let balance = make(kind, section)
        section.end()
        return balance
    }

    private static func make(_ kind: Kind, _ section: FileSection?) -> Balance {
        switch kind {
        case .roundRobin: return .roundRobin
        case .leastRequest: return .leastRequest
        case .ewma:
            return .latency(
                memory: section?.duration("memory", in: .milliseconds(10) ... .seconds(600)) ?? .seconds(10))
        case .consistentHash:
            return .consistentHash(
                section.map { key($0) } ?? .clientAddress, bound: section?.number("bound", in: 1.01...100) ?? 1.25)
        }
    }

    private static func key(_ section: FileSection) -> HashKey {
        guard let text = section.text("key"), text != "client_address" else { return .clientAddress }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("header", 2): return .header(parts[1])
        case ("cookie", 2): return .cookie(parts[1])
        default:
            section.report(
                "key is \(quoted(text)); write client_address, header:NAME or cookie:NAME", at: "key")
            return .clientAddress
        }
    }
}
