internal import Core
internal import Cryptography

/// What is recorded of one event, before its place in the log is known.
struct LogRecord: Sendable, Equatable {
    let recordedAt: Timestamp
    let eventID: UUIDv7
    let schema: String
    let producer: String
    let summary: String
    let payload: [UInt8]

    /// The database keeps microseconds; what is hashed must be what is kept.
    init(recordedAt: Timestamp, eventID: UUIDv7, schema: String, producer: String, summary: String, payload: [UInt8]) {
        self.recordedAt = Timestamp(nanoseconds: recordedAt.microseconds * 1_000)
        self.eventID = eventID
        self.schema = schema
        self.producer = producer
        self.summary = summary
        self.payload = payload
    }
}

/// A link of the log.
///
/// Canonical form, version 1, all numbers big-endian: the text `infinite-audit-1` and a line feed, the index (8 bytes),
/// the time in microseconds since 1970 (8), the event's identifier (16), then schema, producer, summary and payload,
/// each behind its length (4). No two entries share one form.
///
/// `leafHash = SHA-512(0x00 ‖ canonical form)`, `hash = SHA-512(0x01 ‖ previousHash ‖ leafHash)`: the prefixes of
/// RFC 6962 keep leaves and links apart, so the same leaves can become a Merkle tree without hashing anything anew.
/// The first entry follows 64 zero bytes.
struct LogEntry: Sendable, Equatable {
    static let hashSize = SHA512.size
    static let origin = [UInt8](repeating: 0, count: hashSize)

    let index: UInt64
    let record: LogRecord
    let leafHash: [UInt8]
    let previousHash: [UInt8]
    let hash: [UInt8]

    /// As it was stored, hashes unchecked.
    init(index: UInt64, record: LogRecord, leafHash: [UInt8], previousHash: [UInt8], hash: [UInt8]) {
        self.index = index
        self.record = record
        self.leafHash = leafHash
        self.previousHash = previousHash
        self.hash = hash
    }

    /// The entry that follows `previousHash`.
    init(index: UInt64, record: LogRecord, after previousHash: [UInt8]) {
        let leafHash = SHA512.hash(Self.leafForm(index: index, record))
        self.init(
            index: index, record: record, leafHash: leafHash, previousHash: previousHash,
            hash: Self.link(previousHash, leafHash))
    }

    static func link(_ previousHash: [UInt8], _ leafHash: [UInt8]) -> [UInt8] {
        SHA512.hash([0x01] + previousHash + leafHash)
    }

    static func leafForm(index: UInt64, _ record: LogRecord) -> [UInt8] {
        var bytes: [UInt8] = [0x00]
        bytes.reserveCapacity(128 + record.payload.count + record.summary.utf8.count)
        bytes.append(contentsOf: "infinite-audit-1\n".utf8)
        append(index, to: &bytes)
        append(UInt64(bitPattern: record.recordedAt.microseconds), to: &bytes)
        bytes.append(contentsOf: record.eventID.bytes)
        for part in [
            Array(record.schema.utf8), Array(record.producer.utf8), Array(record.summary.utf8), record.payload,
        ] {
            append(UInt32(part.count), to: &bytes)
            bytes.append(contentsOf: part)
        }
        return bytes
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
