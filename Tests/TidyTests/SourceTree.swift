import Foundation

/// Every text file of the checkout, without what was built, generated data and what git does not carry.
struct SourceFile: Sendable {
    /// Relative to the checkout: `Shared/Core/Hex.swift`.
    let path: String
    let text: String

    var name: String { (path as NSString).lastPathComponent }
    var folder: String { (path as NSString).deletingLastPathComponent }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isGenerated: Bool { path.contains("/Generated/") || path.hasPrefix("Shared/CContracts/") }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    func isBelow(_ folders: String...) -> Bool { folders.contains { path.hasPrefix($0 + "/") } }

    /// The modules a Swift file imports.
    var imports: [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ").filter { !$0.hasPrefix("@") && !Self.accessLevels.contains($0) }
            return words.count >= 2 && words[0] == "import" ? words.last.map(String.init) : nil
        }
    }

    private static let accessLevels: Set<Substring> = ["internal", "package", "private", "fileprivate", "public"]
}

enum SourceTree {
    static let root: String = {
        // Tests/TidyTests/SourceTree.swift
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().path
        return (0..<3).reduce(file) { path, _ in (path as NSString).deletingLastPathComponent }
    }()

    static let files: [SourceFile] = {
        let enumerator = FileManager.default.enumerator(atPath: root)
        var files: [SourceFile] = []
        while let path = enumerator?.nextObject() as? String {
            if notOurs.contains((path as NSString).lastPathComponent) {
                enumerator?.skipDescendants()
            } else if let data = FileManager.default.contents(atPath: "\(root)/\(path)"), data.count < 4 << 20,
                let text = String(data: data, encoding: .utf8), !text.contains("\0")
            {
                files.append(SourceFile(path: path, text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    static var swift: [SourceFile] { files.filter { $0.isSwift && !$0.isGenerated } }
    /// What services link: no `Foundation`, no printing, no shortcuts.
    static var linkedByServices: [SourceFile] { swift.filter { $0.isBelow("Shared", "Services") } }

    static func folders(in folder: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return entries.filter { isFolder("\(folder)/\($0)") }.sorted()
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    static func isFolder(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
        return attributes?[.type] as? FileAttributeType == .typeDirectory
    }

    private static let notOurs: Set<String> = [
        ".git", ".build", ".sub", ".local", ".venv", ".swiftpm", "__pycache__", ".deps.log",
    ]
}
