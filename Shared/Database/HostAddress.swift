internal import Core
internal import Reactor

/// The addresses libpq is given, so that it never resolves a name itself: its resolver blocks.
enum HostAddress {
    /// Never empty. A socket directory has no address: the only element is nil.
    static func resolve(_ host: String, deadline: Deadline) async throws(DatabaseFailure) -> [String?] {
        guard !host.hasPrefix("/") else { return [nil] }
        do throws(ReactorFailure) {
            let addresses = try await HostName.resolve(host, port: 0, deadline: deadline)
            return addresses.compactMap { $0.ipAddress?.description }
        } catch {
            throw .unreachable("\(error)")
        }
    }
}
