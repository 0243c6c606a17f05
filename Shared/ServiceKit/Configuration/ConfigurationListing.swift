/// The text of `print-config` and of `/config`: YAML that could be used as a file, each value with its origin.
enum ConfigurationListing {
    static func text(_ keys: [ConfigurationKey]) -> String {
        let lines = keys.map { (left: "\($0.name): \($0.valueText)", key: $0) }
        let width = min(60, lines.map(\.left.count).max() ?? 0)
        return lines.map { line in
            let padding = String(repeating: " ", count: max(1, width + 1 - line.left.count))
            let hidden = line.key.overridden.map { ", overrides \($0)" }.joined()
            return "\(line.left)\(padding)# \(line.key.origin)\(hidden)\n"
        }.joined()
    }
}
