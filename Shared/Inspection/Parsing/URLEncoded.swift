internal import PatternMatching

/// `name=value&name=value`, as queries and forms have it, and `name=value; name=value`, as cookies do.
enum URLEncoded {
    static func parseForm(_ text: Span<UInt8>, into table: inout ValueTable) {
        let first = table.values.count
        forEachPiece(of: text, separatedBy: UInt8(ascii: "&")) { start, end in
            addPair(text, start, end, as: .argument, plusIsSpace: true, into: &table)
        }
        if hasTornName(table, from: first) {
            let whole = table.storeDecoded(text, plusIsSpace: true)
            table.add(.argument, whole)
        }
    }

    /// A name with markup, quotes or parentheses is most likely a value that was torn at its own `=` or `&`: then the
    /// whole is looked at once more, in one piece.
    private static func hasTornName(_ table: borrowing ValueTable, from first: Int) -> Bool {
        for value in table.values[first...] where value.variable == .argumentName {
            let name = table.bytes.span.extracting(value.bytes)
            for index in name.indices where tornNameBytes.contains(name[index]) { return true }
        }
        return false
    }

    /// Cookies' names come from the application; only one with characters that no name has is looked at.
    private static func isSuspicious(_ name: Span<UInt8>) -> Bool {
        for index in name.indices where tornNameBytes.contains(name[index]) || name[index] == UInt8(ascii: "$") {
            return true
        }
        return false
    }

    private static let tornNameBytes = ByteSet("<>\"'`();{}\\ ")

    static func parseCookies(_ text: Span<UInt8>, into table: inout ValueTable) {
        var hasLoosePiece = false
        forEachPiece(of: text, separatedBy: UInt8(ascii: ";")) { start, end in
            var first = start
            while first < end, text[first] == 0x20 { first += 1 }
            hasLoosePiece = hasLoosePiece || !text.extracting(first..<end).hasByte("=")
            addPair(text, first, end, as: .cookie, plusIsSpace: false, into: &table)
        }
        // A piece without a name is most likely a value that was torn at its own semicolon.
        if hasLoosePiece {
            let whole = table.storeDecoded(text, plusIsSpace: false)
            table.add(.cookie, whole)
        }
    }

    /// A pair without `=` is a value without a name: that is where hand-written attacks put it.
    private static func addPair(
        _ text: Span<UInt8>, _ start: Int, _ end: Int, as variable: Variable, plusIsSpace: Bool,
        into table: inout ValueTable
    ) {
        guard start < end else { return }
        var equals = start
        while equals < end, text[equals] != UInt8(ascii: "=") { equals += 1 }
        var name = 0..<0
        if equals < end {
            name = table.storeDecoded(text.extracting(start..<equals), plusIsSpace: plusIsSpace)
            if variable == .argument, !name.isEmpty { table.add(.argumentName, name: name, name) }
            if variable == .cookie, isSuspicious(table.bytes.span.extracting(name)) {
                table.add(.cookie, name: name, name)
            }
        }
        let first = equals < end ? equals + 1 : start
        var piece = first
        repeat {
            let next = min(end, piece + table.maximumPiece)
            let value = table.storeDecoded(text.extracting(piece..<next), plusIsSpace: plusIsSpace)
            if !value.isEmpty { table.add(variable, name: name, value) }
            piece = next
        } while piece < end
    }

    private static func forEachPiece(of text: Span<UInt8>, separatedBy separator: UInt8, _ body: (Int, Int) -> Void) {
        var start = 0
        for index in text.indices where text[index] == separator {
            body(start, index)
            start = index + 1
        }
        body(start, text.count)
    }
}

extension Span<UInt8> {
    func hasByte(_ wanted: Unicode.Scalar) -> Bool {
        for index in indices where self[index] == UInt8(ascii: wanted) { return true }
        return false
    }
}
