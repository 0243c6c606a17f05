/// What training reads of a request that was judged: prepared by the same code as when requests are judged.
package struct ModelSample: Sendable {
    package struct Value: Sendable {
        package var variable: Variable
        package var text: [UInt8]
    }

    package var values: [Value] = []
    /// Each finding, and the index of the value it was found in; nil where it is about no value that models read.
    package var findings: [(finding: Finding, value: Int?)] = []
}

extension InspectionEngine {
    /// Of the request that was inspected last with this scratch.
    package func sample(_ scratch: inout InspectionScratch) -> ModelSample {
        let end = scratch.table.bytes.count
        var sample = ModelSample()
        var indices: [Int: Int] = [:]
        for (index, value) in scratch.table.values.enumerated() where ModelText.variables.contains(value.variable) {
            let text = ModelText.undoHiding(value.bytes, &scratch)
            indices[index] = sample.values.count
            sample.values.append(.init(variable: value.variable, text: Array(scratch.table.bytes[text])))
            scratch.table.bytes.removeLast(scratch.table.bytes.count - end)
        }
        for (index, finding) in scratch.findings.enumerated() {
            let place = index < scratch.places.count ? indices[scratch.places[index]] : nil
            sample.findings.append((finding, place))
        }
        return sample
    }
}
