internal import Core

/// What is wrong with a list, line by line, each with the fix.
package struct AddressListFailure: Error, Sendable, Equatable {
    package let problems: [String]
}

/// A list of addresses and networks as they are published: one a line, `#` or `;` before a comment.
package enum AddressList {
    package static let largest = 64 << 20
    package static let mostEntries = 2_000_000
    private static let longestLine = 1_024
    private static let mostProblems = 20

    /// Every line that is wrong is told, up to some number of them. `file` is only what messages call it.
    package static func read(_ bytes: [UInt8], file: String) throws(AddressListFailure) -> AddressSet {
        var collected = AddressSet.Collected()
        var problems: [String] = []
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let entry = entry(line)
            guard !entry.isEmpty else { continue }
            if line.count <= longestLine, let network = IPNetwork(String(decoding: entry, as: UTF8.self)) {
                collected.add(network)
            } else {
                problems.append("\(file):\(number): \(reason(entry))")
            }
            if collected.count > mostEntries { problems.append("\(file): it has more than \(mostEntries) entries") }
            guard problems.count < mostProblems, collected.count <= mostEntries else { break }
        }
        guard problems.isEmpty else { throw AddressListFailure(problems: problems) }
        return AddressSet(collected)
    }

    /// The line without its comment and the blanks around it.
    private static func entry(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let text = line.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }.drop(while: isBlank)
        guard let last = text.lastIndex(where: { !isBlank($0) }) else { return [] }
        return text[...last]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

    private static func reason(_ entry: ArraySlice<UInt8>) -> String {
        let text = String(decoding: entry.prefix(64), as: UTF8.self)
        let parts = text.split(separator: "/", maxSplits: 1)
        if parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]),
            (0...(address.isV4 ? 32 : 128)).contains(length)
        {
            let start = address.masked(to: address.isV4 ? length + 96 : length)
            return "\(text) has bits beyond its prefix; write \(start)/\(length), or \(address) for that one address"
        }
        let shown = text.unicodeScalars.map { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7f ? Character($0) : "?" }
        return "\(String(shown)) is no address and no network; write one a line, like 192.0.2.7 or 2001:db8::/32"
    }
}
