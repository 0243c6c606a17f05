internal import PatternMatching

/// Injection into the query languages beside SQL: document stores, directories, XPath, GraphQL.
enum QueryLanguageRules {
    private static let operators =
        #"\$(?:ne|eq|gte?|lte?|n?in|regex|where|exists|not|n?or|and|elemmatch|expr|func|jsonschema|lookup)"#

    static let all: [Rule] = [
        Rule(
            "nosql.operator-name", .noSQLInjection, .certain, "a parameter name that carries a query operator",
            in: VariableSet(.argumentName, .jsonName, .path), after: .text, literals: ["$"],
            .matches(#"\["# + operators + #"\]|^"# + operators + "$")),
        Rule(
            "nosql.operator-value", .noSQLInjection, .certain, "a query operator inside a value", in: .everywhere,
            after: .text, literals: ["$"],
            .matches(
                #"[{,]\s?['"]?"# + operators
                    + #"['"]?\s?:|[{,]\s?'?\$(?:all|size|type|mod|text|slice|comment|project|match|group)'?\s?:|^\[?"#
                    + operators + #"\]?$|^\s?\$(?:where|regex)\s?:"#)),
        Rule(
            "nosql.script", .noSQLInjection, .certain, "script inside a document query", in: .everywhere, after: .text,
            literals: ["this.", "return", "db.", "'||'", "&& ", "|| ", "mapreduce", "sleep(", "new ", "while"],
            .matches(
                #"(?:^[^;{}]{0,60}|['"]\s?)(?:;|\|\||&&)\s?return\s?(?:true|\(?['"\d!t])|['"]?\s?(?:;|\|\||&&)\s?(?:this\.\w{1,40}\s?(?:[=!]=|\.match|\[)|this\s?[=!]=|sleep\s?\()|\bfunction\s?\(\s?\)\s?\{\s?(?:return|var|sleep|while)|\bdb\.(?:getcollection\w*|\w{1,30}\.(?:find|insert|drop|remove|update)|version|injection|stores)\b|\bthis\.\w{1,40}\.(?:match|substring|length)|;\s?while\s?\(\s?(?:true|1|!|new\s|date|\w{1,20}\s?-)|;\s?(?:var|let)\s\w{1,20}\s?=\s?new\s|['"]\s?,\s?\$where\s?:|tojson\s?\("#
            )),
        Rule(
            "ldap.filter", .directoryInjection, .certain, "a directory filter closed and another opened",
            in: .everywhere,
            after: .text, bytes: [ByteSet("():"), ByteSet("=|&*!")],
            .matches(
                #"\)\s?\((?:\s?\()?\s?(?:[|&!]\s?(?:\(|\)|$|[a-z][\w.;-]{0,40}[~<>]?=)|[a-z][\w.;-]{0,40}(?:[~<>]?=|:=))|\*\)\)\x00|\(\s?[|&]\s?\(\s?[\w-]{1,40}=|\)\)\(\||\(\w{1,40}=\*\)|\*\)\(\w{1,30}=|^\*?\)[()&|!]{1,4}(?:$|\x00|[\w-]{1,30}[~<>]?=)|:\d{1,2}(?:\.\d{1,6}){3,}:=|\*\(\)[|&]"#
            )),
        Rule(
            "xpath.axis", .directoryInjection, .certain, "an XPath function or axis", in: .everywhere, after: .text,
            literals: [
                "/*[", "::", "name(", "position(", "string-length(", "count(", "substring(", "text(", "text (", "node(",
                "node (", "doc(", "doc-available(", "']", "\"]", "' ]", "\" ]", "]|", "] |", "name (", "position (",
                "string-length (", "count (", "substring (", "doc (",
            ],
            bytes: [ByteSet("(:]*")],
            .matches(
                #"\b(?:local-|namespace-)?name\s?\(\s?(?:/|\*|\.|parent|self|child|\))|\bposition\s?\(\s?\)\s?[=<>]|\bstring-length\s?\(|\bcount\s?\(\s?(?:/|\*(?!\s?\))|parent|child|\.)|\bsubstring\s?\(\s?(?:/|//|name|\.)|(?:parent|child|self|ancestor|descendant|following|preceding)(?:-or-self|-sibling)?::|^[^\[]{0,80}['"]\s?\]\s?(?:\||/)|^(?!\(?/{1,2}[\w*@])(?:.{0,300}?)(?:/\*\[|\bnode\s?\(\s?\)|\btext\s?\(\s?\)\s?(?:=|\[|/|$))|\]\s?\|\s?//|\bdoc\s?\(\s?['"]|\bdoc-available\s?\("#
            )),
        Rule(
            "graphql.schema-dump", .protocolAbuse, .certain, "a whole GraphQL schema asked for", in: .everywhere,
            after: .text, literals: ["__schema", "__type"],
            .matches(
                #"\b__schema\s?\{.{0,400}?\b(?:querytype|mutationtype|types|directives)\b|\bfragment\s\w{1,40}\son\s__type\b|\b__type\s?\(\s?name\s?:.{0,80}?\{.{0,80}?\bfields\b"#
            )),
        Rule(
            "graphql.introspection", .protocolAbuse, .likely, "a GraphQL schema asked for", in: .everywhere,
            after: .text, literals: ["__schema", "__type", "introspectionquery"],
            .matches(#"\b__schema\s?[({]|\b__type\s?\(|\bintrospectionquery\b"#)),
    ]
}
