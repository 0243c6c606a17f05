import Core

/// Where the live page's files are: the configured folder, or the one that is shipped with the program.
enum AssetsFolder {
    static func find(configured: String?) throws(GatewayFailure) -> String {
        if let configured { return configured }
        guard let found = ShippedFolder.find(shipped: "gateway/Assets", source: "Services/Gateway/Assets") else {
            throw .asset("no folder Assets was found near \(ShippedFolder.executable); set assets_directory to it")
        }
        return found
    }
}
