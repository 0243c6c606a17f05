internal import PatternMatching

enum CommandRules {
    private static let places = VariableSet.everywhere
    /// Programs whose names mean nothing else, and what they are usually called with.
    private static let programs =
        #"(?:whoami|uname|ifconfig|ipconfig|nslookup|netstat|traceroute|tracert|systeminfo|sysinfo|netsh|tasklist|hostname|printenv|getent|lsof|useradd|passwd|crontab|nohup|ncat|netcat|socat|telnet|curl|wget|lwp-download|fetch|powershell|pwsh|certutil|bitsadmin|cscript|wscript|mshta|regsvr32|rundll32|busybox|chmod|chown|chattr|mkfifo|base64|xxd|gcc|ifup|phpinfo)\b(?![\w@])|(?:id|ls|ps|pwd|w|df|env|set|dir|ver|arp|who|date|uptime|reboot|shutdown|exit)(?:\s*+(?:$|[;|&`>#])|\s++[-/]\w)|(?:cat|tac|nl|head|tail|more|less|type|ls|dir|cp|mv|rm|touch|find|grep|sed|awk|sort|strings|od|vi|nano|ed|file|stat|tee|dd|tar|unzip|xargs)\s++(?:-\w|/|\.\./|\.\s|\*|~|\$|c:|\?|[\w.]++\.(?:txt|php|conf|ini|log|sh|py|passwd)\b|%\w+%|boot\.ini)|(?:ping6?|sleep|timeout)\s++(?:-\w|/\w|\d)|nc\s++(?:-\w|[\d.]++\s++\d)|(?:ba|z|k|c|tc|da|a)?sh\s*+(?:-\w|<|\||$|/)|(?:python[\d.]*|perl|ruby|php\d?|node|lua)\s++(?:-\w|/|\w+\.\w)|(?:echo|printf|expr)\s++(?:["'$`(\w\\-])|net\s++(?:user|view|localgroup|start|group)\b|cmd(?:\.exe)?\s*+/\w|/(?:usr/|bin/|sbin/|etc/|tmp/|dev/|opt/|local/)++[\w.-]++|reg\s++(?:add|query)\b|wmic\s|dig\s++\S|ssh\s++\S|kill\s++-?\d|touch\s++/|java\s++-"#

    static let all: [Rule] = [
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
            "command.first", .commandInjection, .likely, "a value that is a command line", in: [.inputs, .paths],
            after: .shell, bytes: [ByteSet(" />")],
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
                #"/(?:[\w]{0,3}[?*]{1,3}[\w]{0,3}){1,3}/(?:[\w]{0,6}[?*]{1,6}[\w]{0,6}){1,3}(?:\s|$|/)|/\[[\w-]{1,4}\]\w{1,3}/"#
            )),
        Rule(
            "command.braces", .commandInjection, .certain, "a command in brace expansion", in: places, after: .shell,
            literals: ["{"], bytes: [ByteSet(",")],
            .matches(
                #"\{\s*+(?:cat|ls|curl|wget|nc|echo|ping|id|uname|bash|sh|sleep|nslookup|find|grep),[^}\s]{1,80}\}"#)),
        Rule(
            "command.function-export", .commandInjection, .certain, "a function definition for a vulnerable bash",
            in: places, after: .text, literals: ["() {", "(){", "() \u{b}{", "( ) {"],
            .matches(#"\(\s?\)\s?\{.{0,100}?;\s?\}\s?;|\(\s?\)\s?\{\s?_;"#)),
    ]
}
