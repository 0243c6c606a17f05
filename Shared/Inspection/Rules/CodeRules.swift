internal import PatternMatching

enum CodeRules {
    private static let places = VariableSet.everywhere

    static let all: [Rule] = [
        Rule(
            "code.lookup", .lookupInjection, .certain, "a lookup that a logger would resolve",
            in: VariableSet.everywhere.union(VariableSet(.target)), after: .joined, literals: ["${", "$\\{"],
            .matches(
                #"\$\\?\{(?:jndi:|[^}]{0,200}?(?:\$\\?\{|::-)[^}]{0,20}\}?|(?:lower|upper|env|sys|java|date|ctx|main|bundle|docker|k8s|web|base64|log4j|script|dns|url):)"#
            )),
        Rule(
            "code.php-open", .codeInjection, .certain, "PHP source", in: places.union(VariableSet(.fileContent)),
            after: .text, literals: ["<?php", "<?=", "<? "],
            .matches(#"<\?(?:php\b|=\s*+[$`\w(]|\s++(?:echo|system|eval|exec|phpinfo|passthru|include|require|\$))"#)),
        Rule(
            "code.server-page", .codeInjection, .certain, "a page's server-side source",
            in: places.union(VariableSet(.fileContent)),
            after: .text,
            literals: [
                "<%", "<jsp:", "runat", "<cf", "<script language", "x-httpd-php", "response.write", "%pipe%",
                "push graphic-context",
            ],
            .matches(
                #"<%@?\s?(?:page\b|@?\s?(?:import|language|webhandler|webservice)\b|[=!]?\s?(?:(?:eval|execute)(?:\s?[("]|\s\w)|response\.|request\.|runtime|out\.print|java|new\s|system\.|string|process|set\s|dim\s))|<jsp:(?:root|scriptlet|usebean|include|expression|declaration)|<script language\s?=\s?['"]?php|\b(?:addtype|addhandler|sethandler) (?:application/)?x-httpd-php|<script\s[^>]{0,80}runat\s?=\s?['"]?server|<cf(?:execute|query|file|include|output)\b|\bresponse\.write\s?\(\s?\d{2,12}\s?[*+]\s?\d{2,12}\s?\)|\(%pipe%|\bpush graphic-context\b.{0,400}?\b(?:url\(|msl:|label:@|ephemeral:|image over)"#
            )),
        Rule(
            "code.java-stream", .codeInjection, .certain, "a serialized Java object",
            in: VariableSet(.body, .fileContent, .argument, .cookie),
            after: [], bytes: [ByteSet([0xac]), ByteSet([0xed])], .matches(#"\xac\xed\x00\x05[\x70-\x7e]"#)),
        Rule(
            "code.object-stream", .codeInjection, .certain, "a serialized object of Python or .NET that runs something",
            in: VariableSet(.body, .fileContent, .argument, .cookie, .jsonValue), after: [],
            literals: [
                "posix", "cos\nsystem", "cnt\nsystem", "cos\npopen", "cnt\npopen", "subprocess", "builtin", "\u{2}os",
                "\u{2}nt", "/wey", "culture=neutral",
            ],
            .matches(
                #"(?:^|[\x80-\xff\x00-\x09.])c(?:os|nt)\n(?:system|popen)\n|(?:^|[\x80-\xff\x00-\x09.])c(?:posix|subprocess|builtins|__builtin__)\n(?:system|popen\w*|spawn\w*|exec\w*|eval|call|run|check_output|getoutput|getattr|__import__|apply)\n|\x8c(?:\x02(?:os|nt)|.(?:posix|subprocess|builtins|__builtin__))\x94?\x8c.(?:system|popen|Popen|spawn\w*|exec\w*|eval|call|run|check_output|getoutput|getattr|__import__)\x94?\x93|^/wEy[A-Za-z0-9+/]{20}|\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00.{0,400}?[Cc]ulture=neutral"#
            )),
        Rule(
            "code.gadget", .codeInjection, .certain, "a class that turns reading an object into running code",
            in: places.union(VariableSet(.xmlMarkup)),
            after: .text,
            literals: [
                "xwork2", "clonetransformer", "forclosure", "instantiatefactory", "instantiatetransformer",
                "invokertransformer",
                "prototypeclonefactory", "prototypeserializationfactory", "whileclosure", "chainedtransformer",
                "templatesimpl",
                "jdbcrowsetimpl", "badattributevalue", "annotationinvocationhandler", "beanshell", "groovy.util",
                "groovyshell",
                "xmldecoder", "scriptenginemanager", "urldns", "commonscollections", "jndilookup", "jndirowset",
                "c3p0",
                "methodclosure", "objectdataprovider", "typeconfusedelegate", "windowsidentity", "losformatter",
                "org.apache.xbean", "logback.core.db", "org.omg.corba", "jdk.nashorn.internal", "imageio.spi",
                "beans.eventhandler", "xml.internal.bind", "runexecutablelistener", "xmlapplicationcontext",
                "jndidatasourcefactory", "java.net.inet", "jdbc4connection", "textformattingrunproperties",
                "jdbc:", "apache.struts2.", "xalan/java", "apache.org/xalan", "apache.org/xslt", "php:function",
            ],
            .matches(
                #"opensymphony\.xwork2|(?:clone|instantiate|invoker|chained)transformer|(?:^|\.)(?:for|while)closure|instantiatefactory|prototype(?:clone|serialization)factory|templatesimpl|jdbcrowsetimpl|badattributevalueexp|annotationinvocationhandler|groovy\.util\.|groovyshell|java\.beans\.xmldecoder|<java[^>]{0,60}xmldecoder|scriptenginemanager|org\.apache\.xbean\.|logback\.core\.db\.|mchange\.v2\.c3p0|methodclosure|objectdataprovider|typeconfusedelegate|losformatter|org\.omg\.corba\.|(?<![a-z:] )(?:jdk\.nashorn\.internal|java\.beans\.eventhandler|com\.sun\.xml\.internal\.bind)|javax\.imageio\.spi\.filter|runexecutablelistener|(?<!at org\.)springframework\.context\.support\.(?:classpath|filesystem)xmlapplicationcontext(?![.@:]| -)|jndidatasourcefactory|^java\.net\.inet(?:[46]?address|socketaddress)$|jdbc4connection|textformattingrunproperties|org\.apache\.struts2\.\w{1,40}@|jdbc:h2:[^'"]{0,200}?\binit\s?=|jdbc:(?:mysql|mariadb):[^'"\s]{0,200}?(?:autodeserialize|interceptors|allowloadlocalinfile|allowurlinlocalinfile)\s?=|jdbc:postgresql:[^'"\s]{0,200}?(?:socketfactory|sslfactory)\w{0,3}\s?=|xalan/java/java\.|xmlns:\w{1,20}=['"]http://xml\.apache\.org/(?:xalan|xslt)/java|\bphp:function(?:string)?\s?\("#
            )),
        Rule(
            "code.form-callback", .codeInjection, .certain, "a form's internal property set from outside",
            in: .inputs, after: .text,
            literals: ["[#", "#post_render", "#lazy_builder", "class.", "class[", "invokefunction", "think\\"],
            .matches(
                #"\[#(?:post_render|pre_render|lazy_builder|markup|access_callback|submit|validate|process|type)\]|^class(?:\.module|\[['"]?module['"]?\])?(?:\.classloader|\[['"]?classloader['"]?\])|\bthink\\\w+/invokefunction|/invokefunction$|\\think\\(?:app|container|request|template)|\bthink\\(?:app|container|request|template)\b"#
            )),
        Rule(
            "code.callback-name", .codeInjection, .certain, "a parameter that names a function nobody else would",
            in: VariableSet(.argument, .cookie), after: [.lowercase],
            .isOneOf([
                "call_user_func", "call_user_func_array", "shell_exec", "passthru", "proc_open", "pcntl_exec",
                "create_function",
                "file_put_contents", "phpinfo", "system_exec", "popen", "__construct",
            ])),
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
            "code.php-command", .codeInjection, .certain, "a call that gives a shell a command", in: places,
            after: .text,
            literals: [
                "system(", "exec(", "passthru(", "popen(", "phpinfo(", "system (", "exec (", "${@", "${ @", "{${",
                "call_user_func", "create_function", "md5(", "md5 (", "sha1(", "php_uname(", "phpversion(", "getcwd(",
                "chr(", "array_map", "array_filter", "array_walk", "usort", "uasort", "uksort", "iterator_apply",
                "register_shutdown", "'.'", "\".\"", "'.\"", "\".'", "assert(", "var_dump(", ".sleep(", ".usleep(",
                ".print(", ".system(", ".exec(", ".passthru(", ".eval(",
                ".md5(", ".shell_exec(", "@ini_set", "@set_time",
                "@error_rep", "@eval", "@assert", "include(", "require(", "include_once(", "require_once(",
            ],
            .matches(
                #"(?:^|[^\w.$>:-])(?:system|shell_exec|exec|passthru|popen|proc_open|pcntl_exec)\s?\(\s?(?:['"][\w/.\\-]+(?:\s[^'"]{0,200})?['"]\s?[,)]|\$_)|(?:^|[;<?@{(\s])phpinfo\s?\(\s?-?\d?\s?\)\s?(?:;|\?>|\}|$)|\(\s?['"]?(?:system|exec|passthru|shell_exec|phpinfo|assert)['"]?\s?\)\s?\(|\b(?:call_user_func(?:_array)?|create_function)\s?\(\s?['"$]|\$\{\s?@\w{2,20}\s?\(|\{\$\{\s?\w{2,20}\s?\(|(?:^|[;'"{}(=?.\s])(?:print|echo|die|exit|print_r|var_dump)(?:\s?\(\s?|\s)(?:md5\s?|sha1|php_uname|phpversion|getcwd)\(|\bchr\(\s?\d{2,3}\s?\)\s?\.\s?chr\(|\b(?:array_(?:map|filter|walk)|usort|uasort|uksort|iterator_apply|register_shutdown_function)\s?\([^()]{0,60}?['"](?:system|exec|passthru|shell_exec|assert|popen)['"]|\(\s?['"]\w{1,12}(?:['"]\.['"]\w{1,12}){1,8}['"]\s?\)\s?\(|\bassert\(\s?(?:['"](?:phpinfo|system|eval|print|die|exec)\b|base64_decode\()|['"]\.(?:sleep|usleep|print|system|exec|passthru|phpinfo|eval|md5|shell_exec)\(\s?['"\w]|\bvar_dump\(\s?\d+\s?[*+-]\s?\d|(?:^|[^\w.])@(?:ini_set|set_time_limit|error_reporting|eval|assert)\s?\(|\b(?:include|require)(?:_once)?\(\s?['"](?:https?|ftps?|php|data|phar):"#
            )),
        Rule(
            "code.php-variable", .codeInjection, .certain, "PHP's superglobals or a stream wrapper", in: places,
            after: .text,
            literals: [
                "$_get", "$_post", "$_request", "$_server", "$_cookie", "$_files", "$_session", "$globals", "php://",
                "phar://", "expect://",
                "convert.iconv.", "convert.base64-", "compress.zlib://", "zip://", "glob://", "ssh2://", "ogg://",
                "data://text", "allow_url_include",
                "auto_prepend_file",
            ], .containsLiteral),
        Rule(
            "code.serialized-object", .codeInjection, .certain, "a serialized object", in: places, after: .text,
            literals: [
                "o:", "cos system", "cposix system", "cnt system", "csubprocess ", "ro0ab", "aced0005", "!!python/",
                "!!javax", "!ruby/", "_$$nd_func$$_", "c__builtin__", "$type\"",
                "aaeaaad",
            ],
            .matches(
                #"(?:^|[;{"'])[oc]:\+?\d{1,4}:"[\w\\]{1,80}":\d{1,4}:\{|^c(?:os|posix|nt|subprocess) (?:system|popen|call|run|check_output) \(|\bro0ab[a-z0-9+/]{4}|\baced0005|!!(?:python|javax?)[./]|!ruby/|_\$\$nd_func\$\$_|\baaeaaad/{4}|"\$type"\s?:\s?"system\."#
            )),
        Rule(
            "code.java", .codeInjection, .certain, "Java's runtime, class loader or an expression language", in: places,
            after: .text,
            literals: [
                "java.lang.", "getruntime", "processbuilder", "classloader", "java.io.", "java.net.", "javax.script",
                "ognl", "getclass", "org.apache.commons.", "com.sun.", "_memberaccess", "org.springframework.",
                "java.util.", "#context", "#_memberaccess", "freemarker.template", ".execute()", "system.getproperty",
                "system.getenv", "system.diagnostics",
            ],
            .matches(
                #"(?:(?<![a-z:] )|(?<=new ))(?:java\.lang\.(?:(?:runtime|process(?:builder|impl)?|system|class(?:loader)?|character|reflect|thread|string(?:builder|buffer)?|math|object|integer)(?![a-z.]*exception)\b)|java\.io\.(?:file(?:(?:in|out)putstream|reader|writer)?|inputstream(?:reader)?|bufferedreader)(?![a-z])|java\.net\.(?:url(?:classloader|connection)?|socket)(?![a-z])|com\.sun\.(?:jndi|rowset|org)\b)|getruntime\(|(?<!at java\.lang\.)processbuilder(?:\(|\.(?!java:))|class\.(?:module\.)?classloader|java\.util\.scanner|javax\.script\.|ognl\.|getclass\(\)|\.class\.forname|(?<!at )(?<!: )org\.apache\.commons\.(?:collections|io|fileupload)\b|_memberaccess|(?<!at )org\.springframework\.expression\.spel|\bsystem\.(?:getproperty|getenv)\s?\(\s?['")]|(?<!at )system\.diagnostics\.process\.start\s?\(|#context\[|['"]\]?\.execute\(\)|freemarker\.template\.utility"#
            )),
        Rule(
            "code.script-runtime", .codeInjection, .certain, "Python's, Ruby's or Node's way to run a command",
            in: places, after: .joined,
            literals: [
                "__import__", "os.system", "os.popen", "subprocess.", "child_process", "process.mainmodule",
                "process.binding", "__proto__", "constructor.prototype", "process.env", "require(", "io.popen",
                "__class__", "__globals__", "__builtins__", "__subclasses__", "__mro__", "__base", "__init__",
                "kernel.exec", "kernel.system", "process.exit", "][prototype",
                "prototype[", "global.process", "os.execute", "exec(", "runtime.exec", "kernel.exit", "kernel.spawn",
                "%x(", "%x{", "%x[", "@{[", "deno.run", "deno.command", "$env{'", "$env{\"",
            ],
            .matches(
                #"__import__\(|\bos\.(?:system|popen|execute)\(|subprocess\.(?:popen|call|run|check_output|getoutput)\(|['"(.]child_process|child_process['".)]|\(\s?`child_process|process\.(?:mainmodule|binding\(|exit\()|\bdeno\.(?:run|command)\(|(?<![\w.])process\.env\b|__proto__[\]\["'.:=]|^__proto__$|constructor\.prototype|constructor\]\[prototype|require\(['"`](?:fs|os|net|http|vm|child)|io\.popen\(|__(?:class|globals|builtins|subclasses|mro|base|bases|init)__|kernel\.(?:exec|system|exit|spawn)\b|%x[({\[]['"]?[a-z/]{2}|@\{\[(?:system|exec|qx|eval|open|`)|\$env\{['"]|global\.process\."#
            )),
        Rule(
            "code.template-expression", .templateInjection, .certain, "an expression that a template would compute",
            in: places, after: .text, .grammar(.template)),
    ]
}
