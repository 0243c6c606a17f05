import Core
import Testing

@Suite struct UUIDv7Tests {
    @Test func increasesEvenWithinOneMillisecond() {
        let made = (0..<10_000).map { _ in UUIDv7() }
        #expect(zip(made, made.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func carriesVersionVariantAndTime() {
        let before = Timestamp.now.milliseconds
        let identifier = UUIDv7()
        #expect(identifier.bytes[6] >> 4 == 7)
        #expect(identifier.bytes[8] >> 6 == 0b10)
        #expect(abs(identifier.timestamp.milliseconds - before) < 5_000)
    }

    @Test func survivesItsTextAndItsBytes() {
        let identifier = UUIDv7()
        #expect(UUIDv7(identifier.description) == identifier)
        #expect(UUIDv7(bytes: identifier.bytes) == identifier)
        #expect(UUIDv7("not-an-identifier") == nil)
        #expect(UUIDv7(bytes: [1, 2, 3]) == nil)
    }
}

@Suite struct TextEncodingTests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64MatchesTheStandardsVectors(plain: String, encoded: String) {
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
    }

    @Test func urlAlphabetHasNoPaddingAndRoundTrips() {
        for length in 0..<70 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max) }
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
            #expect(!Base64.encodeURL(bytes).contains("="))
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zg=", "Zg", "Zh==", "Zm9v\n", "Zm 9", "====", "Zm9v===="])
    func base64RefusesWhatIsNotCanonical(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: [0, 1, 0x9a, 0x0123_4567, 0x89ab_cdef, 0x7fff_ffff, .max] as [UInt32])
    func eightDigitsAtOnceAreThoseOfOneByOne(value: UInt32) {
        let text = unsafe withUnsafeBytes(of: Hex.digits(value)) { unsafe String(decoding: $0, as: UTF8.self) }
        let expected = String(value, radix: 16)
        #expect(text == String(repeating: "0", count: 8 - expected.count) + expected)
    }

    @Test(arguments: ["0", "0g", "zz"]) func hexRefusesWhatIsNotHex(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}

@Suite struct TraceContextTests {
    @Test func roundTrips() {
        let context = TraceContext.root()
        #expect(TraceContext(context.description) == context)
        #expect(context.child().traceID == context.traceID)
        #expect(context.child().span != context.span)
    }

    @Test(arguments: [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "",
    ])
    func refusesWhatTheSpecificationRefuses(header: String) {
        #expect(TraceContext(header) == nil)
    }

    @Test func readsALaterVersionByItsFirstFields() {
        let header = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be"
        #expect(TraceContext(header)?.isSampled == true)
    }
}

@Suite struct TimeTests {
    @Test func arithmeticClampsInsteadOfTrapping() {
        #expect(Deadline.never + .seconds(1) == .never)
        #expect(Timestamp(nanoseconds: .max) + .seconds(1) == Timestamp(nanoseconds: .max))
        #expect(Timestamp(seconds: .max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
    }

    @Test func aDeadlinePasses() {
        #expect(Deadline.after(.seconds(-1)).hasPassed)
        #expect(!Deadline.after(.seconds(60)).hasPassed)
        #expect(Deadline.after(.seconds(-1)).remaining == .zero)
    }
}

@Suite struct ByteCountTests {
    @Test(arguments: [("64KiB", 65_536), ("12MB", 12_000_000), ("1024", 1_024), ("2gib", 2 << 30)])
    func readsWhatPeopleWrite(text: String, bytes: Int) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "KiB", "1.5MB", "-1", "9999999999999GiB", "10 bananas"])
    func refusesTheRest(text: String) {
        #expect(ByteCount(text) == nil)
    }
}

