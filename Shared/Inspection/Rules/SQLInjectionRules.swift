internal import PatternMatching

enum SQLInjectionRules {
    private static let places = VariableSet.everywhere
    private static let quotes = ByteSet("'\"`")

    /// Each of the words behind each of the signs.
    private static func behind(_ signs: String, _ words: [String]) -> String {
        signs.flatMap { sign in words.map { "\(sign)\($0)" } }.joined(separator: " ")
    }

    static let all: [Rule] = [
        Rule(
            "sqli.structure", .sqlInjection, .certain, "text that changes what a SQL statement does", in: places,
            after: .lines, bytes: [ByteSet("'\"`();*|&-#<>= \t\n\r")], .grammar(.sql)),
        Rule(
            "sqli.union-select", .sqlInjection, .certain, "UNION SELECT", in: places, after: .sql,
            literals: ["union"],
            .matches(
                #"\bunion\b[\s(]*+(?:all\b|distinct\b)?[\s(]*+select\b(?=[\s(]*+(?:[\d'"`@*~!+.#/-]|null\b|[\w.]++\s*+(?:[,(`|+]|from\b|as\b|where\b|--|#|/|;))|[\s(]*+$|\()|(?:^|['")\d])[\s)]*+\bunion\b\s++(?:all\s++)?(?:values\s*+(?:row\s*+)?\(|table\s++\w++\s*+(?:$|--|[#]|limit\b|where\b))"#
            )),
        Rule(
            "sqli.quote-tautology", .sqlInjection, .weak, "a quote closed, then OR/AND and a comparison",
            in: places, after: .sql, literals: ["or", "and", "||", "&&", "xor", "having", "where", "div", "like"],
            words: Rule.Words(joined: behind("'\"`)", ["or", "and", "xor", "having", "where", "&&", "||"])),
            bytes: [quotes],
            .matches(
                #"['"`]\s*+\)*+\s*+(?:or|and|xor|having|where|&&|\|\|)[\s(!~+-]*+(?:not[\s(]++)?['"`]?[\w@.]{1,40}['"`]?\)*+\s*+(?:=|<|>|!=|like\b|rlike\b|regexp\b|between\b|in\s*+\(|is\b|sounds\b)"#
            )),
        Rule(
            "sqli.numeric-tautology", .sqlInjection, .certain, "OR/AND and a comparison of two constants", in: places,
            after: .sql, literals: ["or", "and", "||", "&&", "xor", "having", "where", "order"],
            words: Rule.Words("or and xor having where order"), bytes: [ByteSet("=<>kKnNeE-#")],
            .matches(
                #"(?:\b(?:or|and|xor|having|where)\b|\|\||&&)[\s(!~+-]*+(?:not[\s(]++)?(?:(\d{1,12})\)*+\s*+(?:=|<>|<=|>=|<|>|like)\s*+\(*+\d|(['"])(\w{0,30})\2\s*+(?:=|like)\s*+\2?\w|true\b\s*+(?:--|#(?!\w))|\d\s*+(?:--|#(?!\w))|\d{1,12}\s*+(?:between\s+\d|in\s*+\())|(?:^|['")\d])\s*+\b(?:or|and|xor)\s++(?:not\s++)?(?:true|false)\s*+$|^[\w-]{0,12}['")]*+\s*+order\s+by\s+\d{1,3}\s*+(?:--|#)"#
            )),
        Rule(
            "sqli.conditional-probe", .sqlInjection, .certain, "OR/AND and a sub-query or function", in: places,
            after: .sql, literals: ["or", "and", "||", "&&"], words: Rule.Words("or and xor where having"),
            bytes: [ByteSet("(")],
            .matches(
                #"(?:\b(?:or|and|xor|where|having)\b|\|\||&&)[\s(!~+-]*+(?:not[\s(]++)?(?:exists\s*+\(|select\b[\s(]*+[^\s,]++(?:\s*+,\s*+[^\s,]++)*+\s++from\b|(?:char|chr|ascii|ord|mid|length|row|if|cast|convert)\(|(?:substr(?:ing)?|char_length|updatexml|extractvalue|ifnull|nullif|json_keys|elt|make_set|gtid_subset|rlike|ctxsys[\w.]*)\s*+\(|case\s+when\b)"#
            )),
        Rule(
            "sqli.time-delay", .sqlInjection, .certain, "a function that makes a database wait", in: places,
            after: .sql,
            literals: [
                "sleep", "benchmark", "waitfor", "receive_message", "dbms_lock", "randomblob", "generate_series",
            ],
            .matches(
                #"(?:\bpg_sleep|(?:[(,;=+|\d]|^|\b(?:and|or|xor|select|if|then|else|not|rlike|regexp)\s)\s*+sleep|\b(?:by|all|when|limit|union|like|div|mod|between|in|is|where|having|returns?)\s++sleep(?=\())\s*+\(\s*+(?:[\d.]+\s*+[)*+,/-]|\(|$)|\bbenchmark\s*+\(\s*+\d|\bwaitfor\s+(?:delay|time)\s|dbms_pipe\.receive_message|dbms_lock\.sleep|randomblob\s*+\(\s*+\d{6}|generate_series\s*+\(\s*+1"#
            )),
        Rule(
            "sqli.stacked-statement", .sqlInjection, .certain, "a second statement after a semicolon", in: places,
            after: .sql, literals: [";"],
            .matches(
                #";\s*+(?:select\b[\s(]*+(?:[^\s,]++(?:\s*+,\s*+[^\s,]++)*+\s++from\b|[\w.]*\(|@@)|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|drop\s+(?:table|database|schema|user|view|index|procedure)\s|create\s+(?:table|user|login|or\s+replace|function|extension)\b|alter\s+(?:table|user|login|database)\s|truncate\s+table|exec(?:ute)?\s*+(?:\(|master|xp_|sp_|immediate|@)|declare\s+@|shutdown\b|copy\s+\w+\s+(?:from|to)\s|waitfor\s|if\s*+\(\s*+(?:select|not|exists|[\d'(]|@@|ascii|unicode|substring|len|db_name|user_name|suser_name|system_user|is_srvrolemember|has_dbaccess)|begin\s|call\s+\w+\s*+\()"#
            )),
        Rule(
            "sqli.catalogue", .sqlInjection, .certain, "a database's catalogue or dangerous routine", in: places,
            after: .sql,
            literals: [
                "information_schema", "sysobjects", "syscolumns", "sysdatabases", "pg_catalog", "pg_shadow", "pg_user",
                "sqlite_master", "sqlite_schema", "all_tables", "user_tables", "all_tab_columns", "sys.tables",
                "sys.databases",
                "mysql.user", "mysql.innodb", "xp_cmdshell", "xp_dirtree", "xp_regread", "sp_executesql",
                "sp_makewebtask", "sp_oacreate", "utl_http", "utl_inaddr", "dbms_java", "dbms_xmlgen",
                "msysaccessobjects",
                "@@version", "@@datadir", "@@hostname", "load_file(", "into outfile", "into dumpfile",
                "extractvalue(", "updatexml(", "procedure analyse", "'::jsonb", "pg_read_file", "lo_import(",
                "openrowset",
            ], .containsLiteral),
        Rule(
            "sqli.comment-ending", .sqlInjection, .certain, "a quote closed, the rest of the query commented out",
            in: places, after: .text, literals: ["--", "#", "/*", ";"], bytes: [quotes],
            .matches(
                #"^[^'"`]{0,60}['"`][\s)]*+;?\s*+(?:--[\s+-]*+.{0,8}$|/\*[^/]{0,8}$)|^[^'"`\s]{0,40}['"`][\s)]*+;?\s*+#\s*+$"#
            )),
        Rule(
            "sqli.select-from", .sqlInjection, .likely, "SELECT … FROM with a list, a function or a star", in: places,
            after: .sql, literals: ["select"],
            .matches(
                #"\bselect\b[\s(]*+(?:\*\s*+(?:from\b|,|--|/|;|\))|(?:all|distinct|top\s+\d+)\s|[\w.`"'\[\]@]+\s*+,|[\w.]+\s*+\(|null\b|0x[0-9a-f]{2}|char\b|@@|\d+\s*+(?:,|from\b|where\b|--|#|$)|[\w.]+\s+from\s+[\w.]+\s*+(?:where|limit|order|--|#|;|\)|union))"#
            )),
        Rule(
            "sqli.sub-select", .sqlInjection, .likely, "a sub-query in parentheses", in: places, after: .sql,
            literals: ["(select", "( select"], .matches(#"\(\s*+select\b[\s(]*+(?!(?:or|and|like)\b)[\w@*'"`]"#)),
        Rule(
            "sqli.statement", .sqlInjection, .likely, "a statement that changes a database", in: places, after: .sql,
            literals: ["insert into", "delete from", "drop ", "alter table", "truncate table", "update "],
            .matches(
                #"\b(?:insert\s+into\s+[\w.`"]+\s*+(?:\(|values\b|select\b)|delete\s+from\s+[\w.`"]+\s*+(?:where\b|;|--|$)|drop\s+(?:table|database|schema)\s+(?:if\s+exists\s+)?[a-z_`"\[][\w.`"\]]*+\s*+(?:;|--|#|,|/|\)|cascade|$)|alter\s+table\s+\w+\s+(?:add|drop|modify|rename)|truncate\s+table\s+\w|update\s+[\w.`"]+\s+set\s+[\w.`"]+\s*+=)"#
            )),
        Rule(
            "sqli.conditional-constant", .sqlInjection, .certain, "a condition on two constants that picks a value",
            in: places, after: .sql,
            literals: ["case when", "elt(", "iif(", "if(", "make_set(", "rlike (", "choose(", "decode("],
            .matches(
                #"\bcase\s+when\s*+\(?\s*+['"]?\w{1,20}['"]?\s*+(?:=|<|>)\s*+['"]?\w{1,20}['"]?\s*+\)?\s*+then\b|\b(?:elt|iif|if|make_set|choose|decode)\s*+\(\s*+-?\d{1,12}\s*+(?:=|<|>)\s*+-?\d"#
            )),
        Rule(
            "sqli.order-by-probe", .sqlInjection, .likely, "counting columns by ORDER BY or GROUP BY a number",
            in: places, after: .sql, literals: ["order by", "group by", "limit "],
            .matches(
                #"(?:['")\d]|^)[\s)]*+\b(?:order|group)\s+by\s+\d{1,3}\s*+(?:--|#|;|,|\)|$|asc\b|desc\b|having\b|limit\b|/)|\blimit\s+\d+\s*+(?:,|offset\s)\s*+\d+\s*+(?:--|#|;|$|into\b|procedure\b)"#
            )),
        Rule(
            "sqli.quote-concatenation", .sqlInjection, .likely, "a string closed and joined with something", in: places,
            after: .sql, literals: ["'", "\""], words: Rule.Words(joined: "'| \"| '+ \"+"), bytes: [ByteSet("|+(")],
            .matches(
                #"['"]\s*+(?:\|\|?|\+)\s*+(?:\(\s*+select\b|(?:char|chr|concat|version|user|current_user|database|utl_\w+|dbms_\w+|substr|cast|sleep)\s*+\(|'\w*+'\s*+(?:\|\||\+)?|@@\w)"#
            )),
        Rule(
            "sqli.nested-functions", .sqlInjection, .likely, "functions that build strings from codes", in: places,
            after: .sql,
            literals: ["char(", "chr(", "concat(", "concat_ws(", "group_concat(", "unhex(", "0x", "cast(", "convert("],
            bytes: [ByteSet("(")],
            .matches(
                #"\bcha?r\s*+\(\s*+\d{1,3}\s*+\)\s*+(?:\|\||\+|,|&)|\b(?:group_)?concat(?:_ws)?\s*+\(\s*+(?:0x|char|@@|version|user|database|select|\()|\bunhex\s*+\(|\b(?:cast|convert)\s*+\([^)]{1,60}\bas\s+(?:char|int|integer|numeric|varchar|nvarchar|signed)|\bchar\s*+\(\s*+\d{2,3}\s*+(?:,\s*+\d{2,3}\s*+){2}"#
            )),
        Rule(
            "sqli.quote-equation", .sqlInjection, .likely, "strings compared with themselves", in: places, after: .sql,
            literals: [
                "'='", "\"=\"", "' = '", "'=\"", "' like '", "'<'", "'>'", "'=0", "'-'", "'^'", "'*'", "'div'", "'%'",
                "'+'", "\"+\"", "'||'",
            ],
            .matches(
                #"^[\w\s]{0,40}['"]\s*+(?:=|<>|<|>|!=|like|rlike|-|\^|\*|&|\+|\|\||div|mod|%)\s*+['"0](?:\s|$|[-#;)]|['"\w]{0,6}$)"#
            )),
    ]
}
