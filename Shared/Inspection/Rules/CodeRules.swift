internal import PatternMatching

enum CodeRules {
    private static let places = VariableSet.everywhere

    static let all: [Rule] = [
        Rule(
            "code.lookup", .lookupInjection, .certain, "a lookup that a logger would resolve",
            in: VariableSet.everywhere.union(VariableSet(.target)), after: .joined, literals: ["${"],
            .matches(
                #"\$\{(?:jndi:|[^}]{0,200}?(?:\$\{|:-)[^}]{0,20}\}?|(?:lower|upper|env|sys|java|date|ctx|main|bundle|docker|k8s|web|base64|log4j|script|dns|url):)"#
            )),
        Rule(
            "code.php-open", .codeInjection, .certain, "PHP source", in: places.union(VariableSet(.fileContent)),
            after: .text, literals: ["<?php", "<?=", "<? "],
            .matches(#"<\?(?:php\b|=\s*+[$`\w(]|\s++(?:echo|system|eval|exec|phpinfo|passthru|include|require|\$))"#)),
        Rule(
            "code.php-function", .codeInjection, .likely, "a call that runs code or commands in PHP", in: places,
            after: .sql,
            literals: [
                "system(", "exec(", "passthru(", "popen(", "assert(", "eval(", "base64_decode(", "phpinfo(",
                "file_get_contents(", "file_put_contents(", "call_user_func(", "create_function(", "fsockopen(",
                "gzinflate(", "str_rot13(",
                "readfile(", "show_source(", "highlight_file(", "unserialize(", "preg_replace(", "move_uploaded_file(",
                "ini_set(", "print_r(", "var_dump(", "fopen(",
            ],
            .matches(
                #"(?:^|[^\w.$>:-])(?:system|shell_exec|exec|passthru|popen|proc_open|pcntl_exec|assert|eval|base64_decode|phpinfo|file_(?:get|put)_contents|call_user_func(?:_array)?|create_function|fsockopen|gzinflate|str_rot13|readfile|show_source|highlight_file|unserialize|move_uploaded_file|ini_set|print_r|var_dump|fopen)\s*+\(\s*+['"$\w\[\]]|\bphpinfo\s*+\(\s*+\)|\$\{\s*+@?(?:print|phpinfo|system|eval|exec|md5)\s*+\("#
            )),
        Rule(
            "code.php-variable", .codeInjection, .certain, "PHP's superglobals or a stream wrapper", in: places,
            after: .text,
            literals: [
                "$_get", "$_post", "$_request", "$_server", "$_cookie", "$_files", "$_session", "$globals", "php://",
                "phar://", "expect://",
                "compress.zlib://", "zip://", "glob://", "ssh2://", "ogg://", "data://text", "allow_url_include",
                "auto_prepend_file",
            ], .containsLiteral),
        Rule(
            "code.serialized-object", .codeInjection, .certain, "a serialized object", in: places, after: .text,
            literals: [
                "o:", "ro0ab", "aced0005", "!!python/", "!!javax", "!ruby/", "_$$nd_func$$_", "c__builtin__", "$type\"",
                "aaeaaad",
            ],
            .matches(
                #"(?:^|[;{"'])[oc]:\+?\d{1,4}:"[\w\\]{1,80}":\d{1,4}:\{|\bro0ab[a-z0-9+/]{4}|\baced0005|!!(?:python|javax?)[./]|!ruby/|_\$\$nd_func\$\$_|\baaeaaad/{4}|"\$type"\s?:\s?"system\."#
            )),
        Rule(
            "code.java", .codeInjection, .certain, "Java's runtime, class loader or an expression language", in: places,
            after: .joined,
            literals: [
                "java.lang.", "getruntime", "processbuilder", "classloader", "java.io.", "java.net.", "javax.script",
                "ognl", "getclass", "org.apache.commons.", "com.sun.", "_memberaccess", "org.springframework.",
                "java.util.", "#context", "#_memberaccess", "freemarker.template",
            ],
            .matches(
                #"java\.lang\.(?:runtime|process|system|class|thread|string|math|object|reflect)|getruntime\(|processbuilder[(.]|class\.(?:module\.)?classloader|java\.io\.(?:file|inputstream|bufferedreader)|java\.net\.(?:url|socket)|java\.util\.scanner|javax\.script\.|ognl\.|getclass\(\)|\.class\.forname|org\.apache\.commons\.(?:collections|io|fileupload)|com\.sun\.(?:jndi|rowset|org)|_memberaccess|org\.springframework\.(?:context|expression)|#context\[|freemarker\.template\.utility"#
            )),
        Rule(
            "code.script-runtime", .codeInjection, .certain, "Python's, Ruby's or Node's way to run a command",
            in: places, after: .joined,
            literals: [
                "__import__", "os.system", "os.popen", "subprocess.", "child_process", "process.mainmodule",
                "process.binding", "__proto__", "constructor.prototype", "process.env", "require(", "io.popen",
                "__class__", "__globals__", "__builtins__", "__subclasses__", "kernel.exec", "kernel.system",
                "prototype[", "global.process", "os.execute", "exec(", "runtime.exec",
            ],
            .matches(
                #"__import__\(|\bos\.(?:system|popen|execute)\(|subprocess\.(?:popen|call|run|check_output|getoutput)|child_process|process\.(?:mainmodule|binding\(|exit\(|env\b\.?\[?)|__proto__[\]\["'.:=]|^__proto__$|constructor\.prototype|constructor\]\[prototype|require\(['"`](?:fs|os|net|http|vm|child)|io\.popen\(|__(?:class|globals|builtins|subclasses|mro|base|bases|init)__|kernel\.(?:exec|system)|global\.process\."#
            )),
        Rule(
            "code.template-expression", .templateInjection, .certain, "an expression in template braces", in: places,
            after: .text,
            literals: ["{{", "${", "#{", "<%", "{%", "*{", "@(", "[[", "~{", "#set", "{php", "{if", "${{"],
            .matches(
                #"\{\{[^{}]{0,200}?(?:['"\d]\s?[*+/-]\s?['"\d]|\b(?:config|self|request|lipsum|cycler|joiner|namespace|url_for|get_flashed_messages|settings|dump|app|constructor|_self|system|range|this|form|debug)\s?[.\[(|}]|\)\s?\}\}|__|\|\s?(?:attr|safe|filter|map|join|e|raw|format)\b|=|php\b)|[$#*@~]\{\{?[^{}]{0,200}?(?:['"\d]\s?[*+]\s?['"\d]|\bt\(|\bt\s?\(java|\.\w+\(|new\s|system|exec|file\.|getclass|runtime|request\.|session|param\.|#\w+\.)|<%[=#-]?[^%]{0,200}?(?:\d\s?[*+]\s?\d|system|exec|file|open|`|%x|dir|foobar|response|require|runtime|out\.|eval|request)|\{%[^%]{0,200}?(?:import|include|for\s|if\s|set\s|block|extends|debug|load|print|call|macro)|@\(\s?\d+\s?[*+]\s?\d|@(?:system\.|\{)|\[\[\s?\$?\{|#set\s?\(\s?\$|\{php\}|\{if\s[^}]{0,80}\}|\{\{\s?\d+\s?\}\}|<#assign|\$\{\s?\d+\s?[*+-]\s?\d+"#
            )),
    ]
}
