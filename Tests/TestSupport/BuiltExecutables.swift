/// The executables of this build, which lie beside the test program.
internal import Foundation

package enum BuiltExecutables {
    package static let folder: String = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (program as NSString).deletingLastPathComponent
    }()

    package static func path(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else { throw NotBuilt(path: path) }
        return path
    }

    package struct NotBuilt: Error, CustomStringConvertible {
        let path: String
        package var description: String { "\(path) is not built; run `swift build --build-tests` first" }
    }
}

/// The checkout this test program was compiled from.
package enum Repository {
    package static var root: String {
        // Tests/TestSupport/BuiltExecutables.swift
        var path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().path as NSString
        for _ in 0..<3 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }
}
