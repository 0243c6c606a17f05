/// The names of fields that somebody here looks for. A message's fields are compared with them once, when they are read
/// or added; from then on a name is a number, and a set of names a word with one bit for each.
enum HTTPKnownName: String, CaseIterable, Sendable {
    case acceptEncoding = "accept-encoding"
    case age
    case authorization
    case cacheControl = "cache-control"
    case connection
    case contentEncoding = "content-encoding"
    case contentLength = "content-length"
    case contentRange = "content-range"
    case contentType = "content-type"
    case cookie
    case date
    case etag
    case expect
    case forwarded
    case host
    case http2Settings = "http2-settings"
    case keepAlive = "keep-alive"
    case proxyAuthenticate = "proxy-authenticate"
    case proxyAuthorization = "proxy-authorization"
    case proxyConnection = "proxy-connection"
    case referer
    case setCookie = "set-cookie"
    case te
    case traceparent
    case tracestate
    case trailer
    case transferEncoding = "transfer-encoding"
    case upgrade
    case userAgent = "user-agent"
    case vary
    case clientCertificateDigest = "x-client-certificate-sha256"
    case clientCertificateSubject = "x-client-certificate-subject"
    case contentTypeOptions = "x-content-type-options"
    case forwardedFor = "x-forwarded-for"
    case forwardedHost = "x-forwarded-host"
    case forwardedPort = "x-forwarded-port"
    case forwardedProto = "x-forwarded-proto"
    case realAddress = "x-real-ip"
    case requestID = "x-request-id"
    case requestTimeout = "x-request-timeout-ms"
}

/// What the name of a field is to us: one that is known, one that CGI and its descendants take for it (`_` in place of
/// `-`), or any other.
struct HTTPNameMark: Sendable, Equatable {
    /// 0 for a name that nobody looks for, otherwise from 1 on.
    private let number: UInt8
    private static let alike: UInt8 = 0x80

    static let unknown = HTTPNameMark(number: 0)

    private init(number: UInt8) { self.number = number }

    init(_ known: HTTPKnownName) { number = Self.number(of: known) }

    /// A name without control bytes, in any case.
    init(_ name: Span<UInt8>) { number = Self.table.find(name) }

    var isUnknown: Bool { number == 0 }
    var isExact: Bool { number != 0 && number & Self.alike == 0 }
    /// The bit that stands for the name, or for the one it is taken for.
    var bit: UInt64 { 1 &<< UInt64(number & ~Self.alike) }

    /// Swift numbers the cases of an enumeration from 0 on, in their order, and keeps one as a byte; a test holds it to that.
    var known: HTTPKnownName? { isExact ? unsafe unsafeBitCast(number - 1, to: HTTPKnownName.self) : nil }
    static func number(of known: HTTPKnownName) -> UInt8 { unsafe unsafeBitCast(known, to: UInt8.self) + 1 }

    private static let table = Table()

    /// Found by length, first and last letter; then the letters are compared, eight at a time.
    ///
    /// Sendable: its memory is written by `init` and from then on only read; it lives as long as the process.
    @safe
    private final class Table: @unchecked Sendable {
        private static let slotCount = 256
        private static let room = 32
        private static let ones: UInt64 = 0x0101_0101_0101_0101

        private struct Slot {
            var key: UInt32
            var number: UInt8
        }

        private let slots: UnsafeMutablePointer<Slot>
        /// `room` bytes for each name, by number.
        private let texts: UnsafeMutableRawPointer

        init() {
            unsafe slots = .allocate(capacity: Self.slotCount)
            unsafe slots.initialize(repeating: Slot(key: 0, number: 0), count: Self.slotCount)
            let names = HTTPKnownName.allCases
            precondition(names.count < 63, "a set of names has a bit for each")
            unsafe texts = .allocate(byteCount: (names.count + 1) * Self.room, alignment: 8)
            for name in names { add(name) }
        }

        private func add(_ name: HTTPKnownName) {
            let text = Array(name.rawValue.utf8)
            precondition(text.count >= 2 && text.count <= Self.room, "\(name.rawValue) does not fit into the table")
            let number = HTTPNameMark.number(of: name)
            for (index, letter) in text.enumerated() {
                unsafe texts.storeBytes(of: letter, toByteOffset: Int(number) * Self.room + index, as: UInt8.self)
            }
            let key = Self.key(text.span)
            var slot = Self.slot(key)
            while unsafe slots[slot].number != 0 { slot = (slot + 1) % Self.slotCount }
            unsafe slots[slot] = Slot(key: key, number: number)
        }

        func find(_ name: Span<UInt8>) -> UInt8 {
            guard name.count >= 2, name.count <= Self.room else { return 0 }
            let key = Self.key(name)
            var slot = Self.slot(key)
            while case let candidate = unsafe slots[slot], candidate.number != 0 {
                if candidate.key == key {
                    if isEqual(name, to: candidate.number) { return candidate.number }
                    if isAlike(name, to: candidate.number) { return candidate.number | HTTPNameMark.alike }
                }
                slot = (slot &+ 1) & (Self.slotCount - 1)
            }
            return 0
        }

        private static func key(_ name: Span<UInt8>) -> UInt32 {
            UInt32(truncatingIfNeeded: name.count) << 16 | UInt32(name[0] | 0x20) << 8
                | UInt32(name[name.count - 1] | 0x20)
        }

        private static func slot(_ key: UInt32) -> Int { Int((key &* 0x9e37_79b1) >> 24) }

        /// In any case: `| 0x20` makes a letter small, leaves `-` and digits as they are, and turns nothing else but
        /// control bytes into one of these.
        private func isEqual(_ name: Span<UInt8>, to number: UInt8) -> Bool {
            let text = unsafe UnsafeRawPointer(texts + Int(number) * Self.room)
            return unsafe name.withUnsafeBytes { name in
                var index = 0
                while index &+ 8 <= name.count {
                    let word = unsafe name.loadUnaligned(fromByteOffset: index, as: UInt64.self) | Self.ones &* 0x20
                    guard unsafe word == text.loadUnaligned(fromByteOffset: index, as: UInt64.self) else {
                        return false
                    }
                    index &+= 8
                }
                while index < name.count {
                    guard unsafe name[index] | 0x20 == text.load(fromByteOffset: index, as: UInt8.self) else {
                        return false
                    }
                    index &+= 1
                }
                return true
            }
        }

        private func isAlike(_ name: Span<UInt8>, to number: UInt8) -> Bool {
            let text = unsafe UnsafeRawPointer(texts + Int(number) * Self.room)
            for index in name.indices {
                let letter = name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : HTTPSyntax.lowercase(name[index])
                guard unsafe letter == text.load(fromByteOffset: index, as: UInt8.self) else { return false }
            }
            return true
        }
    }
}
