/// What one inspection may cost, whatever the request.
package struct InspectionLimits: Sendable {
    /// Names and values together; what comes after is not looked at and is a finding itself.
    package var maximumValues: Int
    /// A longer value is looked at up to here.
    package var maximumValueLength: Int
    /// All values together.
    package var maximumBytes: Int
    package var maximumFindings: Int
    package var maximumEvidence: Int
    package var maximumJSONDepth: Int

    package init(
        maximumValues: Int = 20_000, maximumValueLength: Int = 64 << 10, maximumBytes: Int = 1 << 20,
        maximumFindings: Int = 32, maximumEvidence: Int = 128, maximumJSONDepth: Int = 64
    ) {
        self.maximumValues = maximumValues
        self.maximumValueLength = maximumValueLength
        self.maximumBytes = maximumBytes
        self.maximumFindings = maximumFindings
        self.maximumEvidence = maximumEvidence
        self.maximumJSONDepth = maximumJSONDepth
    }

    package static let standard = InspectionLimits()
}
