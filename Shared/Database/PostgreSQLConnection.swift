internal import CPostgreSQL
internal import Core
internal import Reactor

/// One connection, always in pipeline mode between calls: a statement's preparation, its execution and the
/// synchronisation travel together, one round trip whether the statement was prepared before or not.
///
/// It stays with the reactor it was opened on, which watches its socket as long as it lives.
///
/// `@unchecked Sendable` is sound: the pool lends a connection to one task at a time, and the pool's mutex orders what
/// one borrower did before the next begins.
final class PostgreSQLConnection: @unchecked Sendable {
    let reactor: Reactor
    private let handle: ConnectionHandle
    private let socket: ConnectionSocket
    private var cache: StatementCache
    private var pipeline = PipelineProgress()
    /// Set while an answer is outstanding: a connection left in that state has to be drained or closed.
    private(set) var isBusy = false
    /// False during a script or a COPY, which a cancellation cannot end tidily.
    private(set) var isInPipeline = true

    private init(
        _ handle: ConnectionHandle, on reactor: Reactor, statementCacheSize: Int
    ) throws(DatabaseFailure) {
        self.reactor = reactor
        self.handle = handle
        socket = try ConnectionSocket(handle.socket, on: reactor)
        cache = StatementCache(capacity: statementCacheSize)
    }

    /// The watch goes before the socket, whose number is soon another's.
    deinit {
        reactor.onLoop { [handle, socket] _ in
            socket.close()
            withExtendedLifetime(handle) {}
        }
    }

    var isIdle: Bool { !isBusy && handle.isIdle }
    var backendPID: Int32 { handle.backendPID }

    // MARK: Opening

    static func open(
        _ configuration: DatabaseConfiguration, address: String?, on reactor: Reactor, deadline: Deadline
    ) async throws(DatabaseFailure) -> PostgreSQLConnection {
        let raw = unsafe withParameterLists(configuration.parameters(address: address)) { keywords, values in
            unsafe PQconnectStartParams(keywords, values, 0)
        }
        guard let raw = unsafe raw else { throw .unreachable("out of memory") }
        let handle = unsafe ConnectionHandle(raw)
        unsafe PQsetErrorVerbosity(handle.raw, PQERRORS_VERBOSE)
        unsafe infinite_silence_notices(handle.raw)
        try await shakeHands(handle, on: reactor, deadline: deadline)
        unsafe PQsetErrorVerbosity(handle.raw, PQERRORS_DEFAULT)
        guard unsafe PQsetnonblocking(handle.raw, 1) == 0, unsafe PQenterPipelineMode(handle.raw) == 1 else {
            throw .unreachable(handle.errorMessage)
        }
        return try PostgreSQLConnection(handle, on: reactor, statementCacheSize: configuration.statementCacheSize)
    }

    private static func shakeHands(
        _ handle: ConnectionHandle, on reactor: Reactor, deadline: Deadline
    ) async throws(DatabaseFailure) {
        var wanted = PGRES_POLLING_WRITING
        while wanted != PGRES_POLLING_OK {
            guard !handle.isBroken, wanted != PGRES_POLLING_FAILED else {
                throw ServerMessage(handle.errorMessage).connectFailure
            }
            // libpq may go on with another socket under the same number, so each wait watches anew.
            let socket = try ConnectionSocket(handle.socket, on: reactor)
            do throws(DatabaseFailure) {
                try await socket.wait(toWrite: wanted == PGRES_POLLING_WRITING, deadline: deadline)
            } catch {
                socket.close()
                guard case .deadlineExceeded = error else { throw error }
                throw .unreachable("no answer within the connect timeout")
            }
            socket.close()
            wanted = unsafe PQconnectPoll(handle.raw)
        }
    }

    // MARK: Lending

    /// Whether the server still holds its end. An idle connection has nothing to say except that it is ending.
    func isAlive() -> Bool {
        unsafe PQconsumeInput(handle.raw) == 1 && !handle.isBroken
    }

    /// Runs `work` where the socket is waited for: at once for a caller who is there already.
    func onReactor<Value: Sendable, Problem: Error>(
        _ work: @Sendable () async throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        if reactor.isCurrent { return try await work() }
        return try await reactor.perform(work)
    }

    var isBroken: Bool { handle.isBroken }

    func requestCancel(deadline: Deadline) async -> Bool {
        await CancelRequest(for: handle)?.send(deadline: deadline) ?? false
    }

    // MARK: Statements

