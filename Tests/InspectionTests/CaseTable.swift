import Foundation
import Inspection
import Testing

/// `Tests/Vectors/Inspection/*.txt`: one case a line, columns of words separated by spaces, the text last.
struct InspectionCase: Sendable, CustomTestStringConvertible {
    var rule: String
    var place: String
    var text: [UInt8]

    var testDescription: String { "\(rule) \(place) \(String(decoding: text, as: UTF8.self))" }

    static func read(_ file: String, hasRule: Bool) -> [InspectionCase] {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Vectors/Inspection")
        guard let text = try? String(contentsOf: directory.appending(path: file), encoding: .utf8) else { return [] }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            var rest = line[...]
            func word() -> String {
                let word = rest.prefix { $0 != " " }
                rest = rest.dropFirst(word.count).drop { $0 == " " }
                return String(word)
            }
            let rule = hasRule ? word() : ""
            let place = word()
            return rest.isEmpty ? nil : InspectionCase(rule: rule, place: place, text: unescape(rest))
        }
    }

    private static func unescape(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                let known: [UInt8: UInt8] = [0x72: 0x0d, 0x6e: 0x0a, 0x74: 0x09, 0x30: 0x00]
                bytes.append(known[byte] ?? byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// The requests that carry this text, each in another place.
    var requests: [InspectedRequest] {
        let browser = InspectedRequest.Header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0")
        let host = InspectedRequest.Header("host", "shop.example")
        switch place {
        case "user-agent":
            return [request("GET", "/", [host, .init("User-Agent", text)])]
        case "path": return [request("GET", String(decoding: text, as: UTF8.self), [host, browser])]
        default:
            let encoded = Self.percentEncoded(text)
            let form = InspectedRequest.Header("content-type", "application/x-www-form-urlencoded")
            let json = InspectedRequest.Header("content-type", "application/json; charset=utf-8")
            return [
                request("GET", "/items?page=2&q=\(encoded)", [host, browser]),
                request("POST", "/items", [host, browser, form], "q=\(encoded)&lang=en"),
                request("POST", "/items", [host, browser, json], #"{"page":2,"q":"\#(Self.jsonEncoded(text))"}"#),
                request("GET", "/", [host, browser, .init("Cookie", "session=ab12; q=\(encoded)")]),
            ]
        }
    }

    private func request(
        _ method: String, _ target: String, _ headers: [InspectedRequest.Header], _ body: String = ""
    ) -> InspectedRequest {
        InspectedRequest(method: method, target: Array(target.utf8), headers: headers, body: Array(body.utf8))
    }

    private static func percentEncoded(_ text: [UInt8]) -> String {
        text.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            return isPlain
                ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    private static func jsonEncoded(_ text: [UInt8]) -> String {
        String(decoding: text, as: UTF8.self).unicodeScalars.map { scalar in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            if scalar.value >= 0x20 { return String(scalar) }
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
