internal import Core

/// How one service reaches its schema. The kit reads these from `database.*` keys.
package struct DatabaseConfiguration: Sendable, Equatable {
    /// A host name, an address, or the directory of a unix socket (it begins with `/`).
    package var host: String
    package var port: Int
    package var database: String
    package var user: String
    package var password: String
    /// What unqualified names mean: the `search_path` holds this schema alone.
    package var schema: String
    package var tls: DatabaseTLS
    package var poolSize: Int
    /// How many callers may wait for a connection before the next is refused at once.
    package var maximumWaiters: Int
    /// How long the server lets a statement run, and the deadline of a call that names none.
    package var statementTimeout: Duration
    package var connectTimeout: Duration
    /// Prepared statements kept per connection.
    package var statementCacheSize: Int
    package var applicationName: String

    package init(
        host: String, port: Int = 5432, database: String, user: String, password: String, schema: String,
        tls: DatabaseTLS = .preferred, poolSize: Int = 8, maximumWaiters: Int = 1_024,
        statementTimeout: Duration = .seconds(10), connectTimeout: Duration = .seconds(5),
        statementCacheSize: Int = 256, applicationName: String = "infinite"
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.schema = schema
        self.tls = tls
        self.poolSize = poolSize
        self.maximumWaiters = maximumWaiters
        self.statementTimeout = statementTimeout
        self.connectTimeout = connectTimeout
        self.statementCacheSize = statementCacheSize
        self.applicationName = applicationName
    }
}

package enum DatabaseTLS: Sendable, Equatable {
    case disabled
    /// TLS when the server offers it; nobody is authenticated. For a unix socket or the local machine.
    case preferred
    /// TLS, a certificate signed by an authority in `caFile`, and the name we asked for.
    case verified(caFile: String)
}

extension DatabaseConfiguration {
    /// libpq's keywords. Everything libpq would take from the environment or the home directory of the process is
    /// named here, so that only our configuration decides; the password file is one that cannot exist, since any other
    /// that is none makes libpq write warnings to our standard error. `address` is what the host name resolved to.
    func parameters(address: String?) -> [(keyword: String, value: String)] {
        var parameters = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user), ("password", password),
            ("application_name", applicationName), ("client_encoding", "UTF8"), ("options", serverOptions),
            ("passfile", "/dev/null/none"), ("gssencmode", "disable"), ("target_session_attrs", "read-write"),
            ("tcp_user_timeout", "30000"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
        ]
        if let address { parameters.append(("hostaddr", address)) }
        switch tls {
        case .disabled: parameters.append(("sslmode", "disable"))
        case .preferred: parameters.append(("sslmode", "prefer"))
        case .verified(let caFile): parameters += [("sslmode", "verify-full"), ("sslrootcert", caFile)]
        }
        return parameters
    }

    /// Set before the first statement. `client_connection_check_interval` ends a statement whose client has gone.
    private var serverOptions: String {
        [
            "search_path=\(SQL.identifier(schema))", "statement_timeout=\(statementTimeout.wholeMilliseconds)",
            "idle_in_transaction_session_timeout=\(statementTimeout.wholeMilliseconds * 3)", "timezone=UTC",
            "client_connection_check_interval=1000", "standard_conforming_strings=on", "extra_float_digits=1",
        ]
        .map { "-c " + $0.replacingSpacesForOptions }
        .joined(separator: " ")
    }
}

extension String {
    /// libpq's `options` are split at spaces; a backslash keeps one.
    fileprivate var replacingSpacesForOptions: String {
        var escaped = ""
        for character in self {
            if character == " " || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}
