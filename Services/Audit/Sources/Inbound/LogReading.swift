internal import Contracts
internal import Core
internal import HTTP
internal import JSON
internal import Messaging

/// What others may ask about the log.
struct LogReading: Sendable {
    private static let page = PageSize(50, atMost: 500)
    private static let maximumProof = 10_000
    /// Entries recomputed per call: more takes longer than anybody waits for one answer; `checked` says how far it came.
    private static let maximumVerified: UInt64 = 200_000

    let store: LogStore

    func serve(on bus: Bus) {
        bus.serve(AuditRPC.listEntries) { request, _ in try await list(request) }
        bus.serve(AuditRPC.getProof) { request, _ in try await proof(request) }
        bus.serve(AuditRPC.getHead) { _, _ in GetHeadResponse(head: try await head()) }
        bus.serve(AuditRPC.verifyChain) { request, _ in try await verify(request) }
    }

    /// For operators on the machine: the whole log, page by page, without a deadline of a caller.
    func addRoutes(to admin: HTTPRouter) {
        admin.add(.get, "/audit/verify") { _, response in
            let result = try await verifyEverything()
            var writer = JSONWriter()
            writer.object { report in
                report.key("intact")
                report.bool(result.isIntact)
                report.key("checked")
                report.integer(result.checked)
                guard let index = result.brokenAt else { return }
                report.key("broken_at")
                report.integer(index)
            }
            try await response.respond(.ok, headers: ["Content-Type": "application/json"], body: writer.bytes)
        }
    }

    func list(_ request: ListEntriesRequest) async throws -> ListEntriesResponse {
        let limit = Self.page.entries(request.limit)
        let before = request.before == 0 ? UInt64(Int64.max) : request.before
        let schema = request.schema.isEmpty ? nil : request.schema
        let entries = try await store.newest(before: before, schema: schema, limit: limit)
        let next = entries.count == limit ? entries.last.map(\.index) ?? 0 : 0
        return ListEntriesResponse(entries: entries.map(AuditEntry.init), nextBefore: next == 1 ? 0 : next)
    }

    func proof(_ request: GetProofRequest) async throws -> GetProofResponse {
        let head = try await store.head()
        guard let entry = try await store.entry(at: request.index) else {
            throw AuditFailure.noSuchEntry(request.index, size: head.size)
        }
        let last = min(head.size, entry.index + UInt64(Self.maximumProof))
        let later = try await store.leafHashes(after: entry.index, through: last, limit: Self.maximumProof)
        return GetProofResponse(entry: AuditEntry(entry), laterHashes: later, head: try await wireHead(at: last))
    }

    func head() async throws -> AuditHead { try await wireHead(at: try await store.head().size) }

    func verify(_ request: VerifyChainRequest) async throws -> VerifyChainResponse {
        let size = try await store.head().size
        let first = max(1, request.first)
        let last = request.last == 0 ? size : request.last
        guard first <= last || size == 0 else { throw AuditFailure.emptyRange(first: first, last: last) }
        guard last <= size else { throw AuditFailure.noSuchEntry(last, size: size) }
        let bounded = min(last, first + Self.maximumVerified - 1)
        let result = try await recompute(first: first, last: bounded)
        return VerifyChainResponse(
            isIntact: result.isIntact, checked: result.checked, brokenAt: result.brokenAt ?? 0)
    }

    func verifyEverything() async throws -> ChainVerification {
        try await recompute(first: 1, last: try await store.head().size)
    }

    private func recompute(first: UInt64, last: UInt64) async throws -> ChainVerification {
        let before = first > 1 ? try await store.entry(at: first - 1)?.hash : LogEntry.origin
        var verification = ChainVerification(first: first, previousHash: before ?? [])
        var next = first
        while next <= last, verification.isIntact {
            let page = try await store.entries(from: next, through: last)
            verification.check(page)
            guard let reached = page.last?.index else { break }
            next = reached + 1
        }
        verification.finish(last: last)
        return verification
    }

    private func wireHead(at index: UInt64) async throws -> AuditHead {
        guard let entry = try await store.entry(at: index) else { return AuditHead(hash: LogEntry.origin) }
        return AuditHead(size: entry.index, hash: entry.hash, recordedAt: entry.record.recordedAt)
    }
}

extension AuditEntry {
    init(_ entry: LogEntry) {
        self.init(
            index: entry.index, recordedAt: entry.record.recordedAt, eventID: entry.record.eventID,
            schema: entry.record.schema, producer: entry.record.producer, summary: entry.record.summary,
            payload: entry.record.payload, previousHash: entry.previousHash, hash: entry.hash)
    }
}
