/// The name of a field that every message is given or asked for, checked and put into the form of a line once, where a
/// String would be each time.
package struct HTTPFieldName: Sendable {
    /// `Name: `
    let beginning: [UInt8]
    /// Of the name alone.
    let count: Int
    let mark: HTTPNameMark
    private let lowercase: [UInt8]

    package init(_ name: StaticString) {
        let text = "\(name)"
        precondition(!text.isEmpty && text.utf8.allSatisfy(HTTPSyntax.isToken), "\(text) is no name of a field")
        beginning = Array("\(text): ".utf8)
        let small = text.utf8.map(HTTPSyntax.lowercase)
        lowercase = small
        count = small.count
        mark = HTTPNameMark(small.span)
    }

    /// What a line with a value of so many bytes takes.
    package func lineBytes(_ valueBytes: Int) -> Int { beginning.count + valueBytes + 2 }

    /// A name that is known is compared by its number.
    @inline(__always)
    func isName(_ bytes: Span<UInt8>, _ field: HTTPHeaders.Field) -> Bool {
        guard mark == field.mark else { return false }
        return !mark.isUnknown || HTTPSyntax.equalIgnoringCase(bytes.extracting(field.name), lowercase.span)
    }
}
