import Inspection

/// A request as people keep it in a file: request line, headers, an empty line, the body. Line ends may be bare.
enum RequestText {
    enum Failure: Error, Equatable, CustomStringConvertible {
        case empty
        case malformedRequestLine(String)
        case malformedHeader(line: Int)

        var description: String {
            switch self {
            case .empty: "the file is empty; it must start with a request line such as GET /search?q=x HTTP/1.1"
            case .malformedRequestLine(let line): "the first line is not METHOD TARGET [VERSION]: \(line)"
            case .malformedHeader(let line): "line \(line) is not a header: it has no name followed by a colon"
            }
        }
    }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> InspectedRequest {
        var rest = bytes[...]
        guard let first = nextLine(&rest), !first.isEmpty else { throw .empty }
        let words = first.split(separator: UInt8(ascii: " "))
        guard words.count == 2 || words.count == 3 else {
            throw .malformedRequestLine(String(decoding: first.prefix(80), as: UTF8.self))
        }
        var headers: [InspectedRequest.Header] = []
        while let line = nextLine(&rest), !line.isEmpty { headers.append(try header(line, number: headers.count + 2)) }
        return InspectedRequest(
            method: String(decoding: words[0], as: UTF8.self), target: Array(words[1]), headers: headers,
            body: Array(rest))
    }

    private static func header(_ line: ArraySlice<UInt8>, number: Int) throws(Failure) -> InspectedRequest.Header {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            throw .malformedHeader(line: number)
        }
        let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
        return InspectedRequest.Header(String(decoding: line[..<colon], as: UTF8.self), Array(value))
    }

    private static func nextLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: 0x0a) ?? rest.endIndex
        let line = rest[..<end]
        rest = rest[min(end + 1, rest.endIndex)...]
        return line.last == 0x0d ? line.dropLast() : line
    }
}
