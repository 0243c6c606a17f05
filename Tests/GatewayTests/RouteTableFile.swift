import Foundation
import HTTP
import TestSupport
import Testing

@testable import gateway

/// `Tests/Vectors/gateway-routes.txt`, which says itself how it is written.
@Suite struct RouteTableFile {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var words: [String]
        var expected: [String]
        var testDescription: String { line }
    }

    private static let text =
        (try? String(contentsOfFile: "\(Repository.root)/Tests/Vectors/gateway-routes.txt", encoding: .utf8)) ?? ""
    private static let parts = text.components(separatedBy: "\n---\n")

    static let cases: [Case] = (parts.last ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        let sides = line.components(separatedBy: " -> ").map { $0.split(separator: " ").map(String.init) }
        return Case(line: String(line), words: sides.first ?? [], expected: sides.count > 1 ? sides[1] : [])
    }

    @Test("A request takes the route the table says", arguments: cases)
    func takes(_ example: Case) throws {
        let routing = try RoutesFile.read(Array(Self.parts[0].utf8), file: "gateway-routes.txt")
        let target = example.words[2]
        var fields = HTTPHeaders()
        for field in example.words.dropFirst(3) {
            let sides = field.split(separator: ":").map(String.init)
            fields.add(sides[0], sides[1])
        }
        let bytes = Array(target.utf8)
        guard let path = RequestPath(bytes.prefix { $0 != UInt8(ascii: "?") }) else {
            #expect(example.expected == ["!"])
            return
        }
        let found = routing.routes.match(host: example.words[1], method: example.words[0], path: path) {
            fields.meets($0)
        }
        let query = bytes.drop { $0 != UInt8(ascii: "?") }
        let sent = found.flatMap { active in
            active.route.rewrite.map {
                String(decoding: $0.fillPath(path, of: active.route.path) + query, as: UTF8.self)
            }
        }
        #expect([found?.route.name ?? "-"] + (sent.map { [$0] } ?? []) == example.expected)
    }

    @Test("The table is not empty") func isThere() { #expect(Self.cases.count > 30) }
}
