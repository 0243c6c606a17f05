import Core
import Glibc

enum SpoolFailure: Error, Equatable, CustomStringConvertible {
    case inUse(String)
    /// The cap is reached.
    case full
    case system(errno: Int32, operation: String)

    var description: String {
        switch self {
        case .inUse(let path): "\(path) is another process's"
        case .full: "the spool has reached its size"
        case .system(let number, let operation): "\(operation): \(Self.reason(number))"
        }
    }

    private static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}

/// A spool's files. Segments are only ever appended to and removed whole; `cursor` says up to where everything is with
/// the broker.
///
/// What is written survives the death of the process at once, because the kernel has it; it survives the loss of power
/// when it was written more than `syncInterval` ago (fdatasync). A record that was cut off ends its segment for readers;
/// a new process writes to a new segment.
///
/// Sendable: used by one thread at a time, see `EventSpool`. Every call blocks.
final class SpoolFolder: @unchecked Sendable {
    private static let syncInterval = Duration.seconds(1)
    private static let segmentPrefix = "events-"
    private static let cursorLength = 20

    private let path: String
    private let cap: Int
    private let segmentSize: Int
    private var sizes: [UInt64: Int] = [:]
    private var lock: Int32 = -1
    private var cursor: Int32 = -1
    private var segment: Int32 = -1
    private var write = SpoolPosition()
    private var confirmed = SpoolPosition()
    private var lastSync = Deadline.now
    private var isUnsynced = false
    /// Until something is handed over: a smaller event must not slip in where a larger, older one found no room.
    private var isFull = false

    init(_ path: String, cap: ByteCount) {
        self.path = path
        self.cap = cap.bytes
        segmentSize = max(64 << 10, min(4 << 20, cap.bytes / 8))
    }

    deinit {
        for descriptor in [lock, cursor, segment] where descriptor >= 0 { close(descriptor) }
    }

    // MARK: Beginning

    /// Where the oldest record begins that an earlier process did not hand over, and whether there is one.
    struct Opened: Sendable {
        var oldest: SpoolPosition
        var hasOlder: Bool
    }

    func open() -> Result<Opened, SpoolFailure> { Result { () throws(SpoolFailure) in try prepare() } }

    private func prepare() throws(SpoolFailure) -> Opened {
        if let slash = path.lastIndex(of: "/") { _ = unsafe mkdir(String(path[..<slash]), 0o700) }
        _ = unsafe mkdir(path, 0o700)
        lock = try openFile("lock", O_RDWR | O_CREAT)
        guard lockf(lock, F_TLOCK, 0) == 0 else {
            close(lock)
            lock = -1
            throw .inUse(path)
        }
        cursor = try openFile("cursor", O_RDWR | O_CREAT)
        let numbers = try segmentNumbers()
        confirmed = readCursor() ?? SpoolPosition(segment: numbers.first ?? 0)
        for number in numbers {
            if number < confirmed.segment { _ = unsafe unlink(name(number)) } else { sizes[number] = size(number) }
        }
        let last = max(numbers.last ?? 0, confirmed.segment)
        write = SpoolPosition(segment: last + 1)
        let hasOlder = sizes.contains { number, size in
            size > (number == confirmed.segment ? Int(confirmed.offset) : 0)
        }
        if !hasOlder { removeAll() }
        return Opened(oldest: hasOlder ? confirmed : write, hasOlder: hasOlder)
    }

    private func removeAll() {
        for number in sizes.keys { _ = unsafe unlink(name(number)) }
        sizes = [:]
    }

