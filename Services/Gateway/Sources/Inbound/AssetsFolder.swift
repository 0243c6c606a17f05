import Glibc

/// Where the live page's files are: the configured folder, `../share/infinite/gateway/Assets` seen from the executable
/// (an image), or `Services/Gateway/Assets` in one of the folders above it (a build tree).
enum AssetsFolder {
    static func find(configured: String?) throws(GatewayFailure) -> String {
        if let configured { return configured }
        let folder = executableFolder()
        var candidates = ["\(folder)/../share/infinite/gateway/Assets"]
        var above = folder[...]
        while let slash = above.lastIndex(of: "/") {
            above = above[..<slash]
            candidates.append("\(above)/Services/Gateway/Assets")
        }
        guard let found = candidates.first(where: { unsafe access("\($0)/index.html", R_OK) == 0 }) else {
            throw .asset("no folder Assets was found near \(folder); set assets_directory to it")
        }
        return found
    }

    private static func executableFolder() -> String {
        var path = [CChar](repeating: 0, count: 4_096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(text[..<(text.lastIndex(of: "/") ?? text.startIndex)])
    }
}
