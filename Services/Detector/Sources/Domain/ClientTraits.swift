/// Tell-tale things that scanners do and people do not. Our own list, of what such tools are known to ask for; each kind
/// of thing is one bit, so that a thousand requests of one kind are still one tell-tale.
struct Telltales: OptionSet, Sendable, Equatable {
    let rawValue: UInt32

    static let versionControl = Telltales(rawValue: 1 << 0)
    static let environmentFile = Telltales(rawValue: 1 << 1)
    static let wordpress = Telltales(rawValue: 1 << 2)
    static let databaseAdministration = Telltales(rawValue: 1 << 3)
    static let serverStatus = Telltales(rawValue: 1 << 4)
    static let cgi = Telltales(rawValue: 1 << 5)
    static let systemFile = Telltales(rawValue: 1 << 6)
    static let backup = Telltales(rawValue: 1 << 7)
    static let managementConsole = Telltales(rawValue: 1 << 8)
    static let phpInternals = Telltales(rawValue: 1 << 9)
    static let deviceFirmware = Telltales(rawValue: 1 << 10)
    static let configurationFile = Telltales(rawValue: 1 << 11)
    static let key = Telltales(rawValue: 1 << 12)
    static let apiDescription = Telltales(rawValue: 1 << 13)
    static let mailServer = Telltales(rawValue: 1 << 14)
    static let oddMethod = Telltales(rawValue: 1 << 16)
    static let noUserAgent = Telltales(rawValue: 1 << 17)
    static let oldExtension = Telltales(rawValue: 1 << 18)
    /// It says so itself.
    static let scannerAgent = Telltales(rawValue: 1 << 24)
    /// It connects and asks as scanners did that said so themselves, and calls itself something else.
    static let scannerManner = Telltales(rawValue: 1 << 26)
    /// A library for programs rather than a browser: nothing bad alone.
    static let programAgent = Telltales(rawValue: 1 << 25)

    /// What says something already by itself, or with the least wrong beside it.
    static let telling = Telltales(rawValue: 0xff_ffff).union([.scannerAgent, .scannerManner])

    /// How many kinds of suspicious things were asked for.
    var asked: Int { (rawValue & 0xff_ffff).nonzeroBitCount }
}

extension Telltales {
    private static let scanners = [
        "sqlmap", "nikto", "wapiti", "nuclei", "nmap scripting", "gobuster", "dirbuster", "dirb/", "ffuf",
        "fuzz faster",
        "feroxbuster", "wpscan", "joomscan", "hydra", "masscan", "zgrab", "acunetix", "nessus", "openvas", "arachni",
        "skipfish", "w3af", "whatweb", "jaeles", "netsparker", "invicti", "qualys", "katana", "commix", "havij",
        "xsser", "dalfox", "wfuzz", "burpcollaborator", "owasp zap", "zaproxy", "appscan", "webinspect", "jorgensen",
        "crlfuzz", "tplmap", "nosqlmap", "interactsh", "httprobe", "subfinder", "paros", "brutus", "metasploit",
    ].map { Array($0.utf8) }
    private static let programs = [
        "curl/", "wget/", "python-requests", "python-urllib", "aiohttp", "go-http-client", "libwww-perl", "java/",
        "okhttp", "scrapy", "httpx", "axios", "node-fetch", "ruby", "php/", "apache-httpclient", "winhttp",
    ].map { Array($0.utf8) }
    private static let paths: [(text: [UInt8], meaning: Telltales)] =
        ([
            ("/.git", .versionControl), ("/.svn", .versionControl), ("/.hg", .versionControl),
            ("/.bzr", .versionControl),
            ("/cvs/", .versionControl), ("/.env", .environmentFile), ("/wp-login", .wordpress),
            ("/wp-admin", .wordpress),
            ("/wp-content", .wordpress), ("/wp-includes", .wordpress), ("/xmlrpc.php", .wordpress),
            ("/wp-json", .wordpress), ("phpmyadmin", .databaseAdministration), ("/pma/", .databaseAdministration),
            ("/adminer", .databaseAdministration), ("/mysql", .databaseAdministration),
            ("/dbadmin", .databaseAdministration),
            ("/server-status", .serverStatus), ("/server-info", .serverStatus), ("/nginx_status", .serverStatus),
            ("/cgi-bin", .cgi), (".cgi", .cgi), ("/etc/passwd", .systemFile), ("/etc/shadow", .systemFile),
            ("/proc/self", .systemFile), ("win.ini", .systemFile), ("boot.ini", .systemFile), (".sql", .backup),
            (".tar.gz", .backup), (".bak", .backup), ("/backup", .backup), (".zip", .backup), (".rar", .backup),
            (".7z", .backup), ("/manager/html", .managementConsole), ("/actuator", .managementConsole),
            ("/jenkins", .managementConsole), ("/solr/", .managementConsole), ("/jmx-console", .managementConsole),
            ("/web-console", .managementConsole), ("/_cat/", .managementConsole), ("/console", .managementConsole),
            ("/druid/", .managementConsole), ("/telescope", .managementConsole), ("phpinfo", .phpInternals),
            ("/vendor/phpunit", .phpInternals), ("/info.php", .phpInternals), ("/test.php", .phpInternals),
            ("/hnap1", .deviceFirmware), ("/boaform", .deviceFirmware), ("/goform", .deviceFirmware),
            ("/setup.cgi", .deviceFirmware), ("/web.config", .configurationFile), ("/config.php", .configurationFile),
            ("/.htaccess", .configurationFile), ("/.htpasswd", .configurationFile),
            ("/configuration.php", .configurationFile),
            ("/.ds_store", .configurationFile), ("/.vscode", .configurationFile), ("/.idea", .configurationFile),
            ("/.aws", .key), ("/.ssh", .key), ("id_rsa", .key), (".pem", .key), ("/swagger", .apiDescription),
            ("/openapi", .apiDescription), ("/graphiql", .apiDescription), ("/api-docs", .apiDescription),
            ("/owa/", .mailServer), ("/autodiscover", .mailServer), ("/ecp/", .mailServer), (".old", .oldExtension),
            (".orig", .oldExtension), (".save", .oldExtension), (".swp", .oldExtension), (".inc", .oldExtension),
            ("~", .oldExtension),
        ] as [(String, Telltales)]).map { (Array($0.0.utf8), $0.1) }
    private static let oddMethods: Set<[UInt8]> = Set(
        ["TRACE", "TRACK", "DEBUG", "PROPFIND", "SEARCH", "CONNECT", "MOVE", "COPY", "MKCOL", "ARBITRARY"].map {
            Array($0.utf8)
        })

