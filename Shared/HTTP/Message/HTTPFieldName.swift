/// The name of a field that every message is given or asked for, checked and put into the form of a line once, where a
/// String would be each time.
package struct HTTPFieldName: Sendable {
    /// `Name: `
    let beginning: [UInt8]
    /// Of the name alone.
    let count: Int
    private let lowercase: [UInt8]
    private let first: UInt8

    package init(_ name: StaticString) {
        let text = "\(name)"
        precondition(!text.isEmpty && text.utf8.allSatisfy(HTTPSyntax.isToken), "\(text) is no name of a field")
        beginning = Array("\(text): ".utf8)
        lowercase = text.utf8.map(HTTPSyntax.lowercase)
        count = lowercase.count
        first = lowercase[0]
    }

    /// Length and first letter send most names away.
    @inline(__always)
    func isName(_ bytes: Span<UInt8>, _ field: HTTPHeaders.Field) -> Bool {
        Int(field.nameLength) == count && HTTPSyntax.lowercase(bytes[Int(field.nameStart)]) == first
            && HTTPSyntax.equalIgnoringCase(bytes.extracting(field.name), lowercase.span)
    }
}