    private func segmentNumbers() throws(SpoolFailure) -> [UInt64] {
        guard let handle = unsafe opendir(path) else { throw .last("opendir \(path)") }
        defer { unsafe closedir(handle) }
        var numbers: [UInt64] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(Self.segmentPrefix) else { continue }
            if let number = UInt64(name.dropFirst(Self.segmentPrefix.count)) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    // MARK: Writing

    /// Where the records begin.
    func append(_ bytes: [UInt8]) -> Result<SpoolPosition, SpoolFailure> {
        defer { syncIfDue() }
        return Result { () throws(SpoolFailure) in try add(bytes) }
    }

    private func add(_ bytes: [UInt8]) throws(SpoolFailure) -> SpoolPosition {
        guard !isFull, bytesOnDisk + bytes.count <= cap else {
            isFull = true
            throw .full
        }
        if segment < 0 || Int(write.offset) >= segmentSize {
            try begin(segment < 0 ? write.segment : write.segment + 1)
        }
        let start = write
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    segment, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    off_t(start.offset) + off_t(sent))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let failure = SpoolFailure.last("write \(name(write.segment))")
                // Half a record may stand there now: this segment ends before it.
                _ = ftruncate(segment, off_t(start.offset))
                throw failure
            }
            sent += count
        }
        write.offset += UInt64(bytes.count)
        sizes[write.segment, default: 0] += bytes.count
        isUnsynced = true
        return start
    }

    private func begin(_ number: UInt64) throws(SpoolFailure) {
        sync()
        let opened = try openFile("\(Self.segmentPrefix)\(number)", O_RDWR | O_CREAT | O_TRUNC)
        if segment >= 0 { close(segment) }
        segment = opened
        write = SpoolPosition(segment: number)
        sizes[number] = 0
    }

    func syncIfDue() {
        if isUnsynced && Deadline.now - lastSync >= Self.syncInterval { sync() }
    }

    func sync() {
        guard isUnsynced, segment >= 0 else { return }
        _ = fdatasync(segment)
        isUnsynced = false
        lastSync = .now
    }

    // MARK: Reading back

    struct Chunk: Sendable {
        var entries: [SpoolBacklog.Entry] = []
        var next: SpoolPosition
        /// Nothing more is written yet.
        var isAll = false
        /// Segments of which the rest cannot be read.
        var damaged = 0
    }

    /// Records from `position` on, about `bytes` of them.
    func read(from position: SpoolPosition, bytes wanted: Int) -> Chunk {
        var chunk = Chunk(next: position)
        var size = 0
        while size < wanted {
            guard chunk.next < write else {
                chunk.isAll = true
                return chunk
            }
            let found = readSegment(chunk.next, bytes: wanted - size, &chunk)
            size += found
            if found == 0 { chunk.next = SpoolPosition(segment: chunk.next.segment + 1) }
        }
        chunk.isAll = chunk.next >= write
        return chunk
    }

    /// How many bytes of records were read; 0 at the segment's end.
    private func readSegment(_ position: SpoolPosition, bytes wanted: Int, _ chunk: inout Chunk) -> Int {
        let end = sizes[position.segment] ?? 0
        guard Int(position.offset) < end else { return 0 }
        var length = min(max(wanted, 64 << 10), end - Int(position.offset))
        while true {
            let bytes = load(position, length)
            var used = 0
            while case .record(let record, let count) = SpoolRecord.read(bytes[used...]) {
                used += count
                chunk.next.offset += UInt64(count)
                chunk.entries.append(SpoolBacklog.Entry(record: record, end: chunk.next))
            }
            if used > 0 { return used }
            let isWhole = Int(position.offset) + length >= end
            if isWhole || SpoolRecord.read(bytes[...]) == .damaged || bytes.count < length {
                chunk.damaged += 1
                return 0
            }
            length = min(length * 4, end - Int(position.offset))
        }
    }

    private func load(_ position: SpoolPosition, _ length: Int) -> [UInt8] {
        let descriptor = unsafe Glibc.open(name(position.segment), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: length)
        var filled = 0
        while filled < length {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled,
                    off_t(position.offset) + off_t(filled))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    // MARK: Handing over

    /// Everything before `position` is with the broker.
    func confirm(_ position: SpoolPosition) {
        guard position > confirmed else { return }
        confirmed = position
        writeCursor()
        for number in sizes.keys where number < position.segment {
            _ = unsafe unlink(name(number))
            sizes[number] = nil
            isFull = false
        }
    }

    private func writeCursor() {
        var bytes: [UInt8] = []
        for value in [confirmed.segment, confirmed.offset] {
            for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        let checksum = Checksum.of(bytes)
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index)))) }
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(cursor, $0.baseAddress, $0.count, 0) }
    }

    private func readCursor() -> SpoolPosition? {
        var bytes = [UInt8](repeating: 0, count: Self.cursorLength)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(cursor, $0.baseAddress, $0.count, 0) }
        guard count == Self.cursorLength,
            SpoolRecord.number(bytes[...], at: 16, bytes: 4) == UInt64(Checksum.of(bytes.prefix(16)))
        else { return nil }
        return SpoolPosition(
            segment: SpoolRecord.number(bytes[...], at: 0, bytes: 8),
            offset: SpoolRecord.number(bytes[...], at: 8, bytes: 8))
    }

    // MARK: Files

    var bytesOnDisk: Int { sizes.values.reduce(0, +) }

    private func name(_ number: UInt64) -> String { "\(path)/\(Self.segmentPrefix)\(number)" }

    private func openFile(_ name: String, _ flags: Int32) throws(SpoolFailure) -> Int32 {
        let descriptor = unsafe Glibc.open("\(path)/\(name)", flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("open \(path)/\(name)") }
        return descriptor
    }

    private func size(_ number: UInt64) -> Int {
        let descriptor = unsafe Glibc.open(name(number), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        return max(0, Int(lseek(descriptor, 0, SEEK_END)))
    }
}

extension SpoolFailure {
    fileprivate static func last(_ operation: String) -> SpoolFailure { .system(errno: errno, operation: operation) }
}
