/// `local-stack run|demo`: the whole suite under one supervisor, until Ctrl-C.
internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers

enum LocalStackCommand {
    private static let usage = """
        usage: local-stack run|demo [--folder FOLDER]
          run    start everything and keep it running until Ctrl-C (data stays in FOLDER, by default .local)
          demo   a scripted tour; starts everything for its duration when `run` is not running

        """

    static func main(_ arguments: [String]) async -> Int32 {
        var arguments = Array(arguments.dropFirst())
        var folder = FileManager.default.currentDirectoryPath + "/.local"
        if let option = arguments.firstIndex(of: "--folder"), option + 1 < arguments.count {
            folder = URL(fileURLWithPath: arguments[option + 1]).path
            arguments.removeSubrange(option...option + 1)
        }
        guard arguments.count == 1, let verb = Verb(rawValue: arguments[0]) else {
            Terminal.write(usage)
            return 64
        }
        do throws(LocalServerFailure) {
            return try await run(verb, folder: folder)
        } catch {
            Terminal.write("\n\(Terminal.bold("The local stack could not start:")) \(error)\n")
            return 1
        }
    }

    private enum Verb: String { case run, demo }

    private static func run(_ verb: Verb, folder: String) async throws(LocalServerFailure) -> Int32 {
        try PrivateFiles.makeFolder(folder, account: nil, mode: 0o755)
        let lock = StackLock(folder: folder)
        guard lock.take() else {
            if verb == .demo { return try await tour(folder: folder) }
            Terminal.write("The local stack in \(folder) is already running (process \(lock.owner)). Stop it first.\n")
            return 1
        }
        let signals: TerminationSignals
        do {
            signals = try await TerminationSignals()
        } catch {
            throw .commandFailed(command: "waiting for Ctrl-C", output: "\(error)")
        }
        let stack = try Stack(folder: folder, executables: executables)
        // Written when the password has been shown, so that a first start that failed does not swallow it.
        let welcomed = "\(folder)/welcomed"
        return try await signals.race(stopping: stack) { () async throws(LocalServerFailure) in
            let progress = BootProgress(parts: Stack.partNames, isShown: true)
            defer { progress.finish() }
            try await stack.start(progress)
            stack.keepServers()
        } afterwards: { () async throws(LocalServerFailure) in
            if verb == .demo { return try await finishTour(folder: folder) }
            Terminal.write(try Welcome(stack: stack, showsPassword: !PrivateFiles.exists(welcomed)).text)
            try PrivateFiles.write("", to: welcomed)
            stack.log.setQuiet(false)
            return nil
        }
    }

    private static func finishTour(folder: String) async throws(LocalServerFailure) -> Int32? {
        try await tour(folder: folder)
    }

    private static func tour(folder: String) async throws(LocalServerFailure) -> Int32 {
        let layout = try StackLayout(folder: folder, executables: executables)
        let password = try layout.secret("administrator")
        let demonstration = Demonstration(
            gatewayPort: Int(PrivateFiles.read("\(layout.ports)/gateway") ?? "") ?? 0, administratorPassword: password)
        return await demonstration.run() ? 0 : 1
    }

    private static var executables: String {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (program as NSString).deletingLastPathComponent
    }
}
