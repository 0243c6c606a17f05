import Testing

@testable import Inspection

@Suite struct BodyWindowsTests {
    private static let attack = "1' UNION SELECT password FROM users-- "

    private static let engine = Result { try InspectionEngine.builtIn() }

    private func windows(_ type: String, _ body: [UInt8], pieces: Int, size: Int = 4_096) -> [[UInt8]] {
        var cutter = BodyWindows(contentType: Array(type.utf8), size: size)
        var found: [[UInt8]] = []
        var rest = body[...]
        while !rest.isEmpty {
            found += cutter.take(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        if let last = cutter.finish() { found.append(last) }
        return found
    }

    private func isFound(_ type: String, in windows: [[UInt8]]) throws -> Bool {
        let engine = try Self.engine.get()
        var scratch = try InspectionScratch()
        return windows.contains { window in
            let request = InspectedRequest(
                method: "POST", target: [UInt8(ascii: "/")], headers: [.init("Content-Type", type)], body: window)
            return engine.inspect(request, .standard, &scratch).action == .block
        }
    }

    private static let word = "harmless text "
    private static func filler(_ count: Int) -> String { String(repeating: word, count: count / word.utf8.count) }

    /// Bodies of some kind with a piece of text in them, behind `before` bytes of something else.
    private static let kinds: [(type: String, body: @Sendable (_ before: Int, _ text: String) -> String)] = [
        ("application/x-www-form-urlencoded", { "a=\(filler($0).replacing(" ", with: "+"))&b=\($1.escaped)&c=1" }),
        ("application/json", { #"{"a": "\#(filler($0))", "b": {"c": [1, "\#($1)"], "d": null}}"# }),
        ("text/plain", { filler($0) + "\n" + $1 }),
        (
            "multipart/form-data; boundary=xyz",
            {
                "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\n" + filler($0)
                    + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\($1)\r\n--xyz--\r\n"
            }
        ),
        (
            "multipart/form-data; boundary=xyz",
            {
                "--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n" + filler($0) + $1
                    + "\r\n--xyz--\r\n"
            }
        ),
        // Nothing ends the last part; some readers take it for whole.
        (
            "multipart/form-data; boundary=xyz",
            {
                "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + filler($0)
                    + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\($1)"
            }
        ),
        // A field to who ends a head at any empty line, a file's head to who does not.
        (
            "multipart/form-data; boundary=xyz",
            {
                "--xyz\nContent-Disposition: form-data; name=\"b\"\n\nfilename=a\r\n\r\n"
                    + String(repeating: "x1", count: $0 / 2) + " \($1)"
                    + "\r\n--xyz--\r\n"
            }
        ),
    ]

    @Test(arguments: kinds.indices, [3_000, 4_090, 9_000])
    func nothingHidesBehindWhateverComesFirst(kind: Int, before: Int) throws {
        let (type, body) = Self.kinds[kind]
        for pieces in [7, 1_500, 1 << 20] {
            let attack = windows(type, Array(body(before, Self.attack).utf8), pieces: pieces)
            #expect(try isFound(type, in: attack), "\(type) behind \(before) in pieces of \(pieces)")
            let honest = windows(type, Array(body(before, "with kind regards").utf8), pieces: pieces)
            #expect(try !isFound(type, in: honest), "\(type) behind \(before) in pieces of \(pieces)")
        }
    }

    @Test func noWindowIsMuchLargerThanWasAskedFor() {
        for (type, body) in Self.kinds {
            let windows = windows(type, Array(body(30_000, Self.attack).utf8), pieces: 1_500)
            #expect(windows.allSatisfy { $0.count <= 4_096 + 1_600 }, "\(type) \(windows.map(\.count).max() ?? 0)")
        }
    }

    @Test func whatIsNoBodyOfItsKindEndsAllTheSame() {
        let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7_919 >> 3) }
        for (type, _) in Self.kinds {
            let windows = windows(type, bytes, pieces: 333)
            #expect(windows.reduce(0) { $0 + $1.count } < bytes.count * 2)
        }
        #expect(windows("application/json", [], pieces: 1).isEmpty)
    }

    @Test func ofAFileOnlyTheBeginningIsKept() {
        let body = Array(Self.kinds[3].body(1 << 17, "x").utf8)
        let windows = windows(Self.kinds[3].type, body, pieces: 16_384, size: 64 << 10)
        #expect(windows.reduce(0) { $0 + $1.count } < 6_000)
    }
}

extension String {
    fileprivate var escaped: String { utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    fileprivate func replacing(_ character: Character, with other: String) -> String {
        map { $0 == character ? other : String($0) }.joined()
    }
}
