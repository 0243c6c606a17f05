import Foundation
import HTTP
import Testing

/// One case of `http-requests.txt` or `http-responses.txt`; the files' heads explain the notation.
struct MessageCase: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8] = []
    var expected: [String] = []

    var testDescription: String { name }

    static func read(_ file: String) -> [MessageCase] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors").appendingPathComponent(file)
        guard let text = try? String(contentsOf: path, encoding: .utf8) else { return [] }
        var cases: [MessageCase] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("== ") {
                cases.append(MessageCase(name: String(line.dropFirst(3))))
            } else if line.hasPrefix("-> ") {
                cases[cases.count - 1].expected.append(String(line.dropFirst(3)))
            } else if !cases.isEmpty {
                cases[cases.count - 1].bytes += unescaped(line)
            }
        }
        return cases
    }

    private static func unescaped(_ line: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(line.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")),
                let star = rest[..<end].firstIndex(of: UInt8(ascii: "*")),
                let count = Int(String(decoding: rest[..<star], as: UTF8.self))
            {
                bytes += Array(repeating: rest[star + 1], count: count)
                rest = rest[(end + 1)...]
            } else if byte == UInt8(ascii: "\\"), let escape = rest.popFirst() {
                switch escape {
                case UInt8(ascii: "r"): bytes.append(13)
                case UInt8(ascii: "n"): bytes.append(10)
                case UInt8(ascii: "t"): bytes.append(9)
                case UInt8(ascii: "0"): bytes.append(0)
                case UInt8(ascii: "x"):
                    bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                    rest = rest.dropFirst(2)
                default: bytes.append(escape)
                }
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

/// Runs the parsers the way a connection does: what they did not consume is kept and given again with more.
struct MessageTranscript {
    private enum Phase {
        case requestHead(HTTPRequestParser)
        case responseHead(HTTPResponseParser)
        case body(HTTPBodyDecoder)
        case refused
    }

    private var phase: Phase
    private let next: () -> Phase
    private var pending: [UInt8] = []
    private var line = ""
    private var body: [UInt8] = []
    private var closes = false
    private(set) var lines: [String] = []

    static func ofRequests(_ parts: [ArraySlice<UInt8>]) -> [String] {
        run(parts) { .requestHead(HTTPRequestParser()) }
    }

    static func ofResponses(_ parts: [ArraySlice<UInt8>], to method: HTTPMethod) -> [String] {
        run(parts) { .responseHead(HTTPResponseParser(answering: method)) }
    }

    private static func run(_ parts: [ArraySlice<UInt8>], _ next: @escaping () -> Phase) -> [String] {
        var transcript = MessageTranscript(phase: next(), next: next)
        for part in parts { transcript.feed(part) }
        return transcript.finished()
    }

    private init(phase: Phase, next: @escaping () -> Phase) {
        self.phase = phase
        self.next = next
    }

    private mutating func feed(_ part: ArraySlice<UInt8>) {
        pending += part
        do {
            while try step() {}
        } catch {
            lines.append(
                (line.isEmpty ? "" : described() + " ") + "refused \((error as? HTTPRefusal)?.rawValue ?? "?")")
            phase = .refused
        }
    }

    private mutating func step() throws -> Bool {
        switch phase {
        case .requestHead(var parser):
            let head = try parser.parse(pending.span)
            guard let head else {
                phase = .requestHead(parser)
                return false
            }
            begin("\(head.method) \(head.target)" + (head.host.map { " host=\($0)" } ?? ""), !head.keepsAlive)
            take(parser.consumed, then: .body(HTTPBodyDecoder(head.framing)))
        case .responseHead(var parser):
            guard let head = try parser.parse(pending.span) else {
                phase = .responseHead(parser)
                return false
            }
            begin("\(head.status.code)", !head.keepsAlive)
            take(parser.consumed, then: .body(HTTPBodyDecoder(head.framing)))
        case .body(var decoder):
            let step = try decoder.decode(pending.span)
            body += pending[step.content]
            take(step.consumed, then: .body(decoder))
            guard decoder.isComplete else { return step.consumed > 0 && !pending.isEmpty }
            lines.append(described())
            line = ""
            phase = next()
            return !pending.isEmpty
        case .refused:
            return false
        }
        return true
    }

    private mutating func begin(_ text: String, _ closes: Bool) {
        line = text
        body = []
        self.closes = closes
    }

    private mutating func take(_ count: Int, then phase: Phase) {
        pending.removeFirst(count)
        self.phase = phase
    }

    private func described() -> String {
        let text = String(decoding: body, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\\r\\n")
        return line + (body.isEmpty ? "" : " body=\(text)") + (closes ? " close" : "")
    }

    private func finished() -> [String] {
        switch phase {
        case .refused: lines
        case .body: lines + [described() + " more"]
        case .requestHead, .responseHead: pending.isEmpty && !lines.isEmpty ? lines : lines + ["incomplete"]
        }
    }
}
