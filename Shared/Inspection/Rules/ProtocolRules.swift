internal import PatternMatching

enum ProtocolRules {
    static let all: [Rule] = [
        Rule(
            "protocol.method", .protocolAbuse, .certain, "a method no application needs", in: VariableSet(.method),
            after: [], .isOneOf(["TRACE", "TRACK", "DEBUG", "CONNECT"])),
        Rule(
            "protocol.null-byte", .protocolAbuse, .likely, "a null byte in the path or a name",
            in: VariableSet(.path, .argumentName, .fileName, .cookie), after: [], bytes: [ByteSet([0])],
            .matches(#"\x00"#)),
        Rule(
            "protocol.null-byte-value", .protocolAbuse, .weak, "a null byte that cuts a value short",
            in: VariableSet(.argument, .jsonValue), after: [], bytes: [ByteSet([0])],
            .matches(#"\x00(?:$|\.[a-z]{2,5}$|')"#)),
        Rule(
            "protocol.overlong-encoding", .protocolAbuse, .likely, "ASCII hidden in overlong UTF-8 or %u",
            in: VariableSet(.target), after: [.lowercase],
            literals: ["%c0%", "%c1%", "%u00", "%uff", "%e0%80%", "%f0%80%80%"],
            .matches(#"%c[01]%[89ab][0-9a-f]|%u00[2-7][0-9a-f]|%uff[0-5][0-9a-f]|%e0%80%[89ab]|%f0%80%80%[89ab]"#)),
        Rule(
            "protocol.hidden-page", .protocolAbuse, .certain, "a page hidden behind the name of one that all may open",
            in: VariableSet(.target), after: [.lowercase], literals: ["autodiscover.json", "autodiscover%2ejson"],
            .matches(
                #"/autodiscover(?:\.|%2e)json[^#]{0,80}(?:@|%40)[^#]{0,160}(?:/|%2f)(?:powershell|mapi|ews|owa|ecp|oab|api|rpc)\b"#
            )),
        Rule(
            "protocol.rewrite-header", .protocolAbuse, .weak, "a header that overrides the request line",
            in: VariableSet(.header), after: [.lowercase], literals: ["/admin", "/etc/", "/console"],
            .matches(#"^/(?:admin|etc/|console)\S*$"#)),
        Rule(
            "protocol.upload-name", .codeInjection, .likely, "an uploaded file that a server would run",
            in: VariableSet(.fileName), after: .path, literals: ["."],
            .matches(
                #"\.(?:php\d?|phtml|phar|phps|pht|asp|aspx|ashx|asmx|asa|cer|jsp|jspx|jsw|jsv|war|cgi|pl|exe|bat|cmd|ps1|sh|shtml|htaccess|user\.ini|config)(?:[.;%\s\x00:]|$)|[\x00;]"#
            )),
        Rule(
            "protocol.upload-disguise", .codeInjection, .certain,
            "a page for a server under the name of something else",
            in: VariableSet(.fileName), after: .path, literals: [".ph", ".as", ".js", ".cer", ".ht", ".user.ini"],
            .matches(
                #"\.(?:php\d?|phtml|phar|aspx?|asa|cer|ashx|jspx?)(?:[.;:%\x00]{1,2}\s?(?:00|20)?\.?(?:jpe?g|png|gif|webp|bmp|svg|\$data)|[\s.:]+$|::)|\.(?:jpe?g|png|gif|webp|pdf);\.(?:php\d?|aspx?|jspx?)|(?:^|/)\.(?:htaccess|htpasswd|user\.ini)$"#
            )),
        Rule(
            "scanner.agent", .scanner, .certain, "a tool that looks for weaknesses",
            in: VariableSet(.userAgent, .header),
            after: [],
            literals: [
                "sqlmap", "nikto", "nessus", "acunetix", "openvas", "wpscan", "dirbuster", "gobuster", "feroxbuster",
                "ffuf", "nuclei",
                "masscan", "zgrab", "arachni", "w3af", "havij", "netsparker", "wapiti", "whatweb", "jaeles", "joomscan",
                "commix", "xsser",
                "skipfish", "vega/", "appscan", "webinspect", "qualys", "burpcollaborator", "dirsearch", "fimap",
                "gotestwaf", "metis",
                "morfeus", "nmap scripting", "paros", "webshag", "zmeu", "sqlninja", "sf-scanner", "interactsh",
                "tplmap", "brutus/", "hydra", "fuzz faster", ".nasl", "ghauri", "xsstrike", "dalfox", "httpx -",
                "katana/", "whatwaf",
                "wafw00f", "zaproxy", "zap/", "grendel", "n-stealth", "sqlbrute", "bsqlbf", "absinthe", "pangolin",
                "wfuzz", "patator",
            ], .containsLiteral),
    ]

    /// What the parsers noticed, as findings.
    static let anomalies: [(ValueTable.Anomalies, Rule)] = [
        (.tooManyValues, limit("protocol.too-many-values", .likely, "more names and values than are looked at")),
        (.tooManyBytes, limit("protocol.too-much-text", .hint, "more text than is looked at")),
        (.malformedJSON, limit("protocol.malformed-json", .hint, "a body that says it is JSON and is not")),
        (.tooDeep, limit("protocol.too-deep", .likely, "JSON nested deeper than any application needs")),
        (.malformedMultipart, limit("protocol.malformed-multipart", .weak, "a multipart body without its boundary")),
        (
            .ambiguousMultipart,
            limit("protocol.ambiguous-multipart", .likely, "a multipart body that readers take apart differently")
        ),
        (.patternLimit, limit("protocol.pattern-limit", .weak, "text made to exhaust a pattern")),
    ]

    private static func limit(_ id: String, _ confidence: Confidence, _ title: String) -> Rule {
        Rule(id, .protocolAbuse, confidence, title, in: [], after: [], .containsLiteral)
    }
}
