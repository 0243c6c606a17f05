/// All names and values of one request, decoded once as the application would, in one buffer that is reused.
///
/// Parsers append; nothing they do can make it grow beyond the limits. What did not fit leaves an anomaly behind.
struct ValueTable {
    struct Value {
        var variable: Variable
        var name: Range<Int>
        var bytes: Range<Int>
        /// Decoded from another value; not decoded again.
        var isDerived = false
    }

    /// What the parsers noticed beside the values.
    struct Anomalies: OptionSet {
        let rawValue: Int
        static let tooManyValues = Anomalies(rawValue: 1)
        static let tooManyBytes = Anomalies(rawValue: 2)
        static let malformedJSON = Anomalies(rawValue: 4)
        static let tooDeep = Anomalies(rawValue: 8)
        static let malformedMultipart = Anomalies(rawValue: 16)
        static let patternLimit = Anomalies(rawValue: 32)
    }

    private(set) var values: [Value] = []
    var bytes: [UInt8] = []
    var anomalies: Anomalies = []
    private var limits = InspectionLimits.standard
    private var nameStart = 0

    mutating func reset(_ limits: InspectionLimits) {
        self.limits = limits
        values.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        anomalies = []
    }

    /// A value longer than this is looked at in pieces.
    var maximumPiece: Int { limits.maximumValueLength }

    /// Room for at most `wanted` more bytes of one value.
    func room(for wanted: Int) -> Int {
        max(0, min(wanted, limits.maximumValueLength, limits.maximumBytes - bytes.count))
    }

    /// Copies `text` behind what is there and returns where it stands.
    mutating func store(_ text: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        let length = room(for: text.count)
        if length < text.count { anomalies.insert(.tooManyBytes) }
        for index in 0..<length { bytes.append(text[index]) }
        return start..<bytes.count
    }

    /// `output` is lent for the call; it is `inout` only because it lives beside the table.
    mutating func append(_ output: inout [UInt8]) -> Range<Int> { store(output.span) }

    mutating func store(_ text: String) -> Range<Int> { store(text.utf8.span) }

    /// The same, undoing percent-encoding, and `+` for a space where forms write it so.
    mutating func storeDecoded(_ text: Span<UInt8>, plusIsSpace: Bool) -> Range<Int> {
        let start = bytes.count
        let end = start + room(for: text.count)
        var index = 0
        while index < text.count, bytes.count < end {
            let byte = text[index]
            if byte == UInt8(ascii: "%"), let value = Escapes.hex(text, index + 1, digits: 2) {
                bytes.append(UInt8(value))
                index += 3
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        if index < text.count { anomalies.insert(.tooManyBytes) }
        return start..<bytes.count
    }

    mutating func add(_ variable: Variable, name: Range<Int> = 0..<0, _ value: Range<Int>, isDerived: Bool = false) {
        guard values.count < limits.maximumValues else {
            anomalies.insert(.tooManyValues)
            return
        }
        values.append(Value(variable: variable, name: name, bytes: value, isDerived: isDerived))
    }

    mutating func add(_ variable: Variable, name: Range<Int> = 0..<0, _ text: Span<UInt8>) {
        var start = 0
        repeat {
            let end = min(text.count, start + maximumPiece)
            let value = store(text.extracting(start..<end))
            add(variable, name: name, value)
            start = end
        } while start < text.count
    }

    func transform(
        _ range: Range<Int>, _ transformation: Transformation, into output: inout [UInt8], spare: inout [UInt8]
    ) -> Bool {
        transformation.apply(bytes.span.extracting(range), into: &output, spare: &spare)
    }

    func decodeUTF7(_ range: Range<Int>, into output: inout [UInt8]) -> Bool {
        let text = bytes.span.extracting(range)
        for index in text.indices where text.hasPrefix(" a", at: index) || text[index] == UInt8(ascii: "+") {
            return UTF7.decode(text, into: &output)
        }
        return false
    }

    func decodeBase64(_ range: Range<Int>, into output: inout [UInt8]) -> Bool {
        PlausibleBase64.decode(bytes.span.extracting(range), into: &output)
    }
}
