import Foundation
import Inspection
import Testing

/// `Tests/Vectors/Inspection/traffic.txt`: whole requests, one a line; the file says how they are written.
struct WrittenRequest: Sendable, CustomTestStringConvertible {
    var line: String
    var request: InspectedRequest

    var testDescription: String { String(line.prefix(160)) }

    static func read(_ file: String) -> [WrittenRequest] {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Vectors/Inspection")
        guard let text = try? String(contentsOf: directory.appending(path: file), encoding: .utf8) else { return [] }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { WrittenRequest(String($0)) }
    }

    init(_ line: String) {
        self.line = line
        let halves = line.components(separatedBy: " || ")
        let parts = halves[0].components(separatedBy: " | ")
        let words = parts[0].split(separator: " ", maxSplits: 1)
        var headers: [InspectedRequest.Header] = [.init("host", "app.example")]
        if !line.contains("| user-agent:") {
            headers.append(
                .init("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"))
        }
        for part in parts.dropFirst() {
            let pair = part.split(separator: ":", maxSplits: 1)
            headers.append(.init(String(pair[0]), Self.unescape(pair[1].drop { $0 == " " })))
        }
        request = InspectedRequest(
            method: String(words[0]), target: Self.unescape(words.count > 1 ? words[1] : "/"), headers: headers,
            body: halves.count > 1 ? Self.unescape(halves[1][...]) : [])
    }

    /// `\r`, `\n`, `\t`, `\\`, `\xNN`; any other backslash stands for itself, as JSON has it.
    private static func unescape(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first else {
                bytes.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "\\"): bytes.append(0x5c)
            case UInt8(ascii: "x"):
                bytes.append(UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default:
                bytes.append(byte)
                continue
            }
            rest = rest.dropFirst()
        }
        return bytes
    }
}

@Suite struct TrafficTests {
    @Test func honestRequestsOfManyKindsAreNotBlocked() throws {
        let requests = WrittenRequest.read("traffic.txt")
        #expect(requests.count > 200)
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        for honest in requests {
            let verdict = engine.inspect(honest.request, .standard, &scratch)
            #expect(
                verdict.action != .block,
                "\(honest.testDescription)\n\(verdict.findings.map { "\($0.ruleID) \($0.parameter) \(String(decoding: $0.matched, as: UTF8.self))" })"
            )
        }
    }

    @Test func wholeRequestsOfAttackersAreBlocked() throws {
        let requests = WrittenRequest.read("exploits.txt")
        #expect(requests.count > 10)
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        for attack in requests {
            let verdict = engine.inspect(attack.request, .standard, &scratch)
            #expect(verdict.action == .block, "\(attack.testDescription)\n\(verdict.findings.map(\.ruleID))")
        }
    }
}
