import Core

/// Writes MaxMind DB files, in each of the three sizes of records.
struct CountryFile {
    private enum Record: Equatable {
        case empty
        case node(Int)
        case data(Int)
    }

    private var nodes: [[Record]] = [[.empty, .empty]]
    private var data: [UInt8] = []
    /// Where a text was written before, for a pointer to it.
    private var texts: [String: Int] = [:]

    /// Wider networks first.
    mutating func add(_ network: IPNetwork, _ country: String) {
        let offset = data.count
        data += [0xe1]
        text("country")
        data += [0xe2]
        text("iso_code")
        text(country)
        text("confidence")
        data += [0xa1, 95]
        let isV4 = network.address.isV4
        let address = isV4 ? IPAddress(high: 0, low: network.address.low & 0xffff_ffff) : network.address
        insert(address, network.prefixLength, offset)
    }

    private mutating func text(_ text: String) {
        if let known = texts[text] {
            data += [0x20 | UInt8(known >> 8), UInt8(known & 255)]
        } else {
            texts[text] = data.count
            data += [0x40 | UInt8(text.utf8.count)] + Array(text.utf8)
        }
    }

    private mutating func insert(_ address: IPAddress, _ length: Int, _ offset: Int) {
        var node = 0
        for bit in 0..<length {
            let word = bit < 64 ? address.high : address.low
            let side = Int(word >> UInt64(63 - bit & 63) & 1)
            if bit == length - 1 {
                nodes[node][side] = .data(offset)
            } else if case .node(let next) = nodes[node][side] {
                node = next
            } else {
                let below = nodes[node][side]
                nodes.append([below, below])
                nodes[node][side] = .node(nodes.count - 1)
                node = nodes.count - 1
            }
        }
    }

    func bytes(recordBits: Int) -> [UInt8] {
        var tree: [UInt8] = []
        for node in nodes {
            let (left, right) = (value(node[0]), value(node[1]))
            func low(_ value: Int, _ count: Int) -> [UInt8] {
                (0..<count).map { UInt8(value >> (8 * (count - 1 - $0)) & 255) }
            }
            switch recordBits {
            case 24: tree += low(left, 3) + low(right, 3)
            case 28: tree += low(left, 3) + [UInt8((left >> 24) << 4 | right >> 24)] + low(right, 3)
            default: tree += low(left, 4) + low(right, 4)
            }
        }
        tree += [UInt8](repeating: 0, count: 16)
        tree += data
        tree += [0xab, 0xcd, 0xef]
        tree += Array("MaxMind.com".utf8)
        return tree + metadata(recordBits)
    }

    private func value(_ record: Record) -> Int {
        switch record {
        case .empty: nodes.count
        case .node(let number): number
        case .data(let offset): nodes.count + 16 + offset
        }
    }

    private func metadata(_ recordBits: Int) -> [UInt8] {
        var bytes: [UInt8] = [0xe5]
        func add(_ key: String, _ value: [UInt8]) {
            bytes.append(0x40 | UInt8(key.utf8.count))
            bytes += Array(key.utf8)
            bytes += value
        }
        let count = nodes.count
        add("binary_format_major_version", [0xa1, 2])
        add("node_count", [0xc3, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)])
        add("record_size", [0xa1, UInt8(recordBits)])
        add("ip_version", [0xa1, 6])
        add("database_type", [0x44] + Array("Test".utf8))
        return bytes
    }
}
