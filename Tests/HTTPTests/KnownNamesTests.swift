import Testing

@testable import HTTP

@Suite("Names of fields that are known")
struct KnownNamesTests {
    private func mark(_ text: String) -> HTTPNameMark { mark(Array(text.utf8)) }
    private func mark(_ name: [UInt8]) -> HTTPNameMark { HTTPNameMark(name.span) }

    @Test("A known name is recognised in any case and by no other spelling", arguments: HTTPKnownName.allCases)
    func recognised(_ name: HTTPKnownName) {
        let text = name.rawValue
        for spelling in [text, text.uppercased(), text.prefix(1).uppercased() + text.dropFirst()] {
            let mark = mark(String(spelling))
            #expect(mark.known == name && mark.isExact && !mark.isUnknown && mark == HTTPNameMark(name))
        }
        for other in [text + "x", "x" + text, String(text.dropLast()), text.replacing("e", with: "ë")]
        where other != text {
            #expect(mark(other).known != name)
        }
        for place in text.utf8.indices {
            var letters = Array(text.utf8)
            letters[text.utf8.distance(from: text.startIndex, to: place)] ^= 1
            #expect(mark(letters).known != name)
        }
    }

    @Test("What CGI takes for a known name is told apart from it", arguments: HTTPKnownName.allCases)
    func alike(_ name: HTTPKnownName) {
        let text = name.rawValue.replacing("-", with: "_")
        guard text != name.rawValue else { return }
        let mark = mark(text)
        #expect(mark.known == nil && !mark.isUnknown && !mark.isExact && mark.bit == HTTPNameMark(name).bit)
        let headers = HTTPHeaders([(text, "1"), (name.rawValue, "2")])
        let strict = HTTPFieldNames([name.rawValue])
        #expect(headers.without(strict).count == 1)
        #expect(headers.without(strict.andAlike()).count == 0)
    }

    @Test("Numbers are the order of the cases")
    func numbers() {
        for (place, name) in HTTPKnownName.allCases.enumerated() {
            #expect(Int(HTTPNameMark.number(of: name)) == place + 1)
        }
        #expect(mark([]).isUnknown && mark([0x61]).isUnknown)
    }

    @Test("Where content or target ends is found at every place and length", arguments: 1..<20)
    func ends(length: Int) {
        for place in 0..<length {
            for byte: UInt8 in [0, 9, 10, 13, 31, 32, 35, 126, 127, 128, 255] {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                bytes[place] = byte
                let isContent = byte == 9 || byte >= 32 && byte != 127
                let endOfContent = HTTPSyntax.endOfFieldContent(in: bytes.span, from: 0)
                #expect(endOfContent == (isContent ? length : place))
                let endOfTarget = HTTPSyntax.endOfTarget(in: bytes.span, 0..<length)
                #expect(endOfTarget == (byte == 126 ? length : place))
            }
        }
    }
}
