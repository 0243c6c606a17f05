internal import Glibc

/// The parts of a multipart as they come, written down as a multipart again; files with their beginning only.
struct MultipartWindow: Sendable {
    private static let maximumHeader = 16 << 10
    private static let maximumFileBytes = 4 << 10
    private static let maximumParts = 64
    /// A longer one is not written down again for every window of a long field.
    private static let repeatedHeader = 1 << 10
    private static let namelessHeader = Array("Content-Disposition: form-data; name=\"part\"\r\n\r\n".utf8)

    private enum State: Sendable {
        case preamble
        case header
        /// How much of a file may still be kept; nil for a field.
        case content(room: Int?)
        case end
    }

    private let delimiter: [UInt8]
    private let opening: [UInt8]
    private var state = State.preamble
    private var pending = [UInt8(ascii: "\n")]
    private var window: [UInt8] = []
    private var header: [UInt8] = []
    private var parts = 0
    /// How much of a header is known to hold no empty line.
    private var searched = 0

    init(boundary: [UInt8]) {
        delimiter = Array("\n--".utf8) + boundary
        opening = Array("--".utf8) + boundary + Array("\r\n".utf8)
    }

    mutating func take(_ piece: [UInt8], _ size: Int, into windows: inout [[UInt8]]) {
        pending += piece
        while step(size, &windows) {}
    }

    /// Returns whether there may be more to do with what is pending.
    private mutating func step(_ size: Int, _ windows: inout [[UInt8]]) -> Bool {
        switch state {
        case .preamble: return find(room: 0, size, &windows)
        case .header: return readHeader()
        case .content(let room): return find(room: room, size, &windows)
        case .end:
            pending = []
            return false
        }
    }

    private mutating func readHeader() -> Bool {
        guard pending.count >= 2 else { return false }
        if pending[0] == UInt8(ascii: "-"), pending[1] == UInt8(ascii: "-") {
            state = .end
            return true
        }
        guard let end = endOfHeader() else { return false }
        // What stands on the delimiter's own line is not the header's.
        let start = pending[..<end].firstIndex(of: 10).map { $0 + 1 } ?? 0
        header = opening + pending[min(start, end)..<end]
        window += header
        parts += 1
        state = .content(room: PartHead(header.span).isFile ? Self.maximumFileBytes : nil)
        pending.removeFirst(end)
        return true
    }

    /// Behind the first empty line, whoever wrote it how: what is a field to one reader must not be a file's head to us.
    private mutating func endOfHeader() -> Int? {
        let count = min(pending.count, Self.maximumHeader)
        for index in searched..<max(searched, count) where pending[index] == 10 {
            let next = index + (index + 1 < count && pending[index + 1] == 13 ? 2 : 1)
            if next < count, pending[next] == 10 {
                searched = 0
                return next + 1
            }
        }
        // Not again and again when a header comes byte by byte, but for a break that has only begun.
        searched = count < Self.maximumHeader ? max(0, count - 2) : 0
        return count < Self.maximumHeader ? nil : count
    }

    /// Goes to the next delimiter, keeping what comes before as far as there is room.
    private mutating func find(room: Int?, _ size: Int, _ windows: inout [[UInt8]]) -> Bool {
        let found = position(of: delimiter)
        let end = found ?? max(0, pending.count - delimiter.count)
        let kept = min(end, room ?? end)
        append(pending[..<kept], size, &windows)
        if case .content = state { state = .content(room: room.map { $0 - kept }) }
        guard found != nil else {
            pending.removeFirst(end)
            return false
        }
        pending.removeFirst(end + delimiter.count)
        if case .content = state {
            window += [13, 10]
            if parts >= Self.maximumParts || window.count >= size, let full = close() { windows.append(full) }
        }
        state = .header
        return true
    }

    private mutating func append(_ content: ArraySlice<UInt8>, _ size: Int, _ windows: inout [[UInt8]]) {
        var rest = content
        while window.count + rest.count > size {
            // None when a header filled it: what is repeated of one is small.
            let part = rest.prefix(max(0, size - window.count))
            window += part
            rest = rest.dropFirst(part.count)
            let tail = window.suffix(min(BodyWindows.overlap, window.count))
            guard let full = close() else { return }
            windows.append(full)
            window = (header.count <= Self.repeatedHeader ? header : opening + Self.namelessHeader) + tail
            parts = 1
        }
        window += rest
    }

    /// What is left at the end, of a part without a delimiter behind it as well: some readers take it for whole.
    mutating func finish() -> [UInt8]? {
        switch state {
        case .content(let room): window += pending.prefix(room ?? pending.count)
        case .header: window += opening + pending
        case .preamble, .end: break
        }
        pending = []
        return close()
    }

    /// Nil when there is nothing in it.
    private mutating func close() -> [UInt8]? {
        guard !window.isEmpty else { return nil }
        defer {
            window = []
            parts = 0
        }
        return window + [13, 10] + opening.dropLast(2) + Array("--\r\n".utf8)
    }

    /// Files are large: from line to line, as the C library finds them.
    private func position(of text: [UInt8]) -> Int? {
        unsafe pending.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var start = 0
            while start < bytes.count {
                guard let found = unsafe memchr(base + start, Int32(text[0]), bytes.count - start) else { return nil }
                let place = unsafe UnsafeRawPointer(found) - base
                guard place + text.count <= bytes.count else { return nil }
                if unsafe memcmp(found, text, text.count) == 0 { return place }
                start = place + 1
            }
            return nil
        }
    }
}
