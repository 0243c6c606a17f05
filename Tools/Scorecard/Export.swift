internal import Foundation
internal import Inspection
internal import Measuring

/// What training reads: one line of JSON for each labelled request, with its findings and its values as the models see
/// them. The lines hold third parties' data, so they go where the build goes, never into the repository.
struct Export: ~Copyable {
    private let engine: InspectionEngine
    private var scratch: InspectionScratch

    init(_ engine: InspectionEngine, _ scratch: consuming InspectionScratch) {
        self.engine = engine
        self.scratch = scratch
    }

    mutating func write(_ corpus: Corpus, to folder: String) throws {
        var lines = Data()
        for labelled in corpus.requests { lines.append(line(labelled)) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try lines.write(to: URL(filePath: "\(folder)/\(corpus.name).jsonl"))
    }

    private mutating func line(_ labelled: LabelledRequest) -> Data {
        let verdict = engine.inspect(labelled.request, .standard, &scratch)
        let sample = engine.sample(&scratch)
        let findings = sample.findings.map { finding, value in
            "[\"\(finding.ruleID)\",\"\(finding.category.rawValue)\",\(finding.weight),\(finding.variable.rawValue),"
                + "\(value ?? -1)]"
        }
        let values = sample.values.map { #"[\#($0.variable.rawValue),"\#(Self.hex($0.text))"]"# }
        let head = #""id":"\#(labelled.id)","attack":\#(labelled.isAttack),"category":"\#(labelled.category)""#
        let method = labelled.request.method.filter { $0.isLetter }
        return Data(
            ("{\(head),\"method\":\"\(method)\",\"score\":\(verdict.score),"
                + "\"findings\":[\(findings.joined(separator: ","))],\"values\":[\(values.joined(separator: ","))]}\n")
                .utf8)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hex(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