@Suite struct IPAddressTests {
    /// RFC 5952 §4 for the way out; the way in takes every legal spelling.
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::", "2001:db8::"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func readsEverySpellingAndWritesTheCanonicalOne(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        ":1", "1:", ":::", "12345::", "g::", "::1.2.3", "1:2:3:4:5:6:7::8", "fe80::1%eth0",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
    ])
    func refusesEverythingElse(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func bytesRoundTrip() {
        for text in ["192.0.2.1", "2001:db8::1"] {
            let address = IPAddress(text)
            #expect(address.flatMap { IPAddress(bytes: $0.bytes) } == address)
        }
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("2001:db8::/32", "2001:db8:1::", true),
        ("2001:db8::/32", "2001:db9::", false), ("192.0.2.7", "192.0.2.7", true), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "2001:db8::", false), ("::/0", "2001:db8::", true),
    ])
    func networksContainTheirAddresses(network: String, address: String, expected: Bool) throws {
        let candidate = try #require(IPAddress(address))
        #expect(try #require(IPNetwork(network)).contains(candidate) == expected)
    }

    @Test(arguments: ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "/8", "2001:db8::/129"])
    func networksWithHostBitsOrBadLengthsAreRefused(text: String) {
        #expect(IPNetwork(text) == nil)
    }
}

@Suite struct PublishedTests {
    @Test func aReaderSeesTheNewestValueAndNothingTwice() {
        let published = Published([1])
        var reader = PublishedReader(published)
        #expect(reader.read() == [1])
        published.update { $0.append(2) }
        #expect(reader.read() == [1, 2])
    }

    @Test func manyReadersAndWritersAgreeInTheEnd() async {
        let published = Published(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1_000 { published.update { $0 += 1 } } }
                group.addTask {
                    var reader = PublishedReader(published)
                    var last = 0
                    for _ in 0..<1_000 {
                        let seen = reader.read()
                        #expect(seen >= last)
                        last = seen
                    }
                }
            }
        }
        #expect(published.current == 8_000)
    }
}

@Suite struct HTMLTextTests {
    /// A quotation mark with an accent over it is still a quotation mark to HTML.
    @Test(arguments: [
        ("<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"), ("plain, ünïcödé", "plain, ünïcödé"),
        ("\"\u{301}", "&quot;\u{301}"),
    ]) func whatMeansSomethingToHTMLIsEscaped(text: String, expected: String) {
        #expect(HTMLText.escaped(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }
}

@Suite struct PageSizeTests {
    private static let size = PageSize(50, atMost: 500)

    @Test(arguments: [(0, 50), (1, 1), (500, 500), (501, 500), (UInt32.max, 500)] as [(UInt32, Int)])
    func aPageHasAsManyEntriesAsAreAskedForWithinBounds(asked: UInt32, expected: Int) {
        #expect(Self.size.entries(asked) == expected)
    }

    @Test func onlyAFullPageHasANextOne() {
        #expect([1, 2].nextCursor(of: 2) { $0 } == "2")
        #expect([1].nextCursor(of: 2) { $0 } == "")
        #expect([Int]().nextCursor(of: 2) { $0 } == "")
    }

    @Test func aCursorIsReadOrRefused() throws {
        #expect(try "".asCursor({ Int($0) }, else: CancellationError()) == nil)
        #expect(try "7".asCursor({ Int($0) }, else: CancellationError()) == 7)
        #expect(throws: CancellationError.self) { try "x".asCursor({ Int($0) }, else: CancellationError()) }
    }
}

@Suite struct PageCursorTests {
    private let id = "018f3b2a-7c00-7abc-8def-0123456789ab"

    @Test func whatWasHandedOutIsReadBack() throws {
        let cursor = PageCursor(Timestamp(nanoseconds: 1_700_000_000_123_456_789), try #require(UUIDv7(id)))
        #expect(PageCursor(cursor.description) == cursor)
    }

    @Test(arguments: ["", "_", "12", "12_", "-1_ID", "1_ID_", "1__ID", "x_ID", "9223372036854775808_ID"])
    func whatIsNoneOfOursIsRefused(pattern: String) {
        #expect(
            PageCursor(pattern.split(separator: "ID", omittingEmptySubsequences: false).joined(separator: id)) == nil)
    }
}

@Suite struct ShippedFolderTests {
    @Test func aFolderOfTheCheckoutIsFoundAboveTheBuild() throws {
        let found = try #require(ShippedFolder.find(shipped: "nothing", source: "Services/Gateway/Assets"))
        #expect(ShippedFolder.isFolder(found))
    }

    @Test func whatIsNowhereIsNotFound() {
        #expect(ShippedFolder.find(shipped: "nothing", source: "Services/Nothing") == nil)
    }
}
