internal import Inspection
internal import Measuring

/// Runs the engine over corpora and keeps what went wrong.
struct Judge: ~Copyable {
    private let engine: InspectionEngine
    private var scratch: InspectionScratch
    private let arguments: Arguments
    private(set) var verdicts: [String] = []
    /// How often each rule was the strongest finding: of a blocked attack, of a blocked honest request.
    private var decisive: [String: (attacks: Int, honest: Int)] = [:]

    init(_ engine: InspectionEngine, _ scratch: consuming InspectionScratch, _ arguments: Arguments) {
        self.engine = engine
        self.scratch = scratch
        self.arguments = arguments
    }

    mutating func judge(_ corpus: Corpus, with model: InspectionModel? = nil, isShown: Bool = false) -> Tally {
        engine.use(model)
        var tally = Tally(corpus: corpus.name)
        var shown = 0
        let started = ThreadClock.seconds()
        for labelled in corpus.requests {
            let verdict = engine.inspect(labelled.request, .standard, &scratch)
            let blocked = verdict.action == .block
            tally.add(labelled, verdict.action)
            guard isShown else { continue }
            if arguments.verdictsFile != nil { verdicts.append(Self.line(labelled, verdict)) }
            if arguments.showsRules { count(verdict, labelled, blocked) }
            if blocked != labelled.isAttack, isWanted(labelled), shown < arguments.limit {
                shown += 1
                Self.show(labelled, verdict)
            }
        }
        tally.microseconds = (ThreadClock.seconds() - started) / Double(max(1, corpus.requests.count)) * 1e6
        return tally
    }

    private static func line(_ labelled: LabelledRequest, _ verdict: InspectionVerdict) -> String {
        let rules = verdict.findings.map(\.ruleID).joined(separator: " ")
        return "\(labelled.id) \(labelled.isAttack ? "attack" : "honest") \(verdict.action) \(rules)"
    }

    /// One text, as a query's value.
    mutating func explain(_ text: String, with model: InspectionModel?) {
        engine.use(model)
        let bytes = Array("/?value=".utf8) + text.utf8.flatMap { Array("%".utf8) + Array(Self.hex($0).utf8) }
        let request = InspectedRequest(method: "GET", target: bytes, headers: [.init("host", "shop.example")])
        let verdict = engine.inspect(request, .standard, &scratch)
        Self.show(LabelledRequest(id: "text", isAttack: false, category: "-", request: request), verdict)
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }

    private func isWanted(_ labelled: LabelledRequest) -> Bool {
        guard labelled.isAttack ? arguments.showsMisses : arguments.showsFalse else { return false }
        return arguments.category.map { $0 == labelled.category } ?? true
    }

    private mutating func count(_ verdict: InspectionVerdict, _ labelled: LabelledRequest, _ blocked: Bool) {
        for finding in blocked ? verdict.findings : [] {
            let old = decisive[finding.ruleID] ?? (0, 0)
            decisive[finding.ruleID] = (
                old.attacks + (labelled.isAttack ? 1 : 0), old.honest + (labelled.isAttack ? 0 : 1)
            )
        }
    }

    func printRules() {
        for (rule, counts) in decisive.sorted(by: { $0.value.attacks > $1.value.attacks }) {
            print("rule \(rule) attacks \(counts.attacks) honest \(counts.honest)")
        }
    }

    private static func show(_ labelled: LabelledRequest, _ verdict: InspectionVerdict) {
        let request = labelled.request
        print("\(labelled.id) \(labelled.category) score \((verdict.score * 100).rounded() / 100)")
        print("    \(request.method) \(text(request.target))")
        for header in request.headers where labelled.isAttack { print("    \(header.name): \(text(header.value))") }
        if !request.body.isEmpty { print("    body \(text(request.body))") }
        for finding in verdict.findings {
            print("    > \(finding.ruleID) \(finding.variable.name) \(finding.parameter): \(text(finding.matched))")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.prefix(1_500).map { byte in
            (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
        }.joined()
    }
}
