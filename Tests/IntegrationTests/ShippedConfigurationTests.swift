import Core
import Foundation
import LocalServers
import TestSupport
import Testing

/// The configuration files that Kubernetes and compose run the services with.
@Suite struct ShippedConfigurationTests {
    @Test(
        "Each service accepts the configuration that is shipped for it, once its secrets are there",
        arguments: ServiceName.allCases)
    func isAccepted(service: ServiceName) async throws {
        let folder = TestServers.freshFolder("shipped-\(service.operatorName)")
        try PrivateFiles.makeFolder(folder, account: nil)
        let shipped = "\(Repository.root)/k8s/base/\(service.operatorName)/\(service.operatorName).yaml"
        let text = try #require(PrivateFiles.read(shipped))
        for secret in Self.secrets(in: text) { try PrivateFiles.write(RandomText.makeKey(), to: "\(folder)/\(secret)") }
        let own = text.replacingOccurrences(of: Self.secretsFolder, with: folder)
            .replacingOccurrences(of: "/etc/infinite", with: (shipped as NSString).deletingLastPathComponent)
        try PrivateFiles.write(own, to: "\(folder)/config.yaml")
        _ = try await Programs.run(
            ProcessLaunch(
                name: service.operatorName, program: BuiltExecutables.path(service.operatorName),
                arguments: ["check-config", "--config", "\(folder)/config.yaml"], output: .file("")))
    }

    private static let secretsFolder = "/run/secrets/infinite"

    private static func secrets(in text: String) -> [String] {
        text.components(separatedBy: "\n").compactMap { line in
            line.components(separatedBy: "\(secretsFolder)/").dropFirst().first
        }
    }
}
