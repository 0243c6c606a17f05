internal import PatternMatching

/// Values that make the application fetch or include something from elsewhere.
enum OutboundRules {
    private static let places: VariableSet = [.inputs, VariableSet(.xmlMarkup)]

    static let all: [Rule] = [
        Rule(
            "outbound.structure", .serverSideRequestForgery, .certain, "an address whose host hides or points inside",
            in: places, after: .joined, literals: ["//", "\\\\", "/\\", "\\/"], .grammar(.url)),
        Rule(
            "outbound.internal-host", .serverSideRequestForgery, .certain, "a URL of the inside: loopback or metadata",
            in: places, after: .joined, literals: ["//"],
            .matches(
                #"\b(?:https?|ftp|gopher|dict|ldaps?|tftp|wss?|netdoc|jar:\w+|url:\w+):/{1,4}(?:[^/@\s]{0,60}@)?(?:127\.\d{1,3}\.|127\.\d|0x7f|0177\.|2130706433|017700000001|0\.0\.0\.0|0/|0:|\[(?:::|0:0|fe80|fd00|::ffff)|localhost(?:[:/?#.]|$)|169\.254\.169\.254|\[?fd00:ec2|100\.100\.100\.200|192\.0\.0\.192|metadata\.(?:google|azure|tencent)|instance-data|[\w.-]{1,60}\.(?:svc|cluster\.local|internal)(?:[:/?#]|$)|0xa9fe|2852039166|[\w.-]{1,60}\.(?:nip|xip|sslip)\.io|localtest\.me|spoofed\.\w|(?:\w+\.)?(?:burpcollaborator\.net|oastify\.com|interact\.sh|oast\.\w+|requestbin\.\w+|dnslog\.cn|ngrok\.io))"#
            )),
        Rule(
            "outbound.private-host", .serverSideRequestForgery, .likely, "a URL of a private network", in: places,
            after: .joined, literals: ["//10.", "//192.168.", "//172."],
            .matches(
                #"\b(?:https?|ftp|gopher|dict)://(?:10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3})(?:[:/?#]|$)"#
            )),
        Rule(
            "outbound.scheme", .serverSideRequestForgery, .certain, "a URL scheme that reaches raw sockets",
            in: places, after: .joined,
            literals: [
                "gopher://", "dict://", "netdoc:", "jar:http", "jar:file", "ldap://", "ldaps://", "tftp://", "sftp://",
                "rmi://", "jndi:", "vbscript:", "view-source:", "unc:",
            ],
            .matches(
                #"(?:^|[^\w])(?:gopher://|dict://|netdoc:/|jar:(?:https?|file):|ldaps?://|tftp://|sftp://|rmi://|jndi:|view-source:)"#
            )),
        Rule(
            "outbound.file", .serverSideRequestForgery, .certain, "the URL of a file on the server", in: places,
            after: .joined, literals: ["file:"],
            .matches(
                #"(?:^|[^\w])file:(?:/{1,3}(?:etc|proc|var|usr|root|opt|sys|dev|boot|tmp|bin|windows|winnt|localhost|127\.|\w+@|[%.]|\w+$|[\w-]+/[\w-]+$|[a-z]:[a-z]|[a-z]:?[/\\]+(?:windows|winnt|boot|inetpub|xampp|program))|/{3}[a-z]:?/?$|\\)"#
            )),
        Rule(
            "outbound.local-file", .serverSideRequestForgery, .likely, "a file's URL", in: places, after: .joined,
            literals: ["file:/"],
            // A page that somebody saved, and opened from their own disk, is told to analytics by its URL.
            .matches(
                #"^(?:url:)?file:/{1,3}(?!(?:[a-z]:/(?!\w+$)|users/|storage/|android_asset/)[^?]{1,200}\.(?:x?html?|mht|pdf|docx?|xlsx?|pptx?|png|jpe?g|svg|mp4)(?:$|[?#]))[\w.%]"#
            )),
        Rule(
            "outbound.remote-script", .remoteFileInclusion, .certain,
            "a remote script or share given where a page is expected", in: VariableSet(.argument, .cookie),
            after: .joined, literals: ["http://", "https://", "ftp://", "ftps://", "\\\\"],
            .matches(
                #"^(?:https?|ftps?)://[^?#]{1,120}\?{1,2}$|^(?:https?|ftps?)://[^?#]{1,120}\.(?:phtml|inc|txt|dat)(?:\?+|%00|\x00)?$|^\\\\(?:[\w-]{1,40}\.[\w.-]{1,60}|::1|localhost)(?:@\w{1,8})?\\|^\\\\[^\\]{1,60}\\\w{0,8}\$"#
            )),
        Rule(
            "outbound.bare-address", .serverSideRequestForgery, .likely, "a URL with an address instead of a name",
            in: VariableSet(.argument, .cookie), after: .joined, literals: ["http:", "https:", "ftp:", "//"],
            .matches(
                #"^(?:https?|ftps?)://(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/|$)|^(?:https?:)?/{0,4}(?:[^/@\s]{0,60}@)?(?:0x[0-9a-f]{6,8}|\d{8,10}|(?:0[0-7]{1,3}\.){3}0[0-7]{1,3})(?:[:/]|$)"#
            )),
        Rule(
            "outbound.redirect-trick", .serverSideRequestForgery, .certain,
            "a URL written so that parsers disagree on its host", in: .inputs, after: .joined,
            literals: ["http:", "https:", "/\\", "\\/", "//"],
            .matches(
                #"^(?:https?:)(?:[^/\s\\]|/[^/\s])[^\s]{2,}$|^/[/\\]*\\|^\\/|^(?:https?:)?//[^/\s]{1,80}(?:\\|%5c)[^\s]{0,80}@|^https?://[^/\s?#]{1,80}#[^/\s]{0,80}@|^/{3,}[\w.-]+\.\w{2,6}|^/{1,3}(?:https?:|%09|%5c)"#
            )),
    ]
}
