internal import Glibc

/// Where rule files come from. The engine itself does no I/O: whoever loads rules says how a file is read.
package struct SecLangSource: Sendable {
    /// The content of a file, nil if it cannot be read.
    package var read: @Sendable (_ path: String) -> [UInt8]?
    /// The paths that a pattern with `*`, `?` and `[…]` names, in order; the path itself if it has none of these.
    package var expand: @Sendable (_ pattern: String) -> [String]

    package init(
        read: @escaping @Sendable (String) -> [UInt8]?, expand: @escaping @Sendable (String) -> [String]
    ) {
        self.read = read
        self.expand = expand
    }

    /// Files that exist only here, by path.
    package static func texts(_ texts: [String: String]) -> SecLangSource {
        SecLangSource(
            read: { texts[$0].map { Array($0.utf8) } },
            expand: { pattern in texts.keys.filter { unsafe fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted() })
    }

    package static let files = SecLangSource(read: readFile, expand: expandPattern)

    static let maximumFileSize = 16 << 20

    private static func readFile(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= maximumFileSize {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            guard count >= 0 else { return nil }
            if count == 0 { return content }
            content += block[0..<count]
        }
        return nil
    }

    private static func expandPattern(_ pattern: String) -> [String] {
        guard pattern.contains(where: { "*?[".contains($0) }) else {
            return unsafe access(pattern, R_OK) == 0 ? [pattern] : []
        }
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0 else { return [] }
        return unsafe (0..<Int(found.gl_pathc)).compactMap { index in
            unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
        }
    }
}
