internal import PatternMatching

/// `name=value&name=value`, as queries and forms have it, and `name=value; name=value`, as cookies do.
enum URLEncoded {
    static func parseForm(_ text: Span<UInt8>, into table: inout ValueTable) {
        if table.hasRoom(for: text.count) {
            guard table.addForm(text) else { return }
            return addWhole(text, into: &table)
        }
        var isTorn = false
        forEachPiece(of: text, separatedBy: UInt8(ascii: "&")) { start, equals, end in
            let name = addPair(text, start, equals, end, as: .argument, plusIsSpace: true, into: &table)
            isTorn = isTorn || isTornName(table.bytes.span.extracting(name))
        }
        if isTorn { addWhole(text, into: &table) }
    }

    private static func addWhole(_ text: Span<UInt8>, into table: inout ValueTable) {
        let whole = table.storeDecoded(text, plusIsSpace: true)
        table.add(.argument, whole)
    }

    /// A name with markup, quotes or parentheses is most likely a value that was torn at its own `=` or `&`: then the
    /// whole is looked at once more, in one piece.
    private static func isTornName(_ name: Span<UInt8>) -> Bool {
        for index in name.indices where isTorn(name[index]) { return true }
        return false
    }

    @inline(__always) private static func isTorn(_ byte: UInt8) -> Bool { torn.contains(byte) }

    static let torn = ByteSet("<>\"'`();{}\\ ")

    /// Cookies' names come from the application; only one with characters that no name has is looked at.
    private static func isSuspicious(_ name: Span<UInt8>) -> Bool {
        for index in name.indices where isTorn(name[index]) || name[index] == UInt8(ascii: "$") { return true }
        return false
    }

    static func parseCookies(_ text: Span<UInt8>, into table: inout ValueTable) {
        var hasLoosePiece = false
        forEachPiece(of: text, separatedBy: UInt8(ascii: ";")) { start, equals, end in
            var first = start
            while first < end, text[first] == 0x20 { first += 1 }
            hasLoosePiece = hasLoosePiece || equals == nil
            addPair(text, first, equals, end, as: .cookie, plusIsSpace: false, into: &table)
        }
        // A piece without a name is most likely a value that was torn at its own semicolon.
        if hasLoosePiece {
            let whole = table.storeDecoded(text, plusIsSpace: false)
            table.add(.cookie, whole)
        }
    }

    /// A pair without `=` is a value without a name: that is where hand-written attacks put it. Returns the name.
    @discardableResult
    private static func addPair(
        _ text: Span<UInt8>, _ start: Int, _ equals: Int?, _ end: Int, as variable: Variable, plusIsSpace: Bool,
        into table: inout ValueTable
    ) -> Range<Int> {
        guard start < end else { return 0..<0 }
        var name = 0..<0
        if let equals {
            name = table.storeDecoded(text.extracting(start..<equals), plusIsSpace: plusIsSpace)
            if variable == .argument, !name.isEmpty { table.add(.argumentName, name: name, name) }
            if variable == .cookie, isSuspicious(table.bytes.span.extracting(name)) {
                table.add(.cookie, name: name, name)
            }
        }
        var piece = equals.map { $0 + 1 } ?? start
        repeat {
            let next = min(end, piece + table.maximumPiece)
            let value = table.storeDecoded(text.extracting(piece..<next), plusIsSpace: plusIsSpace)
            if !value.isEmpty { table.add(variable, name: name, value) }
            piece = next
        } while piece < end
        return name
    }

    /// Each piece's bounds, and where its first `=` stands.
    private static func forEachPiece(
        of text: Span<UInt8>, separatedBy separator: UInt8, _ body: (Int, Int?, Int) -> Void
    ) {
        var start = 0
        var equals: Int?
        for index in text.indices {
            let byte = unsafe text[unchecked: index]
            if byte == separator {
                body(start, equals, index)
                start = index + 1
                equals = nil
            } else if byte == UInt8(ascii: "="), equals == nil {
                equals = index
            }
        }
        body(start, equals, text.count)
    }
}
