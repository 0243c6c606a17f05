internal import Glibc

/// Where a program finds the files that belong to it: the files that people read are the files that run, and an image
/// ships them beside the binary.
package enum ShippedFolder {
    /// The first that exists of `../share/infinite/<shipped>` seen from the executable (an image), and `<source>` in one
    /// of the folders above the executable (a build tree).
    package static func find(shipped: String, source: String) -> String? {
        let candidates =
            ["\(executable)/../share/infinite/\(shipped)"] + ancestors(of: executable).map { "\($0)/\(source)" }
        return candidates.first(where: isFolder)
    }

    /// The folder of the running program.
    package static let executable: String = {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }()

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func ancestors(of folder: String) -> [String] {
        var found: [String] = []
        var rest = Substring(folder)
        while let slash = rest.lastIndex(of: "/") {
            found.append(String(rest))
            rest = rest[..<slash]
        }
        return found
    }
}
