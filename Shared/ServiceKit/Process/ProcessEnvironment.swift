/// The environment this process was started with, read from the kernel so that nothing can change it meanwhile.
enum ProcessEnvironment {
    static func read() -> [String: String] {
        guard let bytes = try? SmallFile.read("/proc/self/environ", upTo: 4 << 20) else { return [:] }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<sign], as: UTF8.self)
            variables[name] = String(decoding: entry[entry.index(after: sign)...], as: UTF8.self)
        }
        return variables
    }
}
