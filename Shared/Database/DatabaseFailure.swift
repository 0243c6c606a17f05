package import Core

/// Everything that can go wrong between a service and PostgreSQL, each with a sentence a person can act on.
package enum DatabaseFailure: FailureConvertible, Sendable, Equatable {
    /// No connection could be made: server down, starting, or unreachable. Worth trying again.
    case unreachable(String)
    /// The server refused us for good: wrong password, unknown role or database, TLS demanded.
    case refused(sqlState: String, message: String)
    /// TLS was demanded, and did not come about or proved another server than we asked for.
    case insecure(String)
    /// Every connection stayed busy, or the queue for them was full.
    case poolExhausted(String)
    /// The connection broke while a statement ran. A write may or may not have been applied.
    case connectionLost(String)
    case deadlineExceeded(String)
    case cancelled
    /// A constraint said no, by its name.
    case constraintViolated(ConstraintViolation)
    /// Two transactions wanted the same rows; running the whole transaction again is right.
    case serializationConflict(sqlState: String, message: String)
    /// The server refused one statement.
    case statementFailed(sqlState: String, message: String)
    /// The answer has another shape than the code expects.
    case unexpectedResult(String)
    case migration(String)

    package struct ConstraintViolation: Sendable, Equatable {
        package enum Kind: String, Sendable { case unique, foreignKey, notNull, check, exclusion, other }
        package let kind: Kind
        package let constraint: String
        package let message: String
    }
}

extension DatabaseFailure {
    /// The failure an error answer of the server stands for. `sqlState` decides; texts depend on the server's language.
    init(sqlState: String, message: String, constraint: String) {
        switch sqlState {
        case "40001", "40P01":
            self = .serializationConflict(sqlState: sqlState, message: message)
        case "57014":
            self = .deadlineExceeded("the server stopped the statement: \(message)")
        case "57P01", "57P02", "57P03", "57P05", "25P03":
            self = .connectionLost(message)
        default:
            if sqlState.hasPrefix("23") {
                self = .constraintViolated(
                    ConstraintViolation(kind: .init(sqlState: sqlState), constraint: constraint, message: message))
            } else if sqlState.hasPrefix("08") {
                self = .connectionLost(message)
            } else {
                self = .statementFailed(sqlState: sqlState, message: message)
            }
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    package var isTransient: Bool {
        switch self {
        case .unreachable, .poolExhausted, .connectionLost, .deadlineExceeded, .serializationConflict: true
        case .statementFailed(let sqlState, _): sqlState.hasPrefix("53") || sqlState == "55P03" || sqlState == "58030"
        default: false
        }
    }

    package var isSerializationConflict: Bool {
        if case .serializationConflict = self { true } else { false }
    }

    /// Whether a unique constraint, by this name when one is given, refused the row.
    package func isUniqueViolation(of constraint: String? = nil) -> Bool {
        guard case .constraintViolated(let violation) = self, violation.kind == .unique else { return false }
        return constraint == nil || constraint == violation.constraint
    }

    /// What a caller in another service may be told: the kind, and nothing of tables or statements.
    package var failure: Failure {
        switch self {
        case .unreachable, .refused, .insecure, .poolExhausted, .connectionLost:
            Failure(.unavailable, "The database cannot be reached; try again shortly.", retryAfter: .seconds(1))
        case .deadlineExceeded:
            Failure(.deadlineExceeded, "The database did not answer in time; try again.")
        case .cancelled:
            Failure(.cancelled, "The request was cancelled.")
        case .constraintViolated:
            Failure(.conflict, "The change conflicts with what is stored already.")
        case .serializationConflict:
            Failure(.unavailable, "Others are changing the same records; try again.", retryAfter: .milliseconds(100))
        case .statementFailed where isTransient:
            Failure(.unavailable, "The database is short of a resource; try again later.", retryAfter: .seconds(5))
        case .statementFailed, .unexpectedResult, .migration:
            Failure(.internalError, "The database refused a statement; the service's log says which.")
        }
    }
}

extension DatabaseFailure.ConstraintViolation.Kind {
    init(sqlState: String) {
        switch sqlState {
        case "23502": self = .notNull
        case "23503": self = .foreignKey
        case "23505": self = .unique
        case "23514": self = .check
        case "23P01": self = .exclusion
        default: self = .other
        }
    }
}

extension DatabaseFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let reason):
            "PostgreSQL cannot be reached: \(reason). Check that it runs and that database.host and database.port name it."
        case .refused(let sqlState, let message):
            "PostgreSQL refused the connection (\(sqlState)): \(message). \(Self.advice(forRefusal: sqlState))"
        case .insecure(let reason):
            "PostgreSQL cannot be trusted: \(reason). Check that database.ca_file holds who signed the server's certificate, that database.host is the name in it, and that the server speaks TLS; or relax database.tls."
        case .poolExhausted(let reason):
            "no database connection became free: \(reason). Raise database.pool_size or look for slow statements."
        case .connectionLost(let reason):
            "the connection to PostgreSQL broke: \(reason). It is made again by itself."
        case .deadlineExceeded(let reason):
            "the database did not answer in time: \(reason)."
        case .cancelled:
            "the database call was cancelled."
        case .constraintViolated(let violation):
            "constraint \(violation.constraint) (\(violation.kind.rawValue)) refused the row: \(violation.message)."
        case .serializationConflict(let sqlState, let message):
            "a concurrent transaction won (\(sqlState)): \(message). Run the transaction again."
        case .statementFailed(let sqlState, let message):
            "PostgreSQL refused a statement (\(sqlState)): \(message). \(Self.advice(forStatement: sqlState))"
        case .unexpectedResult(let reason):
            "the database's answer is not what the code expects: \(reason)."
        case .migration(let reason):
            "migration: \(reason)"
        }
    }

    private static func advice(forRefusal sqlState: String) -> String {
        switch sqlState {
        case "28P01": "Check database.user and database.password."
        case "28000": "Check database.user and database.tls, and that pg_hba.conf lets it in from here."
        case "3D000": "Check database.name, or create the database."
        case "53300": "Raise max_connections or lower database.pool_size."
        case "42501": "The role may not connect to this database: run the provisioning again."
        default: "Check the database section of the configuration."
        }
    }

    private static func advice(forStatement sqlState: String) -> String {
        switch sqlState {
        case "53100": "The database's disk is full: free space; the service goes on by itself."
        case "42501": "The service's role lacks a right: run the provisioning and the migrations."
        case "42P01", "42703", "42883": "The schema is older or newer than this program: run `migrate`."
        case "25006": "The server is read-only: point database.host at the primary."
        default: "The statement or its values are wrong."
        }
    }
}
