/// Changes to a running broker by way of `erl_call`: a C program, so each takes milliseconds, where `rabbitmqctl`
/// starts an Erlang of its own for seconds.
internal import Foundation

extension PrivateRabbitMQ {
    /// Creates a virtual host in which the administrator may do everything.
    package func createVirtualHost(_ name: String) async throws(LocalServerFailure) {
        let user = Self.administrator
        try await evaluate(
            """
            ok = rabbit_vhost:add(<<"\(name)">>, <<"\(user)">>),
            ok = rabbit_auth_backend_internal:set_permissions(
                <<"\(user)">>, <<"\(name)">>, <<".*">>, <<".*">>, <<".*">>, <<"\(user)">>).
            """)
    }

    /// Loads definitions (JSON as `rabbitmqctl import_definitions` reads it) into the running broker.
    package func importDefinitions(_ json: String) async throws(LocalServerFailure) {
        let path = "\(folder)/etc/import-\(UUID().uuidString).json"
        try PrivateFiles.write(json, to: path, account: account)
        defer { PrivateFiles.remove(path) }
        try await evaluate(
            """
            {ok, Json} = file:read_file("\(path)"),
            ok = rabbit_definitions:import_raw(Json).
            """)
    }

    /// Raises or clears the memory alarm: while it stands the broker stops reading from publishers.
    package func setMemoryAlarm(_ raised: Bool) async throws(LocalServerFailure) {
        let limitBytes = raised ? 1 : memoryLimitBytes
        try await evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, \(limitBytes)}).")
    }
}
