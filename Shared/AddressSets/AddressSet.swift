package import Core

/// Addresses and networks of both families. `::/0` is all of IPv6 and nothing of IPv4: whoever writes it means that.
package struct AddressSet: Sendable {
    private let v4: PatriciaTree<UInt32>
    private let v6: PatriciaTree<UInt128>

    /// How many there are beside those that others cover.
    package var count: Int { v4.count + v6.count }
    package var byteCount: Int { v4.byteCount + v6.byteCount }

    package init(_ networks: some Sequence<IPNetwork>) {
        var collected = Collected()
        for network in networks { collected.add(network) }
        self.init(collected)
    }

    package init(_ collected: consuming Collected) {
        v4 = PatriciaTree(collected.v4)
        v6 = PatriciaTree(collected.v6)
    }

    /// The block of the set that the address lies in.
    package func network(covering address: IPAddress) -> IPNetwork? {
        if address.isV4 {
            guard let block = v4.block(covering: UInt32(truncatingIfNeeded: address.low)) else { return nil }
            return IPNetwork(IPAddress(v4: block.bits), prefixLength: Int(block.length) + 96)
        }
        guard let block = v6.block(covering: address.number) else { return nil }
        return IPNetwork(IPAddress(block.bits), prefixLength: Int(block.length))
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.isV4
            ? v4.block(covering: UInt32(truncatingIfNeeded: address.low)) != nil
            : v6.block(covering: address.number) != nil
    }

    /// What a set is made of, while it is read.
    package struct Collected {
        fileprivate var v4: [PatriciaTree<UInt32>.Block] = []
        fileprivate var v6: [PatriciaTree<UInt128>.Block] = []

        package init() {}

        package var count: Int { v4.count + v6.count }

        package mutating func add(_ network: IPNetwork) {
            let (address, length) = (network.address, network.prefixLength)
            if address.isV4 && length >= 96 {
                v4.append(.init(bits: UInt32(truncatingIfNeeded: address.low), length: UInt8(length - 96)))
            } else {
                v6.append(.init(bits: address.number, length: UInt8(length)))
            }
        }
    }
}

extension IPAddress {
    fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    fileprivate init(_ number: UInt128) {
        self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
    }
}
