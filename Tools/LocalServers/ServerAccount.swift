/// Whom a server runs as when we are root. An ordinary user's servers run as that user.
internal import Foundation
internal import Glibc

package struct ServerAccount: Sendable, Equatable {
    package let name: String
    package let userID: UInt32
    package let groupID: UInt32

    /// The account named `name` when we are root, nil (keep our own) otherwise.
    package static func forServer(_ name: String, package: String) throws(LocalServerFailure) -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        guard let entry = unsafe getpwnam(name) else { throw .accountMissing(name: name, package: package) }
        return unsafe ServerAccount(name: name, userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid)
    }

    func takeOwnership(of path: String) throws(LocalServerFailure) {
        guard unsafe chown(path, userID, groupID) == 0 else {
            throw .system(operation: "giving \(path) to \(name)", code: errno)
        }
    }

    /// The options of `setpriv` that become this account. A checkout below root's home folder cannot be entered by
    /// others; there the server keeps the one capability that lets it pass.
    func setprivArguments(reaching folder: String?) -> [String] {
        var arguments = ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups"]
        if let folder, !canReach(folder) {
            arguments += ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
        }
        return arguments
    }

    func canReach(_ folder: String) -> Bool {
        var path = folder
        while true {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return false }
            let mayEnter: mode_t =
                status.st_uid == userID ? S_IXUSR : status.st_gid == groupID ? S_IXGRP : S_IXOTH
            guard status.st_mode & mayEnter != 0 else { return false }
            guard path != "/", !path.isEmpty else { return true }
            path = (path as NSString).deletingLastPathComponent
        }
    }
}
