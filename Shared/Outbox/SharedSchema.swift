package import Database

/// What every service's schema has before the service's own migrations: the couriers' tables and the maintenance of
/// partitions. Pass these first to `Migrator`.
package enum SharedSchema {
    package static let migrations = PartitionMaintenance.migrations + CourierSchema.migrations
}
