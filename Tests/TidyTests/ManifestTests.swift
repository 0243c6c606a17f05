import Foundation
import Testing

/// The files of k8s/ and compose/, as text: what a service's configuration names has to be mounted where it runs.
@Suite("Tidy: manifests")
struct ManifestTests {
    static let services = SourceTree.folders(in: "k8s/base")

    private static func text(_ path: String) throws -> String {
        try #require(SourceTree.files.first { $0.path == path }, "\(path) is missing").text
    }

    /// All that follows `key` on a line, up to what ends a value there.
    private static func values(of key: String, in text: String) -> [String] {
        text.components(separatedBy: "\(key): ").dropFirst().map { rest in
            String(rest.prefix { !$0.isWhitespace && !",}\"".contains($0) })
        }
    }

    /// The lines of one service in compose.yaml.
    private static func composed(_ service: String) throws -> String {
        let lines = try text("compose/compose.yaml").components(separatedBy: "\n")
        let begin = try #require(lines.firstIndex(of: "  \(service):"), "compose.yaml has no \(service)")
        return lines[(begin + 1)...].prefix { $0.hasPrefix("    ") }.joined(separator: "\n")
    }

    @Test("There is a folder for each service", arguments: [7])
    func all(count: Int) { #expect(Self.services.count == count) }

    @Test("All that a configuration names is mounted, in Kubernetes and in compose", arguments: services)
    func mounted(service: String) throws {
        let deployment = try Self.text("k8s/base/\(service)/deployment.yaml")
        let inKubernetes = Self.values(
            of: "mountPath", in: try Self.text("k8s/base/every-service.yaml") + deployment)
        let compose = try Self.composed(service)
        let named = try Self.text("k8s/base/\(service)/\(service).yaml").components(separatedBy: "\n").filter {
            !$0.hasPrefix("#")
        }
        .compactMap { line in line.components(separatedBy: ": ").last.flatMap { $0.hasPrefix("/") ? $0 : nil } }
        for path in named {
            let isMounted = inKubernetes.contains { path == $0 || path.hasPrefix($0 + "/") }
            #expect(isMounted, "k8s/base/\(service): \(path) lies in no volume")
            let file = (path as NSString).deletingLastPathComponent
            let isComposed = [":\(path)\"", ":\(path):", ":\(file):"].contains(where: compose.contains)
            #expect(isComposed, "compose.yaml: \(service) does not mount \(path)")
        }
    }

    @Test("Every mount has its volume", arguments: services)
    func volumes(service: String) throws {
        let deployment = try Self.text("k8s/base/\(service)/deployment.yaml")
        let mounts = try (Self.text("k8s/base/every-service.yaml") + deployment).components(separatedBy: "\n")
            .filter { $0.contains("mountPath:") }
        let volumes = deployment.components(separatedBy: "      volumes:").last ?? ""
        for name in mounts.flatMap({ Self.values(of: "name", in: $0) }) {
            #expect(volumes.contains("- name: \(name)\n"), "k8s/base/\(service): no volume is called \(name)")
        }
    }
}
