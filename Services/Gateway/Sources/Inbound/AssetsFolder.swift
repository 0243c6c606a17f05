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
        var path = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe path.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/exe", buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        let text = String(decoding: path.prefix(max(0, count)), as: UTF8.self)
        return String(text[..<(text.lastIndex(of: "/") ?? text.startIndex)])
    }
}
