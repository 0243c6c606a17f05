/// The header fields of one part of a multipart: whether it is a field or a file, and whether all readers say the same.
struct PartHead {
    private(set) var name: Range<Int>?
    private(set) var fileName: Range<Int>?
    /// A file to everybody, so that hardly anything looks into it.
    var isFile: Bool { !(fileName?.isEmpty ?? true) && !isAmbiguous && !isData }
    /// One reader may take the part for a file and another one for a field, or one decodes what another one does not.
    private(set) var isAmbiguous = false
    /// JSON that a script sends beside its files: named by the browser, read as a field.
    private var isData = false
    private var dispositions = 0
    private var fileNames = 0
    private var isJSON = false

    /// - Parameter head: from the delimiter on; what stands on the delimiter's own line does not count.
    init(_ head: Span<UInt8>) {
        var start = Self.lineEnd(head, 0) + 1
        while start < head.count {
            let end = Self.lineEnd(head, start)
            read(head, start..<(end > start && head[end - 1] == 0x0d ? end - 1 : end))
            start = end + 1
        }
        isData = isJSON && fileName.map { $0.count == 4 && head.hasPrefix("blob", at: $0.lowerBound) } ?? false
        if dispositions > 1 || Self.mentions(of: "filename", in: head) != fileNames { isAmbiguous = true }
    }

    private mutating func read(_ head: Span<UInt8>, _ line: Range<Int>) {
        let text = head.extracting(line)
        if text.hasPrefix("content-disposition", at: 0) {
            dispositions += 1
            if !text.hasPrefix(":", at: 19) { isAmbiguous = true }
            readDisposition(text, at: line.lowerBound)
        } else if text.hasPrefix("content-type:", at: 0) {
            isJSON = text.contains("json")
        } else if text.hasPrefix("content-transfer-encoding:", at: 0) {
            // Base64 is looked into; RFC 7578 §4.7 lets nobody use the others.
            let start = Self.skippingBlanks(text, from: 26)
            let isPlain = ["7bit", "8bit", "binary", "base64"].contains { text.hasPrefix($0, at: start) }
            if !isPlain { isAmbiguous = true }
        } else if !text.isEmpty, text[0] == 0x20 || text[0] == 0x09 {
            // A folded line goes on with the one before, or is none.
            isAmbiguous = true
        }
    }

    private mutating func readDisposition(_ text: Span<UInt8>, at offset: Int) {
        var parameters = HeaderParameters()
        while let (key, value) = parameters.next(in: text) {
            let place = (offset + value.lowerBound)..<(offset + value.upperBound)
            let isQuotedOtherwise = value.lowerBound > 0 && text[value.lowerBound - 1] == UInt8(ascii: "'")
            if key.count == 4, text.hasPrefix("name", at: key.lowerBound) {
                if name != nil || isQuotedOtherwise { isAmbiguous = true }
                name = name ?? place
            } else if text.hasPrefix("filename", at: key.lowerBound), key.count == 8 || key.count == 9 {
                fileNames += 1
                if isQuotedOtherwise { isAmbiguous = true }
                fileName = fileName ?? place
            }
        }
    }

    /// How often a parameter of this name seems to be given, wherever that stands.
    static func mentions(of wanted: StaticString, in text: Span<UInt8>) -> Int {
        var count = 0
        for index in text.indices where text.hasPrefix(wanted, at: index) {
            let behind = index + wanted.utf8CodeUnitCount
            let end = skippingBlanks(
                text, from: behind < text.count && text[behind] == UInt8(ascii: "*") ? behind + 1 : behind)
            if end < text.count, text[end] == UInt8(ascii: "=") { count += 1 }
        }
        return count
    }

    private static func skippingBlanks(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
        return index
    }

    private static func lineEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, text[index] != 0x0a { index += 1 }
        return index
    }
}
