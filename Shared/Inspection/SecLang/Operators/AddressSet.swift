internal import Core

/// `@ipMatch`: addresses and networks of both families, an IPv4 address and its mapped form being the same.
struct AddressSet: Sendable {
    private struct Network: Sendable {
        var address: IPAddress
        /// How many of the 128 bits count.
        var bits: Int
    }

    private var networks: [Network] = []

    init(_ texts: [String]) throws(RuleTextProblem) {
        for text in texts { networks.append(try Self.network(text)) }
    }

    private static func network(_ text: String) throws(RuleTextProblem) -> Network {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let address = IPAddress(parts.first ?? "") else {
            throw RuleTextProblem("\(text) is not an address", "write for example 10.0.0.0/8")
        }
        let width = parts[0].contains(":") ? 128 : 32
        guard parts.count == 2 else { return Network(address: address, bits: 128) }
        if let bits = Int(parts[1]), (0...width).contains(bits) {
            return Network(address: address, bits: bits + 128 - width)
        }
        // A network mask such as 255.255.0.0.
        if let mask = IPAddress(parts[1]), width == 32, mask.isV4 {
            return Network(address: address, bits: 96 + (mask.low & 0xffff_ffff).nonzeroBitCount)
        }
        throw RuleTextProblem("\(text) is not a network", "write for example 10.0.0.0/8")
    }

    func contains(_ text: Span<UInt8>) -> Bool {
        guard text.count <= 45 else { return false }
        var characters: [UInt8] = []
        for index in text.indices { characters.append(text[index]) }
        guard let address = IPAddress(String(decoding: characters, as: UTF8.self)) else { return false }
        return networks.contains { network in
            let high = UInt64.max.leading(network.bits)
            let low = UInt64.max.leading(network.bits - 64)
            return (network.address.high ^ address.high) & high == 0 && (network.address.low ^ address.low) & low == 0
        }
    }
}

extension UInt64 {
    /// The first `count` bits, the others zero.
    fileprivate func leading(_ count: Int) -> UInt64 {
        count <= 0 ? 0 : count >= 64 ? self : self & ~(UInt64.max >> UInt64(count))
    }
}
