internal import CPostgreSQL

/// The one owner of a libpq connection: closed exactly once, when nobody holds it any more.
///
/// `@unchecked Sendable` is sound: `PostgreSQLConnection` alone uses it, and hands it on only to be released.
@safe final class ConnectionHandle: @unchecked Sendable {
    let raw: OpaquePointer

    init(_ raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe PQfinish(raw) }

    var socket: Int32 { unsafe PQsocket(raw) }
    var isBroken: Bool { unsafe PQstatus(raw) == CONNECTION_BAD }
    var backendPID: Int32 { unsafe PQbackendPID(raw) }
    var isIdle: Bool { unsafe PQtransactionStatus(raw) == PQTRANS_IDLE }

    /// libpq's own words, first line only: the rest is detail for a terminal.
    var errorMessage: String {
        guard let message = unsafe PQerrorMessage(raw) else { return "no reason given" }
        return unsafe String(cString: message)
    }

    func lost() -> DatabaseFailure {
        .connectionLost(ServerMessage(errorMessage).text)
    }
}

/// The one owner of a libpq result.
@safe struct ResultHandle: ~Copyable {
    let raw: OpaquePointer

    init(_ raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe PQclear(raw) }

    var status: ExecStatusType { unsafe PQresultStatus(raw) }
    var rowCount: Int { unsafe Int(PQntuples(raw)) }
    var columnCount: Int { unsafe Int(PQnfields(raw)) }

    /// Rows inserted, updated, deleted, copied or selected, as the command's tag says.
    var affectedRows: Int {
        guard let text = unsafe PQcmdTuples(raw) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// `COMMIT`, `INSERT 0 1`, ….
    var commandTag: String {
        guard let text = unsafe PQcmdStatus(raw) else { return "" }
        return unsafe String(cString: text)
    }

    var failure: DatabaseFailure {
        let sqlState = unsafe infinite_result_sqlstate(raw).map { unsafe String(cString: $0) }
        let message = unsafe infinite_result_message(raw).map { unsafe String(cString: $0) }
        let constraint = unsafe infinite_result_constraint(raw).map { unsafe String(cString: $0) }
        guard let sqlState else {
            // No SQLSTATE: libpq itself made this result, because the connection is gone.
            let text = unsafe PQresultErrorMessage(raw).map { unsafe String(cString: $0) } ?? ""
            return .connectionLost(ServerMessage(text).text)
        }
        return DatabaseFailure(sqlState: sqlState, message: message ?? "no message", constraint: constraint ?? "")
    }
}
