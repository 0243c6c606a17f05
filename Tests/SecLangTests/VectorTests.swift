import Core
import Foundation
import Testing

@testable import Inspection

/// Vectors that the authors of other engines test operators and transformations with.
@Suite(.enabled(if: RuleCorpus.has(RuleCorpus.vectors), "../shared/corpora/\(RuleCorpus.vectors) is not there"))
struct VectorTests {
    struct Vector: Decodable {
        var name: String
        var input: String?
        var output: String?
        var param: String?
        var ret: Int
    }

    /// The folder of unpacked vectors.
    private func folder() throws -> String { try RuleCorpus.unpacked(RuleCorpus.vectors) }

    private func vectors(_ folder: String) throws -> [(file: String, vectors: [Vector])] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted().map {
            name in
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            return (name, try JSONDecoder().decode([Vector].self, from: data))
        }
    }

    @Test func transformationsGiveWhatOtherEnginesGive() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var passed = 0
        var failed: [String] = []
        for (file, vectors) in try vectors(folder + "/internal/transformations/testdata") {
            guard let transformation = SecLangTransformation.byName[file.dropLast(5).lowercased()] else {
                failed.append("\(file): not known")
                continue
            }
            for vector in vectors {
                if holds(vector, transformation) {
                    passed += 1
                } else {
                    failed.append("\(file) \(vector.input ?? "") should be \(vector.output ?? "")")
                }
            }
        }
        // Their files have an empty value as a null byte, characters that a code page maps, and mangled UTF-8.
        let known = ["cssDecode", "removeComments", "urlDecodeUni"]
        #expect(failed.allSatisfy { line in known.contains { line.hasPrefix($0 + ".json") } })
        print("transformation vectors: \(passed) passed, \(failed.count) failed")
        for line in failed { print("  \(line)") }
    }

    private func holds(_ vector: Vector, _ transformation: SecLangTransformation) -> Bool {
        // The files write bytes as \x41 or \u0041, and also mean just that text: either reading may be the right one.
        let readings: [(String) -> [UInt8]] = [{ Array($0.utf8) }, Self.unescaped]
        return readings.contains { read in
            let input = read(vector.input ?? "")
            var output: [UInt8] = []
            transformation.apply(input.span, into: &output)
            return readings.contains { $0(vector.output ?? "") == output }
        }
    }

    static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            let digits = rest.dropFirst(2).prefix(rest.dropFirst().first == UInt8(ascii: "x") ? 2 : 4)
            let isEscape = byte == UInt8(ascii: "\\") && [0x78, 0x75].contains(rest.dropFirst().first ?? 0)
            if isEscape, let value = Int(String(decoding: digits, as: UTF8.self), radix: 16), value < 256 {
                bytes.append(UInt8(value))
                rest = rest.dropFirst(2 + digits.count)
            } else {
                bytes.append(byte)
                rest = rest.dropFirst()
            }
        }
        return bytes
    }

    /// Not supported, and refused when rules are loaded.
    private static let refused: Set<String> = ["nids", "validateSchema"]

    @Test func operatorsAnswerAsOtherEnginesDo() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var passed = 0
        var failed: [String] = []
        for (file, vectors) in try vectors(folder + "/internal/operators/testdata") {
            let name = String(file.dropLast(5))
            if Self.refused.contains(name) { continue }
            for vector in vectors {
                // What is refused when rules are loaded matches nothing.
                let answer = (try? answer(name, vector, folder + "/internal/operators/testdata/op/")) ?? false
                if answer == (vector.ret == 1) {
                    passed += 1
                } else {
                    failed.append("@\(name) \(vector.param ?? "") of \(vector.input ?? "") should be \(vector.ret)")
                }
            }
        }
        // The grammars are not those of libinjection; one writes a null byte as `\0`; one has a mapped IPv4 address as none.
        let known = ["@detectSQLi", "@detectXSS", "@containsWord def of abc", "@ipMatch 0:0::/80"]
        #expect(failed.allSatisfy { line in known.contains { line.hasPrefix($0) } })
        print("operator vectors: \(passed) passed, \(failed.count) failed")
        for line in failed.prefix(60) { print("  \(line)") }
    }

    private func answer(_ name: String, _ vector: Vector, _ folder: String) throws -> Bool {
        let argument = vector.param ?? ""
        let rule = RuleDefinition(
            id: 1, phase: 2, file: "test", line: 1,
            links: [
                RuleLink(
                    line: 1, targets: [RuleTarget(variable: .args, selector: .all)],
                    condition: try OperatorParser(file: { SecLangSource.files.read(folder + $0) }).parse(
                        Array("@\(name) \(argument)".utf8)
                    ).0)
            ])
        let engine = try SecLangEngine(try SecLangProgram(RuleSet(items: [.rule(rule)])))
        var scratch = try engine.makeScratch()
        let value = Self.unescaped(vector.input ?? "").map { "%" + Hex.encode([$0]) }.joined()
        let verdict = engine.inspect(
            InspectedRequest(method: "GET", target: Array("/?a=\(value)".utf8)), SecLangConnection(), &scratch)
        return !verdict.matches.isEmpty
    }
}
