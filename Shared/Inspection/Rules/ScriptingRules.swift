internal import PatternMatching

enum ScriptingRules {
    private static let places = VariableSet.everywhere
    private static let opening = ByteSet("<")

    static let all: [Rule] = [
        Rule(
            "xss.structure", .crossSiteScripting, .certain, "text that a browser would run", in: places,
            after: .lines, bytes: [ByteSet("<=([`")], .grammar(.markup)),
        Rule(
            "xss.script-element", .crossSiteScripting, .certain, "a script element", in: places, after: .text,
            literals: ["script"], bytes: [opening],
            // Sentences behind the bare tag are about it: `the <script> tag in a page`.
            .matches(#"<\s*+(?:/\s*+)?(?:[\w-]{1,20}:)?script(?:[\s/'"]|$|>(?! \w+ [\w ,.?!]*$))"#)),
        Rule(
            "xss.element-handler", .crossSiteScripting, .certain, "an element with an event handler", in: places,
            after: .text, literals: ["on"], bytes: [opening, ByteSet("=")],
            .matches(#"<\s*+[a-z!?/%][^<>]{0,400}?(?:[\s"'/`]|\x0c)on[a-z]{3,30}\s*+=\s*+[^\s>]"#)),
        Rule(
            "xss.attribute-handler", .crossSiteScripting, .certain, "a quote closed, then an event handler",
            in: places, after: .text, literals: ["on"], bytes: [ByteSet("'\"`"), ByteSet("=")],
            .matches(
                #"["'`][\s/]*+(?:[a-z-]{1,20}(?:\s*+=\s*+["']?[^"']{0,60}["']?)?[\s/]++){0,3}\bon(?:abort|afterprint|animation\w+|auxclick|before\w+|blur|cancel|canplay|change|click|close|contextmenu|copy|cut|dblclick|drag\w*|drop|ended|error|finish|focus\w*|hashchange|input|invalid|key\w+|load\w*|message|mouse\w+|page\w+|paste|play\w*|pointer\w+|popstate|progress|readystatechange|reset|resize|scroll\w*|search|seek\w+|select\w*|show|start|submit|toggle|touch\w+|transition\w+|unload|wheel)\s*+=\s*+[^\s]"#
            )),
        Rule(
            "xss.script-url", .crossSiteScripting, .certain, "a javascript: URL that calls something",
            in: places, after: .joined, literals: ["script:"],
            .matches(#"(?:java|vb|live|j)script:(?!void\(0\)|;?$|void0).{0,200}?[(`=\[/]"#)),
        Rule(
            "xss.active-element", .crossSiteScripting, .likely, "an element that loads or runs foreign content",
            in: places, after: .text,
            literals: [
                "iframe", "object", "embed", "applet", "meta", "base", "form", "svg", "math", "link", "frame", "xml",
                "isindex", "bgsound", "import", "style", "layer",
            ],
            bytes: [opening],
            .matches(
                #"<\s*+(?:i?frame(?:set)?|object|embed|applet|base|svg|math|isindex|bgsound|layer|ilayer|\?import|\?xml-stylesheet|style)(?:[\s/'"](?!(?<=iframe\s)[^<>]{0,400}?\ballowfullscreen\b|(?<=svg\s)[^<>]{0,400}?\bviewbox\b)[^<>]{0,200}?=|$)|<\s*+style[^<>]{0,80}>[^<]{0,400}?url\s?\(\s?['"]?[^'")]{0,40}?[\x00-\x08\x0e-\x1f\\]|<\s*+(?:meta|link|form|xml)[\s/][^<>]{0,200}?(?:http-equiv|href|src|action|rel|id)\s*+="#
            )),
        Rule(
            "xss.element-url", .crossSiteScripting, .certain, "an element whose URL is code", in: places,
            after: .text,
            literals: [
                "href", "src", "action", "data", "xlink", "formaction", "srcdoc", "background", "from", "to", "values",
                "poster",
            ],
            bytes: [opening, ByteSet("=")],
            .matches(
                #"<\s*+[a-z][^<>]{0,400}?[\s/"'](?:href|src|action|formaction|data|xlink:href|srcdoc|background|from|to|values|poster|code|lowsrc|dynsrc)\s*+=\s*+["'`]?\s*+(?:j[\s\x01-\x20]*+a[\s\x01-\x20]*+v[\s\x01-\x20]*+a[\s\x01-\x20]*+s|vbs|livescript|data:[^,]{0,40}(?:html|xml|svg|script|base64)|&|<)"#
            )),
        Rule(
            "xss.dialogue", .crossSiteScripting, .certain, "a call that only a proof of concept makes", in: places,
            after: .text, literals: ["alert", "prompt", "confirm", "document", "fromcharcode"],
            bytes: [ByteSet("(`.[")],
            .matches(
                #"(?:^|[^\w.$-])(?:alert|prompt|confirm)\s*+(?:\(\s*+(?:['"`/\d)]|document|string\.|window|this|origin|xss|location)|`|\.\s*+(?:call|apply|bind)\s*+[(`]|\?\.\s*+\()|\bdocument\s*+(?:\??\.\s*+(?:cookie\b(?! is )|write(?:ln)?\s*+\(|domain\b(?! is ))|\[\s*+['"`])|string\s*+\.\s*+fromcharcode\s*+\(|\b(?:alert|prompt|confirm)\b[\])'"`]{1,4}\s*+\(|['"`]al?['"`]?\s*+\+\s*+['"`]l?ert"#
            )),
        Rule(
            "xss.dom-access", .crossSiteScripting, .likely, "script that reads the page or runs text", in: places,
            after: .text,
            literals: [
                "document.", "window.", "eval", "settimeout", "setinterval", "innerhtml", "top[", "self[", "window[",
                "this[", "parent[", "frames[", "import(", "fetch(", "onerror",
            ], bytes: [ByteSet("(`[=")],
            .matches(
                #"\bdocument\s*+\.\s*+(?:location|body|createelement|getelement\w*|documentelement|forms|url|referrer)\b(?!\(\.\.\.\))|\bwindow\s*+(?:\.\s*+(?:location|open|name|onerror|eval|parent|top)\b(?! \((?:https?:|native|<anonymous))\s*+[=(.]|\[\s*+['"`\[])|\beval\s*+(?:\(\s*+(?!https?:/|eval at |native\))(?:['"`\w]|$)|`)|\bset(?:timeout|interval)\s*+[(`]\s*+['"`\w]|\binnerhtml\s*+=|\b(?:top|self|parent|frames|globalthis|this)\s*+\[\s*+(?:['"`/\d(]|\w+\s*+\+)|\bfetch\s*+\(\s*+['"`](?:https?:)?//|\bimport\s*+\(\s*+['"`]|onerror\s*+=\s*+[\w'"`]"#
            )),
        Rule(
            "xss.style-code", .crossSiteScripting, .likely, "style that runs code", in: places, after: .joined,
            literals: ["expression(", "-moz-binding", "behavior:url", "behaviour:url", "@import"],
            .matches(#"[:;{"']\w{0,30}:?expression\(|-moz-binding:|behaviou?r:url\(|@import(?:url|['"])"#)),
        Rule(
            "xss.data-document", .crossSiteScripting, .certain, "a data: URL that is a document", in: places,
            after: .joined, literals: ["data:"],
            .matches(
                #"\bdata:(?:text/html|text/xml|application/xhtml\+xml|text/javascript|application/(?:x-)?javascript|,<|(?:(?://)?text/plain)?;base64,(?:p[c-h]|jtm))"#
            )),
        Rule(
            "xss.data-image", .crossSiteScripting, .likely, "a data: URL of an image that can hold script", in: places,
            after: .joined, literals: ["data:image/svg"],
            // In a style sheet it is an image and nothing else.
            .matches(#"(?<!url\()(?<!url\(['"])\bdata:image/svg\+xml"#)),
        Rule(
            "xss.brackets-script", .crossSiteScripting, .certain, "script that spells its words with brackets",
            in: places, after: .joined, literals: ["![]+", "+!+[]", "[+!!", "+{})["],
            .matches(#"!\[\]\+\[\]|\[\+!\+\[\]|\+!\+\[\]\+!\+\[\]|\[\+!!\[\]|\[\]\+\{\}\)\["#)),
        Rule(
            "xss.attribute-break", .crossSiteScripting, .likely, "an attribute and its element closed, another opened",
            in: places, after: .text, literals: ["\">", "'>", "\"/>", "'/>", "\" >", "' >", "--><", "</"],
            bytes: [opening],
            .matches(
                #"^[^<>]{0,80}["'`]\s*+/?>\s*+<\s*+[a-z!/?]|^(?:(?!<!--).){0,200}?--!?>\s*+<[a-z]|^(?:(?!<(?:title|textarea|style|script|noscript|xmp|iframe|noembed|select|template)\b).){0,200}?</\s*+(?:title|textarea|style|script|noscript|xmp|iframe|noembed|select|template)\s*+>\s*+<"#
            )),
        Rule(
            "xss.image-script", .crossSiteScripting, .certain, "a vector image that runs script",
            in: VariableSet(.fileContent, .xmlMarkup), after: .text, literals: ["<svg"],
            .matches(
                #"<svg\b.{0,3000}?(?:<script[\s>/]|[\s/"']on[a-z]{3,24}\s?=\s?['"]?[\w$]|href\s?=\s?['"]?\s?javascript:|<foreignobject\b.{0,400}?<(?:script|iframe|object|embed)\b)|^.{0,400}?[\s/]on[a-z]{3,24}\s?=\s?['"]?\w[^<>]{0,400}?<svg\b"#
            )),
        Rule(
            "xss.locator", .crossSiteScripting, .certain, "the text that shows which characters a page lets pass",
            in: places, after: .joined, literals: ["=&{"], .matches(#"<\w{1,30}>?=&\{\(\)\}"#)),
        Rule(
            "xss.encoded-script", .crossSiteScripting, .likely, "script written with brackets only", in: places,
            after: .joined, bytes: [ByteSet("["), ByteSet("("), ByteSet("!+")],
            .matches(
                #"[\[\]()!+{}]{24,}|\[\]\[(?:\(|['"])|\)\[['"]constructor['"]\]|constructor\(['"`]|\.constructor\("#)),
    ]
}
