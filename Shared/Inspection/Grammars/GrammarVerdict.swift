/// What a grammar makes of a text: how sure it is, and which bytes made it so.
///
/// Every grammar is a pure function from bytes to this. It reads each byte a bounded number of times, remembers a
/// bounded amount, and gives an answer for any input.
package struct GrammarVerdict: Equatable, Sendable {
    package var confidence: Confidence
    package var range: Range<Int>

    package init(_ confidence: Confidence, _ range: Range<Int>) {
        self.confidence = confidence
        self.range = range
    }

    /// The surer of two.
    static func stronger(_ left: GrammarVerdict?, _ right: GrammarVerdict?) -> GrammarVerdict? {
        guard let left, let right else { return left ?? right }
        return right.confidence.rawValue > left.confidence.rawValue ? right : left
    }
}
