internal import PatternMatching

/// The model's word on a request: of all it read, the text that weighs most.
///
/// It reads the values in which something was found, and, unless that already decides, those of the others that hold a
/// byte no plain word needs. What it says is one finding more, with its own weight, place and exclusion; it adds to a
/// score and never lowers it.
struct ModelOpinion {
    /// What may be read of values without findings, in one request.
    static let maximumBytes = 4 << 10

    private static let aloneVariables: VariableSet = .inputs.union(.paths)
    private static let suspicious = ByteSet("<>'\"`;|&$(){}[]\\*!^~#")
    /// A plain text may happen to be base64 too: what that gives is noise, and noise has such bytes.
    private static let noise = ByteSet((0...255).filter { ![9, 10, 13].contains($0) && !(0x20..<0x7f).contains($0) })

    private let model: InspectionModel
    private var place = -1
    private var probability: Float = 0
    private var weight: Float = 0
    private var left = Self.maximumBytes

    private init(_ model: InspectionModel) { self.model = model }

    static func finding(
        _ model: InspectionModel, _ policy: InspectionPolicy, _ limits: InspectionLimits,
        _ scratch: inout InspectionScratch
    ) -> Finding? {
        var opinion = ModelOpinion(model)
        let isDecided = opinion.readFound(&scratch)
        if !isDecided { opinion.readOthers(&scratch) }
        guard opinion.weight > 0 else { return nil }
        return opinion.finding(policy, limits, scratch)
    }

    /// The values with findings; they stand together. Returns whether one of these decides by itself.
    private mutating func readFound(_ scratch: inout InspectionScratch) -> Bool {
        var last = -1
        for place in scratch.places where place != last {
            last = place
            guard ModelText.variables.contains(scratch.table.values[place].variable) else { continue }
            let probability = probability(of: place, &scratch)
            consider(place, probability, model.weightBesideFindings(probability))
        }
        return scratch.findings.contains { $0.weight >= Confidence.certain.rawValue }
    }

    private mutating func readOthers(_ scratch: inout InspectionScratch) {
        for place in scratch.table.values.indices where left > 0 {
            let value = scratch.table.values[place]
            guard Self.aloneVariables.contains(value.variable), !value.bytes.isEmpty else { continue }
            let bytes = ByteSet(of: scratch.table.bytes.span.extracting(Self.head(of: value.bytes)))
            guard bytes.intersects(Self.suspicious), !value.isDerived || !bytes.intersects(Self.noise),
                !scratch.places.contains(place)
            else { continue }
            left -= Self.head(of: value.bytes).count
            let probability = probability(of: place, &scratch)
            consider(place, probability, model.weightAlone(probability))
        }
    }

    private static func head(of bytes: Range<Int>) -> Range<Int> {
        bytes.lowerBound..<min(bytes.upperBound, bytes.lowerBound + ValueModel.maximumText)
    }

    private mutating func consider(_ place: Int, _ probability: Float, _ weight: Float) {
        guard weight > self.weight else { return }
        (self.place, self.probability, self.weight) = (place, probability, weight)
    }

    private func probability(of place: Int, _ scratch: inout InspectionScratch) -> Float {
        let end = scratch.table.bytes.count
        let text = ModelText.undoHiding(scratch.table.values[place].bytes, &scratch)
        defer { scratch.table.bytes.removeLast(scratch.table.bytes.count - end) }
        return model.probability(scratch.table.bytes.span.extracting(text))
    }

    private func finding(
        _ policy: InspectionPolicy, _ limits: InspectionLimits, _ scratch: borrowing InspectionScratch
    ) -> Finding? {
        let value = scratch.table.values[place]
        let parameter = String(decoding: scratch.table.bytes[value.name].prefix(limits.maximumEvidence), as: UTF8.self)
        let isExcluded = policy.exclusions.contains {
            $0.covers(route: policy.route, rule: InspectionModel.ruleID, parameter: parameter)
        }
        guard !isExcluded else { return nil }
        let supported = scratch.places.firstIndex(of: place).map { scratch.findings[$0].category }
        return Finding(
            ruleID: InspectionModel.ruleID,
            title: "text that reads like an attack (\(Int(probability * 100)) of 100 such texts are)",
            category: supported ?? .injection, variable: value.variable, parameter: parameter,
            matched: Array(scratch.table.bytes[value.bytes].prefix(limits.maximumEvidence)), offset: 0,
            weight: Double(weight),
            silencedBy: Exclusion(
                route: policy.route.isEmpty ? nil : policy.route, rule: InspectionModel.ruleID,
                parameter: parameter.isEmpty ? nil : parameter))
    }
}
