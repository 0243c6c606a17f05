internal import PatternMatching

enum CommandRules {
    private static let places = VariableSet.everywhere
    /// Programs whose names mean nothing else, and what they are usually called with.
    private static let programs =
        #"(?:whoami|uname|ifconfig|ipconfig|nslookup|netstat|traceroute|tracert|systeminfo|sysinfo|netsh|tasklist|hostname|printenv|getent|lsof|useradd|crontab|nohup|ncat|netcat|socat|lwp-download|powershell|pwsh|certutil|bitsadmin|cscript|wscript|mshta|regsvr32|rundll32|busybox|chmod|chown|chattr|mkfifo|xxd|gcc|ifup|phpinfo)\b(?![\w@])|(?:(?<![a-z]\|)id|id(?=\s*+[|;&`]\s*+$)|ls|ps|pwd|df|env|dir|arp|uptime)(?:\s*+(?:$|[;|&`>#])|\s++[-/]\w)|(?:cat|tac|nl|head|tail|more|less|type|ls|dir|cp|mv|rm|touch|find|grep|sed|awk|sort|strings|od|vi|nano|ed|file|stat|tee|dd|tar|unzip|xargs)\s++(?:-\w|/\S|(?<=ls )/|(?<=find )/\s|\.\./|\.\s|\*|~|\$|c:|\?|[\w.]++\.(?:txt|php|conf|ini|log|sh|py|passwd)\b|%\w+%|boot\.ini)|(?:curl|wget|fetch|telnet)\s++\S*[-./:$]|(?:ping6?|sleep|timeout)\s++(?:-\w|/\w|\d)|nc\s++(?:-\w|[\d.]++\s++\d)|(?:ba|z|k|c|tc|da|a)?sh\s*+(?:-\w++\s++\S|-i\b|<|\||$|/)|(?:python[\d.]*|perl|ruby|php\d?|node|lua)\s++(?:-\w|/|\w+\.[a-z])|ps\s++a?ux?\b|telnetd?\s++-|openssl\s++[a-z_]+\s++-|(?:echo|printf|expr)\s++(?:["'$`(\w\\%-])|net\s++(?:user|view|localgroup|start|group)\b|cmd(?:\.exe)?\s*+/\w|/(?:usr/|bin/|sbin/|etc/|tmp/|dev/|opt/|local/)++[\w.-]++|reg\s++(?:add|query)\b|wmic\s|dig\s++\S|ssh\s++\S|kill\s++-?\d|touch\s++/|java\s++-"#

