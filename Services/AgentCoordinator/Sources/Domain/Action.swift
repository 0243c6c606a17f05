/// What a decision does to its subject's requests. The numbers are what the database stores: never reuse one.
enum Action: Int16, CaseIterable, Sendable {
    case allow = 1
    case ban = 2
    case divert = 3
    case throttle = 4
    case challenge = 5
    case stepUp = 6

    /// How much it takes from the subject; a decision in force is only replaced by a harder one, or a longer one.
    var hardness: Int {
        switch self {
        case .allow: 0
        case .throttle: 1
        case .challenge, .stepUp: 2
        case .divert: 3
        case .ban: 4
        }
    }

    /// The name in configuration and metrics.
    var name: String {
        switch self {
        case .allow: "allow"
        case .ban: "ban"
        case .divert: "divert"
        case .throttle: "throttle"
        case .challenge: "challenge"
        case .stepUp: "step-up"
        }
    }
}

/// How much an agent may do on its own; higher is more. The numbers are what the database stores.
enum Autonomy: Int16, CaseIterable, Comparable, Sendable {
    case observe = 1
    case suggest = 2
    case approve = 3
    case object = 4
    case automatic = 5

    static func < (left: Autonomy, right: Autonomy) -> Bool { left.rawValue < right.rawValue }

    var name: String {
        switch self {
        case .observe: "observe"
        case .suggest: "suggest"
        case .approve: "approve"
        case .object: "object"
        case .automatic: "automatic"
        }
    }
}

/// The numbers are what the database stores.
enum Severity: Int16, CaseIterable, Comparable, Sendable {
    case info = 1
    case low = 2
    case medium = 3
    case high = 4
    case critical = 5

    static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }

    var name: String {
        switch self {
        case .info: "info"
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }
}

/// What kind of attack it is; the names are what a rule's configuration uses.
enum AttackCategory: String, CaseIterable, Sendable {
    case sqlInjection = "sql-injection"
    case crossSiteScripting = "cross-site-scripting"
    case commandInjection = "command-injection"
    case codeInjection = "code-injection"
    case pathTraversal = "path-traversal"
    case fileInclusion = "file-inclusion"
    case requestForgery = "request-forgery"
    case xmlExternalEntity = "xml-external-entity"
    case templateInjection = "template-injection"
    case nosqlInjection = "nosql-injection"
    case ldapInjection = "ldap-injection"
    case protocolAbuse = "protocol-abuse"
    case scanner
    case enumeration
    case scraping
    case bruteForce = "brute-force"
    case credentialStuffing = "credential-stuffing"
    case denialOfService = "denial-of-service"
    case dataLeak = "data-leak"
    case canaryUsed = "canary-used"
    case anomaly
    /// A category that this version does not know.
    case unknown
}
