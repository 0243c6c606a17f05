package import Core

/// The SQL that gives every service its place in one database: a schema `x`, owned by the role `x_owner` that nobody
/// can log in as, and a login role `x` that may use it and nothing else. `infinite_migrator` may become each owner.
///
/// Run it as a superuser, as often as wanted: it creates what is missing and sets everything else anew, passwords too.
package struct SchemaProvisioning: Sendable {
    package static let migratorRole = "infinite_migrator"

    package struct Login: Sendable {
        package let service: ServiceName
        package let password: String
        /// How many connections all replicas together may hold.
        package let connectionLimit: Int

        package init(_ service: ServiceName, password: String, connectionLimit: Int = 64) {
            self.service = service
            self.password = password
            self.connectionLimit = connectionLimit
        }
    }

    package let database: String
    package let logins: [Login]
    package let migratorPassword: String

    package init(database: String, logins: [Login], migratorPassword: String) {
        self.database = database
        self.logins = logins
        self.migratorPassword = migratorPassword
    }

    package static func ownerRole(of service: ServiceName) -> String { service.schemaName + "_owner" }

    /// What a login may do to the tables of its schema. What audit wrote, audit itself cannot change: its login has
    /// neither UPDATE nor DELETE, except on the couriers' tables (outbox and inbox), which are not the log.
    package static func tableRights(of service: ServiceName) -> String {
        service == .audit ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE"
    }

    package var script: SQL {
        SQL(trusted: ([closeDatabase, migrator] + logins.map(place)).joined(separator: "\n"))
    }

    /// New databases let everyone connect, create temporary tables and, before PostgreSQL 15, write into `public`.
    private var closeDatabase: String {
        """
        REVOKE ALL ON DATABASE \(SQL.identifier(database)) FROM PUBLIC;
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        """
    }

    private var migrator: String {
        """
        \(create(Self.migratorRole))
        ALTER ROLE \(Self.migratorRole) LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 16 \
        PASSWORD \(SQL.literal(migratorPassword));
        GRANT CONNECT ON DATABASE \(SQL.identifier(database)) TO \(Self.migratorRole);
        """
    }

    private func place(_ login: Login) -> String {
        let schema = login.service.schemaName
        let owner = Self.ownerRole(of: login.service)
        let name = SQL.identifier(database)
        let rights = Self.tableRights(of: login.service)
        return """
            \(create(owner))
            ALTER ROLE \(owner) NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
            GRANT \(owner) TO \(Self.migratorRole);
            \(create(schema))
            ALTER ROLE \(schema) LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE \
            CONNECTION LIMIT \(login.connectionLimit) PASSWORD \(SQL.literal(login.password));
            ALTER ROLE \(schema) SET search_path = \(schema);
            ALTER ROLE \(schema) SET statement_timeout = '30s';
            ALTER ROLE \(schema) SET idle_in_transaction_session_timeout = '60s';
            CREATE SCHEMA IF NOT EXISTS \(schema) AUTHORIZATION \(owner);
            ALTER SCHEMA \(schema) OWNER TO \(owner);
            REVOKE ALL ON SCHEMA \(schema) FROM PUBLIC;
            GRANT CONNECT ON DATABASE \(name) TO \(schema);
            GRANT USAGE ON SCHEMA \(schema) TO \(schema);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA \(schema) GRANT \(rights) ON TABLES TO \(schema);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA \(schema) GRANT USAGE ON SEQUENCES TO \(schema);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA \(schema) GRANT EXECUTE ON FUNCTIONS TO \(schema);

            """
    }

    private func create(_ role: String) -> String {
        """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)') THEN CREATE ROLE \(role); END IF;
        END $$;
        """
    }
}
