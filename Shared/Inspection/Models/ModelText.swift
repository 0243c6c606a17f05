internal import PatternMatching

/// What a learned model reads of a value: hidden text undone, everything else as it was sent.
///
/// The model folds letter case and white space itself, byte by byte, so that most values are read where they stand.
enum ModelText {
    /// Where attackers put text, and nothing that is looked at twice: the target is its path and arguments.
    static let variables: VariableSet = VariableSet.everywhere.union(VariableSet(.xmlMarkup))

    private static let chain: [Transformation] = [.unescape, .foldUnicode]

    /// Returns where the text stands; what had to be written for it stands at the end of the table's bytes.
    static func undoHiding(_ value: Range<Int>, _ scratch: inout InspectionScratch) -> Range<Int> {
        var bytes = value
        for transformation in chain {
            let mask = ByteSet(of: scratch.table.bytes.span.extracting(bytes))
            guard mask.intersects(transformation.triggers) else { continue }
            scratch.output.removeAll(keepingCapacity: true)
            let changed = scratch.table.transform(
                bytes, transformation, into: &scratch.output, spare: &scratch.spare)
            guard changed else { continue }
            let start = scratch.table.bytes.count
            scratch.table.bytes.append(contentsOf: scratch.output)
            bytes = start..<scratch.table.bytes.count
        }
        return bytes
    }
}
