/// What an account may do. `viewer`, `editor` and `admin` each include those before; `service` is for machines.
enum UserRole: String, Sendable, CaseIterable {
    case viewer, editor, admin, service
}
