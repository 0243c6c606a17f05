internal import PatternMatching

enum MarkupRules {
    static let all: [Rule] = [
        Rule(
            "markup.external-entity", .xmlExternalEntity, .certain, "an entity or document type that loads something",
            in: VariableSet.everywhere.union(VariableSet(.xmlMarkup, .fileContent)), after: .text,
            literals: ["<!entity", "<!doctype", "<! entity", "xi:include", "xinclude", "schemalocation", ":include"],
            .matches(
                #"<!\s?entity\s++(?:%\s?)?[\w.:-]{1,60}\s++(?:system|public|['"])|<!\s?doctype\s[^>\[]{0,120}?(?:public\s++['"](?!-//w3c)|system\s++['"][^'"]{0,200}[:/\\])|<!\s?doctype\s[^>\[]{0,120}\[|<\w{0,10}:?include\s[^>]{0,120}(?:href|namespace|schemalocation)\s?=\s?['"]?(?:https?|file|ftp):|schemalocation\s?=\s?['"]\s?(?:file|ftp|gopher|https?://[^'"\s]{1,120}['"])"#
            )),
        Rule(
            "markup.server-side-include", .codeInjection, .certain, "a server-side include",
            in: VariableSet.everywhere.union(VariableSet(.fileContent)),
            after: .text, literals: ["<!--#", "<!-- #", "<esi:"],
            .matches(
                #"<!--\s?#\s?(?:exec|include|echo|printenv|config|set|flastmod|fsize|if|goto)\b|<esi:(?:include|debug|inline|vars)"#
            )),
        Rule(
            "header.injection", .headerInjection, .certain, "a line break followed by a header",
            in: [.inputs, .paths], after: .lines,
            words: Rule.Words(
                lines: "set-cookie x- access-control- http/",
                fields: "content-type content-length content-disposition content-encoding transfer-encoding location "
                    + "refresh link host"),
            bytes: [ByteSet("\r\n"), ByteSet(":/")],
            .matches(
                #"[\r\n]\s*+\d?(?:set-cookie\d?|content-(?:type|length|disposition|encoding)|transfer-encoding|x-[\w-]{1,30}|access-control-\w[\w-]{0,30})\s?:|[\r\n]\s*+\d?(?:location|refresh|link|host)\s?:\s*+(?:https?:|//?\w|\d|<|[\w-]+\.\w)|[\r\n](?:http/[\d.]+\s\d{3}|(?:get|post|head|put)\s/\S{0,200}\shttp/)"#
            )),
        Rule(
            "header.mail", .headerInjection, .certain, "a line break followed by a mail header", in: [.inputs, .paths],
            after: .lines,
            words: Rule.Words(
                lines: "ehlo helo capability fetch login logout select quit noop rset capa starttls",
                fields: "bcc cc to from subject reply-to mime-version"),
            bytes: [ByteSet("\r\n")],
            .matches(
                #"[\r\n]\s*+(?:bcc|cc|to|from|subject|reply-to|mime-version)\s?:\s?[^\r\n]{0,60}@|[\r\n](?:rcpt to|mail from)\s?:|[\r\n](?:ehlo|helo)\s|[\r\n][a-z]{0,4}\d{1,5}\s(?:capability|fetch\s|login\s|logout|select\s)|[\r\n]\s*+(?:quit|noop|rset|capa|starttls)\s*+(?:[\r\n]|$)"#
            )),
    ]
}
