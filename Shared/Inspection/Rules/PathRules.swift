internal import PatternMatching

enum PathRules {
    private static let places = VariableSet.everywhere
    /// Who shows the files of a repository names them all.
    private static let outsideRepositories =
        #"(?!(?:/[^/]{1,80}){1,4}?/(?:-/)?(?:blob|tree|raw|blame|src/(?:branch|commit|tag)|commits?|edit|compare|contents|wiki|docs?|blog)s?/)"#

    static let all: [Rule] = [
        Rule(
            "path.structure", .pathTraversal, .certain, "steps up a directory tree, however they are written",
            in: [.inputs, .paths, VariableSet(.header, .userAgent, .xmlMarkup)], after: [],
            bytes: [
                ByteSet(".%\\&0") | ByteSet([0xc0, 0xc1, 0xe0, 0xe3, 0xef]), ByteSet("/\\%0") | ByteSet([0xc0, 0xe2]),
            ],
            .grammar(.path)),
        Rule(
            "path.climb", .pathTraversal, .certain, "several steps up a directory tree",
            in: [.inputs, .paths, VariableSet(.header, .userAgent)], after: .path,
            literals: ["../", "..;/", "/..", "..2f", "..5c", "..0x", "..%", "..u", "0x2e0x2e"],
            .matches(
                #"(?:^|[^\w])(?:\.{2,4};?/+){2,}|(?:/\.{2};?){2,}(?:/|$)|(?:\.{2}/+\w{0,20}/*+){3,}|(?:\.\./){2,}|(?:\.\.[^\w\s.]{0,2}(?:0x|u|%)?(?:2f|5c|2215|2216|f025)){2,}|(?:0x2e){2}(?:0x2f|/|0x5c)"#
            )),
        Rule(
            "path.climb-in-path", .pathTraversal, .certain, "a step up in the path itself, which no browser sends",
            in: .paths, after: [], literals: ["/..", "\\..", "/;/", "/.;/"],
            .matches(#"[/\\]\.\.;?(?:[/\\]|$)|/\.?;/"#)),
        Rule(
            "path.climb-once", .pathTraversal, .weak, "a step up a directory tree", in: [.inputs, .paths],
            after: .path, literals: ["../", "/..", "..;/"], .matches(#"(?:^|[/=:,;'"\s])\.\.;?(?:/|$)"#)),
        Rule(
            "path.climb-to-secret", .pathTraversal, .certain, "a step up, to a file that configures or records",
            in: VariableSet(.argument, .cookie), after: .path, literals: ["../"],
            .matches(
                #"^(?:\.\./)++[\w./-]{1,120}\.(?:properties|conf|cnf|ini|env|pem|key|inc|log|sqlite3?|htpasswd|ya?ml|toml|bak|git/\w+)$"#
            )
        ),
        Rule(
            "path.encoded-climb", .pathTraversal, .certain, "a step up, its dots or slashes encoded twice or overlong",
            in: VariableSet(.target, .body), after: [.lowercase],
            literals: [
                "%252e%252e", "..%252f", "..%255c", "%c0%ae", "%c0%af", "..%c1%9c", "%uff0e", "%u002e%u002e",
                "..%u2215", "..%u2216", "%%32%65",
                "%25c0%25ae", "..%00/", "%e0%80%ae",
            ],
            .containsLiteral),
        Rule(
            "path.system-file", .pathTraversal, .certain, "a file that only the system or the application should read",
            in: [.inputs, .paths, VariableSet(.header, .userAgent, .xmlMarkup)], after: .path + [.unquoteShell],
            literals: [
                "etc/passwd", "etc/shadow", "etc/hosts", "etc/group", "etc/issue", "etc/crontab", "etc/mysql",
                "etc/nginx", "etc/apache", "etc/httpd", "etc/ssh", "etc/sudoers", "etc/master.passwd", "etc/fstab",
                "etc/resolv.conf", "etc/motd", "etc/php", "etc/init.d", "etc/security/", "etc/os-release",
                "proc/self/", "proc/version", "proc/cpuinfo", "proc/net/", "proc/cmdline", "proc/1/", "var/log/apache",
                "var/log/nginx", "var/log/auth", "var/log/httpd", "var/log/messages", "var/log/mail", "var/log/access",
                "var/log/error", "var/www/html",
                "boot.ini", "win.ini", "windows/system32/", "winnt/system32/", "windows/win", "windows/repair",
                "system32/drivers/etc", "inetpub/wwwroot", "inetpub/logs", "system32/config",
                ".ssh/id_rsa", ".ssh/authorized_keys", ".bash_history", "web-inf/web.xml", "web-inf/classes",
                "meta-inf/manifest", ".aws/credentials", "wp-config.php", "run/secrets/", "tomcat-users.xml",
                ".htpasswd", "root/.", "php.ini", "my.cnf",
                "web.config", "global.asa", "/usr/local/apache", "/usr/local/etc", "apache/logs/", "apache2/logs",
            ],
            // Not a longer name's beginning: `src/etc/passwd_reader.c`.
            .matches(
                #"(?:etc/(?:passwd|shadow|hosts|group|issue|crontab|fstab|resolv\.conf|motd|master\.passwd|os-release)(?!_))|etc/(?:mysql|nginx|apache|httpd|ssh|sudoers|php|init\.d|security/)|proc/(?:self/|version|cpuinfo|net/|cmdline|1/)|var/log/(?:apache|nginx|auth|httpd|messages|mail|access|error)|var/www/html|boot\.ini|win\.ini|(?:windows|winnt)/system32/|windows/(?:win|repair)|system32/(?:drivers/etc|config)|inetpub/(?:wwwroot|logs)|\.ssh/(?:id_rsa|authorized_keys)|\.bash_history|web-inf/(?:web\.xml|classes)|meta-inf/manifest|\.aws/credentials|wp-config\.php|/run/secrets/|tomcat-users\.xml|\.htpasswd|root/\.|php\.ini|my\.cnf|web\.config|global\.asa|/usr/local/(?:apache|etc)|apache2?/logs"#
            )),
        Rule(
            "path.system-directory", .pathTraversal, .certain, "a value that is a path into the system", in: .inputs,
            after: .path,
            literals: [
                "etc/", "proc/", "sys/", "dev/", "var/log/", "usr/local/", "root/", "windows/", "winnt/", "xampp/",
                "lampp/", "apache",
                "php", "bitnami/", "wamp/",
            ],
            .matches(
                #"^(?:file:/*)?/?(?:[a-z]:)?/(?:etc/[\w.-]|proc/(?:self|version|\d|[\w]+$)|var/log/\w|usr/local/(?:etc|apache\d?|php\d?|nginx|lib)/|root/\.?\w|opt/(?:lampp|bitnami)/|sys/(?:class|kernel|devices|firmware)|dev/(?:null|zero|random|fd/|tcp/|sd[a-z]))|^[a-z]:/(?:windows|winnt|xampp|wamp|inetpub|php\d?|apache\d?|program files[^/]{0,8}/(?:apache|php|mysql|xampp))[/\s]"#
            )),
        Rule(
            "path.server-file", .pathTraversal, .certain, "the absolute path of a server's file",
            in: VariableSet(.argument, .cookie, .xmlText), after: .path,
            literals: [
                "/var/", "/usr/", "/opt/", "/tmp/", "/private/", "/library/", "/volumes/", "/home/", "logs/", "log/",
                "program", "system32", "minint", "recycle", "/bin/", "/sbin/", "/boot/",
            ],
            .matches(
                #"^(?:file:/*)?(?:[a-z]:)?/(?:var/(?:log|run|lock|spool|mail|adm|lib|tmp|cache|backups?|www|saf|cpanel|mysql)/|usr/(?:local|lib|lib64|share|bin|sbin|pkg|ports|pgsql|etc|home|apache\w*)/|opt/[\w.-]+/|tmp/(?:sess_|php|\.)|private/(?:etc|var|tmp)/|library/\w+/|volumes/\w+/|home/[\w.-]+/\.|boot/(?:grub|vmlinuz|efi)|s?bin/\w)[\w.@<>~ /-]*\x00?(?:\.\w{1,5})?$|^(?:[a-z]:)?/(?:[\w. -]{1,40}/){0,5}(?:logs?/(?:[\w.-]{1,30}/){0,2}(?:error|access|httpd?)[._-]?(?:log|err)?(?:\.log)?|(?:httpd|apache\d?|my|php|nginx)\.(?:conf|ini|cnf)[\w.]{0,8}|[\w.-]{1,40}\.err)\x00?(?:\.\w{1,5})?$|^[a-z]:/(?:[\w. -]{1,40}/){0,3}(?:system32|minint|\$recycle\.bin|(?:apache|mysql|php|xampp|wamp|filezilla)[\w. -]{0,24})/[\w. $/-]+$"#
            )),
        Rule(
            "path.secret-file", .scanner, .certain, "a file that holds a deployment's history or secrets",
            in: .paths, after: .path,
            literals: ["/.", ".php.", ".php~", ".inc.", ".inc~", ".py.", ".py~", ".yml.", ".yml~"],
            .matches(
                #"/\.(?:git(?:/|$)|svn/|hg/|bzr/)|^"# + outsideRepositories
                    + #".{0,200}?(?:/\.(?:env(?:$|[./](?:bak|local|prod|production|dev|old|save|txt)$)|aws/|config/gcloud|\w{2,16}_history$|viminfo$|ssh/|ht(?:passwd|access)$|ds_store$|npmrc$|dockerenv$|docker(?:cfg|/config)|(?:ba|z)sh(?:rc|_history|_profile)$|mysql_history|pgpass|netrc|git-credentials|idea/|vscode/(?:sftp|settings|launch)|(?:remote-sync|ftpconfig|sftp-config)|kube/config|gitlab-ci\.yml$|travis\.yml$)|/(?:wp-config|config|settings|database|configuration)\.(?:php|inc|py|yml)[.~](?:bak|old|orig|save|swp|txt|php~|1)?$)"#
            )),
        Rule(
            "path.exposed", .scanner, .certain, "a page or copy by which servers give themselves away", in: .paths,
            after: .path,
            literals: [
                "server-", ".sql", ".tar", ".tgz", ".zip", ".rar", ".7z", ".bak", ".old", ".gz", ".bz2", "id_rsa",
                "id_dsa",
                "id_ed25519", "id_ecdsa", ".key", ".pem", "_vti_", "cvs/", "phpinfo", "php_info", "phpunit", "c99.",
                "r57.", "wso.", "b374k", "shell.", "cmd.", ".log", "error_log", "storage/logs/", ".yml", ".yaml",
                "credentials.json", "secrets.json", "ws_ftp", "_profiler", "telescope/requests", "-console/",
                "invoker/",
                "jolokia/", "manager/html", "hnap1", "/solr/admin", "latest/meta-data", "cgi-bin/", "app_data/",
                "/actuator", "heapdump", ".axd", "web-inf", "meta-inf", "::$", "~1", "web.config", "wp-config",
                "adminer", "ftp-config", "ftpconfig", "composer.lock", "dockerfile", "axis2/services", "nginx_status",
                "+csco",
            ],
            .matches(
                #"^"# + outsideRepositories
                    + #"(?:/server-(?:status|info)/?$|/dockerfile$|/heapdump$|/(?:(?:backups?|old|db|sql|tmp|data)/)?(?:backups?|dump|database|db|sql|mysql|public_html|htdocs|wwwroot|www|website|site)(?:[-_.](?:backups?|bak|old|dump|prod|new|\d{1,8})){0,2}\.(?:sql|tar|tgz|zip|rar|7z|bak|old|gz|bz2)(?:\.\w{1,4})?$|.{0,120}?/(?:id_(?:[rd]sa|ecdsa|ed25519)$|(?:server|private|privkey|ssl)\.(?:key|pem)$|_vti_(?:pvt|bin|inf|cnf)|cvs/(?:root|entries)$|php_?info\.php|vendor/phpunit/|phpunit/.{0,60}eval-stdin|(?:c99|r57|wso|b374k|shell|cmd|webshell)\.(?:php\d?|jspx?|aspx?)$|(?:debug|error)_?\.log$|error_log$|wp-content/debug\.log$|storage/logs/|(?:config|app)/(?:\w{1,20}/)?(?:database|secrets|parameters|credentials)\.ya?ml|docker-compose\.ya?ml$|(?:credentials|secrets)\.json$|ws_ftp\.(?:ini|log)|_profiler/(?:phpinfo|open)|telescope/requests|jmx-console/|web-console/(?:serverinfo|invoker|status)|invoker/\w{0,4}(?:jmx|ejb|readonly)|jolokia/(?:list|exec|read|write|version)|(?:host-)?manager/html|hnap1/?$|solr/admin/(?:info|cores)|latest/meta-data|cgi-bin/(?:test-cgi|printenv|php\d?(?:-cgi)?$|\.{1,2}/)|app_data/|actuator(?:;[^/]{0,40})?/(?:env|heapdump|gateway|jolokia|shutdown|mappings|configprops|threaddump|httptrace|beans|loggers|logfile)|actuator/?$|(?:elmah|trace)\.axd|s?ftp-?config\.json$|composer\.lock$|axis2/services/listservices|nginx_status$|\+csco[et]\+/|_profiler/?$|(?:[;.]{1,2}/)?(?:web|meta)-inf\.?/|web\.config(?:$|\.)|wp-config\.\w{0,4}\.?(?:bak|old|txt|save|swp|orig|zip)|wp-config\.(?:bak|old|txt|save)$|adminer(?:-[\d.]{1,8})?(?:-\w{2,8})?\.php$)|.{1,200}::\$(?:data|index_allocation)|/[\w*?]{1,6}~1[*/]|.{0,60}\*~1\*)"#
            )),
        Rule(
            "path.source-copy", .scanner, .certain, "a copy that an editor or a careful person left beside a page",
            in: .paths, after: .path, literals: [".bak", ".old", ".orig", ".save", ".swp", ".inc", "~", ".java"],
            .matches(
                #"\.(?:php\d?|phtml|aspx?|jspx?|cgi|pl|py|rb|do|action|cfm|html?|js|css|gif|jpe?g|png|conf|xml|ya?ml|json)(?:/?\.(?:bak|old|orig|save|swp|inc|java)|/?~)$"#
            )),
        Rule(
            "path.hidden-file", .scanner, .likely, "a file that deployments forget: version control, secrets, backups",
            in: .paths, after: .path,
            literals: [
                "/.git", "/.svn", "/.hg", "/.env", "/.aws", "/.ssh", "/.ht", "/.ds_store", "/.npmrc", "/.docker",
                "/.bash", "/.idea", "/.vscode", "/.mysql", "/wp-config", "/web.config", "/phpinfo", "/phpmyadmin",
                "/server-status", "/server-info", "/.bzr", "/cgi-bin/", "/actuator/", "/elmah.axd", "/trace.axd",
                "/.config", "/.passwd", ".sql", ".bak", ".old", ".swp", "~",
            ],
            .matches(
                #"/\.(?:git(?:/|$|config|ignore|attributes)|svn/|hg(?:/|$|ignore)|bzr/|env(?:$|\.|/)|aws/|ssh/|ht(?:access|passwd)|ds_store|npmrc|docker(?:env|cfg|ignore)|bash_(?:history|profile)|bashrc|idea/|vscode/|mysql_history|config/|passwd)|/(?:wp-config|web\.config|config)\.?(?:php|inc)?[.~](?:bak|old|orig|save|swp|txt|php~)|/web\.config$|/phpinfo\.php|/server-(?:status|info)$|/(?:elmah|trace)\.axd|/actuator/(?:env|heapdump|gateway|jolokia|shutdown|mappings)|\.(?:sql|bak|old|orig|swp|swo)(?:\.gz|\.zip|\.tar)?$|\.(?:php|asp|aspx|jsp|conf|inc|py|rb)~$"#
            )),
    ]
}