    /// Sends all `statements` in one go and waits for all their answers. Together they are one transaction, unless one
    /// is open already: after the first failure the server skips the rest.
    func run(
        _ statements: [Statement], deadline: Deadline
    ) async throws(DatabaseFailure) -> [Result<Rows, DatabaseFailure>] {
        try send(statements)
        return try await finish(deadline: deadline)
    }

    /// Waits for what is outstanding. Called again after a cancellation, it drains the connection.
    func finish(deadline: Deadline) async throws(DatabaseFailure) -> [Result<Rows, DatabaseFailure>] {
        while isBusy {
            let isFlushed = try flush()
            if try collect() { break }
            try await wait(toWrite: !isFlushed, deadline: deadline)
            guard unsafe PQconsumeInput(handle.raw) == 1 else { throw handle.lost() }
        }
        return pipeline.outcomes
    }

    private func send(_ statements: [Statement]) throws(DatabaseFailure) {
        pipeline = PipelineProgress()
        isBusy = true
        for name in cache.namesToClose {
            let closing = Statement(SQL(trusted: "DEALLOCATE \(name)"))
            try sendUnprepared(closing)
            pipeline.append(.close(name: name))
        }
        var namesInThisPipeline: [StatementCache.Key: String] = [:]
        for statement in statements {
            let key = StatementCache.Key(statement)
            let parameters = ParameterBuffer(statement.parameters)
            let known = cache.name(for: key) ?? namesInThisPipeline[key]
            let name = known ?? cache.newName()
            if known == nil {
                try sendPrepare(statement.sql, name: name, types: parameters.types)
                pipeline.append(.prepare(key, name: name))
                namesInThisPipeline[key] = name
            }
            try sendExecute(name: name, parameters)
            pipeline.append(.execute(key))
        }
        guard unsafe PQpipelineSync(handle.raw) == 1 else { throw handle.lost() }
    }

    private func sendUnprepared(_ statement: Statement) throws(DatabaseFailure) {
        guard unsafe PQsendQueryParams(handle.raw, statement.sql.text, 0, nil, nil, nil, nil, 1) == 1 else {
            throw handle.lost()
        }
    }

    private func sendPrepare(_ sql: SQL, name: String, types: [UInt32]) throws(DatabaseFailure) {
        guard unsafe PQsendPrepare(handle.raw, name, sql.text, Int32(types.count), types) == 1 else {
            throw handle.lost()
        }
    }

    private func sendExecute(name: String, _ parameters: ParameterBuffer) throws(DatabaseFailure) {
        let sent = unsafe parameters.withPointers { count, values, lengths, formats in
            unsafe PQsendQueryPrepared(handle.raw, name, count, values, lengths, formats, 1)
        }
        guard sent == 1 else { throw handle.lost() }
    }

    /// Takes every answer that has arrived; true once the synchronisation has.
    private func collect() throws(DatabaseFailure) -> Bool {
        var emptyAnswers = 0
        while unsafe PQisBusy(handle.raw) == 0 {
            guard let raw = unsafe PQgetResult(handle.raw) else {
                // One empty answer ends each statement's results; two in a row mean that nothing is coming.
                emptyAnswers += 1
                if emptyAnswers > 1 { throw handle.lost() }
                continue
            }
            emptyAnswers = 0
            if note(unsafe ResultHandle(raw)) {
                isBusy = false
                return true
            }
        }
        return false
    }

    private func note(_ result: consuming ResultHandle) -> Bool {
        switch result.status {
        case PGRES_PIPELINE_SYNC: return true
        case PGRES_PIPELINE_ABORTED: apply(pipeline.received(.skipped))
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: apply(pipeline.received(.rows(Rows(result))))
        default: apply(pipeline.received(.failure(result.failure)))
        }
        return false
    }

    private func apply(_ effect: PipelineProgress.Effect) {
        switch effect {
        case .none: break
        case .prepared(let key, let name): cache.prepared(key, as: name)
        case .closed(let name): cache.closed(name)
        case .forget(let key): cache.forget(key)
        }
    }

    private func flush() throws(DatabaseFailure) -> Bool {
        switch unsafe PQflush(handle.raw) {
        case 0: return true
        case 1: return false
        default: throw handle.lost()
        }
    }

    private func wait(toWrite: Bool, deadline: Deadline) async throws(DatabaseFailure) {
        try await socket.wait(toWrite: toWrite, deadline: deadline)
    }
}

// MARK: Outside of pipeline mode

