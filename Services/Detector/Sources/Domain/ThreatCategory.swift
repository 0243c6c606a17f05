/// What a threat is, with what everybody calls it: MITRE ATT&CK's technique, and how far along an attack it stands.
enum ThreatCategory: Int, Sendable, CaseIterable {
    case sqlInjection = 1
    case crossSiteScripting = 2
    case commandInjection = 3
    case codeInjection = 4
    case pathTraversal = 5
    case fileInclusion = 6
    case requestForgery = 7
    case xmlExternalEntity = 8
    case templateInjection = 9
    case noSQLInjection = 10
    case ldapInjection = 11
    case protocolAbuse = 12
    case scanner = 13
    case enumeration = 14
    case scraping = 15
    case bruteForce = 16
    case credentialStuffing = 17
    case denialOfService = 18
    case dataLeak = 19
    case canaryUsed = 20
    case anomaly = 21

    /// https://attack.mitre.org/techniques/
    var technique: String {
        switch self {
        case .sqlInjection, .codeInjection, .requestForgery, .xmlExternalEntity, .templateInjection, .noSQLInjection,
            .ldapInjection, .fileInclusion, .protocolAbuse:
            "T1190"
        case .crossSiteScripting: "T1059.007"
        case .commandInjection: "T1059"
        case .pathTraversal: "T1083"
        case .scanner: "T1595.002"
        case .enumeration: "T1595.003"
        case .scraping: "T1594"
        case .bruteForce: "T1110.001"
        case .credentialStuffing: "T1110.004"
        case .denialOfService: "T1499"
        case .dataLeak: "T1041"
        case .canaryUsed: "T1078"
        case .anomaly: "T1595"
        }
    }

    /// How bad it is if nothing more is known.
    var severity: ThreatSeverity {
        switch self {
        case .commandInjection, .codeInjection, .templateInjection, .canaryUsed, .dataLeak: .critical
        case .sqlInjection, .pathTraversal, .fileInclusion, .requestForgery, .xmlExternalEntity, .noSQLInjection,
            .ldapInjection, .credentialStuffing:
            .high
        case .crossSiteScripting, .bruteForce, .denialOfService: .medium
        case .scanner, .enumeration, .scraping, .protocolAbuse, .anomaly: .low
        }
    }

    var isReconnaissance: Bool {
        switch self {
        case .scanner, .enumeration, .scraping, .anomaly, .protocolAbuse: true
        default: false
        }
    }

    var title: String {
        switch self {
        case .sqlInjection: "SQL injection"
        case .crossSiteScripting: "Cross-site scripting"
        case .commandInjection: "Command injection"
        case .codeInjection: "Code injection"
        case .pathTraversal: "Path traversal"
        case .fileInclusion: "File inclusion"
        case .requestForgery: "Server-side request forgery"
        case .xmlExternalEntity: "XML external entity"
        case .templateInjection: "Template injection"
        case .noSQLInjection: "NoSQL injection"
        case .ldapInjection: "LDAP or XPath injection"
        case .protocolAbuse: "Protocol abuse"
        case .scanner: "Vulnerability scan"
        case .enumeration: "Enumeration of paths"
        case .scraping: "Scraping"
        case .bruteForce: "Password guessing"
        case .credentialStuffing: "Credential stuffing"
        case .denialOfService: "Flood of requests"
        case .dataLeak: "Data leak"
        case .canaryUsed: "Use of a decoy"
        case .anomaly: "Unusual behaviour"
        }
    }
}

enum ThreatSeverity: Int, Sendable, Comparable, CaseIterable {
    case info = 1
    case low = 2
    case medium = 3
    case high = 4
    case critical = 5

    static func < (left: ThreatSeverity, right: ThreatSeverity) -> Bool { left.rawValue < right.rawValue }
    var raised: ThreatSeverity { ThreatSeverity(rawValue: rawValue + 1) ?? self }
    var lowered: ThreatSeverity { ThreatSeverity(rawValue: rawValue - 1) ?? self }
}

/// Lockheed Martin's kill chain, as far as a web front can see it.
enum AttackStage: Int, Sendable, Comparable, CaseIterable {
    case reconnaissance = 1
    case weaponization = 2
    case delivery = 3
    case exploitation = 4
    case installation = 5
    case commandAndControl = 6
    case objectives = 7

    static func < (left: AttackStage, right: AttackStage) -> Bool { left.rawValue < right.rawValue }
}
