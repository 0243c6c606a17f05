import Core
import Inspection
import Reactor

/// What is known of a gateway from its configuration alone.
extension GatewayService {
    static func addresses(of configuration: GatewayConfiguration) -> [SocketAddress] { [configuration.listen] }

    static func problems(with configuration: GatewayConfiguration) -> [String] {
        var problems: [String] = []
        do throws(GatewayFailure) {
            let routing = try RoutesFile.read(path: configuration.routesFile)
            var files = FirewallFiles()
            _ = try files.load(routing.firewall, hits: [:])
        } catch {
            problems.append(error.description)
        }
        do throws(InspectionFailure) {
            _ = try configuration.coreRuleSet?.load()
        } catch {
            problems.append("\(ruleSetKey): \(error)")
        }
        return problems
    }
}
