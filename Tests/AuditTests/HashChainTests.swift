internal import Core
internal import Cryptography
internal import Testing

@testable import audit

@Suite struct HashChainTests {
    static func record(_ number: Int) -> LogRecord {
        LogRecord(
            recordedAt: Timestamp(seconds: 1_700_000_000 + Int64(number)),
            eventID: UUIDv7(high: 1, low: UInt64(number)),
            schema: "test", producer: "gateway/1", summary: "event \(number)",
            payload: [UInt8](repeating: 7, count: number))
    }

    private func chain(_ count: Int) -> [LogEntry] {
        var head = LogHead.empty
        return head.append((1...count).map(Self.record))
    }

    private func changed(_ entry: LogEntry, summary: String) -> LogEntry {
        let record = LogRecord(
            recordedAt: entry.record.recordedAt, eventID: entry.record.eventID, schema: entry.record.schema,
            producer: entry.record.producer, summary: summary, payload: entry.record.payload)
        return LogEntry(
            index: entry.index, record: record, leafHash: entry.leafHash, previousHash: entry.previousHash,
            hash: entry.hash)
    }

    private func verify(_ entries: [LogEntry], size: UInt64) -> ChainVerification {
        var verification = ChainVerification(first: 1, previousHash: LogEntry.origin)
        verification.check(entries)
        verification.finish(last: size)
        return verification
    }

    @Test("the canonical form is what the description says, byte by byte")
    func canonicalForm() {
        let record = LogRecord(
            recordedAt: Timestamp(nanoseconds: 1_999), eventID: UUIDv7(high: 0x0102_0304_0506_0708, low: 9),
            schema: "s",
            producer: "p", summary: "é", payload: [0xff])
        let expected =
            "00" + Hex.encode("infinite-audit-1\n".utf8) + "0000000000000003" + "0000000000000001"
            + "01020304050607080000000000000009" + "0000000173" + "0000000170" + "00000002c3a9" + "00000001ff"
        #expect(Hex.encode(LogEntry.leafForm(index: 3, record)) == expected)
        let entry = LogEntry(index: 3, record: record, after: LogEntry.origin)
        #expect(entry.leafHash == SHA512.hash(LogEntry.leafForm(index: 3, record)))
        #expect(entry.hash == SHA512.hash([1] + LogEntry.origin + entry.leafHash))
    }

    @Test("an untouched chain is intact; its end is the head")
    func intact() {
        var head = LogHead.empty
        let entries = head.append((1...50).map(Self.record))
        #expect(verify(entries, size: 50) == verify(entries, size: 50))
        #expect(verify(entries, size: 50).isIntact && verify(entries, size: 50).checked == 50)
        #expect(head == LogHead(size: 50, hash: entries[49].hash))
    }

    @Test("a changed entry, also one rehashed by a forger, a missing and a swapped entry are found where they are")
    func tampering() {
        let entries = chain(10)
        var changed = entries
        changed[4] = self.changed(entries[4], summary: "nothing happened")
        #expect(verify(changed, size: 10).brokenAt == 5)

        var rehashed = entries
        rehashed[4] = LogEntry(index: 5, record: changed[4].record, after: entries[3].hash)
        #expect(verify(rehashed, size: 10).brokenAt == 6)

        var missing = entries
        missing.remove(at: 6)
        #expect(verify(missing, size: 10).brokenAt == 7)

        var swapped = entries
        swapped.swapAt(1, 2)
        #expect(verify(swapped, size: 10).brokenAt == 2)

        #expect(verify(Array(entries.dropLast()), size: 10).brokenAt == 10)
    }

    @Test("leaf hashes lead from an entry to the head")
    func linearProof() {
        let entries = chain(20)
        let reached = entries[8...].reduce(entries[7].hash) { LogEntry.link($0, $1.leafHash) }
        #expect(reached == entries[19].hash)
    }

    @Test(
        "a summary is one printable line, whatever a stranger wrote",
        arguments: [
            (["a", "", "b"], "a b"), (["x\ny\u{1b}[31m"], "x\u{fffd}y\u{fffd}[31m"), (["\u{202e}cod"], "\u{fffd}cod"),
        ])
    func summaries(parts: [String], text: String) {
        #expect(EventSummary(parts).text == text)
    }

    @Test("a summary is bounded")
    func longSummary() {
        #expect(EventSummary([String(repeating: "x", count: 10_000)]).text.utf8.count == EventSummary.maximumLength)
    }

    @Test("an unreadable event is recorded as unreadable")
    func unreadable() {
        #expect(RecordedEvents.summary(schema: "infinite.gateway.v1.RequestBlocked", payload: [0xff]) == "unreadable")
        #expect(RecordedEvents.summary(schema: "something.else", payload: []) == "something.else")
    }
}
