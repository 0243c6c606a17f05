/// The bounds of ordinary behaviour. Counts are decayed ones: `10` means ten within about one half-life.
struct BehaviourSettings: Sendable, Equatable {
    var halfLife: Duration = .seconds(60)
    var sketchLifetime: Duration = .seconds(600)
    /// A behaviour that goes on is reported again after this long.
    var repeatAfter: Duration = .seconds(60)
    /// Scores beyond it are added up, so that many weak hints make a strong one.
    var suspicionAbove = 0.25
    var suspicion = 2.5
    /// Different kinds of tell-tale requests that make a scanner.
    var telltales = 3
    var missingPages = 20.0
    var missingShare = 0.5
    var refusedRequests = 40.0
    var numberedSteps = 40
    var failedLogins = 10.0
    var triedUsers = 8.0
    /// Of one account, or from one network, by however many addresses.
    var crowdFailedLogins = 20.0
    var crowdMembers = 5.0
    var requestsPerHalfLife = 6_000.0
    var scrapedPaths = 250.0
    /// The same for who comes like a machine: no assets, no referers, as regular as a clock.
    var machineScrapedPaths = 60.0
    /// Standard deviations above a client's own pace.
    var surge = 8.0
    /// Where the applications behind the gateway take passwords. Our own login tells its failures itself.
    var loginPaths: [String] = ["/login", "/signin", "/api/login", "/wp-login.php"]

    func isFailedLogin(_ request: ObservedRequest) -> Bool {
        guard request.status == 401 || request.status == 403 || request.status == 429 else { return false }
        guard request.method.elementsEqual("POST".utf8) else { return false }
        return loginPaths.contains { request.path.elementsEqual($0.utf8) }
    }
}