    static let all: [Rule] = [
        Rule(
            "command.structure", .commandInjection, .certain, "a separator, then a program and its arguments",
            in: places, after: .lines + [.unquoteShell], bytes: [ByteSet(";|&`$<>\n")], .grammar(.shell)),
        Rule(
            "command.powershell", .commandInjection, .certain, "PowerShell that fetches or runs something", in: places,
            after: .shell,
            literals: [
                "invoke-", "new-object", "downloadstring", "downloadfile", "-encodedcommand", "iex", "iwr",
                "start-process", "start-sleep",
                "frombase64string", "[system.", "downloaddata", "powershell", "-executionpolicy", "-noprofile",
            ],
            .matches(
                #"\binvoke-(?:webrequest|expression|command|restmethod|wmimethod|mimikatz|item)\b\s*+[-('"$\w]|\bnew-object\s++(?:-com\w*\s++)?(?:net\.|system\.|wscript|shell)|\.download(?:string|file|data)\s?\(|\bpowershell\S*\s++-e\w*\s++[a-z0-9/= ]{16}|\biex\s?\(\s?(?:new-object|iwr|\[)|\biwr\s++https?:|\bstart-process\s++[\w./-]+\s++-|[;|&]\s*+start-sleep\s++(?:-\w++\s++)?\d|\[system\.(?:convert|text)[\w.]*\]::|-executionpolicy\s++bypass"#
            )),
        Rule(
            "command.windows-loop", .commandInjection, .certain,
            "a loop or condition of the Windows shell, or a spreadsheet's way to it", in: places,
            after: .text,
            literals: [
                "for ", "if ", "for/", "cmd|", "cmd |", "msexcel|", "rundll32|", "regsvr32|", "powershell|", "mshta|",
                "certutil|", "dde(", "dde (",
            ],
            .matches(
                #"\bfor\s?(?:/[dflr]\s++(?:['"]?[^%]{0,60}['"]?\s)?)?%{1,2}[a-z]\w*\s++in\s?\(|\bif\s++(?:/i\s++)?(?:not\s++)?(?:exist\s++[\w.:\\/]*[.:\\/][\w.:\\/]*\s|errorlevel\s++\d|cmdextversion\s++\d)|(?:^|[=+@(*-])(?:cmd\s?|msexcel|rundll32|regsvr32|powershell|mshta|certutil)\|\s?['"]|^[=+@-]\s?dde\s?\(\s?['"]"#
            )),
        Rule(
            "command.chained", .commandInjection, .certain, "a shell separator followed by a command", in: places,
            after: .shell, bytes: [ByteSet(";|&`$<>")],
            .matches(
                #"(?:[;|`]|&&|\|\||(?<![&=?])&(?!\w{1,30}=)|\$\(|<\(|>\()\s*+(?:\(\s*+|\{\s*+|!\s*+|sudo\s++|time\s++|\w{1,20}=\S{0,20}\s++)?(?:/(?:[\w*?.]{1,12}/){1,5})?(?:"#
                    + programs + ")")),
        Rule(
            "command.second-line", .commandInjection, .certain, "a short value, a line break, a command",
            in: VariableSet(.argument, .cookie, .path, .header, .userAgent), after: .lines + [.unquoteShell],
            bytes: [ByteSet("\r\n")],
            .matches(#"^[^\r\n]{0,60}[\r\n]++\s*+(?:"# + programs + #")[^\r\n]{0,120}[\r\n]*+$"#)),
        Rule(
            "command.line", .commandInjection, .certain, "a value that is, all of it, a command with its arguments",
            in: VariableSet(.argument, .cookie, .jsonValue, .path, .xmlText, .body), after: .shell,
            words: Rule.Words(
                commands: "cat ls uname ping curl wget nc sh bash zsh ksh cmd powershell net perl php ruby rm chmod "
                    + "type reg dir sleep which nslookup certutil bitsadmin tftp busybox mshta regsvr32 python"),
            bytes: [ByteSet(" ")],
            .matches(
                #"^\s*+(?:/?(?:[\w-]{1,12}/){0,3})?(?:cat\s++(?:-\w++\s++)*+/\w|ls\s++(?:-\w++\s*+)*+(?:/|$)|uname\s++-\w|ping(?:\.exe)?\s++-[nc]\s++\d|(?:curl|wget)\s++(?:-\w++\s++)*+['"]?(?:https?|ftp)://|nc\s++-\w|(?:ba|z|k)?sh\s++-[ci]\b|cmd(?:\.exe)?\s*+/c\b|powershell(?:\.exe)?\s++-\w|net\s++(?:user|localgroup|view|share)\b|python[\d.]*\s++-c|perl\s++-e|php\s++-r|ruby\s++-e|rm\s++-\w*[rf]\w*\s|chmod\s++[+\d]|type\s++[\w%]+:?/|reg\s++(?:add|query|save)\s|dir\s++c:|sleep\s++\d{1,3}\s*+$|which\s++(?:perl|nc|netcat|python\d?|wget|curl|gcc)\s*+$|nslookup\s++(?:-\S++\s++)*+\S+\.\S|certutil(?:\.exe)?\s++[-/](?:urlcache|decode|f)|bitsadmin(?:\.exe)?\s++/\w|tftp\s++-\w\s|busybox\s++\w|mshta(?:\.exe)?\s++\w+:|regsvr32(?:\.exe)?\s++/)[^\r\n]{0,300}$"#
            )),
        Rule(
            "command.parameter", .commandInjection, .certain, "a parameter that hands a page a command",
            in: VariableSet(.target), after: [.lowercase],
            literals: [
                "=whoami", "=id", "=uname", "=ifconfig", "=ipconfig", "=systeminfo", "=netstat", "=ls", "=dir", "=pwd",
                "=hostname", "=ps", "=net+", "=net%20", "=cat+", "=cat%20", "=type+", "=type%20", "=system&", "=exec&",
                "=passthru&", "=shell_exec&", "=assert&",
            ],
            .matches(
                #"[?&](?:cmd|command|exec|execute|shell|sh|payload|pass(?:wd|word)?|c|x|z|\d{1,2})=(?:whoami|uname|ifconfig|ipconfig|systeminfo)(?:&|$|%20|\+|%26|;|%3b)|[?&](?:cmd|command|exec|execute|shell|payload|\d{1,2})=(?:id|ls|dir|pwd|hostname|netstat|ps)(?:&|$|%20-|\+-|%20/|\+/|;|%3b)|[?&](?:cmd|command|exec|execute|shell)=(?:net|cat|type)(?:%20|\+)[\w/%.-]|[?&]\d=(?:system|exec|passthru|shell_exec|assert)&\d="#
            )),
        Rule(
            "command.first", .commandInjection, .likely, "a value that is a command line", in: [.inputs, .paths],
            after: .shell,
            words: Rule.Words(
                commands: "cat tac nl head tail more less type ls ping curl wget nc sh bash zsh ksh cmd powershell net "
                    + "perl php rm chmod uname bin nslookup systeminfo ifconfig ipconfig whoami python"),
            .matches(
                #"^\s*+(?:(?:cat|tac|nl|head|tail|more|less|type|ls)\s++(?:-\w++\s++)*+(?:/|\.\./|c:)|(?:ping)\s++-\w\s++\d|(?:curl|wget)\s++(?:-\w++\s++)*+['"]?(?:https?|ftp)://|nc\s++-\w|(?:ba|z|k)?sh\s++-[ci]\b|cmd(?:\.exe)?\s*+/c|powershell(?:\.exe)?\s++-|net\s++(?:user|localgroup)\b|python[\d.]*\s++-c|perl\s++-e|php\s++-r|rm\s++-\w*[rf]|chmod\s++[+\d]|uname\s++-a|/(?:usr/)?bin/(?:id|ls|cat|sh|bash|nc|wget|curl|uname|whoami|ping|sleep)\b|nslookup\s++\S+\.|systeminfo\s*+$|ifconfig\s*+$|ipconfig(?:\s++/all)?\s*+$|whoami\s*+$)"#
            )),
        Rule(
            "command.substitution", .commandInjection, .likely, "a command substitution", in: places, after: .shell,
            literals: ["$(", "`", "${"],
            .matches(
                #"\$\(\s*+(?:[a-z/][\w/.-]{0,40})(?:\s++[^)]{1,80})?\)(?:$|[^\w.(])|\$\(\s*+(?:id|whoami|uname|pwd|ls|hostname)\s*+\)|`\s*+(?:id|ls|whoami|uname|cat|sleep|ping|curl|wget|nslookup|echo|pwd)\b[^`]{0,80}`"#
            )),
        Rule(
            "command.shell-path", .commandInjection, .certain, "a shell's path or a network device", in: places,
            after: .shell,
            literals: [
                "/bin/sh", "/bin/bash", "/bin/zsh", "/bin/ksh", "/bin/cat", "/bin/id", "/bin/ls", "/bin/nc",
                "/bin/dash", "/bin/ping", "/bin/wget", "/bin/curl", "/bin/python", "/bin/perl", "/bin/uname",
                "/bin/whoami", "/dev/tcp/", "/dev/udp/", "c:/windows/system32/cmd", "cmd.exe", "powershell.exe",
                "%comspec%",
            ],
            .containsLiteral),
        Rule(
            "command.glob", .commandInjection, .certain, "a path hidden in wildcards", in: places, after: .shell,
            bytes: [ByteSet("?*["), ByteSet("/")],
            .matches(
                #"/(?![*/]+(?:\s|$))(?:[\w]{0,3}[?*]{1,3}[\w]{0,3}){1,3}/(?:[\w]{0,6}[?*]{1,6}[\w]{0,6}){1,3}(?:\s|$|/)|/\[[\w-]{1,4}\]\w{1,3}/"#
            )),
        Rule(
            "command.braces", .commandInjection, .certain, "a command in brace expansion", in: places, after: .shell,
            literals: ["{"], bytes: [ByteSet(",")],
            .matches(
                #"\{\s*+(?:cat|ls|curl|wget|nc|echo|ping|id|uname|bash|sh|sleep|nslookup|find|grep),[^}\s]{1,80}\}"#)),
        Rule(
            "command.function-export", .commandInjection, .certain, "a function definition for a vulnerable bash",
            in: places, after: .text, literals: ["() {", "(){", "() \u{b}{", "( ) {"],
            .matches(#"\(\s?\)\s?\{.{0,100}?;\s?\}\s?;|\(\s?\)\s?\{\s?_;|^\s?\(\s?\)\s?\{"#)),
    ]
}
