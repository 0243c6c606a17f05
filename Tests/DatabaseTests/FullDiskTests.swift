internal import Core
internal import Foundation
internal import LocalServers
internal import TestSupport
internal import Testing

@testable import Database

/// A data directory on a small tmpfs, filled to the brim. Mounting needs root; without it there is nothing to test on.
@Suite(.enabled(if: getuid() == 0, "needs root, to mount a small tmpfs"))
struct FullDiskTests {
    private func run(_ program: String, _ arguments: [String]) async throws {
        _ = try await Programs.run(
            ProcessLaunch(
                name: program, program: try Programs.find(program, package: "mount"), arguments: arguments,
                output: .file("/dev/null")))
    }

    @Test("a full disk is a clear failure that says so, and writing goes on by itself once there is room")
    func fullDisk() async throws {
        let folder = TestServers.freshFolder("full-disk")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await run("mount", ["-t", "tmpfs", "-o", "size=120m,mode=0711", "tmpfs", folder])
        let server = try PrivatePostgreSQL(folder: folder + "/postgresql")
        do {
            try await fillAndMakeRoom(server, in: folder)
        } catch {
            Issue.record(error)
        }
        await server.stop()
        try await run("umount", ["-l", folder])
    }

    private func fillAndMakeRoom(_ server: PrivatePostgreSQL, in folder: String) async throws {
        try await server.start()
        let database = Database(
            DatabaseConfiguration(
                host: "127.0.0.1", port: server.port, database: "postgres", user: PrivatePostgreSQL.superuser,
                password: server.password, schema: "public"), group: reactors)
        try await database.runScript("CREATE UNLOGGED TABLE filler (payload bytea); CREATE TABLE kept (number int8)")
        try await database.execute("INSERT INTO kept VALUES (1)")

        // Rows below the size at which PostgreSQL would compress them.
        let full = await failure {
            for _ in 0..<200 {
                try await database.execute(
                    "INSERT INTO filler SELECT convert_to(repeat(md5(n::text), 40), 'UTF8') FROM generate_series(1, 1000) n"
                )
            }
        }
        guard case .statementFailed("53100", _)? = full else {
            Issue.record("expected 53100, got \(String(describing: full))")
            return
        }
        #expect(full?.isTransient == true)
        #expect(full?.description.contains("disk is full") == true)

        try await run("mount", ["-o", "remount,size=240m", folder])
        try await eventually("writing goes on", within: .seconds(20)) {
            (try? await database.execute("INSERT INTO kept VALUES (2)")) == 1
        }
        database.shutDown()
    }
}
