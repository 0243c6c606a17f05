/// The model's word on a request: of the values in which something was found, the one that weighs most.
///
/// It is asked where something was found and nothing has decided yet, so honest requests, in which nothing is found, pay
/// nothing for it. What it says is one finding more, with its own weight, place and exclusion; it adds to a score and
/// never lowers it.
struct ModelOpinion {
    private let model: InspectionModel
    private var place = -1
    private var probability: Float = 0
    private var weight: Float = 0

    static func finding(
        _ model: InspectionModel, _ policy: InspectionPolicy, _ limits: InspectionLimits,
        _ scratch: inout InspectionScratch
    ) -> Finding? {
        var opinion = ModelOpinion(model: model)
        opinion.read(&scratch)
        return opinion.weight > 0 ? opinion.finding(policy, limits, scratch) : nil
    }

    private init(model: InspectionModel) { self.model = model }

    /// What is found in one value stands together.
    private mutating func read(_ scratch: inout InspectionScratch) {
        var last = -1
        for place in scratch.places where place != last {
            last = place
            guard ModelText.variables.contains(scratch.table.values[place].variable) else { continue }
            let probability = probability(of: place, &scratch)
            let weight = model.weight(probability)
            guard weight > self.weight else { continue }
            (self.place, self.probability, self.weight) = (place, probability, weight)
        }
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
        guard !isExcluded, let supported = scratch.places.firstIndex(of: place) else { return nil }
        return Finding(
            ruleID: InspectionModel.ruleID,
            title: "text that reads like an attack (\(Int(probability * 100)) of 100 such texts are)",
            category: scratch.findings[supported].category, variable: value.variable, parameter: parameter,
            matched: Array(scratch.table.bytes[value.bytes].prefix(limits.maximumEvidence)), offset: 0,
            weight: Double(weight),
            silencedBy: Exclusion(
                route: policy.route.isEmpty ? nil : policy.route, rule: InspectionModel.ruleID,
                parameter: parameter.isEmpty ? nil : parameter))
    }
}