extension PostgreSQLConnection {
    /// Runs a script of several statements, with neither parameters nor rows: migrations and provisioning.
    func runScript(_ script: SQL, deadline: Deadline) async throws(DatabaseFailure) {
        try beginSimple(script)
        _ = try await endSimple(deadline: deadline)
    }

    /// Feeds `COPY … FROM STDIN (FORMAT binary)`. `next` appends rows until it returns false, and is asked again
    /// whenever the chunk before has left for the server, so memory stays bounded.
    func copyIn(
        _ copy: SQL, columns: Int, deadline: Deadline, next: (inout CopyWriter) -> Bool
    ) async throws(DatabaseFailure) -> Int {
        try beginSimple(copy)
        try await awaitCopyStart(deadline: deadline)
        var writer = CopyWriter(columns: columns)
        var goesOn = true
        while goesOn, writer.problem == nil {
            goesOn = next(&writer)
            if !goesOn { writer.end() }
            try put(writer.takeBytes())
            while try !flush() {
                // An error may arrive while we still write; the answer is read after the end.
                try await wait(toWrite: true, deadline: deadline)
                guard unsafe PQconsumeInput(handle.raw) == 1 else { throw handle.lost() }
            }
        }
        guard unsafe PQputCopyEnd(handle.raw, writer.problem) == 1 else { throw handle.lost() }
        do throws(DatabaseFailure) {
            return try await endSimple(deadline: deadline)
        } catch {
            // The server repeats what we told it; say it as what it is.
            guard let problem = writer.problem, !isBusy else { throw error }
            throw .unexpectedResult(problem)
        }
    }

    private func beginSimple(_ sql: SQL) throws(DatabaseFailure) {
        isBusy = true
        isInPipeline = false
        guard unsafe PQexitPipelineMode(handle.raw) == 1, unsafe PQsendQuery(handle.raw, sql.text) == 1 else {
            throw handle.lost()
        }
    }

    /// Reads to the end of the answers; the first failure among them is the script's.
    private func endSimple(deadline: Deadline) async throws(DatabaseFailure) -> Int {
        var failure: DatabaseFailure?
        var affected = 0
        while let result = try await nextSimpleResult(deadline: deadline) {
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: affected += result.affectedRows
            default: failure = failure ?? result.failure
            }
        }
        guard unsafe PQenterPipelineMode(handle.raw) == 1 else { throw handle.lost() }
        isInPipeline = true
        isBusy = false
        if let failure { throw failure }
        return affected
    }

    private func awaitCopyStart(deadline: Deadline) async throws(DatabaseFailure) {
        guard let result = try await nextSimpleResult(deadline: deadline) else { throw handle.lost() }
        guard result.status == PGRES_COPY_IN else {
            let failure = result.failure
            _ = try await endSimple(deadline: deadline)
            throw failure
        }
    }

    private func nextSimpleResult(deadline: Deadline) async throws(DatabaseFailure) -> ResultHandle? {
        while true {
            let isFlushed = try flush()
            if isFlushed, unsafe PQisBusy(handle.raw) == 0 { break }
            try await wait(toWrite: !isFlushed, deadline: deadline)
            guard unsafe PQconsumeInput(handle.raw) == 1 else { throw handle.lost() }
        }
        return unsafe PQgetResult(handle.raw).map { unsafe ResultHandle($0) }
    }

    private func put(_ bytes: [UInt8]) throws(DatabaseFailure) {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe PQputCopyData(
                handle.raw, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
        }
        guard result == 1 else { throw handle.lost() }
    }
}

/// Hands `body` two parallel, null-terminated lists of C strings.
private func withParameterLists<Result>(
    _ parameters: [(keyword: String, value: String)],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result?
) -> Result? {
    unsafe withCStrings(parameters.map(\.keyword)) { keywords in
        unsafe withCStrings(parameters.map(\.value)) { values in unsafe body(keywords, values) }
    }
}

private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result?
) -> Result? {
    var characters: [CChar] = []
    var starts: [Int] = []
    for string in strings {
        starts.append(characters.count)
        characters.append(contentsOf: string.utf8.lazy.filter { $0 != 0 }.map { CChar(bitPattern: $0) })
        characters.append(0)
    }
    return unsafe characters.withUnsafeBufferPointer { buffer in
        let pointers = unsafe starts.map { start in unsafe buffer.baseAddress?.advanced(by: start) } + [nil]
        return unsafe pointers.withUnsafeBufferPointer { list in
            unsafe list.baseAddress.flatMap { unsafe body($0) }
        }
    }
}
