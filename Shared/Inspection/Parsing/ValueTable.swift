internal import PatternMatching

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
        static let ambiguousMultipart = Anomalies(rawValue: 64)
    }

    /// Something did not fit in.
    var isCut: Bool { !anomalies.isDisjoint(with: [.tooManyValues, .tooManyBytes]) }

    private(set) var values: [Value] = []
    var bytes: [UInt8] = []
    var anomalies: Anomalies = []
    private var limits = InspectionLimits.standard
    private var names = RecentNames()

    mutating func reset(_ limits: InspectionLimits) {
        self.limits = limits
        values.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        anomalies = []
        names.forget()
    }

    /// A value longer than this is looked at in pieces.
    var maximumPiece: Int { limits.maximumValueLength }

    /// Room for at most `wanted` more bytes of one value.
    func room(for wanted: Int) -> Int {
        min(wanted, limits.maximumValueLength, bytesLeft)
    }

    /// How much more may be stored.
    var bytesLeft: Int { max(0, limits.maximumBytes - bytes.count) }

    /// Whether this much more, in values of any length, reaches no limit.
    func hasRoom(for length: Int) -> Bool {
        length <= limits.maximumValueLength && length <= limits.maximumBytes - bytes.count
    }

    /// Copies `text` behind what is there and returns where it stands.
    mutating func store(_ text: Span<UInt8>) -> Range<Int> {
        let (stored, isWhole) = bytes.store(text, room: room(for: text.count))
        if !isWhole { anomalies.insert(.tooManyBytes) }
        return stored
    }

    /// `output` is lent for the call; it is `inout` only because it lives beside the table.
    mutating func append(_ output: inout [UInt8]) -> Range<Int> { store(output.span) }

    mutating func store(_ text: String) -> Range<Int> { store(text.utf8.span) }

    /// The same, undoing percent-encoding, and `+` for a space where forms write it so.
    mutating func storeDecoded(_ text: Span<UInt8>, plusIsSpace: Bool) -> Range<Int> {
        let room = room(for: text.count)
        let (stored, isWhole) = bytes.storeDecoded(text, room: room, plusIsSpace: plusIsSpace)
        if !isWhole { anomalies.insert(.tooManyBytes) }
        return stored
    }

    mutating func add(_ variable: Variable, name: Range<Int> = 0..<0, _ value: Range<Int>, isDerived: Bool = false) {
        guard values.count < limits.maximumValues else {
            anomalies.insert(.tooManyValues)
            return
        }
        values.append(Value(variable: variable, name: name, bytes: value, isDerived: isDerived))
    }

    /// A member's name, which reads `text`. Lists of objects say the same few again and again: once is enough.
    mutating func addName(_ variable: Variable, _ name: Range<Int>, _ text: Span<UInt8>) {
        if let short = RecentNames.Name(text), names.knows(short) { return }
        add(variable, name: name, name)
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

    /// A value once more, as somebody reads it who believes that it is in this character set.
    mutating func addDecoded(_ value: Value, _ charset: Charset) {
        var plain: [UInt8] = []
        charset.decode(bytes.span.extracting(value.bytes), into: &plain)
        add(value.variable, name: value.name, store(plain.span), isDerived: true)
    }

    /// Copies what stands at `range` behind the rest, in lower case.
    mutating func appendLowercase(_ range: Range<Int>) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: range.count))
        var span = bytes.mutableSpan
        for offset in 0..<range.count { span[start + offset] = span[range.lowerBound + offset].lowercased }
        return start..<span.count
    }

    func transform(
        _ range: Range<Int>, _ transformation: Transformation, into output: inout [UInt8], spare: inout [UInt8]
    ) -> Bool {
        transformation.apply(bytes.span.extracting(range), into: &output, spare: &spare)
    }

    func decodeUTF7(_ range: Range<Int>, into output: inout [UInt8]) -> Bool {
        UTF7.decode(bytes.span.extracting(range), into: &output)
    }

    func decodeBase64(_ range: Range<Int>, into output: inout [UInt8]) -> Bool {
        PlausibleBase64.decode(bytes.span.extracting(range), into: &output)
    }
}

/// The short names that were met last, each at the place that its bytes choose.
private struct RecentNames {
    struct Name: Equatable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var length = 0

        init() {}

        init?(_ text: Span<UInt8>) {
            guard text.count <= 16 else { return nil }
            length = text.count
            // Its first and its last bytes: together with the length they say all of it.
            (low, high) = text.ends
        }

        var mixed: UInt64 { (low ^ (high &* 31)) &* 0x9e37_79b9_7f4a_7c15 }
    }

    private static let bits = 5
    private var entries = [Name](repeating: Name(), count: 1 << bits)
    private var isEmpty = true

    mutating func forget() {
        guard !isEmpty else { return }
        for index in entries.indices { entries[index].length = 0 }
        isEmpty = true
    }

    /// Whether the name was met; it is remembered now.
    mutating func knows(_ name: Name) -> Bool {
        let place = Int(name.mixed >> UInt64(64 - Self.bits))
        if entries[place] == name { return true }
        entries[place] = name
        isEmpty = false
        return false
    }
}