    /// What one request gives away. Asking for what is there is no tell-tale: applications differ.
    init(_ request: ObservedRequest, isNewAgent: Bool) {
        var found: Telltales = isNewAgent ? Self.agent(request.userAgent) : []
        if request.status >= 400 || request.course == .stopped {
            let path = Self.lowercased(request.path.prefix(512))
            for (text, meaning) in Self.paths where !found.contains(meaning) && Self.contains(path, text) {
                found.insert(meaning)
            }
            if Self.oddMethods.contains(request.method) { found.insert(.oddMethod) }
        }
        self = found
    }

    private static func agent(_ agent: [UInt8]) -> Telltales {
        guard !agent.isEmpty else { return .noUserAgent }
        let text = lowercased(agent.prefix(256))
        if scanners.contains(where: { contains(text, $0) }) { return .scannerAgent }
        return programs.contains { contains(text, $0) } ? .programAgent : []
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    private static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
        guard let first = needle.first, bytes.count >= needle.count else { return false }
        for start in 0...(bytes.count - needle.count)
        where bytes[start] == first && bytes[start..<(start + needle.count)].elementsEqual(needle) {
            return true
        }
        return false
    }
}

extension ObservedRequest {
    private static let assetEndings = [
        ".css", ".js", ".mjs", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".woff", ".woff2",
        ".ttf", ".mp4", ".map",
    ].map { Array($0.utf8) }

    /// What a browser fetches by itself along with a page.
    var isAsset: Bool {
        Self.assetEndings.contains { path.count > $0.count && path.suffix($0.count).elementsEqual($0) }
    }

    /// At least it says so.
    var isBrowser: Bool { userAgent.starts(with: "Mozilla/5.0 (".utf8) }

    /// The path with its last number taken out, and that number: `/orders/1041/lines` is `/orders//lines` and 1041.
    var numberedPath: (template: [UInt8], number: UInt64)? {
        guard let last = path.lastIndex(where: { (0x30...0x39).contains($0) }) else { return nil }
        var first = last
        while first > path.startIndex, (0x30...0x39).contains(path[first - 1]) { first -= 1 }
        guard last - first < 18 else { return nil }
        let number = path[first...last].reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        return (Array(path[..<first] + path[(last + 1)...]), number)
    }
}
